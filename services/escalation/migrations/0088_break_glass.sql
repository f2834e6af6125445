-- Codes by which somebody comes in while the identity provider is away: one unused code a unit, each used once. Only
-- their digests are kept.
CREATE TABLE break_glass (
    code_sha256 bytea PRIMARY KEY CHECK (octet_length(code_sha256) = 32),
    unit        text NOT NULL,
    made_at     timestamptz NOT NULL CHECK (made_at BETWEEN '2020-01-01' AND '2200-01-01'),
    made_by     uuid NOT NULL,
    replaced_at timestamptz CHECK (replaced_at BETWEEN '2020-01-01' AND '2200-01-01'),
    used_at     timestamptz CHECK (used_at BETWEEN '2020-01-01' AND '2200-01-01'),
    used_by     uuid,
    CHECK ((used_at IS NULL) = (used_by IS NULL)),
    CHECK (used_at IS NULL OR replaced_at IS NULL)
);
CREATE UNIQUE INDEX break_glass_unused ON break_glass (unit) WHERE used_at IS NULL AND replaced_at IS NULL;
CREATE INDEX break_glass_used ON break_glass (used_by) WHERE used_by IS NOT NULL;

-- When a code was tried that is none, for a day.
CREATE TABLE break_glass_refused (
    at timestamptz NOT NULL CHECK (at BETWEEN '2020-01-01' AND '2200-01-01')
);
