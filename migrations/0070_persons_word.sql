-- The person's command to stop what is under way. Its own column, written by nobody else, so that the attempt that is
-- talking to the engine at that moment does not overwrite it with what it knew before.
ALTER TABLE executions ADD COLUMN cancel_asked_at timestamptz;
