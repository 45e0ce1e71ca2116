-- What `shared/queue` needs of apalis's own tables; runs after apalis's migrations and touches nothing of ours.
--
-- Why: a NOTIFY inside the enqueuing transaction makes commits queue behind one another (the process rings once
-- after commit instead); duplicate indexes cost every write; finding running, finished and dead rows must not grow
-- with the table; and a queue is nearly all churn, so the vacuum has to come long before a fifth of it is dead.

-- The bell rings after commit, coalesced, from the process that enqueued.
DROP TRIGGER IF EXISTS notify_workers ON apalis.jobs;

-- Twins of jobs_pkey, idx_apalis_jobs_lock_by, idx_apalis_workers_worker_type and idx_apalis_workers_last_seen.
-- (unique_worker_id is a twin too, but the foreign key on lock_by hangs on it.)
DROP INDEX IF EXISTS apalis.unique_job_id;
DROP INDEX IF EXISTS apalis.lidx;
DROP INDEX IF EXISTS apalis.wtidx;
DROP INDEX IF EXISTS apalis.lsidx;

-- Claim: the next claimable row of a queue is the next entry of this index, whatever else the table holds.
-- apalis 1.0.0 has it already; here so that the claim does not hang on a later version keeping it.
CREATE INDEX IF NOT EXISTS idx_apalis_jobs_fetch_partial ON apalis.jobs (job_type, priority DESC, run_at ASC)
    WHERE status = 'Pending' OR (status = 'Failed' AND attempts < max_attempts);

-- Rescue: every row a worker holds, and only those.
CREATE INDEX jobs_held ON apalis.jobs (job_type, lock_at) WHERE status IN ('Queued', 'Running');

-- Prune: finished rows, oldest first.
CREATE INDEX jobs_done ON apalis.jobs (done_at) INCLUDE (job_type) WHERE status = 'Done';

-- Dead: out of attempts, or abandoned; kept until somebody looks.
CREATE INDEX jobs_dead ON apalis.jobs (done_at) INCLUDE (job_type)
    WHERE status = 'Killed' OR (status = 'Failed' AND attempts >= max_attempts);

ALTER TABLE apalis.jobs SET (
    autovacuum_vacuum_scale_factor = 0.01,
    autovacuum_vacuum_insert_scale_factor = 0.01,
    autovacuum_analyze_scale_factor = 0.01
);
ALTER TABLE apalis.workers SET (
    autovacuum_vacuum_scale_factor = 0.01,
    autovacuum_analyze_scale_factor = 0.01
);
