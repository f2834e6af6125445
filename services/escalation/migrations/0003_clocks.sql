-- More clocks than one a report. `about` tells those of one rule apart: the sign whose date it is, the recipient of the
-- lift. `next_at` is first the moment of the warning, then the limit.
ALTER TABLE deadlines ADD COLUMN about text NOT NULL DEFAULT '', ADD COLUMN warned_at timestamptz,
    DROP CONSTRAINT deadlines_pkey, ADD PRIMARY KEY (report_id, rule, about),
    ADD CHECK (target_at <= limit_at), ADD CHECK (next_at <= limit_at);
