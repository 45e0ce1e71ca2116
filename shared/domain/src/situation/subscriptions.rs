//! Subscriptions: renew or end, by the person's word; a helper only snoozes.

use super::{Draft, Reading, Role, Understood};
use crate::{action::Verb, flags::Flag, words::says};

/// Nothing is left to decide.
const OVER: &[&str] =
    &["renewed", "cancelled", "canceled", "receipt", "confirmation", "confirmed", "welcome", "payment received"];
/// The person asked for the end of it.
const ENDS: &[&str] = &["cancel", "cancellation", "cancel subscription", "terminate", "unsubscribe"];

pub(super) fn drafts(reading: &Reading<'_>, understood: &Understood) -> Vec<Draft> {
    let headline = reading.headline();
    let over = reading.kind_says(OVER)
        || (super::classify::is_mail_source(reading) && OVER.iter().any(|phrase| says(&headline, phrase)));
    let doubtful = [Flag::DuplicateService, Flag::LittleUsed, Flag::PriceAnomaly]
        .iter()
        .any(|flag| understood.flags.contains(flag));
    if over && !doubtful {
        return Vec::new();
    }
    let service = reading.text(&[
        "service",
        "service_name",
        "vendor",
        "provider",
        "plan_name",
        "subscription_name",
        "merchant",
        "subject",
        "title",
    ]);
    let mut renew = Draft::asked(Verb::RenewSubscription).with_some("service", service);
    let mut cancel = Draft::other(Verb::CancelSubscription).with_some("service", service);
    if reading.wishes(ENDS) {
        cancel = cancel.to(Role::Asked);
        renew = renew.to(Role::Other);
        return vec![cancel, renew];
    }
    let ending_trial = reading.kind_says(&["trial"])
        || says(&headline, "trial")
        || reading.is(&["is_trial", "trial_ends_at", "trial_end_date", "trial_ending", "trial_ends_in_days"]);
    if ending_trial
        || understood.flags.contains(&Flag::DuplicateService)
        || understood.flags.contains(&Flag::LittleUsed)
    {
        cancel = cancel.to(Role::Way);
        renew = renew.to(Role::Way);
    }
    let about = service.unwrap_or("the subscription").to_owned();
    if understood.flags.contains(&Flag::DuplicateService) || understood.flags.contains(&Flag::LittleUsed) {
        return vec![cancel, renew, Draft::other(Verb::SnoozeReminder).with("about", about)];
    }
    vec![renew, cancel, Draft::other(Verb::SnoozeReminder).with("about", about)]
}
