-- Doors of a person's own for whoever can sign: one row a door, and the secrets that sign for it, sealed in `secrets`. A
-- new secret leaves the old one good for a while, so that a sender can change over without losing anything.
CREATE TABLE hooks (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name       text NOT NULL CHECK (name <> ''),
    source     text NOT NULL CHECK (source <> ''),
    created_at timestamptz NOT NULL
);
CREATE INDEX hooks_by_user ON hooks (user_id, created_at);

CREATE TABLE hook_secrets (
    id         uuid PRIMARY KEY,
    hook_id    uuid NOT NULL REFERENCES hooks ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz
);
CREATE INDEX hook_secrets_by_hook ON hook_secrets (hook_id);
