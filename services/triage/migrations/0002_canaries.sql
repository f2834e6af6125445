-- Canaries are erased after a day.
CREATE INDEX facts_of_canaries ON facts (received_at) WHERE canary;
