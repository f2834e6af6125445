-- What goes with a session (name, mail address, the token that ends the provider's session) is sealed with the service's
-- key; each session ends at a moment of its own. Whoever was signed in signs in once more.
DELETE FROM sessions;
ALTER TABLE sessions DROP COLUMN name, DROP COLUMN email, DROP COLUMN institution,
    ADD COLUMN kept bytea, ADD COLUMN ends_at timestamptz NOT NULL;
