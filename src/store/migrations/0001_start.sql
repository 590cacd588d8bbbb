-- Kept to what SQLite and PostgreSQL share: TEXT ids, BIGINT milliseconds and amounts, TEXT for JSON, BOOLEAN.

-- Facts about this installation, such as its id.
CREATE TABLE installation (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- People. Who somebody is, is (issuer, subject); an e-mail address is only shown.
CREATE TABLE users (
    id TEXT PRIMARY KEY,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    name TEXT NOT NULL,
    email TEXT,
    -- For the whole installation, as of the last sign-in: auditor, admin or nothing.
    role TEXT,
    disabled BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT NOT NULL,
    signed_in_at BIGINT NOT NULL,
    UNIQUE (issuer, subject)
);

-- The provider's groups of a person, as of the last sign-in.
CREATE TABLE user_groups (
    user_id TEXT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    PRIMARY KEY (user_id, name)
);

-- A browser's session. `key` is the SHA-256 of the cookie's id; nobody is signed in while `user_id` is null.
CREATE TABLE sessions (
    key TEXT PRIMARY KEY,
    data TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    user_id TEXT REFERENCES users (id),
    sid TEXT,
    id_token TEXT,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- A sign-in under way, from the redirect to the provider until its answer; taken once.
CREATE TABLE sign_ins (
    state_hash TEXT PRIMARY KEY,
    browser TEXT NOT NULL,
    nonce TEXT NOT NULL,
    verifier TEXT NOT NULL,
    return_to TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX sign_ins_by_browser ON sign_ins (browser);

-- API tokens; `hash` is the SHA-256 of the token, which is shown once.
CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    used_at BIGINT
);

CREATE TABLE teams (
    name TEXT PRIMARY KEY,
    label TEXT NOT NULL,
    quota TEXT NOT NULL,
    per_member TEXT NOT NULL
);

-- Which of the provider's groups makes somebody what in a team.
CREATE TABLE team_groups (
    team TEXT NOT NULL REFERENCES teams (name),
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (team, name)
);

CREATE TABLE sizes (
    name TEXT PRIMARY KEY,
    position BIGINT NOT NULL,
    cpus BIGINT NOT NULL,
    memory BIGINT NOT NULL,
    pids BIGINT NOT NULL
);

-- A template and its current version; `everyone` offers it to all teams, else `template_teams` does.
CREATE TABLE templates (
    slug TEXT PRIMARY KEY,
    position BIGINT NOT NULL,
    version BIGINT NOT NULL,
    everyone BOOLEAN NOT NULL
);

CREATE TABLE template_versions (
    slug TEXT NOT NULL REFERENCES templates (slug),
    version BIGINT NOT NULL,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (slug, version)
);

CREATE TABLE template_teams (
    slug TEXT NOT NULL REFERENCES templates (slug),
    team TEXT NOT NULL REFERENCES teams (name),
    PRIMARY KEY (slug, team)
);

-- What should be. Quotas are summed from here; there are no counters.
CREATE TABLE environments (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    team TEXT NOT NULL REFERENCES teams (name),
    owner_id TEXT NOT NULL REFERENCES users (id),
    template TEXT NOT NULL,
    version BIGINT NOT NULL,
    size TEXT NOT NULL,
    host TEXT NOT NULL,
    cpus BIGINT NOT NULL,
    memory BIGINT NOT NULL,
    pids BIGINT NOT NULL,
    variables TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    health TEXT,
    attempt BIGINT NOT NULL,
    activity BIGINT NOT NULL,
    container_id TEXT,
    container_name TEXT,
    ran BOOLEAN NOT NULL DEFAULT FALSE,
    ports TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    expires_at BIGINT NOT NULL,
    idempotency_key TEXT,
    revision BIGINT NOT NULL,
    FOREIGN KEY (template, version) REFERENCES template_versions (slug, version)
);
CREATE UNIQUE INDEX environments_by_name ON environments (team, name) WHERE state <> 'removed';
CREATE UNIQUE INDEX environments_by_key ON environments (owner_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX environments_alive ON environments (team, owner_id) WHERE state <> 'removed';

-- The journal: a row before each step of an activity, completed after it. An activity is one launch, start, stop or removal.
CREATE TABLE steps (
    environment_id TEXT NOT NULL REFERENCES environments (id),
    activity BIGINT NOT NULL,
    position BIGINT NOT NULL,
    name TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    detail TEXT,
    failed BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (environment_id, activity, position)
);
