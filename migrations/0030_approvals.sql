-- Asks and suggestions: one table, one route to answer. Each state has exactly its columns filled, so a row that
-- says "approved" without an answer and an execution can't exist.
CREATE TABLE approvals (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    decision_id  uuid NOT NULL REFERENCES decisions ON DELETE CASCADE,
    kind         text NOT NULL CHECK (kind IN ('ask', 'suggest')),
    action       jsonb NOT NULL,
    digest       text NOT NULL,
    summary      text NOT NULL,
    risk         jsonb NOT NULL,
    reasons      jsonb NOT NULL,
    policy_hash  text NOT NULL,
    alternatives jsonb NOT NULL,
    urgency      text NOT NULL CHECK (urgency IN ('low', 'medium', 'high', 'critical')),
    expires_at   timestamptz NOT NULL,
    remind_at    timestamptz,
    reminded     boolean NOT NULL DEFAULT false,
    -- when the timer should ring next while pending: what the sweep repairs by
    due_at       timestamptz,
    state        text NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'expired', 'cancelled')),
    resolved_at  timestamptz,
    resolved_by  text CHECK (resolved_by IN ('person', 'policy')),
    answer       jsonb,
    reasons_no   text[],
    why          text,
    execution_id uuid,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    CHECK (expires_at > created_at),
    CHECK ((state = 'pending') = (due_at IS NOT NULL)),
    CHECK ((state = 'pending') = (resolved_at IS NULL)),
    CHECK ((state = 'approved') = (answer IS NOT NULL AND execution_id IS NOT NULL)),
    CHECK ((state = 'rejected') = (resolved_by IS NOT NULL AND reasons_no IS NOT NULL)),
    CHECK ((state = 'cancelled') = (why IS NOT NULL)),
    -- consent in time or not at all
    CHECK (state <> 'approved' OR resolved_at < expires_at),
    CHECK (state <> 'expired' OR resolved_at >= expires_at)
);
CREATE INDEX approvals_pending ON approvals (user_id, expires_at, id) WHERE state = 'pending';
CREATE INDEX approvals_recent ON approvals (user_id, created_at DESC, id DESC);
CREATE INDEX approvals_of_decision ON approvals (decision_id);
CREATE INDEX approvals_overdue ON approvals (due_at) WHERE state = 'pending';
