"""How facts travel: outbox, relay, inbox, parking. What is exactly-once here is the database."""
