-- What the vault has sealed, all of it in one place: a new key has one table to walk.
-- The user stands inside of the sealed bytes too: a row that is given to somebody else does not open.
CREATE TABLE secrets (
    purpose    text NOT NULL CHECK (purpose <> ''),
    subject_id uuid NOT NULL,               -- the account, or what else the secret belongs to
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    sealed     bytea NOT NULL,
    key_id     text NOT NULL,               -- of the key-encryption key, as in the sealed bytes
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (purpose, subject_id)
);
CREATE INDEX secrets_by_key ON secrets (key_id, purpose, subject_id);
