-- Whether the reporter called the child a sibling: it joins when the reporter turns out to be who they said.
ALTER TABLE proposals ADD COLUMN sibling boolean NOT NULL DEFAULT false;
