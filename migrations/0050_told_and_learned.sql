-- What the person was told, and what the twin learned from their answers.
-- Events: seq from the counter on the locked user row, so the stream has no gaps and is never seen out of order.
CREATE TABLE events (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    seq     bigint NOT NULL,
    name    text NOT NULL,
    facts   jsonb NOT NULL,
    at      timestamptz NOT NULL,
    PRIMARY KEY (user_id, seq)
);
-- the timeline of a decision, from its signal on
CREATE INDEX events_of_decision ON events (user_id, (facts ->> 'decision')) WHERE facts ->> 'decision' IS NOT NULL;
CREATE INDEX events_of_signal ON events (user_id, (facts ->> 'signal')) WHERE facts ->> 'signal' IS NOT NULL;

CREATE TABLE notifications (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind       text NOT NULL,
    severity   text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    title      text NOT NULL CHECK (title <> ''),
    body       text NOT NULL,
    link       text,
    dedupe_key text NOT NULL,
    deliver_at timestamptz NOT NULL,
    read_at    timestamptz,
    created_at timestamptz NOT NULL,
    UNIQUE (user_id, dedupe_key)
);
CREATE INDEX notifications_recent ON notifications (user_id, deliver_at DESC, id DESC);
CREATE INDEX notifications_unread ON notifications (user_id, deliver_at) WHERE read_at IS NULL;

CREATE TABLE preferences (
    id             uuid PRIMARY KEY,
    user_id        uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    domain         text NOT NULL,
    key            text NOT NULL CHECK (key <> ''),
    value          jsonb NOT NULL,
    half_steps     smallint NOT NULL CHECK (half_steps BETWEEN 0 AND 8),
    source         text NOT NULL CHECK (source IN ('explicit', 'inferred', 'corrected', 'default')),
    evidence_count integer NOT NULL DEFAULT 0 CHECK (evidence_count >= 0),
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    UNIQUE (user_id, domain, key)
);

CREATE TABLE twin_profiles (
    user_id    uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    version    bigint NOT NULL DEFAULT 1,
    fields     jsonb NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL
);

-- One row per answer: its id derives from what was answered, so an answer can't be learned from twice.
CREATE TABLE feedback (
    id          uuid PRIMARY KEY,
    user_id     uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    decision_id uuid NOT NULL REFERENCES decisions ON DELETE CASCADE,
    approval_id uuid REFERENCES approvals ON DELETE CASCADE,
    domain      text NOT NULL,
    verb        text,
    kind        text NOT NULL CHECK (kind IN ('approve', 'reject', 'edit', 'undo', 'restate_preference', 'reward', 'punish')),
    severity    text CHECK (severity IN ('minor', 'moderate', 'severe', 'critical')),
    comment     text,
    at          timestamptz NOT NULL
);
CREATE INDEX feedback_recent ON feedback (user_id, at DESC);

-- The rules a person writes, policies and escalation triggers: what they say is in the body, who may change it in the revision.
CREATE TABLE own_rules (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN ('policy', 'trigger')),
    body       jsonb NOT NULL,
    revision   bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX own_rules_of_user ON own_rules (user_id, kind, created_at, id);

-- Trust: every change of a tier with its evidence.
CREATE TABLE trust_audit (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    domain     text,
    from_tier  text NOT NULL,
    to_tier    text NOT NULL,
    cause      text NOT NULL,
    evidence   jsonb NOT NULL,
    -- of the settings, as this change left them: the order of changes, also of those of one instant
    revision   bigint NOT NULL,
    at         timestamptz NOT NULL,
    UNIQUE (user_id, revision)
);

-- Accounts at providers: what the refresh of tokens is scheduled by (tokens themselves come sealed).
CREATE TABLE accounts (
    id              uuid PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    provider        text NOT NULL,
    subject         text NOT NULL,
    state           text NOT NULL CHECK (state IN ('active', 'refreshing', 'needs_reauth', 'revoked')),
    version         bigint NOT NULL DEFAULT 0,
    refresh_due_at  timestamptz,
    expires_at      timestamptz,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    UNIQUE (user_id, provider, subject)
);
CREATE INDEX accounts_refresh_due ON accounts (refresh_due_at) WHERE state = 'active';
