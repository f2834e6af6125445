-- Why a person judged a report so, and with the key of which case that is sealed: reports move between cases.
ALTER TABLE judgements ADD COLUMN reason bytea, ADD COLUMN case_id uuid,
    ADD CHECK ((reason IS NULL) = (case_id IS NULL));
