-- One row per case: its lock, the order of its facts, the head of its evidence.
CREATE TABLE cases (
    case_id        uuid PRIMARY KEY,
    event_sequence bigint NOT NULL DEFAULT 0,
    evidence_n     integer NOT NULL DEFAULT 0,
    evidence_head  bytea NOT NULL DEFAULT ''
);

-- Where a person or a desk is reached. The address is sealed with the service's own key.
CREATE TABLE contacts (
    person_id   uuid NOT NULL,
    channel     text NOT NULL CHECK (channel IN ('email')),
    sealed      bytea NOT NULL,
    verified_on date NOT NULL,
    verified_by text NOT NULL,
    PRIMARY KEY (person_id, channel)
);

-- A message is not ended if and only if there is a next moment at which something happens to it: the next try of a
-- queued one, the end of the lease of one that is being sent.
CREATE TABLE messages (
    message_id     uuid PRIMARY KEY,
    case_id        uuid NOT NULL REFERENCES cases,
    report_id      uuid NOT NULL,
    purpose        text NOT NULL,
    template       text NOT NULL,
    recipient_kind text NOT NULL CHECK (recipient_kind IN ('person', 'desk', 'reporter')),
    recipient_id   uuid,
    canary         boolean NOT NULL,
    requested_at   timestamptz NOT NULL,
    answer_by      timestamptz NOT NULL,
    not_after      timestamptz NOT NULL,
    state          text NOT NULL DEFAULT 'queued'
                   CHECK (state IN ('queued', 'sending', 'accepted', 'failed', 'expired', 'withdrawn')),
    next_at        timestamptz,
    attempts       integer NOT NULL DEFAULT 0,
    maybe_twice    boolean NOT NULL DEFAULT false,
    traceparent    text,
    CHECK ((state IN ('queued', 'sending')) = (next_at IS NOT NULL))
);
CREATE INDEX messages_due ON messages (next_at) WHERE next_at IS NOT NULL;

-- Messages nobody wants any more. A set of its own: a withdrawal may arrive before what it withdraws.
CREATE TABLE withdrawals (
    message_id   uuid PRIMARY KEY,
    withdrawn_at timestamptz NOT NULL
);

-- One row per try, committed before the provider hears anything.
CREATE TABLE attempts (
    message_id uuid NOT NULL REFERENCES messages,
    n          integer NOT NULL,
    holder     integer NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at   timestamptz,
    result     text CHECK (result IN
               ('accepted', 'temporary', 'permanent', 'unknown', 'expired', 'withdrawn', 'no_contact')),
    code       integer CHECK (code BETWEEN 200 AND 599),
    PRIMARY KEY (message_id, n)
);
