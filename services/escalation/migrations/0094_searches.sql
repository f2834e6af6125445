-- What people looked for, whatever they found: cases that match, and those of them that were shown. What was typed is
-- not kept.
CREATE TABLE searches (
    search_id  uuid PRIMARY KEY,
    person_id  uuid NOT NULL,
    at         timestamptz NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('reference', 'code', 'child')),
    found      uuid[] NOT NULL,
    shown      uuid[] NOT NULL CHECK (shown <@ found)
);
CREATE INDEX searches_of_late ON searches (at);
CREATE INDEX searches_of_person ON searches (person_id, at);

-- Lists of what is closed, and of who read what, begin with the newest.
CREATE INDEX evidence_closed ON evidence (at, case_id) WHERE act = 'closed';
CREATE INDEX evidence_reads ON evidence (at, case_id) WHERE act IN
    ('case_viewed', 'case_found', 'report_read', 'reasons_read', 'assessment_read', 'printed', 'evidence_read',
     'unusual_reading', 'unusual_viewing');
