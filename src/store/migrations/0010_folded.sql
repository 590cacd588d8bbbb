-- What is searched for in the log, without letter case: of the person, and of object and reason. Folded by the program, since databases
-- differ in whose capitals they know. NULL: written by a version before this one, until the next start has folded it.
ALTER TABLE audit ADD COLUMN folded_person TEXT;
ALTER TABLE audit ADD COLUMN folded TEXT;
CREATE INDEX audit_unfolded ON audit (id) WHERE folded IS NULL;

-- The log itself stays append-only: what is folded of it may be filled in.
DROP TRIGGER audit_is_never_changed;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE OF
    id, at, person_id, person, origin, token, action, outcome, team, environment_id, object, reason ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_is_folded_once BEFORE UPDATE OF folded_person, folded ON audit WHEN OLD.folded IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
