-- How the reporter is known to be who they say: signed in when they sent, or called back at their workplace by somebody.
ALTER TABLE reports ADD COLUMN reporter_verified text CHECK (reporter_verified IN ('signed_in', 'called_back'));
