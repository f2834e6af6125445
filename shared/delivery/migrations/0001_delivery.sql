-- Facts on their way out. A row leaves only when Kafka has acknowledged it; there is no cursor to lose a late commit.
CREATE TABLE outbox (
    seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id    uuid NOT NULL UNIQUE,
    topic       text NOT NULL,
    case_id     uuid NOT NULL,
    headers     jsonb NOT NULL,
    body        bytea NOT NULL,
    urgent      boolean NOT NULL,
    created_at  timestamptz NOT NULL
);

-- Facts that have had their effect here.
CREATE TABLE inbox (
    consumer    text NOT NULL,
    event_id    uuid NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (consumer, event_id)
);

-- Tries of an event that failed for no known reason.
CREATE TABLE tries (
    topic       text NOT NULL,
    partition   integer NOT NULL,
    "offset"    bigint NOT NULL,
    n           integer NOT NULL,
    PRIMARY KEY (topic, partition, "offset")
);

-- Events set aside with their bytes sealed: junk may hold anything.
CREATE TABLE parked (
    parked_id    uuid PRIMARY KEY,
    topic        text NOT NULL,
    partition    integer NOT NULL,
    "offset"     bigint NOT NULL,
    header_names text[] NOT NULL,
    sealed       bytea NOT NULL,
    reason       text NOT NULL,
    parked_at    timestamptz NOT NULL,
    UNIQUE (topic, partition, "offset")
);
