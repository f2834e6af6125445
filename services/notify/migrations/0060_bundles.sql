-- The mail in which a message was tried last: messages of one person travel together when many wait.
ALTER TABLE messages ADD COLUMN mail_id uuid;
-- When somebody was written to last is asked before each mail.
CREATE INDEX attempts_begun ON attempts (started_at);
