-- The member of staff who wrote the report down, where its reporter did not send it: `received_at` is when it was said.
ALTER TABLE reports ADD COLUMN entered_by uuid;
