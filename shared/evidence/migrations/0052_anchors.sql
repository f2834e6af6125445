-- Which ends of chains were handed outside, in order. `sha256` is of the signed text, which the next one names.
CREATE TABLE anchors (
    n      integer PRIMARY KEY,
    at     timestamptz NOT NULL,
    sha256 bytea NOT NULL
);
CREATE TRIGGER anchors_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON anchors
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
