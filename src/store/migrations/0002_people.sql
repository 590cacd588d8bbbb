-- What an admin gave by hand, beside what the provider's claim says: auditor, admin or nothing. The larger of the two counts.
ALTER TABLE users ADD COLUMN hand_role TEXT;

-- Members by an admin's hand, beside those by the provider's groups.
CREATE TABLE team_members (
    team TEXT NOT NULL REFERENCES teams (name),
    user_id TEXT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    PRIMARY KEY (team, user_id)
);
CREATE INDEX team_members_by_user ON team_members (user_id);

-- From this moment on a template is offered to nobody any more; what runs goes on.
ALTER TABLE templates ADD COLUMN deprecated_at BIGINT;
