-- Canaries are erased after their day, and have no evidence. What has evidence is a real case: it is never deleted, by
-- whatever name it is called, and evidence is never deleted either.
CREATE FUNCTION refuse_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM evidence WHERE case_id = OLD.case_id) THEN
        RAISE EXCEPTION 'kept: % of a case with evidence is refused', TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END $$;
