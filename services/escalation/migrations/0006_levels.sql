-- `peak`: the highest level it was ever taken for. `fresh_eyes`: somebody who has not judged the child is asked first
-- (§ 137 stk. 1). `offered_to`: whom the responsible person has offered it to. `nobody_at`: when a round was in vain.
ALTER TABLE escalations ADD COLUMN peak text CHECK (peak IN ('low', 'elevated', 'high', 'acute')),
    ADD COLUMN fresh_eyes boolean NOT NULL DEFAULT false, ADD COLUMN offered_to uuid, ADD COLUMN nobody_at timestamptz,
    ADD CHECK (offered_to IS NULL OR state = 'acknowledged' OR state = 'paging');
UPDATE escalations SET peak = level;

-- What two persons lowered holds for all ratings up to this one: later ones know something new.
ALTER TABLE cases ADD COLUMN lowered_rating_no integer NOT NULL DEFAULT 0;

-- A person who was asked although they have judged the child before, because nobody else was on duty.
ALTER TABLE pages ADD COLUMN not_fresh boolean NOT NULL DEFAULT false;

-- `entered_by`: a member of staff wrote it down, from a phone call say.
ALTER TABLE reports ADD COLUMN entered_by uuid;

ALTER TABLE countersigns DROP CONSTRAINT countersigns_act_check, ADD CHECK (act IN ('close', 'lower')),
    ALTER COLUMN outcome DROP NOT NULL, ADD COLUMN level text CHECK (level IN ('low', 'elevated', 'high')),
    ADD CHECK ((act = 'close') = (outcome IS NOT NULL)), ADD CHECK ((act = 'lower') = (level IS NOT NULL));
DROP INDEX countersigns_asked;
CREATE UNIQUE INDEX countersigns_asked ON countersigns (escalation_id, act) WHERE state = 'asked';

CREATE TABLE raises (
    raise_id  uuid PRIMARY KEY,
    case_id   uuid NOT NULL REFERENCES cases,
    level     text NOT NULL CHECK (level IN ('low', 'elevated', 'high', 'acute')),
    person_id uuid NOT NULL,
    reason    bytea NOT NULL,
    at        timestamptz NOT NULL
);
CREATE INDEX raises_of_case ON raises (case_id);
CREATE TRIGGER raises_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON raises
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE handovers (
    handover_id uuid PRIMARY KEY,
    case_id     uuid NOT NULL REFERENCES cases,
    by          uuid NOT NULL,
    to_person   uuid NOT NULL,
    note        bytea NOT NULL,
    at          timestamptz NOT NULL
);
CREATE INDEX handovers_of_case ON handovers (case_id);
CREATE TRIGGER handovers_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON handovers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
