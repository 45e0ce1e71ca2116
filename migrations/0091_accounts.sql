-- Connections as a machine, how they are begun, and what only an operator can mend.

-- refresh_due_at is when to look next: at the refresh while active, at the end of the claim while refreshing.
ALTER TABLE accounts
    ADD COLUMN label      text,
    ADD COLUMN scopes     text[] NOT NULL DEFAULT '{}',
    ADD COLUMN grant_no   bigint NOT NULL DEFAULT 0,   -- which set of tokens; those are in secrets
    ADD COLUMN granted_at timestamptz,
    ADD COLUMN failures   integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    ADD COLUMN trouble    text,
    ADD CONSTRAINT accounts_due CHECK (
        CASE state WHEN 'refreshing' THEN refresh_due_at IS NOT NULL
                   WHEN 'active' THEN true
                   ELSE refresh_due_at IS NULL END);
UPDATE accounts SET granted_at = updated_at;
ALTER TABLE accounts ALTER COLUMN granted_at SET NOT NULL;
DROP INDEX accounts_refresh_due;
CREATE INDEX accounts_refresh_due ON accounts (refresh_due_at) WHERE state IN ('active', 'refreshing');

-- A sign-in at a provider that was begun and not finished. Both secrets of it stay with the browser that began it: the
-- state travels with the redirects and the verifier in a cookie; here are only their hashes.
CREATE TABLE account_connects (
    state_hash bytea PRIMARY KEY CHECK (octet_length(state_hash) = 32),
    challenge  bytea NOT NULL CHECK (octet_length(challenge) = 32),
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    provider   text NOT NULL,
    begun_by   text NOT NULL,            -- the caller's token or session
    expires_at timestamptz NOT NULL
);
CREATE INDEX account_connects_by_age ON account_connects (expires_at);
CREATE INDEX account_connects_of_user ON account_connects (user_id);

-- What is wrong with the system and not with anybody's twin: one row per cause, open until it is over.
CREATE TABLE operator_alerts (
    key         text PRIMARY KEY CHECK (key <> ''),
    says        text NOT NULL,
    times       bigint NOT NULL DEFAULT 1,
    raised_at   timestamptz NOT NULL,
    last_at     timestamptz NOT NULL,
    resolved_at timestamptz
);
CREATE INDEX operator_alerts_recent ON operator_alerts (last_at DESC);
