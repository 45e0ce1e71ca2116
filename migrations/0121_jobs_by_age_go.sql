-- Replaced by `jobs_done_by_queue` and `jobs_dead_by_queue`. The release before prunes by age; as long as it still runs it
-- sorts what it read in order until now, and misses nothing.
DROP INDEX apalis.jobs_done;
DROP INDEX apalis.jobs_dead;
