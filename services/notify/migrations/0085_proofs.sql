-- Test mails: whether somebody reads what a contact point is sent. A server's yes does not tell.
ALTER TABLE contacts
    ADD COLUMN wanted_at        timestamptz,  -- somebody asked for a test that has not begun
    ADD COLUMN tried_at         timestamptz,  -- the last test began; committed before the mail server hears anything
    ADD COLUMN asked_at         timestamptz,  -- that of the last test which the mail server took
    ADD COLUMN unanswered_since timestamptz,  -- the first test began that nobody has answered since
    ADD COLUMN proved_at        timestamptz,  -- a person answered last
    ADD CHECK (tried_at IS NOT NULL OR (asked_at IS NULL AND unanswered_since IS NULL AND proved_at IS NULL));
