//! Gmail as a source.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use domain::source::Kind;
use serde_json::json;
use simulator::google::{Fault, How, Mail};
use worker::ports::source::Trouble;

use super::{ADA, Far, ids};

fn mail(n: u32) -> Mail {
    Mail::new("Kim <kim@work.example>", &format!("Number {n}"), "Hello")
}

#[tokio::test]
async fn the_first_look_takes_the_newest_of_the_inbox_and_from_then_on_only_what_arrives() {
    let far = Far::new().await;
    let delivered: Vec<String> = (0..60).map(|n| far.double.google.deliver(ADA, mail(n))).collect();
    let (first, cursor) = far.read(Kind::Gmail, None).await;
    let (first, newest): (BTreeSet<_>, BTreeSet<_>) =
        (ids(&first).into_iter().collect(), delivered[10..].iter().map(String::as_str).collect());
    assert_eq!(first, newest);

    assert!(far.read(Kind::Gmail, Some(cursor.clone())).await.0.is_empty());
    let news = far.double.google.deliver(ADA, mail(61).label("CATEGORY_PROMOTIONS").header("List-Id", "<letters>"));
    let (second, _) = far.read(Kind::Gmail, Some(cursor)).await;
    assert_eq!(ids(&second), [news.as_str()]);
    assert_eq!(
        (&second[0].payload["category"], &second[0].payload["from"]),
        (&json!("newsletter"), &json!("kim@work.example"))
    );
}

#[tokio::test]
async fn nothing_is_skipped_past_a_page_boundary_whatever_arrives_between_two_pages() {
    let far = Far::new().await;
    let mut wanted: BTreeSet<String> = (0..40).map(|n| far.double.google.deliver(ADA, mail(n))).collect();
    let mut seen = BTreeSet::new();
    let mut cursor = None;
    for n in 100..110 {
        // A restart between any two pages: all that is kept is the cursor.
        let page = far.page(Kind::Gmail, cursor.as_ref()).await.unwrap();
        seen.extend(page.signals.into_iter().map(|signal| signal.external_id));
        cursor = Some(page.cursor);
        wanted.extend((0..15).map(|m| far.double.google.deliver(ADA, mail(n * 100 + m))));
    }
    seen.extend(far.read(Kind::Gmail, cursor).await.0.into_iter().map(|signal| signal.external_id));
    assert_eq!(seen, wanted);
}

#[tokio::test]
async fn a_page_that_breaks_off_is_read_again_from_the_same_cursor() {
    let far = Far::new().await;
    let delivered: Vec<String> = (0..5).map(|n| far.double.google.deliver(ADA, mail(n))).collect();
    far.double.google.inject([Fault::on("gmail.messages.get", How::Drop).after(3)]);
    let broken = far.page(Kind::Gmail, None).await;
    assert!(matches!(broken, Err(Trouble::Later { .. })), "{broken:?}");
    assert_eq!(ids(&far.read(Kind::Gmail, None).await.0), delivered);
}

#[tokio::test]
async fn a_history_that_was_forgotten_is_read_anew_under_the_same_ids() {
    let far = Far::new().await;
    let before = far.double.google.deliver(ADA, mail(1));
    let (_, cursor) = far.read(Kind::Gmail, None).await;
    let after = far.double.google.deliver(ADA, mail(2));
    far.double.google.forget(ADA);
    let (again, cursor) = far.read(Kind::Gmail, Some(cursor)).await;
    assert_eq!(ids(&again), [before.as_str(), after.as_str()]);
    assert!(far.read(Kind::Gmail, Some(cursor)).await.0.is_empty());
}

#[tokio::test]
async fn a_mail_that_is_gone_before_it_is_fetched_holds_up_no_other() {
    let far = Far::new().await;
    far.double.google.deliver(ADA, mail(1));
    let kept = far.double.google.deliver(ADA, mail(2));
    far.double.google.inject([Fault::refuse("gmail.messages.get", 404, "notFound")]);
    assert_eq!(ids(&far.read(Kind::Gmail, None).await.0), [kept.as_str()]);
}

#[tokio::test]
async fn trouble_says_whether_to_renew_the_access_to_wait_or_to_give_up() {
    let far = Far::new().await;
    let limits =
        |code, reason: &str| How::Refused { code, reason: reason.to_owned(), retry_after: Some("7".to_owned()) };
    far.double.google.inject([
        Fault::refuse("gmail.profile", 401, "authError"),
        Fault::on("gmail.profile", limits(403, "userRateLimitExceeded")),
        Fault::on("gmail.profile", limits(429, "rateLimitExceeded")),
        Fault::refuse("gmail.profile", 500, "backendError"),
        Fault::refuse("gmail.profile", 403, "insufficientPermissions"),
    ]);
    let mut told = Vec::new();
    for _ in 0..5 {
        told.push(match far.page(Kind::Gmail, None).await.unwrap_err() {
            Trouble::TokenRefused => "renew".to_owned(),
            Trouble::Later { retry_after, .. } => {
                format!("wait {}", retry_after.unwrap_or(TimeDelta::zero()).num_seconds())
            }
            Trouble::Refused { .. } => "refused".to_owned(),
        });
    }
    assert_eq!(told, ["renew", "wait 7", "wait 7", "wait 0", "refused"]);
}
