-- The network that an environment's container was put on: the id of one that Berth made, or `bridge`. NULL: a version before this
-- one put it on the default bridge, or there is no container.
ALTER TABLE environments ADD COLUMN network TEXT;
