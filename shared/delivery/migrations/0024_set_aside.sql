-- Rows that a loop could not work on. The loop leaves each out until `again_at`, and goes on with the others.
CREATE TABLE set_aside (
    loop     text NOT NULL,
    row_id   uuid NOT NULL,
    since    timestamptz NOT NULL,
    again_at timestamptz NOT NULL,
    PRIMARY KEY (loop, row_id)
);
