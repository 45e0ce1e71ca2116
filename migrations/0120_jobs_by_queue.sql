-- Ended jobs by queue and age instead of by age alone: what looks for one queue's (an operator's list, the gauges, a pass
-- that runs the dead again) found them by reading past everybody else's, so that a queue with a million of them made every
-- look at the others slow. Whoever wants all queues takes them one after the other.
--
-- They take the place of `jobs_done` and `jobs_dead`, which go in the next file: an outcome writes as many index entries
-- as before, and shorter ones, since an index without INCLUDE keeps equal keys once. (Apart, because the building lets
-- readers on and the going does not, and asking for more in one transaction is how deadlocks are made.) While it builds,
-- about a second for a million ended jobs, writers of the queue wait.
CREATE INDEX jobs_done_by_queue ON apalis.jobs (job_type, done_at) WHERE status = 'Done';
CREATE INDEX jobs_dead_by_queue ON apalis.jobs (job_type, done_at)
    WHERE status = 'Killed' OR (status = 'Failed' AND attempts >= max_attempts);
