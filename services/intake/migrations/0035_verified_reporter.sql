-- How the reporter is known to be who they say. Null: they only say so, and learn no more than that it was received.
ALTER TABLE reports ADD COLUMN reporter_verified text CHECK (reporter_verified IN ('signed_in', 'called_back'));
