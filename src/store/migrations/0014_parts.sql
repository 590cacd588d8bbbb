-- One container of an environment each. What there is has one, `main`.
CREATE TABLE parts (
    environment_id TEXT NOT NULL REFERENCES environments (id),
    name TEXT NOT NULL,
    -- Counts the containers made for it; a container of another attempt is a leftover.
    attempt BIGINT NOT NULL,
    container_id TEXT,
    container_name TEXT,
    -- The network that its container was put on: the id of one that Berth made, or `bridge`.
    network TEXT,
    state TEXT NOT NULL,
    health TEXT,
    -- Of its last run.
    exit_code BIGINT,
    ports TEXT NOT NULL,
    started_at BIGINT,
    -- When this run began, by the engine's clock.
    run_began_at BIGINT,
    -- Whether this container has ever been ready: then it may hold people's work.
    ran BOOLEAN NOT NULL DEFAULT FALSE,
    paused BOOLEAN NOT NULL DEFAULT FALSE,
    out_of_memory BOOLEAN NOT NULL DEFAULT FALSE,
    -- Whether it was stopped for having written more than it may, and has not been seen below its limit since.
    over_disk BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (environment_id, name)
);
INSERT INTO parts (environment_id, name, attempt, container_id, container_name, network, state, health, ports, started_at, run_began_at,
    ran, paused, out_of_memory, over_disk)
SELECT id, 'main', attempt, container_id, container_name, network, state, health, ports, started_at, run_began_at, ran, paused,
    out_of_memory, over_disk
FROM environments;

ALTER TABLE environments DROP COLUMN attempt;
ALTER TABLE environments DROP COLUMN container_id;
ALTER TABLE environments DROP COLUMN container_name;
ALTER TABLE environments DROP COLUMN network;
ALTER TABLE environments DROP COLUMN health;
ALTER TABLE environments DROP COLUMN ports;
ALTER TABLE environments DROP COLUMN started_at;
ALTER TABLE environments DROP COLUMN run_began_at;
ALTER TABLE environments DROP COLUMN ran;
ALTER TABLE environments DROP COLUMN paused;
ALTER TABLE environments DROP COLUMN out_of_memory;
ALTER TABLE environments DROP COLUMN over_disk;
