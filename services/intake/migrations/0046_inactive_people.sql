-- Who has left, as escalation tells it: they do not come in, whatever their token says.
CREATE TABLE inactive_people (person_id uuid PRIMARY KEY);
