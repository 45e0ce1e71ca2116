//! Trust grows and falls by the record, once per answer, whatever happens to the job.

use domain::{
    feedback::{Feedback, Kind},
    job::Job,
    outbox::Outbox,
    signal::Domain,
    tier::TrustTier,
};
use store::{decisions, feedback, users};

use super::{
    bench::{Bench, Delivery, Remains},
    ways::{Way, newsletter},
};

impl Bench {
    /// Ten mails that the twin may only watch, each answered with "yes, that is what I'd want".
    async fn ten_answers(&mut self) {
        for _ in 0..10 {
            let signal = self.post("email", "email_received", newsletter()).await;
            self.drain().await;
            let now = self.now();
            let mut tx = self.state.store.begin().await.unwrap();
            let lock = tx.lock(self.user).await.unwrap();
            let decision = decisions::of_signal(&mut tx, self.user, signal).await.unwrap().unwrap();
            let answer = Feedback {
                id: decision.id.child("feedback"),
                user: self.user,
                decision: decision.id,
                approval: None,
                domain: Domain::Email,
                verb: None,
                kind: Kind::Approve,
                severity: None,
                comment: None,
                at: now,
            };
            assert!(feedback::insert(&mut tx, &lock, &answer).await.unwrap());
            let outbox = Outbox::nothing().ring(Job::EvaluateTrust { user: self.user }, format!("trust:{}", answer.id));
            tx.commit(outbox, now).await.unwrap();
        }
    }

    async fn grew_once(&mut self) {
        self.ten_answers().await;
        self.finish().await;
        let settings = users::settings(&self.state.store, self.user).await.unwrap();
        assert_eq!((settings.tier, settings.tier_in(Domain::Email)), (TrustTier::Suggest, TrustTier::Suggest));
        assert_eq!(settings.tier_in(Domain::Finance), TrustTier::Observer, "trust in mail never raises finance");
        let raised: i64 = self.read("SELECT count(*) FROM trust_audit WHERE domain IS NULL").await;
        assert_eq!(raised, 1);
        let steps: Vec<(Option<String>, String, String, String)> = sqlx::query_as(
            "SELECT domain, from_tier, to_tier, cause FROM trust_audit WHERE cause <> 'pinned' ORDER BY revision",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap();
        let step = |domain: Option<&str>, cause: &str| {
            (domain.map(str::to_owned), "observer".to_owned(), "suggest".to_owned(), cause.to_owned())
        };
        assert_eq!(steps, [step(None, "promotion"), step(Some("email"), "followed")], "each from where it was before");
        assert!(self.notices().await.contains(&"tier_changed".to_owned()));
    }
}

#[tokio::test]
async fn ten_approvals_in_a_row_earn_one_step_where_they_were_given() {
    Way::Blocked.bench().await.grew_once().await;
}

#[tokio::test]
async fn the_step_is_taken_once_however_often_the_job_comes_and_wherever_it_dies() {
    let mut twice = Way::Blocked.bench().await;
    twice.delivery = Delivery::Twice;
    twice.grew_once().await;
    for (point, remains) in [("trust.before_commit", Remains::Rescued), ("trust.after_commit", Remains::Rescued)] {
        let mut bench = Way::Blocked.bench().await;
        bench.remains = remains;
        bench.crash_at(point);
        bench.grew_once().await;
        assert!(bench.has_crashed());
    }
}
