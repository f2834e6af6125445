-- Why a person looks into a case, asked once, and up to which report they have said that they know nobody in it.
CREATE TABLE purposes (
    case_id          uuid NOT NULL REFERENCES cases,
    person_id        uuid NOT NULL,
    purpose          text NOT NULL CHECK (purpose IN ('page', 'takeover', 'countersign', 'supervision')),
    at               timestamptz NOT NULL,
    knows_nobody_in  integer NOT NULL DEFAULT 0,
    PRIMARY KEY (case_id, person_id)
);

-- Every reading of a report that was granted. The same grant stands in intake's evidence.
CREATE TABLE reads (
    grant_id  uuid PRIMARY KEY,
    case_id   uuid NOT NULL REFERENCES cases,
    report_id uuid NOT NULL REFERENCES reports,
    person_id uuid NOT NULL,
    at        timestamptz NOT NULL
);
CREATE INDEX reads_of_person ON reads (person_id, at);
