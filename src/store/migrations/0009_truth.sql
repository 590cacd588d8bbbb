-- What the engine says of a container that runs: paused by somebody on the host; a process of it ended for want of memory; and
-- when this run of it began, by the engine's clock, in milliseconds. NULL: a version before this one did not keep it, or its
-- start has not been seen yet.
ALTER TABLE environments ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;
ALTER TABLE environments ADD COLUMN out_of_memory INTEGER NOT NULL DEFAULT 0;
ALTER TABLE environments ADD COLUMN run_began_at INTEGER;
