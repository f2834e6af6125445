-- A number that somebody named beside the child the report is about: it decides nothing until a person says that the two
-- belong together. `proposal_id` is the child's id from then on; the identity is sealed as a child's.
CREATE TABLE proposals (
    proposal_id     uuid PRIMARY KEY,
    report_id       uuid NOT NULL REFERENCES reports,
    lookup          bytea NOT NULL,
    identity_sealed bytea NOT NULL,
    age_band        text NOT NULL,
    joined          boolean,
    decided_by      uuid,
    decided_at      timestamptz,
    CHECK ((joined IS NULL) = (decided_by IS NULL) AND (joined IS NULL) = (decided_at IS NULL))
);
CREATE INDEX proposals_of_report ON proposals (report_id);

-- Whether people hold the two cases for connected, and how often that was decided: what people parted no report joins.
ALTER TABLE links ADD COLUMN linked boolean NOT NULL DEFAULT true, ADD COLUMN n integer NOT NULL DEFAULT 0;

-- How often the report was moved to a case of its own.
ALTER TABLE reports ADD COLUMN moved integer NOT NULL DEFAULT 0;
