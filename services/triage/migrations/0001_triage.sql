-- One row per case: its lock, the order of its facts, and when time alone will change its rating.
CREATE TABLE cases (
    case_id        uuid PRIMARY KEY,
    event_sequence bigint NOT NULL DEFAULT 0,
    last_rating_no integer NOT NULL DEFAULT 0,
    rerate_at      timestamptz
);
CREATE INDEX cases_due ON cases (rerate_at) WHERE rerate_at IS NOT NULL;

-- Cases with children in common, each pair in both directions.
CREATE TABLE links (
    case_id        uuid NOT NULL REFERENCES cases,
    linked_case_id uuid NOT NULL REFERENCES cases,
    PRIMARY KEY (case_id, linked_case_id),
    CHECK (case_id <> linked_case_id)
);

-- What is known of a report, as codes. Answers and reading come as two facts, in any order: a row without `received_at`
-- was read before it was heard of.
CREATE TABLE facts (
    report_id       uuid PRIMARY KEY,
    case_id         uuid NOT NULL REFERENCES cases,
    received_at     timestamptz,
    answers         jsonb NOT NULL DEFAULT '[]',
    age_bands       text[] NOT NULL DEFAULT '{}',
    has_text        boolean NOT NULL DEFAULT false,
    canary          boolean NOT NULL DEFAULT false,
    traceparent     text,
    was_read        boolean NOT NULL DEFAULT false,
    readings        jsonb NOT NULL DEFAULT '[]',
    contradictions  text[] NOT NULL DEFAULT '{}',
    language_unread boolean NOT NULL DEFAULT false
);
CREATE INDEX facts_of_case ON facts (case_id);

-- Every rating ever made, with what it was made from: `facts` and `rating` are the very bytes, so that a replay can be
-- compared with them years later.
CREATE TABLE ratings (
    case_id    uuid NOT NULL REFERENCES cases,
    rating_no  integer NOT NULL,
    rated_at   timestamptz NOT NULL,
    rule_set   integer NOT NULL,
    as_of      timestamptz NOT NULL,
    level      text NOT NULL CHECK (level IN ('low', 'elevated', 'high', 'acute')),
    report_ids uuid[] NOT NULL,
    facts      bytea NOT NULL,
    rating     bytea NOT NULL,
    PRIMARY KEY (case_id, rating_no)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'append-only: % on % is refused', TG_OP, TG_TABLE_NAME;
END $$;

-- Erasing a whole case deletes; nothing edits.
CREATE TRIGGER ratings_are_never_edited BEFORE UPDATE ON ratings FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
