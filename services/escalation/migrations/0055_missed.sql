-- When a deadline was found to be missed: an alert reads it here, because a count of events starts anew with its process.
ALTER TABLE deadlines ADD COLUMN missed_at timestamptz;
CREATE INDEX deadlines_missed ON deadlines (missed_at) WHERE missed_at IS NOT NULL;
