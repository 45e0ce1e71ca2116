-- What came in and what came of it. A signal is stored before it is acknowledged, and decided once: the decision's
-- unique signal is what a second evaluation runs into. A decision without an explanation can't be written.
CREATE TABLE signals (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    source       text NOT NULL CHECK (source <> ''),
    type         text NOT NULL CHECK (type <> ''),
    -- what makes it the same signal: the source's own id, else the caller's key; else the content within 24 h, which
    -- no constraint can say: then the hash is filled, and looked for under the user's lock
    identity     text NOT NULL,
    content_hash text,
    external_id  text,
    occurred_at  timestamptz,
    received_at  timestamptz NOT NULL,
    urgency      text CHECK (urgency IN ('low', 'medium', 'high', 'critical')),
    domain       text,
    payload      jsonb NOT NULL CHECK (jsonb_typeof(payload) = 'object'),
    state        text NOT NULL DEFAULT 'accepted' CHECK (state IN ('accepted', 'decided', 'dead')),
    dead_reason  text,
    updated_at   timestamptz NOT NULL,
    UNIQUE (user_id, source, identity),
    CHECK ((state = 'dead') = (dead_reason IS NOT NULL))
);
CREATE INDEX signals_same_content ON signals (user_id, source, content_hash, received_at) WHERE content_hash IS NOT NULL;
CREATE INDEX signals_recent ON signals (user_id, received_at DESC, id DESC);
CREATE INDEX signals_undecided ON signals (received_at) WHERE state = 'accepted';

CREATE TABLE decisions (
    id             uuid PRIMARY KEY,
    user_id        uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    signal_id      uuid NOT NULL UNIQUE REFERENCES signals ON DELETE CASCADE,
    situation      text NOT NULL,
    domain         text NOT NULL,
    urgency        text NOT NULL CHECK (urgency IN ('low', 'medium', 'high', 'critical')),
    trust_tier     text NOT NULL
                   CHECK (trust_tier IN ('observer', 'suggest', 'low_autonomy', 'moderate_autonomy', 'high_autonomy')),
    outcome        text NOT NULL CHECK (outcome IN ('auto', 'ask', 'alert', 'suggest', 'inform', 'block')),
    chosen         smallint,
    context        jsonb NOT NULL,
    explanation    jsonb NOT NULL CHECK (explanation ->> 'headline' <> ''),
    decided_at     timestamptz NOT NULL,
    CHECK (outcome NOT IN ('auto', 'ask', 'suggest') OR chosen IS NOT NULL)
);
CREATE INDEX decisions_recent ON decisions (user_id, decided_at DESC, id DESC);

CREATE TABLE candidates (
    decision_id uuid NOT NULL REFERENCES decisions ON DELETE CASCADE,
    ordinal     smallint NOT NULL CHECK (ordinal >= 0),
    verb        text NOT NULL,
    action      jsonb NOT NULL,
    summary     text NOT NULL,
    confidence  text NOT NULL CHECK (confidence IN ('speculative', 'low', 'moderate', 'high', 'confirmed')),
    support     jsonb NOT NULL,
    score       bigint NOT NULL,
    risk        jsonb NOT NULL,
    risk_tier   text NOT NULL CHECK (risk_tier IN ('negligible', 'low', 'moderate', 'high', 'critical')),
    missing     text[] NOT NULL,
    verdict     jsonb NOT NULL,
    effect      text NOT NULL CHECK (effect IN ('allow', 'require_approval', 'deny')),
    policy_hash text NOT NULL,
    PRIMARY KEY (decision_id, ordinal)
);
