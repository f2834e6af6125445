-- What a person did with a case and gave a reason for: which unit has it, which cases and reports belong together. Codes
-- name the rest, `note` is the reason, sealed with the case's key. A mistake is put right by a later step.
CREATE TABLE steps (
    step_id   uuid PRIMARY KEY,
    case_id   uuid NOT NULL REFERENCES cases,
    kind      text NOT NULL CHECK (kind IN ('unit_moved', 'proposal_decided', 'unlinked', 'split')),
    codes     jsonb NOT NULL,
    note      bytea NOT NULL,
    person_id uuid NOT NULL,
    at        timestamptz NOT NULL
);
CREATE INDEX steps_of_case ON steps (case_id);
CREATE TRIGGER steps_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON steps
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
