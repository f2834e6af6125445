-- One row per case: its lock, the order of its facts, the head of its evidence. `version` counts what a person should
-- have seen before acting. `unit` is null until a report has come: nobody sees a case before that.
CREATE TABLE cases (
    case_id         uuid PRIMARY KEY,
    event_sequence  bigint NOT NULL DEFAULT 0,
    evidence_n      integer NOT NULL DEFAULT 0,
    evidence_head   bytea NOT NULL DEFAULT '',
    version         integer NOT NULL DEFAULT 0,
    unit            text,
    linked_case_ids uuid[] NOT NULL DEFAULT '{}',
    canary          boolean NOT NULL DEFAULT false,
    traceparent     text,
    wrapped_key     bytea
);

CREATE TABLE reports (
    report_id         uuid PRIMARY KEY,
    case_id           uuid NOT NULL REFERENCES cases,
    report_no         integer NOT NULL CHECK (report_no > 0),
    received_at       timestamptz NOT NULL,
    unit              text NOT NULL,
    UNIQUE (case_id, report_no)
);

-- All ratings ever told, in whatever order they came: the first stays visible, the highest stays in force.
CREATE TABLE ratings (
    case_id    uuid NOT NULL REFERENCES cases,
    rating_no  integer NOT NULL,
    level      text NOT NULL CHECK (level IN ('low', 'elevated', 'high', 'acute')),
    rule_set   integer NOT NULL,
    as_of      timestamptz NOT NULL,
    report_ids uuid[] NOT NULL,
    grounds    jsonb NOT NULL,
    PRIMARY KEY (case_id, rating_no)
);

-- `due_at`: when the ladder, the promise or the reminder is due; `rate_by`: when an unrated report is paged as high.
-- An escalation that is not closed always has exactly one next moment.
CREATE TABLE escalations (
    escalation_id          uuid PRIMARY KEY,
    case_id                uuid NOT NULL REFERENCES cases,
    n                      integer NOT NULL,
    state                  text NOT NULL CHECK (state IN ('unrated', 'paging', 'acknowledged', 'closing', 'closed')),
    level                  text CHECK (level IN ('low', 'elevated', 'high', 'acute')),
    ladder_version         integer NOT NULL,
    outside_first          boolean NOT NULL,
    received_at            timestamptz NOT NULL,
    newest_report_no       integer NOT NULL,
    acknowledged_report_no integer NOT NULL,
    responsible            uuid,
    declined               uuid[] NOT NULL,
    round                  integer NOT NULL,
    rung                   integer NOT NULL,
    due_at                 timestamptz,
    rate_by                timestamptz,
    next_at                timestamptz GENERATED ALWAYS AS (LEAST(due_at, rate_by)) STORED,
    UNIQUE (case_id, n),
    CHECK ((state = 'closed') = (next_at IS NULL)),
    CHECK (state <> 'paging' OR level IS NOT NULL),
    CHECK (acknowledged_report_no <= newest_report_no)
);
CREATE UNIQUE INDEX escalations_open ON escalations (case_id) WHERE state <> 'closed';
CREATE INDEX escalations_due ON escalations (next_at) WHERE next_at IS NOT NULL;

-- One person or desk, asked once. `message_id` is derived from (escalation, round, rung, recipient).
CREATE TABLE pages (
    message_id     uuid PRIMARY KEY,
    escalation_id  uuid NOT NULL REFERENCES escalations,
    round          integer NOT NULL,
    rung           integer NOT NULL,
    recipient_kind text NOT NULL CHECK (recipient_kind IN ('person', 'desk')),
    recipient_id   uuid NOT NULL,
    requested_at   timestamptz NOT NULL,
    state          text NOT NULL DEFAULT 'requested'
                   CHECK (state IN ('requested', 'accepted', 'failed', 'answered', 'withdrawn', 'superseded')),
    channel        text,
    accepted_at    timestamptz,
    withdrawn_at   timestamptz
);
CREATE INDEX pages_of_escalation ON pages (escalation_id, round);

CREATE TABLE deadlines (
    report_id   uuid NOT NULL REFERENCES reports,
    rule        text NOT NULL,
    case_id     uuid NOT NULL REFERENCES cases,
    target_at   timestamptz NOT NULL,
    limit_at    timestamptz NOT NULL,
    explanation text NOT NULL,
    state       text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'met', 'missed')),
    next_at     timestamptz,
    PRIMARY KEY (report_id, rule),
    CHECK ((state = 'running') = (next_at IS NOT NULL))
);
CREATE INDEX deadlines_of_case ON deadlines (case_id);
CREATE INDEX deadlines_due ON deadlines (next_at) WHERE next_at IS NOT NULL;

-- § 136: a named person with authority judged whether there is acute danger. The newest row of a report counts.
CREATE TABLE judgements (
    report_id uuid NOT NULL REFERENCES reports,
    n         integer NOT NULL,
    acute     boolean NOT NULL,
    started   boolean NOT NULL,
    person_id uuid NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (report_id, n)
);
CREATE TRIGGER judgements_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON judgements
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What a person asked for with a reason. `waived`: it needed no second person. `void`: overtaken by something new.
CREATE TABLE countersigns (
    countersign_id uuid PRIMARY KEY,
    case_id        uuid NOT NULL REFERENCES cases,
    escalation_id  uuid NOT NULL REFERENCES escalations,
    act            text NOT NULL CHECK (act IN ('close')),
    outcome        text NOT NULL,
    asked_by       uuid NOT NULL,
    asked_at       timestamptz NOT NULL,
    reason         bytea NOT NULL,
    state          text NOT NULL CHECK (state IN ('asked', 'agreed', 'refused', 'waived', 'void')),
    answered_by    uuid,
    answered_at    timestamptz,
    answer_reason  bytea,
    CHECK (answered_by <> asked_by),
    CHECK ((state IN ('agreed', 'refused')) = (answered_by IS NOT NULL))
);
CREATE INDEX countersigns_of_case ON countersigns (case_id);
CREATE UNIQUE INDEX countersigns_asked ON countersigns (escalation_id) WHERE state = 'asked';

-- The contact hold (§ 18 stk. 3): held is the absence of a valid lift.
CREATE TABLE lifts (
    case_id          uuid NOT NULL REFERENCES cases,
    recipient        text NOT NULL
                     CHECK (recipient IN ('mother', 'father', 'custody_holder', 'sibling', 'relative', 'network')),
    n                integer NOT NULL,
    action           text NOT NULL CHECK (action IN ('lift', 'not_applicable', 'reinstate')),
    covers_report_no integer NOT NULL,
    until            timestamptz,
    person_id        uuid NOT NULL,
    at               timestamptz NOT NULL,
    PRIMARY KEY (case_id, recipient, n),
    CHECK ((action = 'reinstate') = (until IS NULL))
);
CREATE TRIGGER lifts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lifts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Whoever stands here does not learn that the case exists.
CREATE TABLE exclusions (
    case_id   uuid NOT NULL REFERENCES cases,
    person_id uuid NOT NULL,
    by        uuid NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (case_id, person_id)
);

-- From the seed file.
CREATE TABLE people (
    person_id uuid PRIMARY KEY,
    name      text NOT NULL,
    roles     text[] NOT NULL,
    units     text[] NOT NULL
);
CREATE TABLE desks (
    desk_id uuid PRIMARY KEY,
    name    text NOT NULL,
    kind    text NOT NULL CHECK (kind IN ('desk', 'doegnvagt', 'outside'))
);
CREATE TABLE shifts (
    n         integer PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people,
    starts_at timestamptz NOT NULL,
    ends_at   timestamptz NOT NULL,
    CHECK (starts_at < ends_at)
);
-- The ladders of all levels and the duty hours, one row a version; a running escalation keeps its version.
CREATE TABLE ladders (
    version integer PRIMARY KEY,
    body    jsonb NOT NULL
);
