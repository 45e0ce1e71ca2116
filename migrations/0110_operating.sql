-- What operating a fleet needs of the queue: a trace that goes on through the hop, and queues that stand still.
--
-- A job may say which trace it belongs to (W3C traceparent). Nullable without a default: adding it rewrites nothing, jobs
-- of older code have none, and older code does not see it.
ALTER TABLE apalis.jobs ADD COLUMN traceparent text;

-- A queue with a row here is claimed from by nobody, in any process; its jobs wait and burn nothing.
CREATE TABLE apalis.pauses (
    queue     text PRIMARY KEY,
    paused_at timestamptz NOT NULL,
    why       text NOT NULL
);
