-- Whether people hold two cases for connected, and how often that was decided; how often a report was moved to a case of
-- its own. The highest number counts, in whatever order the facts come.
ALTER TABLE links ADD COLUMN linked boolean NOT NULL DEFAULT true, ADD COLUMN n integer NOT NULL DEFAULT 0;
ALTER TABLE facts ADD COLUMN moved integer NOT NULL DEFAULT 0;
