-- Who has signed in. The browser holds a random word; only its hash stands here.
CREATE TABLE sessions (
    word_sha256      bytea PRIMARY KEY,
    person_id        uuid NOT NULL,
    roles            text[] NOT NULL,
    units            text[] NOT NULL,
    authenticated_at timestamptz NOT NULL,
    started_at       timestamptz NOT NULL,
    seen_at          timestamptz NOT NULL,
    provider_session text
);
CREATE INDEX sessions_of_person ON sessions (person_id);

-- Sign-ins under way: what the answer of the provider must match.
CREATE TABLE sign_ins (
    state_sha256 bytea PRIMARY KEY,
    verifier     text NOT NULL,
    nonce        text NOT NULL,
    return_to    text NOT NULL,
    at           timestamptz NOT NULL
);
