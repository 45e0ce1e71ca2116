-- As whom a person is known at an engine: one identity for each. What proves it stands sealed among the secrets; here is
-- only that there is one, and since when.
CREATE TABLE engine_identities (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    engine     text NOT NULL CHECK (engine <> ''),
    version    integer NOT NULL CHECK (version > 0),   -- grows with every new proof
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (user_id, engine)
);
