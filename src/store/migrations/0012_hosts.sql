-- A host is known by the operator's own name for it, and its engine by the id that it has itself. What there is runs on the one
-- engine that was known, which is the host `default`.
CREATE TABLE hosts (
    name TEXT PRIMARY KEY,
    -- Whether the configuration has it, as of the last start of the server.
    configured BOOLEAN NOT NULL,
    -- Of its engine, as that answered first or as an admin accepted it.
    engine_id TEXT,
    -- Nothing new is placed on a host that drains.
    draining BOOLEAN NOT NULL DEFAULT FALSE
);

UPDATE environments SET host = 'default';

-- On which hosts the environments of a team, and of a template, are placed; none: on any.
ALTER TABLE teams ADD COLUMN hosts TEXT NOT NULL DEFAULT '[]';
ALTER TABLE templates ADD COLUMN hosts TEXT NOT NULL DEFAULT '[]';

-- What is declared may name them.
CREATE TRIGGER hosts_added AFTER INSERT ON hosts BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER hosts_changed AFTER UPDATE OF configured ON hosts WHEN NEW.configured <> OLD.configured
BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
