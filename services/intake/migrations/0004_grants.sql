-- Grants that have been used: each opens a report once.
CREATE TABLE grants_used (
    grant_id uuid PRIMARY KEY,
    used_at  timestamptz NOT NULL
);
CREATE INDEX grants_used_at ON grants_used (used_at);
