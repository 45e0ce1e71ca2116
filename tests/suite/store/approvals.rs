//! Of everything that can happen to an approval exactly one does.

use ::store::{Error, approvals, executions};
use chrono::TimeDelta;
use domain::{
    approval::{Answer, Approval, Phase, ResolvedBy, State, Terms},
    time::Timestamp,
};
use futures::future::join_all;
use tests::World;

use super::made;

fn yes(approval: &Approval, at: Timestamp) -> Approval {
    let answer = Answer::Approve { terms: Terms::default() };
    Approval {
        state: State::Approved { at, answer, execution: approval.id.child("execution") },
        updated_at: at,
        ..approval.clone()
    }
}

fn no(approval: &Approval, at: Timestamp) -> Approval {
    Approval {
        state: State::Rejected { at, by: ResolvedBy::Person, reasons: vec!["no".into()] },
        updated_at: at,
        ..approval.clone()
    }
}

fn expired(approval: &Approval, at: Timestamp) -> Approval {
    Approval { state: State::Expired { at }, updated_at: at, ..approval.clone() }
}

/// Writes an answer and what runs.
async fn save(world: &World, approval: &Approval) -> ::store::Result<()> {
    made::change(world, approval.user, async |tx, lock| {
        approvals::save(tx, lock, approval).await?;
        if let State::Approved { execution, .. } = approval.state {
            let decision = ::store::decisions::get(&mut *tx, approval.user, approval.decision).await?;
            let planned = domain::execution::Execution {
                id: execution,
                approval: Some(approval.id),
                ..made::execution(&decision, world.now())
            };
            executions::insert(tx, lock, &planned, world.now()).await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn of_two_answers_and_an_expiry_at_once_exactly_one_wins_and_the_others_are_stale() {
    let world = World::new().await;
    let user = made::user(&world).await;
    for _ in 0..10 {
        let approval = made::stored_approval(&world, user).await;
        let just_before = approval.expires_at.minus(TimeDelta::microseconds(1));
        let attempts = [
            yes(&approval, just_before),
            no(&approval, just_before),
            expired(&approval, approval.expires_at),
            yes(&approval, just_before),
        ];
        let outcomes = join_all(attempts.iter().map(|attempt| save(&world, attempt))).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        assert!(
            outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).all(|error| matches!(error, Error::Stale)),
            "{outcomes:?}"
        );
        let winner = outcomes.iter().position(Result::is_ok).unwrap();
        let kept = approvals::get(&world.store, user, approval.id).await.unwrap();
        assert_eq!(kept, attempts[winner]);
        let ran = executions::of_decision(&world.store, user, approval.decision).await.unwrap().len();
        assert_eq!(ran, usize::from(kept.state.phase() == Phase::Approved));
    }
}

#[tokio::test]
async fn a_yes_at_the_very_instant_of_expiry_is_too_late() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let approval = made::stored_approval(&world, user).await;
    assert!(matches!(save(&world, &yes(&approval, approval.expires_at)).await, Err(Error::Stale)));
    save(&world, &expired(&approval, approval.expires_at)).await.unwrap();
    assert_eq!(made::count(&world.pool, "executions").await, 0);
}

#[tokio::test]
async fn what_is_pending_is_listed_by_urgency_and_what_has_expired_unseen_is_not() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let now = world.now();
    let mut waiting = Vec::new();
    for minutes in [30, 10, 20] {
        let decision = made::stored_decision(&world, user).await;
        let approval = Approval { expires_at: now.plus(TimeDelta::minutes(minutes)), ..made::approval(&decision, now) };
        made::change(&world, user, async |tx, lock| approvals::insert(tx, lock, &approval).await).await.unwrap();
        waiting.push(approval);
    }
    let pending = async |now, cursor, limit| {
        approvals::list(&world.store, user, approvals::Which::Pending { now }, cursor, limit).await.unwrap()
    };
    let first = pending(now, None, 2).await;
    assert_eq!(first.items.iter().map(|one| one.id).collect::<Vec<_>>(), [waiting[1].id, waiting[2].id]);
    assert_eq!(pending(now, first.next, 2).await.items[0].id, waiting[0].id);
    assert_eq!(pending(now.plus(TimeDelta::minutes(10)), None, 9).await.items.len(), 2);

    save(&world, &no(&waiting[2], now)).await.unwrap();
    let history = approvals::list(&world.store, user, approvals::Which::History, None, 9).await.unwrap();
    assert_eq!(history.items, [no(&waiting[2], now)]);
    assert_eq!(approvals::of_decision(&world.store, user, waiting[0].decision).await.unwrap(), [waiting[0].clone()]);
}

#[tokio::test]
async fn an_approval_can_not_say_yes_without_an_execution() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let approval = made::stored_approval(&world, user).await;
    let alone = yes(&approval, world.now());
    let saved = made::change(&world, user, async |tx, lock| approvals::save(tx, lock, &alone).await).await;
    assert!(matches!(saved, Err(Error::Bug(_))), "{saved:?}");
    assert_eq!(approvals::get(&world.store, user, approval.id).await.unwrap(), approval);
}
