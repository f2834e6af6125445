-- Canaries are looked up to be erased after their day, and to see whether the newest came round.
CREATE INDEX cases_of_canaries ON cases (case_id) WHERE canary;
