-- In which cases a person looked, once an hour. The same stands in the case's evidence.
CREATE TABLE views (
    case_id    uuid NOT NULL REFERENCES cases,
    person_id  uuid NOT NULL,
    hour       timestamptz NOT NULL CHECK (isfinite(hour)),
    at         timestamptz NOT NULL CHECK (isfinite(at)),
    PRIMARY KEY (case_id, person_id, hour)
);
CREATE INDEX views_of_person ON views (person_id, at);
CREATE INDEX views_of_late ON views (at);
