-- Rows are inserted in the order of their age, so that a summary of each stretch of the table finds the old ones.
CREATE INDEX inbox_age ON inbox USING brin (received_at);
