-- A case made up to try the system. No evidence is kept of it; it is erased after its day.
ALTER TABLE cases ADD COLUMN canary boolean NOT NULL DEFAULT false;
CREATE INDEX messages_of_canaries ON messages (requested_at) WHERE canary;
