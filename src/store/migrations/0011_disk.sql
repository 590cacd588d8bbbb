-- What a container may write into its own layer, in bytes; NULL: as much as there is.
ALTER TABLE sizes ADD COLUMN disk BIGINT;
ALTER TABLE environments ADD COLUMN disk BIGINT;
-- Whether it was stopped for having written more, and has not been seen below its limit since.
ALTER TABLE environments ADD COLUMN over_disk INTEGER NOT NULL DEFAULT 0;
