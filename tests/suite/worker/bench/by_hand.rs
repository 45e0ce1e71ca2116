//! Jobs run by hand: exactly as often as the test says, and only once it says so.
//!
//! It does with `apalis.jobs` what the queue does (claim, refund, back off, bury), but one job at a time. `rest` lets
//! time pass until nothing is left to be done; `finish` until no timer is left either, which every test ends with.

use chrono::TimeDelta;
use domain::job::Job;
use futures::future::join;
use queue::Failure;
use runtime::faults::{Armed, Effect};
use worker::jobs::{self, Turn};

use super::{Bench, Delivery, Remains};

struct Claim {
    id: String,
    job: Job,
    attempt: i32,
    most: i32,
}

impl Bench {
    /// The next passing of this fault point is where the worker dies.
    pub(in super::super) fn crash_at(&mut self, point: &str) {
        self.crash_at_nth(point, 1);
    }

    /// The same at the `nth` passing.
    pub(in super::super) fn crash_at_nth(&mut self, point: &str, nth: u32) {
        self.armed = Some(self.state.faults.arm(point, nth, Effect::Hang));
    }

    /// Whether the armed fault has struck.
    pub(in super::super) fn has_crashed(&self) -> bool {
        self.armed.as_ref().is_some_and(Armed::has_struck)
    }

    /// Empties the queue, as a restored backup or a careless hand would.
    pub(in super::super) async fn wipe_the_queue(&self) {
        sqlx::query("DELETE FROM apalis.jobs").execute(&self.pool).await.unwrap();
    }

    /// Runs jobs until none is due.
    pub(in super::super) async fn drain(&mut self) {
        for _ in 0..500 {
            if self.wipe_after == Some(self.runs) {
                self.wipe_after = None;
                self.wipe_the_queue().await;
            }
            let Some(claim) = self.claim().await else { return };
            if self.is_lost() {
                self.forget(&claim.id).await;
            } else {
                self.runs += 1;
                self.work(claim).await;
            }
        }
        panic!("the queue never runs dry: {:?}", self.live_jobs().await);
    }

    /// Runs the one job that is due first.
    pub(in super::super) async fn step(&mut self) {
        let claim = self.claim().await.expect("a job that is due");
        self.work(claim).await;
    }

    /// Looks after what was forgotten, then runs it.
    pub(in super::super) async fn sweep(&mut self) {
        self.look_around().await;
        self.drain().await;
    }

    /// Looks after what was forgotten.
    pub(in super::super) async fn look_around(&mut self) {
        let now = self.now();
        self.sweep.tick(&self.state, now).await.unwrap();
    }

    /// Lets time pass until nothing is left to be done but what waits for the person or for its hour.
    pub(in super::super) async fn rest(&mut self) {
        self.drain().await;
        for _ in 0..1000 {
            if self.undone().await == 0 {
                return;
            }
            self.pass(TimeDelta::seconds(15));
            self.drain().await;
            self.sweep().await;
        }
        panic!("never comes to rest: {:?}", self.live_jobs().await);
    }

    /// Lets every timer ring, and looks whether anything is left anywhere.
    pub(in super::super) async fn finish(&mut self) {
        self.loses_one_in = None;
        self.rest().await;
        for _ in 0..2 {
            self.pass(TimeDelta::hours(25));
            self.drain().await;
            self.sweep().await;
            self.rest().await;
        }
        assert_eq!(self.live_jobs().await, Vec::<String>::new(), "jobs are left");
        assert_eq!(self.undone().await, 0, "rows are left");
    }

    async fn claim(&self) -> Option<Claim> {
        let row: Option<(String, Vec<u8>, i32, i32)> = sqlx::query_as(
            "UPDATE apalis.jobs SET status = 'Running', attempts = attempts + 1 WHERE id = (
               SELECT id FROM apalis.jobs
                WHERE (status = 'Pending' OR (status = 'Failed' AND attempts < max_attempts)) AND run_at <= $1
                ORDER BY run_at, id LIMIT 1)
             RETURNING id, job, attempts, max_attempts",
        )
        .bind(self.now().utc())
        .fetch_optional(&self.pool)
        .await
        .unwrap();
        row.map(|(id, job, attempt, most)| Claim {
            id,
            job: serde_json::from_slice(&job).expect("a job"),
            attempt,
            most,
        })
    }

    async fn work(&mut self, claim: Claim) {
        let now = self.now();
        let (state, job, delivery) = (&self.state, claim.job, self.delivery);
        // the other copy is a job of its own: it counts from one, and sleeps and fails by itself
        let run = async |attempt| jobs::run(state, &Turn::new(now, attempt, || true), job).await;
        let delivered = async {
            match delivery {
                Delivery::Once => run(claim.attempt).await,
                Delivery::Twice => {
                    let first = run(claim.attempt).await;
                    let _ = run(1).await;
                    first
                }
                Delivery::Together => join(run(claim.attempt), run(1)).await.0,
            }
        };
        let ran = match &mut self.armed {
            Some(armed) if !armed.has_struck() => tokio::select! {
                ran = delivered => Some(ran),
                () = armed.struck() => None,
            },
            _ => Some(delivered.await),
        };
        match (ran, self.remains) {
            (Some(ran), _) => self.acknowledge(&claim, ran).await,
            (None, Remains::Rescued) => self.put(&claim, "Pending", claim.attempt, TimeDelta::seconds(11)).await,
            (None, Remains::Lost) => self.forget(&claim.id).await,
        }
    }

    /// What the queue does with an outcome.
    async fn acknowledge(&self, claim: &Claim, ran: Result<(), Failure>) {
        let seconds = |n: u32| TimeDelta::seconds(n.into());
        match ran {
            Ok(()) => self.put(claim, "Done", claim.attempt, TimeDelta::zero()).await,
            Err(Failure::Snooze { delay, .. }) => {
                self.put(claim, "Pending", claim.attempt - 1, TimeDelta::from_std(delay).unwrap()).await;
            }
            Err(Failure::Retry { .. }) => self.put(claim, "Failed", claim.attempt, seconds(1)).await,
            Err(Failure::Abandon { why }) => panic!("{:?} was abandoned: {why}", claim.job),
        }
    }

    async fn put(&self, claim: &Claim, status: &str, attempts: i32, wait: TimeDelta) {
        sqlx::query("UPDATE apalis.jobs SET status = $2, attempts = $3, run_at = $4, done_at = $5 WHERE id = $1")
            .bind(&claim.id)
            .bind(status)
            .bind(attempts)
            .bind(self.now().plus(wait).utc())
            .bind((status == "Done" || attempts >= claim.most).then(|| self.now().utc()))
            .execute(&self.pool)
            .await
            .unwrap();
    }

    async fn forget(&self, id: &str) {
        sqlx::query("DELETE FROM apalis.jobs WHERE id = $1").bind(id).execute(&self.pool).await.unwrap();
    }

    fn is_lost(&mut self) -> bool {
        // a fixed sequence that looks random: the test is the same every time
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.loses_one_in.is_some_and(|n| (self.dice >> 33).is_multiple_of(n))
    }

    /// Another sequence of losses.
    pub(in super::super) fn shuffle(&mut self, seed: u64) {
        self.dice = seed;
    }
}
