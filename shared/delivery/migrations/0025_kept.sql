-- Facts that Kafka has acknowledged, kept until the consumers themselves have said that they have them, and then as long
-- as a restored copy of a consumer's database may ask for them anew. `waits_for`: who has not said so yet.
CREATE TABLE kept (
    event_id   uuid PRIMARY KEY,
    topic      text NOT NULL,
    case_id    uuid NOT NULL,
    headers    jsonb NOT NULL,
    body       bytea NOT NULL,
    urgent     boolean NOT NULL,
    created_at timestamptz NOT NULL,
    consumers  text[] NOT NULL,
    waits_for  text[] NOT NULL,
    asked      integer NOT NULL DEFAULT 0,
    ask_at     timestamptz NOT NULL
);
CREATE INDEX kept_waits ON kept (ask_at) WHERE waits_for <> '{}';
CREATE INDEX kept_age ON kept USING brin (created_at);
