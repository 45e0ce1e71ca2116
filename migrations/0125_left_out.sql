-- What of a mailbox or calendar could not be read and was left out: how often, when last, and what was wrong then. One bad
-- item holds up no other, and is still seen.
ALTER TABLE sources
    ADD COLUMN left_out     bigint NOT NULL DEFAULT 0 CHECK (left_out >= 0),
    ADD COLUMN left_out_at  timestamptz,
    ADD COLUMN left_out_why text,
    ADD CHECK ((left_out > 0) = (left_out_at IS NOT NULL)),
    ADD CHECK ((left_out > 0) = (left_out_why IS NOT NULL));
