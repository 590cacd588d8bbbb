-- Who did what to what, from where, with the outcome and the reason. Rows are written once. Names are as they were then;
-- `id` grows by one with each row, and is the cursor of a list. `person_id` is null for jobs, the command line and nobody.
CREATE TABLE audit (
    id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    person_id TEXT,
    person TEXT NOT NULL,
    origin TEXT NOT NULL,
    token TEXT,
    action TEXT NOT NULL,
    outcome TEXT NOT NULL,
    team TEXT,
    environment_id TEXT,
    object TEXT NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX audit_by_environment ON audit (environment_id, id);
CREATE INDEX audit_by_team ON audit (team, id);
CREATE INDEX audit_by_action ON audit (action, outcome, at);

-- SQLite's own words; PostgreSQL says the same with a function.
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_is_never_replaced BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

-- How an environment last ended, kept when its container is gone. `lines` is JSON, with secrets masked.
CREATE TABLE post_mortems (
    environment_id TEXT PRIMARY KEY REFERENCES environments (id),
    at BIGINT NOT NULL,
    why TEXT NOT NULL,
    exit_code BIGINT,
    oom_killed BOOLEAN NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    lines TEXT NOT NULL
);
