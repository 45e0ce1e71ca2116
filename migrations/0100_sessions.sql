-- How a browser signs in. A one-time link or a token opens a session; both are kept as a hash only, like tokens.
-- A session may do what it was opened with and ends with it: revoking a token ends the sessions it opened.
CREATE TABLE login_links (
    id          uuid PRIMARY KEY,
    user_id     uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    scopes      text[] NOT NULL CHECK (cardinality(scopes) > 0 AND NOT 'operator' = ANY (scopes)),
    -- the token it was asked for with; none when an operator's command made it
    token_id    uuid REFERENCES api_tokens ON DELETE CASCADE,
    secret_hash bytea NOT NULL UNIQUE CHECK (octet_length(secret_hash) = 32),
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz,
    CHECK (used_at < expires_at)
);
CREATE INDEX login_links_by_end ON login_links (expires_at);

CREATE TABLE sessions (
    id          uuid PRIMARY KEY,
    user_id     uuid REFERENCES users ON DELETE CASCADE,
    scopes      text[] NOT NULL CHECK (cardinality(scopes) > 0),
    token_id    uuid REFERENCES api_tokens ON DELETE CASCADE,
    -- what the browser calls itself
    agent       text NOT NULL,
    secret_hash bytea NOT NULL UNIQUE CHECK (octet_length(secret_hash) = 32),
    created_at  timestamptz NOT NULL,
    seen_at     timestamptz NOT NULL,
    -- moves on while it is used, up to a last day
    expires_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    CHECK ((user_id IS NULL) = ('operator' = ANY (scopes)))
);
CREATE INDEX sessions_of_user ON sessions (user_id, created_at DESC);
CREATE INDEX sessions_by_end ON sessions (expires_at);
