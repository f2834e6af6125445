-- `bare`: the report could not be handled; it stands with what could be made out of it until its fact is replayed.
ALTER TABLE reports ADD COLUMN bare boolean NOT NULL DEFAULT false;
