-- People, what they allow, and who may speak for them.
-- The user's row is the lock everything of that user is ordered by (always locked first, FOR NO KEY UPDATE) and
-- carries the counter of their event stream: a number taken under the lock becomes visible in order.
CREATE TABLE users (
    id               uuid PRIMARY KEY,
    name             text NOT NULL CHECK (name <> ''),
    email            text,
    timezone         text NOT NULL DEFAULT 'UTC',
    trust_tier       text NOT NULL DEFAULT 'observer'
                     CHECK (trust_tier IN ('observer', 'suggest', 'low_autonomy', 'moderate_autonomy', 'high_autonomy')),
    autonomy         jsonb NOT NULL,
    -- grows with every change of tier, limits, policies or triggers; permits record it
    settings_revision bigint NOT NULL DEFAULT 1,
    stopped_at       timestamptz,
    event_seq        bigint NOT NULL DEFAULT 0,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL
);
CREATE INDEX users_recent ON users (created_at DESC, id DESC);

CREATE TABLE domain_tiers (
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    domain     text NOT NULL,
    trust_tier text NOT NULL
               CHECK (trust_tier IN ('observer', 'suggest', 'low_autonomy', 'moderate_autonomy', 'high_autonomy')),
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, domain)
);

-- A token is kept as a hash only. One without a user is an operator's.
CREATE TABLE api_tokens (
    id           uuid PRIMARY KEY,
    user_id      uuid REFERENCES users ON DELETE CASCADE,
    name         text NOT NULL,
    scopes       text[] NOT NULL CHECK (cardinality(scopes) > 0),
    secret_hash  bytea NOT NULL UNIQUE CHECK (octet_length(secret_hash) = 32),
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    CHECK (user_id IS NOT NULL OR 'operator' = ANY (scopes)),
    CHECK (user_id IS NULL OR NOT 'operator' = ANY (scopes))
);
CREATE INDEX api_tokens_by_user ON api_tokens (user_id, created_at);

-- Things that are true of the whole system: one row.
CREATE TABLE system_state (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    stopped_at timestamptz,
    updated_at timestamptz
);
INSERT INTO system_state DEFAULT VALUES;

-- What a POST with an Idempotency-Key was answered. Open rows are in flight; a process that died leaves one open,
-- and after its lease another may take it over.
CREATE TABLE idempotency_keys (
    caller       text NOT NULL,           -- token id: keys of two callers never meet
    key          text NOT NULL CHECK (length(key) BETWEEN 1 AND 256),
    fingerprint  text NOT NULL,           -- SHA-256 over method, path and body
    taken_at     timestamptz NOT NULL,
    status       smallint,
    headers      jsonb,
    body         bytea,
    finished_at  timestamptz,
    PRIMARY KEY (caller, key),
    CHECK ((finished_at IS NULL) = (status IS NULL) AND (status IS NULL) = (headers IS NULL) AND (status IS NULL) = (body IS NULL))
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (taken_at);
