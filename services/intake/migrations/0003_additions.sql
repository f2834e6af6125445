-- What a reporter had to add is a report of its own, with its own clocks; it is shown on the receipt of the first.
ALTER TABLE reports ADD COLUMN adds_to uuid REFERENCES reports;
CREATE INDEX reports_adding ON reports (adds_to) WHERE adds_to IS NOT NULL;
