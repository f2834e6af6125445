-- Leave for one canary to come in by the form or the API, as reporters' words do. Only the tick makes one, it is used once,
-- and what is stored is its hash.
CREATE TABLE canary_tokens (
    token_hash bytea PRIMARY KEY,
    made_at    timestamptz NOT NULL,
    used_at    timestamptz
);
