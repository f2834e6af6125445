-- Few cases are linked. Those that are not need no entry, and an entry that waits in a list is read by every search.
DROP INDEX cases_linked;
CREATE INDEX cases_linked ON cases USING gin (linked_case_ids) WITH (fastupdate = off) WHERE linked_case_ids <> '{}';
