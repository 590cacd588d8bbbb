-- Requests for more than a quota allows. An approved one is a loan until its time, or until it was returned: quotas are
-- computed from these rows at the moment of deciding, so nothing has to happen when a loan ends.
CREATE TABLE requests (
    id TEXT PRIMARY KEY,
    team TEXT NOT NULL REFERENCES teams (name),
    asker_id TEXT NOT NULL REFERENCES users (id),
    -- Whose limit is to be raised: the team's, or the cap on this member.
    scope TEXT NOT NULL,
    environments BIGINT NOT NULL,
    running BIGINT NOT NULL,
    cpus BIGINT NOT NULL,
    memory BIGINT NOT NULL,
    reason TEXT NOT NULL,
    until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    -- All three or none: whoever moved it to the state it is in, when, and why.
    decided_by TEXT REFERENCES users (id),
    decided_at BIGINT,
    word TEXT,
    -- When what was lent is, or was, back; null for what was never lent.
    lent_until BIGINT
);
CREATE INDEX requests_open ON requests (team) WHERE state = 'open';
CREATE INDEX requests_by_asker ON requests (asker_id);
CREATE INDEX requests_lent ON requests (team, lent_until) WHERE lent_until IS NOT NULL;
