-- The audit of privileged acts: who did what, when, and how it ended. A row is written before the act, so that none is
-- unaudited; one without a status was begun by a process that did not live to see its end.
CREATE TABLE audit (
    id     uuid PRIMARY KEY,
    at     timestamptz NOT NULL,
    actor  text NOT NULL CHECK (actor <> ''),    -- the id of a token or session, `bootstrap`, or `command line`
    act    text NOT NULL CHECK (act <> ''),      -- method and route, or the command
    target text NOT NULL,                        -- the address, or what the command was about
    status smallint                              -- what it was answered; none while nobody knows
);
CREATE INDEX audit_recent ON audit (at DESC, id DESC);
