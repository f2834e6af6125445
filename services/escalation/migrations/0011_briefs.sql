-- Who has read what waits for them, at the beginning of which shift. It belongs to no case, so no case's evidence has it.
CREATE TABLE briefs (
    person_id uuid NOT NULL,
    began_at  timestamptz NOT NULL,
    read_at   timestamptz NOT NULL,
    PRIMARY KEY (person_id, began_at)
);
CREATE TRIGGER briefs_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON briefs
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Every state a person was ever in: who could be asked and see what, and who decided that. Kept by the database itself,
-- so that no way of changing people goes past it. `by` null: the seed file.
CREATE TABLE people_history (
    person_id uuid NOT NULL,
    n         integer NOT NULL,
    name      text NOT NULL,
    roles     text[] NOT NULL,
    units     text[] NOT NULL,
    active    boolean NOT NULL,
    by        uuid,
    at        timestamptz,
    PRIMARY KEY (person_id, n)
);
CREATE TRIGGER people_history_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON people_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

INSERT INTO people_history SELECT person_id, 1, name, roles, units, active, by, at FROM people;

CREATE FUNCTION keep_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO people_history
    SELECT NEW.person_id, 1 + coalesce(max(n), 0), NEW.name, NEW.roles, NEW.units, NEW.active, NEW."by", NEW.at
    FROM people_history WHERE person_id = NEW.person_id;
    RETURN NULL;
END $$;
CREATE TRIGGER people_added AFTER INSERT ON people FOR EACH ROW EXECUTE FUNCTION keep_person();
CREATE TRIGGER people_changed AFTER UPDATE ON people FOR EACH ROW
    WHEN ((OLD.name, OLD.roles, OLD.units, OLD.active) IS DISTINCT FROM (NEW.name, NEW.roles, NEW.units, NEW.active))
    EXECUTE FUNCTION keep_person();
