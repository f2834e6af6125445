-- What the provider says of the person beside their rights, to fill in a form of their own. Where a service does not ask
-- for it, it is empty; it goes with the session.
ALTER TABLE sessions ADD COLUMN name text NOT NULL DEFAULT '', ADD COLUMN email text NOT NULL DEFAULT '',
    ADD COLUMN institution text NOT NULL DEFAULT '';
