-- The one alarm that nobody can be reached, however many cases it concerns. Its messages travel as those of `case_id`.
CREATE TABLE alarms (
    alarm_id  uuid PRIMARY KEY,
    case_id   uuid NOT NULL REFERENCES cases,
    opened_at timestamptz NOT NULL,
    round     integer NOT NULL,
    rung      integer NOT NULL,
    next_at   timestamptz,
    ended_at  timestamptz,
    CHECK ((ended_at IS NULL) = (next_at IS NOT NULL))
);
CREATE UNIQUE INDEX alarms_open ON alarms ((true)) WHERE ended_at IS NULL;
CREATE INDEX escalations_nobody ON escalations (nobody_at) WHERE nobody_at IS NOT NULL;

-- Who was on call when the tick last looked: one row.
CREATE TABLE duties (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    on_call uuid[] NOT NULL,
    at      timestamptz NOT NULL
);
