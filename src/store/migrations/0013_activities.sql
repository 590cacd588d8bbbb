-- One run of a long job: of an environment (its how-manieth, whose steps are in `steps`), of an image on a host, or of a host itself.
CREATE TABLE activities (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    environment_id TEXT REFERENCES environments (id),
    number BIGINT,
    image TEXT,
    host TEXT NOT NULL,
    -- Who began it; a name stays as it was then.
    person_id TEXT,
    person TEXT NOT NULL,
    origin TEXT NOT NULL,
    token TEXT,
    began_at BIGINT NOT NULL,
    -- JSON, as it was told last.
    progress TEXT,
    -- No outcome: it is under way.
    ended_at BIGINT,
    outcome TEXT,
    reason TEXT,
    UNIQUE (environment_id, number)
);
CREATE INDEX activities_under_way ON activities (began_at) WHERE outcome IS NULL;
CREATE INDEX activities_by_beginning ON activities (began_at, id);

-- Those of before, as far as their steps tell: who began them is in the audit log.
INSERT INTO activities (id, kind, environment_id, number, host, person, origin, began_at, ended_at, outcome, reason)
SELECT substr('00000000' || s.activity, -8) || substr(e.id, 9),
    CASE
        WHEN SUM(s.name = 'remove') > 0 THEN 'remove'
        WHEN SUM(s.name = 'stop') > 0 AND COUNT(*) > 1 THEN 'restart'
        WHEN SUM(s.name = 'stop') > 0 THEN 'stop'
        WHEN s.activity = 1 THEN 'launch'
        ELSE 'start'
    END,
    e.id, s.activity, e.host, 'an earlier version', 'job', MIN(s.started_at), MAX(COALESCE(s.ended_at, s.started_at)),
    CASE
        WHEN s.activity = e.activity AND e.state IN ('reserved', 'pulling', 'creating', 'starting', 'stopping', 'removing') THEN NULL
        WHEN SUM(s.failed) > 0 THEN 'failed'
        WHEN SUM(s.ended_at IS NULL) > 0 THEN 'overtaken'
        ELSE 'done'
    END,
    MAX(CASE WHEN s.failed THEN s.detail END)
FROM steps s JOIN environments e ON e.id = s.environment_id
GROUP BY e.id, s.activity;

UPDATE activities SET ended_at = NULL WHERE outcome IS NULL;
