-- A case made up to try the system. No evidence is kept of it; it is erased after its day.
ALTER TABLE cases ADD COLUMN canary boolean NOT NULL DEFAULT false;
CREATE INDEX cases_of_canaries ON cases (created_at) WHERE canary;
