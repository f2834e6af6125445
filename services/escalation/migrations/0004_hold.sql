-- The person's own risk assessment (§ 18 stk. 3). `covers`: the newest report, of this case and of each that is directly
-- linked, that it looked at. Answers are sealed with the case's key, their form is named by its version.
CREATE TABLE assessments (
    assessment_id    uuid PRIMARY KEY,
    case_id          uuid NOT NULL REFERENCES cases,
    covers_report_no integer NOT NULL CHECK (covers_report_no > 0),
    covers           jsonb NOT NULL,
    form             integer NOT NULL,
    level            text NOT NULL CHECK (level IN ('low', 'medium', 'high')),
    acute            boolean NOT NULL,
    answers          bytea NOT NULL,
    person_id        uuid NOT NULL,
    at               timestamptz NOT NULL
);
CREATE INDEX assessments_of_case ON assessments (case_id);
CREATE TRIGGER assessments_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON assessments
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What a person has written so far and not recorded yet: survives a crash of anything, is nobody else's, and goes when
-- the assessment is recorded.
CREATE TABLE drafts (
    case_id   uuid NOT NULL REFERENCES cases,
    person_id uuid NOT NULL,
    form      integer NOT NULL,
    answers   bytea NOT NULL,
    saved_at  timestamptz NOT NULL,
    PRIMARY KEY (case_id, person_id)
);

-- A lift cites an assessment; that § 18 stk. 3 does not apply has its reason. `mediation`: the lift names it as a thing
-- that may now be begun.
ALTER TABLE lifts DROP COLUMN covers_report_no, ADD COLUMN covers jsonb NOT NULL,
    ADD COLUMN assessment_id uuid REFERENCES assessments, ADD COLUMN reason bytea NOT NULL,
    ADD COLUMN mediation boolean NOT NULL,
    ADD CHECK ((action = 'lift') = (assessment_id IS NOT NULL)),
    ADD CHECK (action = 'lift' OR NOT mediation);

CREATE TABLE mediations (
    mediation_id uuid PRIMARY KEY,
    case_id      uuid NOT NULL REFERENCES cases,
    recipients   text[] NOT NULL CHECK (recipients <> '{}'),
    note         bytea NOT NULL,
    person_id    uuid NOT NULL,
    at           timestamptz NOT NULL
);
CREATE INDEX mediations_of_case ON mediations (case_id);
CREATE TRIGGER mediations_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON mediations
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE INDEX cases_linked ON cases USING gin (linked_case_ids);
