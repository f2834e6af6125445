-- An exclusion that came by a link ends with it. One that was named in the case itself is never deleted.
CREATE TRIGGER exclusions_kept BEFORE DELETE ON exclusions FOR EACH ROW WHEN (OLD.named_in = OLD.case_id)
    EXECUTE FUNCTION refuse_deletion();
