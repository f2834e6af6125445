-- Every form that takes words keeps a draft, not only the assessment.
ALTER TABLE drafts ADD COLUMN what text NOT NULL DEFAULT 'assessment', DROP CONSTRAINT drafts_pkey,
    ADD PRIMARY KEY (case_id, person_id, what);
