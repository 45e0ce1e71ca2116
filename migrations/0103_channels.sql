-- Where else a person is told, and every delivery there. A webhook's secret is with the secrets, sealed.
CREATE TABLE channels (
    id               uuid PRIMARY KEY,
    user_id          uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind             text NOT NULL CHECK (kind IN ('webhook', 'email')),
    name             text NOT NULL CHECK (name <> ''),
    address          text NOT NULL CHECK (address <> ''),   -- a URL, or a mail address
    minimum_severity text NOT NULL CHECK (minimum_severity IN ('info', 'warning', 'critical')),
    enabled          boolean NOT NULL,
    failing_since    timestamptz,                            -- the person was told of it then
    trouble          text,
    revision         bigint NOT NULL CHECK (revision > 0),
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    CHECK (failing_since IS NULL OR trouble IS NOT NULL)
);
CREATE INDEX channels_of_user ON channels (user_id, created_at, id);

-- Planned in the transaction that tells the person, so none is forgotten; the job only names it.
CREATE TABLE deliveries (
    id            uuid PRIMARY KEY,
    user_id       uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    channel_id    uuid NOT NULL REFERENCES channels ON DELETE CASCADE,
    notifications uuid[] NOT NULL,                           -- what is told, oldest first; nothing is a test
    state         text NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    due_at        timestamptz,
    settled_at    timestamptz,
    tries         integer NOT NULL CHECK (tries >= 0),
    error         text,
    version       bigint NOT NULL CHECK (version > 0),       -- the fence
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    CHECK ((state = 'pending') = (due_at IS NOT NULL) AND (state <> 'pending') = (settled_at IS NOT NULL)),
    CHECK (state <> 'dead' OR error IS NOT NULL)
);
CREATE INDEX deliveries_of_channel ON deliveries (channel_id, created_at DESC, id DESC);
CREATE INDEX deliveries_of_user ON deliveries (user_id);
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE state = 'pending';
