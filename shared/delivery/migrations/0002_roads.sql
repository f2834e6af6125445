-- `waits_for`: who must hear of an urgent fact by the second road while Kafka is away, and has not yet.
-- `stuck`: why Kafka will never take the row; it stays for a person to look at and does not hold up the others.
ALTER TABLE outbox ADD COLUMN waits_for text[] NOT NULL DEFAULT '{}', ADD COLUMN stuck text;
CREATE INDEX outbox_waits ON outbox (seq) WHERE waits_for <> '{}';
CREATE INDEX outbox_stuck ON outbox (seq) WHERE stuck IS NOT NULL;

-- Tries are counted by what arrived, whichever road it came by.
DROP TABLE tries;
CREATE TABLE tries (
    arrival_id uuid PRIMARY KEY,
    n          integer NOT NULL
);

-- What came by the second road has no place in a topic. Headers are sealed with the body, so that a replay has both.
ALTER TABLE parked
    DROP CONSTRAINT parked_topic_partition_offset_key,
    ALTER COLUMN partition DROP NOT NULL,
    ALTER COLUMN "offset" DROP NOT NULL,
    ADD COLUMN event_id uuid,
    ADD COLUMN type text,
    ADD COLUMN state text NOT NULL DEFAULT 'parked' CHECK (state IN ('parked', 'asked', 'replayed', 'discarded')),
    ADD COLUMN settled_at timestamptz;
CREATE INDEX parked_asked ON parked (parked_at) WHERE state = 'asked';
