-- How much of a report was shown. Of readings before this it is not known: they count as the less.
ALTER TABLE reads ADD COLUMN part text NOT NULL DEFAULT 'names' CHECK (part IN ('names', 'all'));
