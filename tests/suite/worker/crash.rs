//! The law (`house.md` §2): whatever the queue loses or doubles and wherever a worker dies, the end is the same, and
//! nothing is carried out twice. Every way is compared with itself undisturbed.

use super::{
    bench::{Bench, Delivery, End, Remains},
    far_side::Say,
    ways::Way,
};

const EVALUATE: [&str; 2] = ["evaluate.before_commit", "evaluate.after_commit"];
const EXECUTE: [&str; 6] = [
    "execute.before_claim_commit",
    "execute.after_claim",
    "execute.after_send",
    "execute.after_tell",
    "execute.before_settle_commit",
    "execute.after_settle",
];
const EXPIRE: [&str; 2] = ["expire.before_commit", "expire.after_commit"];

impl Way {
    /// The end of this way when nothing is in it, and a bench to walk it again on.
    async fn undisturbed(self) -> (Bench, End) {
        let mut bench = self.bench().await;
        let end = self.walk(&mut bench).await;
        (bench, end)
    }

    /// The fault points this way passes.
    fn points(self) -> Vec<&'static str> {
        let executes = matches!(self, Self::Auto | Self::Asked | Self::Suggested);
        let expires = self == Self::Expired;
        let points = EVALUATE.into_iter();
        points.chain(EXECUTE.into_iter().filter(|_| executes)).chain(EXPIRE.into_iter().filter(|_| expires)).collect()
    }
}

fn same(way: Way, how: &str, end: &End, expected: &End) {
    assert_eq!(end, expected, "{way:?}, {how}");
    assert!(end.effects.iter().all(|times| *times == 1), "{way:?}, {how}: carried out more than once");
}

async fn delivered(delivery: Delivery) {
    for way in Way::ALL {
        let (base, expected) = way.undisturbed().await;
        let mut bench = way.again(&base).await;
        bench.delivery = delivery;
        same(way, &format!("{delivery:?}"), &way.walk(&mut bench).await, &expected);
    }
}

#[tokio::test]
async fn every_job_delivered_twice_comes_to_the_same_end() {
    delivered(Delivery::Twice).await;
}

#[tokio::test]
async fn every_job_delivered_to_two_workers_at_once_comes_to_the_same_end() {
    delivered(Delivery::Together).await;
}

async fn survives_every_crash(way: Way) {
    let (base, expected) = way.undisturbed().await;
    for remains in [Remains::Rescued, Remains::Lost] {
        for point in way.points() {
            let mut bench = way.again(&base).await;
            bench.remains = remains;
            bench.crash_at(point);
            let end = way.walk(&mut bench).await;
            assert!(bench.has_crashed(), "{way:?} never passes {point}");
            same(way, &format!("dead at {point}, the job {remains:?}"), &end, &expected);
        }
    }
}

#[tokio::test]
async fn what_the_twin_does_alone_survives_a_crash_at_every_point() {
    survives_every_crash(Way::Auto).await;
}

#[tokio::test]
async fn what_the_person_agreed_to_survives_a_crash_at_every_point() {
    survives_every_crash(Way::Asked).await;
}

#[tokio::test]
async fn suggestions_refusals_blocks_and_expiries_survive_a_crash_at_every_point() {
    for way in [Way::Suggested, Way::Refused, Way::Blocked, Way::Expired] {
        survives_every_crash(way).await;
    }
}

#[tokio::test]
async fn bells_that_are_lost_at_random_only_cost_time() {
    for way in Way::ALL {
        let (base, expected) = way.undisturbed().await;
        for seed in 1..=4 {
            let mut bench = way.again(&base).await;
            bench.shuffle(seed);
            bench.loses_one_in = Some(2);
            same(way, &format!("losses {seed}"), &way.walk(&mut bench).await, &expected);
        }
    }
}

#[tokio::test]
async fn emptying_the_queue_after_any_job_only_costs_time() {
    for way in Way::ALL {
        let (base, expected) = way.undisturbed().await;
        for after in 0..4 {
            let mut bench = way.again(&base).await;
            bench.wipe_after = Some(after);
            same(way, &format!("emptied after {after} jobs"), &way.walk(&mut bench).await, &expected);
        }
    }
}

/// The same with an engine that takes its time and loses words: what it did counts once, whoever died meanwhile.
#[tokio::test]
async fn a_crash_while_the_engine_is_at_it_or_in_doubt_comes_to_the_same_end() {
    let scripts: [&[Say]; 3] = [
        &[Say::Working, Say::Working, Say::Done],
        &[Say::LostBack, Say::Done],
        &[Say::LostThere, Say::Busy, Say::LostBack],
    ];
    let (base, expected) = Way::Auto.undisturbed().await;
    for script in scripts {
        for point in EXECUTE {
            for nth in [1, 2] {
                let mut bench = Way::Auto.again(&base).await;
                bench.engine.will(script.iter().cloned());
                bench.crash_at_nth(point, nth);
                let end = Way::Auto.walk(&mut bench).await;
                same(Way::Auto, &format!("{script:?}, dead at {point} the {nth}. time"), &end, &expected);
            }
        }
    }
}
