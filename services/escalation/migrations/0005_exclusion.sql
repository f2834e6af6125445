-- `named_in`: the case the exclusion was told of; it holds for every case that is linked to that one, however far.
ALTER TABLE exclusions ADD COLUMN named_in uuid, ADD COLUMN reason bytea;
UPDATE exclusions SET named_in = case_id;
ALTER TABLE exclusions ALTER COLUMN named_in SET NOT NULL;
