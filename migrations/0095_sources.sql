-- What is polled: one row for each mailbox and calendar of a connected account. The row says where the next page starts
-- and when; a claim raises the attempt and puts the next due time behind a lease, so one reader has it at a time. Whether
-- it may be read at all the account says.
CREATE TABLE sources (
    id            uuid PRIMARY KEY,
    user_id       uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    account_id    uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    kind          text NOT NULL,
    cursor        jsonb,
    attempt       bigint NOT NULL DEFAULT 0,
    pause_seconds bigint NOT NULL CHECK (pause_seconds > 0),
    failures      integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    trouble       text,
    read_at       timestamptz,
    due_at        timestamptz NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    UNIQUE (account_id, kind),
    CHECK ((failures > 0) = (trouble IS NOT NULL))
);
CREATE INDEX sources_by_user ON sources (user_id);
CREATE INDEX sources_due ON sources (due_at);

-- Which of them brought a signal: what it names is then known to be in that account, and can be acted on there. A signal
-- that came by any other way has none, whatever it says of itself.
ALTER TABLE signals ADD COLUMN source_id uuid REFERENCES sources ON DELETE SET NULL;
CREATE INDEX signals_by_source ON signals (source_id) WHERE source_id IS NOT NULL;
