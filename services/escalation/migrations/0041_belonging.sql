-- Whether people hold two cases for connected, in both directions, and how often that was decided: the highest counts.
CREATE TABLE link_decisions (
    case_id       uuid NOT NULL REFERENCES cases,
    other_case_id uuid NOT NULL REFERENCES cases,
    linked        boolean NOT NULL,
    n             integer NOT NULL,
    PRIMARY KEY (case_id, other_case_id)
);

-- Where a report lies that was moved to a case of its own, also where the report itself has not come yet.
CREATE TABLE moves (
    report_id uuid PRIMARY KEY,
    case_id   uuid NOT NULL REFERENCES cases,
    report_no integer NOT NULL,
    n         integer NOT NULL
);

-- The numbers of reports that were moved away: nobody waits for them any more.
CREATE TABLE gone (
    case_id   uuid NOT NULL REFERENCES cases,
    report_no integer NOT NULL,
    PRIMARY KEY (case_id, report_no)
);

-- Lifts that nothing makes valid again: people changed what belongs to the case since.
CREATE TABLE voids (
    case_id uuid NOT NULL REFERENCES cases,
    lift_n  integer NOT NULL,
    at      timestamptz NOT NULL,
    PRIMARY KEY (case_id, lift_n)
);
