-- What is done, how often it was tried, and what came of it. `attempt` is the fence: only the attempt that claimed a
-- row may write what came of it. `request` is stored before the first send and never changes.
CREATE TABLE executions (
    id                 uuid PRIMARY KEY,
    user_id            uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    decision_id        uuid NOT NULL REFERENCES decisions ON DELETE CASCADE,
    approval_id        uuid REFERENCES approvals ON DELETE CASCADE,
    kind               text NOT NULL CHECK (kind IN ('act', 'undo')),
    reverses           uuid REFERENCES executions ON DELETE CASCADE,
    retry_of           uuid REFERENCES executions ON DELETE CASCADE,
    verb               text NOT NULL,
    domain             text NOT NULL,
    action             jsonb NOT NULL,
    digest             text NOT NULL,
    permitted_revision bigint NOT NULL,
    reserved_cents     bigint CHECK (reserved_cents >= 0),
    currency           text,
    max_cost_cents     bigint CHECK (max_cost_cents >= 0),
    engine             text,
    engine_ref         text,
    request            bytea,
    attempt            integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    sends              integer NOT NULL DEFAULT 0 CHECK (sends >= 0),
    in_doubt_since     timestamptz,
    consent_until      timestamptz,
    state              text NOT NULL CHECK (state IN ('planned', 'running', 'succeeded', 'failed', 'unknown', 'cancelled')),
    due_at             timestamptz,
    settled_at         timestamptz,
    result             jsonb,
    actual_cents       bigint,
    actual_currency    text,
    error_class        text,
    error              text,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    CHECK ((kind = 'undo') = (reverses IS NOT NULL)),
    CHECK ((reserved_cents IS NULL) = (currency IS NULL)),
    CHECK ((actual_cents IS NULL) = (actual_currency IS NULL)),
    CHECK (state = 'succeeded' OR actual_cents IS NULL),
    CHECK ((state IN ('planned', 'running')) = (due_at IS NOT NULL)),
    CHECK ((state IN ('planned', 'running')) = (settled_at IS NULL)),
    CHECK ((state = 'succeeded') = (result IS NOT NULL)),
    CHECK ((state IN ('failed', 'unknown', 'cancelled')) = (error IS NOT NULL)),
    CHECK ((state IN ('failed', 'cancelled')) = (error_class IS NOT NULL)),
    CHECK (state NOT IN ('running', 'succeeded', 'unknown') OR (request IS NOT NULL AND engine IS NOT NULL AND attempt > 0))
);
CREATE INDEX executions_recent ON executions (user_id, created_at DESC, id DESC);
CREATE INDEX executions_of_decision ON executions (decision_id);
CREATE INDEX executions_overdue ON executions (due_at) WHERE state IN ('planned', 'running');
CREATE INDEX executions_done ON executions (user_id, domain, verb) WHERE state = 'succeeded' AND kind = 'act';
-- whose reservations are open, however old
CREATE INDEX executions_open ON executions (user_id) WHERE state IN ('planned', 'running', 'unknown');
-- a decision is acted on once by the twin itself, and once per yes; another try names what it tries again
CREATE UNIQUE INDEX executions_one_auto ON executions (decision_id) WHERE approval_id IS NULL AND kind = 'act' AND retry_of IS NULL;
CREATE UNIQUE INDEX executions_one_per_yes ON executions (approval_id) WHERE kind = 'act' AND retry_of IS NULL;
-- one undo per execution, unless the one before failed for certain
CREATE UNIQUE INDEX executions_one_undo ON executions (reverses) WHERE reverses IS NOT NULL AND state NOT IN ('failed', 'cancelled');

-- An approval says "approved" only together with what runs; whichever of the two is written first.
ALTER TABLE approvals ADD CONSTRAINT approvals_execution_id_fkey
    FOREIGN KEY (execution_id) REFERENCES executions DEFERRABLE INITIALLY DEFERRED;

CREATE TABLE execution_steps (
    execution_id uuid NOT NULL REFERENCES executions ON DELETE CASCADE,
    ordinal      smallint NOT NULL CHECK (ordinal >= 0),
    action       jsonb NOT NULL,
    state        text NOT NULL CHECK (state IN ('pending', 'running', 'succeeded', 'failed', 'unknown', 'cancelled')),
    output       jsonb,
    PRIMARY KEY (execution_id, ordinal)
);

-- Money: append-only; one reservation, one settlement or release, one refund per execution. What counts in the window is
-- derived from the entries (never updated), so two readers can't disagree.
CREATE TABLE daily_spend_ledger (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    execution_id uuid NOT NULL REFERENCES executions ON DELETE CASCADE,
    kind         text NOT NULL CHECK (kind IN ('reserve', 'settle', 'release', 'refund')),
    cents        bigint NOT NULL CHECK (cents >= 0),
    currency     text NOT NULL,
    flagged      boolean NOT NULL DEFAULT false,
    at           timestamptz NOT NULL
);
CREATE UNIQUE INDEX ledger_one_reserve ON daily_spend_ledger (execution_id) WHERE kind = 'reserve';
CREATE UNIQUE INDEX ledger_one_end ON daily_spend_ledger (execution_id) WHERE kind IN ('settle', 'release');
CREATE UNIQUE INDEX ledger_one_refund ON daily_spend_ledger (execution_id) WHERE kind = 'refund';
CREATE INDEX ledger_of_execution ON daily_spend_ledger (execution_id);
CREATE INDEX ledger_settled ON daily_spend_ledger (user_id, currency, at) WHERE kind = 'settle';
CREATE INDEX ledger_recent ON daily_spend_ledger (user_id, currency, at DESC, id DESC);
