-- Each yes above the daily limit, with the numbers the person saw: written with the answer, never changed. It outlives
-- what it is about, so only the person is a reference.
CREATE TABLE spend_overrides (
    id             uuid PRIMARY KEY,
    user_id        uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    decision_id    uuid NOT NULL,
    approval_id    uuid NOT NULL UNIQUE,
    execution_id   uuid NOT NULL UNIQUE,
    -- the credential the yes came with
    token          text NOT NULL CHECK (token <> ''),
    verb           text NOT NULL,
    reason         text NOT NULL CHECK (reason <> ''),
    cost_cents     bigint NOT NULL CHECK (cost_cents >= 0),
    currency       text NOT NULL,
    limit_cents    bigint NOT NULL,
    reserved_cents bigint NOT NULL,
    settled_cents  bigint NOT NULL,
    at             timestamptz NOT NULL
);
CREATE INDEX spend_overrides_of_user ON spend_overrides (user_id, at DESC, id DESC);
CREATE INDEX spend_overrides_recent ON spend_overrides (at DESC, id DESC);
