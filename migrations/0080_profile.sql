-- The fields of the twin's profile, kept with every version, so that what it knew then can be told; and until when the
-- answers no longer count for a field, because the person had it forgotten.
ALTER TABLE twin_versions ADD COLUMN fields jsonb NOT NULL DEFAULT '{}';
ALTER TABLE twin_profiles ADD COLUMN forgotten jsonb NOT NULL DEFAULT '{}';
