-- How long a team's environments may run and are kept, as JSON; `{}` is what Berth proposes.
ALTER TABLE teams ADD COLUMN lifetime TEXT NOT NULL DEFAULT '{}';

-- When what does not run is removed. Null also for what was stopped before this was: then it begins at the next look.
ALTER TABLE environments ADD COLUMN removes_at BIGINT;

-- The idle clock of what runs and has one, as JSON: its rule, the last activity, what was seen so far.
ALTER TABLE environments ADD COLUMN idle TEXT;
