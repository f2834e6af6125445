-- How a sign was found: read (the reader is sure) or suspected (it asks), how sure it was in percent, and what read the
-- text. Before this the reader had patterns alone, and everything that they found was rated as read.
ALTER TABLE readings ADD COLUMN grade text NOT NULL DEFAULT 'read' CHECK (grade IN ('read', 'suspected'));
ALTER TABLE readings ADD COLUMN score smallint NOT NULL DEFAULT 50 CHECK (score BETWEEN 0 AND 100);
ALTER TABLE readings ALTER COLUMN grade DROP DEFAULT, ALTER COLUMN score DROP DEFAULT;

ALTER TABLE reports ADD COLUMN reader_model text;
