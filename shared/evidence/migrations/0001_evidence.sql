-- Append-only: what was done, by whom, chained per case.
CREATE TABLE evidence (
    case_id uuid NOT NULL,
    n       integer NOT NULL,
    at      timestamptz NOT NULL,
    act     text NOT NULL,
    actor   uuid,
    facts   text NOT NULL,
    hash    bytea NOT NULL,
    PRIMARY KEY (case_id, n)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'append-only: % on % is refused', TG_OP, TG_TABLE_NAME;
END $$;

CREATE TRIGGER evidence_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
