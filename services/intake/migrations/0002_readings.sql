-- What the reader found in the text of a report: a sign, said or denied, with its place. Only codes leave this table
-- unsealed; the words themselves are sealed with the case's key.
CREATE TABLE readings (
    reading_id   uuid PRIMARY KEY,
    report_id    uuid NOT NULL REFERENCES reports,
    sign         text NOT NULL,
    answer       text NOT NULL CHECK (answer IN ('said', 'denied', 'unknown')),
    "when"       text CHECK ("when" IN ('now', 'earlier')),
    date         date,
    place_start  integer NOT NULL,
    place_end    integer NOT NULL CHECK (place_end > place_start AND place_start >= 0),
    quote_sealed bytea NOT NULL
);
CREATE INDEX readings_of_report ON readings (report_id, place_start);

ALTER TABLE reports ADD COLUMN language_unread boolean NOT NULL DEFAULT false;
