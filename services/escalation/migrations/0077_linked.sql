-- Linking by hand is a step that people take, with a reason, as unlinking is.
ALTER TABLE steps DROP CONSTRAINT steps_kind_check,
    ADD CONSTRAINT steps_kind_check CHECK (kind IN ('unit_moved', 'proposal_decided', 'linked', 'unlinked', 'split'));
