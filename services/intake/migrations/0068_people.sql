-- The people as escalation publishes them, each with the roles they have; none: they have left.
CREATE TABLE people (person_id uuid PRIMARY KEY, roles text[] NOT NULL);
INSERT INTO people SELECT person_id, '{}' FROM inactive_people;
DROP TABLE inactive_people;
