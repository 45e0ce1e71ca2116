//! Tiers, policies and settings: they hold whatever the preferences say.

use serde_json::json;

use super::{All, mail, newsletter};
use crate::{
    action::Verb,
    decision::Outcome::{Ask, Auto, Block},
    policy::Policy,
    signal::Domain,
    tier::TrustTier::{self, Observer},
};

#[test]
fn tiers_policies_and_settings_are_respected() {
    use Domain::Email;
    let _all = All;
    let keen = |name| mail(name, newsletter()).says(Email, "auto_archive", true);
    let archive = Some(Verb::ArchiveEmail);
    keen("observer").tier(Observer).then(Block, archive);
    keen("suggest").tier(TrustTier::Suggest).then(Ask, archive);
    keen("observer in mail").but(|facts| facts.settings.domain_tiers = [(Email, Observer)].into()).then(Block, archive);
    keen("observer elsewhere")
        .but(|facts| facts.settings.domain_tiers = [(Domain::Finance, Observer)].into())
        .then(Auto, archive);
    keen("mail blocked").but(|facts| facts.settings.autonomy.blocked_domains.push(Email)).then(Block, archive);
    keen("only calendar allowed")
        .but(|facts| facts.settings.autonomy.allowed_domains.push(Domain::Calendar))
        .then(Block, archive);
    keen("spend unreadable").but(|facts| facts.spend = Err(crate::ledger::Unreadable)).then(Block, archive);
    keen("asks owed").but(|facts| facts.history.asks_owed = [(Verb::ArchiveEmail, 3)].into()).then(Ask, archive);
    keen("quiet hours")
        .but(|facts| {
            facts.settings.autonomy.quiet_hours =
                serde_json::from_value(json!({ "start": "11:00", "end": "13:00" })).unwrap();
        })
        .then(Ask, archive);
    keen("quiet hours later")
        .but(|facts| {
            facts.settings.autonomy.quiet_hours =
                serde_json::from_value(json!({ "start": "22:00", "end": "07:00" })).unwrap();
        })
        .then(Auto, archive);
    let policy = |effect: &str, domain: &str| -> Policy {
        serde_json::from_value(json!({ "id": "00000000-0000-0000-0000-000000000009", "name": "mine", "domain": domain, "enabled": true,
            "rules": [{ "when": { "field": "verb", "op": "eq", "value": "archive_email" }, "effect": effect, "reason": "my own" }] }))
        .unwrap()
    };
    keen("a policy that denies").but(|facts| facts.policies.push(policy("deny", "email"))).then(Block, archive);
    keen("a policy that asks").but(|facts| facts.policies.push(policy("require_approval", "email"))).then(Ask, archive);
    keen("a policy for finance").but(|facts| facts.policies.push(policy("deny", "finance"))).then(Auto, archive);
}
