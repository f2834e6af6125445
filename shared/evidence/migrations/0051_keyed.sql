-- The key of an entry's hash; null: of the time before keys. The database holds no key. `at` is searched for the newest.
ALTER TABLE evidence ADD COLUMN key_id text;
CREATE INDEX evidence_at ON evidence USING brin (at);
