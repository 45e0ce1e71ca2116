-- What all workers know together of the engines: the breaker, who has called how often, and as whom a person is known
-- there. Nothing of this is in any process, so that a fleet behaves as one.

-- No row means closed and without a past. The breaker's machine is `domain::breaker`; only its transitions write.
CREATE TABLE engines (
    name              text PRIMARY KEY CHECK (name <> ''),
    failures          timestamptz[] NOT NULL DEFAULT '{}',
    last_failure      text,
    opened_at         timestamptz,
    open_until        timestamptz,
    rest_seconds      integer CHECK (rest_seconds > 0),
    probe_execution   uuid,                 -- finding out whether the engine is back; loses its place by itself
    probe_until       timestamptz,
    misconfigured_at  timestamptz,
    misconfigured_why text,
    updated_at        timestamptz NOT NULL,
    CHECK ((opened_at IS NULL) = (open_until IS NULL) AND (opened_at IS NULL) = (rest_seconds IS NULL)),
    CHECK ((probe_execution IS NULL) = (probe_until IS NULL)),
    CHECK (opened_at IS NOT NULL OR probe_execution IS NULL),
    CHECK ((misconfigured_at IS NULL) = (misconfigured_why IS NULL))
);

-- An engine's limits hold for each caller it tells apart: a person with an identity of their own, or everybody else.
CREATE TABLE engine_callers (
    engine      text NOT NULL CHECK (engine <> ''),
    caller      text NOT NULL CHECK (caller <> ''),
    sends       timestamptz[] NOT NULL DEFAULT '{}',   -- those of the last minute, oldest first
    looks       timestamptz[] NOT NULL DEFAULT '{}',
    quiet_until timestamptz,                           -- the engine asked to be left alone
    PRIMARY KEY (engine, caller)
);
