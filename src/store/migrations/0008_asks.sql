-- The digest of what a launch under an idempotency key asked for: another ask under the same key is refused. NULL: from before
-- this one, when only the key was kept.
ALTER TABLE environments ADD COLUMN ask_digest TEXT;
