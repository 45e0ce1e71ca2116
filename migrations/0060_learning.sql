-- What learning remembers besides the current preferences: how each came to be what it is.

-- Every change of a preference, with what caused it; removing a preference keeps its history.
CREATE TABLE preference_history (
    id            uuid PRIMARY KEY,
    user_id       uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    preference_id uuid NOT NULL,
    domain        text NOT NULL,
    key           text NOT NULL,
    version       bigint NOT NULL,
    before        jsonb,
    after         jsonb,
    cause         text NOT NULL,
    feedback_id   uuid REFERENCES feedback ON DELETE SET NULL,
    at            timestamptz NOT NULL,
    CHECK (before IS NOT NULL OR after IS NOT NULL)
);
CREATE INDEX preference_history_recent ON preference_history (user_id, domain, key, version DESC);

-- The twin as it was at each version: at most one version per answer.
CREATE TABLE twin_versions (
    user_id     uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    version     bigint NOT NULL CHECK (version > 0),
    snapshot    jsonb NOT NULL,
    changed     text[] NOT NULL,
    cause       text NOT NULL,
    feedback_id uuid UNIQUE REFERENCES feedback ON DELETE SET NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (user_id, version)
);

-- A punished verb asks for its next so many times.
CREATE TABLE asks_owed (
    user_id   uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    verb      text NOT NULL,
    remaining integer NOT NULL CHECK (remaining > 0),
    PRIMARY KEY (user_id, verb)
);
