-- Who is on call, one row a version: weekly shifts, single shifts, swaps and absences. `by` null: from the seed file.
CREATE TABLE rotas (
    version integer PRIMARY KEY,
    body    jsonb NOT NULL,
    by      uuid,
    at      timestamptz,
    CHECK ((by IS NULL) = (at IS NULL))
);
CREATE TRIGGER rotas_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rotas
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
DROP TABLE shifts;

ALTER TABLE ladders ADD COLUMN by uuid, ADD COLUMN at timestamptz, ADD CHECK ((by IS NULL) = (at IS NULL));
CREATE TRIGGER ladders_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ladders
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A person whom a leader has changed is the leader's (`by`), no more the seed file's. Nobody is deleted: what they did
-- still names them.
ALTER TABLE people ADD COLUMN active boolean NOT NULL DEFAULT true, ADD COLUMN by uuid, ADD COLUMN at timestamptz,
    ADD CHECK ((by IS NULL) = (at IS NULL));
