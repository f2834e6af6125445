-- The messages that were given up of late are counted every few seconds.
CREATE INDEX attempts_given_up ON attempts (ended_at) WHERE result IN ('permanent', 'expired', 'no_contact');
