-- One row per case: its lock, its last report number, its order of facts, its evidence, its wrapped data key.
CREATE TABLE cases (
    case_id        uuid PRIMARY KEY,
    created_at     timestamptz NOT NULL,
    last_report_no integer NOT NULL DEFAULT 0,
    event_sequence bigint NOT NULL DEFAULT 0,
    evidence_n     integer NOT NULL DEFAULT 0,
    evidence_head  bytea NOT NULL DEFAULT '',
    wrapped_key    bytea NOT NULL
);

-- Cases never merge; they are linked, in both directions.
CREATE TABLE links (
    case_id        uuid NOT NULL REFERENCES cases,
    linked_case_id uuid NOT NULL REFERENCES cases,
    PRIMARY KEY (case_id, linked_case_id),
    CHECK (case_id <> linked_case_id)
);

-- lookup = HMAC(key, CPR number). Without a CPR number nobody can tell whether two reports mean the same child.
-- The case is checked at commit: a child is inserted before it is known which case it belongs to.
CREATE TABLE children (
    child_id        uuid PRIMARY KEY,
    case_id         uuid NOT NULL REFERENCES cases DEFERRABLE INITIALLY DEFERRED,
    lookup          bytea UNIQUE,
    identity_sealed bytea
);

CREATE TABLE reports (
    report_id         uuid PRIMARY KEY,
    case_id           uuid NOT NULL REFERENCES cases,
    report_no         integer NOT NULL,
    received_at       timestamptz NOT NULL,
    entered_at        timestamptz NOT NULL,
    receipt_given_at  timestamptz,
    legal_kind        text NOT NULL,
    reporter_kind     text NOT NULL,
    receipt_route     text NOT NULL,
    unit              text NOT NULL,
    conflict_declared boolean NOT NULL,
    already_supported boolean NOT NULL,
    reference         text NOT NULL,
    body_sealed       bytea NOT NULL,
    reading           text NOT NULL CHECK (reading IN ('none', 'pending', 'read')),
    traceparent       text,
    seen_at           timestamptz,
    judged_at         timestamptz,
    started           boolean,
    concluded_at      timestamptz,
    UNIQUE (case_id, report_no)
);
CREATE INDEX reports_by_reference ON reports (reference);
CREATE INDEX reports_pending ON reports (received_at) WHERE reading = 'pending';

CREATE TABLE report_children (
    report_id uuid NOT NULL REFERENCES reports,
    child_id  uuid NOT NULL REFERENCES children,
    age_band  text NOT NULL,
    PRIMARY KEY (report_id, child_id)
);

-- One row per request that carried a key: the same key and body are the same report.
CREATE TABLE requests (
    request_mac bytea PRIMARY KEY,
    report_id   uuid NOT NULL,
    at          timestamptz NOT NULL
);
