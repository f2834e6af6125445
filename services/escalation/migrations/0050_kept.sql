-- See shared/evidence.
CREATE TRIGGER cases_kept BEFORE DELETE ON cases FOR EACH ROW EXECUTE FUNCTION refuse_deletion();
CREATE TRIGGER reports_kept BEFORE DELETE ON reports FOR EACH ROW EXECUTE FUNCTION refuse_deletion();
CREATE TRIGGER ratings_kept BEFORE DELETE ON ratings FOR EACH ROW EXECUTE FUNCTION refuse_deletion();
CREATE TRIGGER escalations_kept BEFORE DELETE ON escalations FOR EACH ROW EXECUTE FUNCTION refuse_deletion();
