-- How often what is read over and over has changed. Who keeps such things in memory keeps them under these numbers, which the
-- database itself counts up in the transaction of the change: they are right whoever writes. One row.
CREATE TABLE changes (
    catalogue BIGINT NOT NULL,
    environments BIGINT NOT NULL,
    requests BIGINT NOT NULL
);
INSERT INTO changes (catalogue, environments, requests) VALUES (1, 1, 1);

-- The number of an environment's latest change: what has changed since is read alone.
ALTER TABLE environments ADD COLUMN changed BIGINT NOT NULL DEFAULT 0;
CREATE INDEX environments_by_change ON environments (changed);

-- What is due is looked for every few seconds, and removed rows are kept.
CREATE INDEX environments_by_expiry ON environments (state, expires_at);
CREATE INDEX user_groups_by_name ON user_groups (name);
CREATE INDEX team_groups_by_name ON team_groups (name);
CREATE INDEX requests_by_return ON requests (lent_until) WHERE lent_until IS NOT NULL;

-- SQLite's own words; PostgreSQL says the same with functions.
CREATE TRIGGER environment_added AFTER INSERT ON environments
BEGIN
    UPDATE changes SET environments = environments + 1;
    UPDATE environments SET changed = (SELECT environments FROM changes) WHERE id = NEW.id;
END;
CREATE TRIGGER environment_changed AFTER UPDATE ON environments WHEN NEW.changed = OLD.changed
BEGIN
    UPDATE changes SET environments = environments + 1;
    UPDATE environments SET changed = (SELECT environments FROM changes) WHERE id = NEW.id;
END;
-- Names of people are shown with what is theirs.
CREATE TRIGGER person_renamed AFTER UPDATE OF name ON users WHEN NEW.name <> OLD.name
BEGIN
    UPDATE changes SET environments = environments + 1, requests = requests + 1;
    UPDATE environments SET changed = (SELECT environments FROM changes) WHERE owner_id = NEW.id AND state <> 'removed';
END;

CREATE TRIGGER requests_added AFTER INSERT ON requests BEGIN UPDATE changes SET requests = requests + 1; END;
CREATE TRIGGER requests_changed AFTER UPDATE ON requests BEGIN UPDATE changes SET requests = requests + 1; END;
CREATE TRIGGER requests_deleted AFTER DELETE ON requests BEGIN UPDATE changes SET requests = requests + 1; END;

CREATE TRIGGER teams_added AFTER INSERT ON teams BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER teams_changed AFTER UPDATE ON teams BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER teams_deleted AFTER DELETE ON teams BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER team_groups_added AFTER INSERT ON team_groups BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER team_groups_changed AFTER UPDATE ON team_groups BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER team_groups_deleted AFTER DELETE ON team_groups BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER sizes_added AFTER INSERT ON sizes BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER sizes_changed AFTER UPDATE ON sizes BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER sizes_deleted AFTER DELETE ON sizes BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER templates_added AFTER INSERT ON templates BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER templates_changed AFTER UPDATE ON templates BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER templates_deleted AFTER DELETE ON templates BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER template_versions_added AFTER INSERT ON template_versions
BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER template_versions_changed AFTER UPDATE ON template_versions
BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER template_teams_added AFTER INSERT ON template_teams BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER template_teams_changed AFTER UPDATE ON template_teams BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER template_teams_deleted AFTER DELETE ON template_teams BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
