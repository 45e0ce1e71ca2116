-- A ticket lets one stream of events begin: for programs that can set neither a header nor a cookie, and must not put a
-- token into an address. It is removed when it is used.
CREATE TABLE stream_tickets (
    secret_hash bytea PRIMARY KEY CHECK (octet_length(secret_hash) = 32),
    user_id     uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    -- the token or session that asked for it; the stream ends with it
    holder      uuid NOT NULL,
    expires_at  timestamptz NOT NULL
);
CREATE INDEX stream_tickets_by_end ON stream_tickets (expires_at);
