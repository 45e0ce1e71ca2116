//! One person's way with their twin, over HTTP and with real processes: trust in mail is earned answer by answer up to
//! moderate autonomy, three refusals cost a tier, and money is paid within its limits, refused above them, overridden
//! with a reason, and given back.
//!
//! The trail is printed for a person to read: `cargo test --test e2e walk -- --nocapture`.

use reqwest::StatusCode;
use serde_json::{Value, json};
use tests::{eventually, free_port};

use crate::fleet::{Fleet, Person};

/// A daily limit of $60, so that the third renewal does not fit.
const DAILY_CENTS: i64 = 6_000;

/// A newsletter: what the twin could archive.
fn newsletter(n: usize) -> Value {
    json!({ "source": "gmail", "type": "email_received", "external_id": format!("letter-{n}"),
        "payload": { "message_id": format!("letter-{n}"), "from": "news@letters.example", "subject": "Weekly letter", "category": "newsletter" } })
}

/// A mail with an answer ready: sending it can't be taken back, so it is asked about.
fn reply(n: usize) -> Value {
    json!({ "source": "gmail", "type": "email_received", "external_id": format!("reply-{n}"),
        "payload": { "message_id": format!("reply-{n}"), "from": "ann@friends.example", "subject": "Lunch on Friday?",
            "action": "reply", "suggestedReply": "Gladly, at noon?" } })
}

/// A plan that wants to be renewed for so many cents.
fn renewal(n: usize, cents: i64) -> Value {
    json!({ "source": "billing", "type": "subscription_renewal", "external_id": format!("plan-{n}"),
        "payload": { "subject": "Music plan", "subscriptionId": format!("plan-{n}"), "costCents": cents } })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The person, and how much of the trail was told.
struct Walk {
    person: Person,
    told: usize,
}

impl Walk {
    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.person.call("GET", path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    /// Posts signals and waits for their decisions, in the same order.
    async fn decided(&self, signals: Vec<Value>) -> Vec<Value> {
        let (status, posted) = self.person.call("POST", "/signals/batch", Some(&json!({ "signals": signals }))).await;
        assert!(status.is_success() && posted["refused"] == 0, "{posted}");
        eventually("everything posted is decided", async || {
            let decisions = self.person.all("/decisions").await;
            let of = |receipt: &Value| decisions.iter().find(|decision| decision["signal"] == receipt["id"]).cloned();
            list(&posted["results"]).iter().map(of).collect::<Option<Vec<_>>>()
        })
        .await
    }

    /// The open questions of these decisions.
    async fn questions(&self, decisions: &[Value]) -> Vec<Value> {
        let approvals = self.person.all("/approvals").await;
        let of = |decision: &Value| approvals.iter().find(|approval| approval["decision"] == decision["id"]).cloned();
        decisions.iter().map(|decision| of(decision).unwrap()).collect()
    }

    /// Answers them all alike, at once; gives what came of each.
    async fn answer(&self, questions: &[Value], word: &str) -> Vec<Value> {
        let answers: Vec<_> =
            questions.iter().map(|question| json!({ "approval": question["id"], "answer": word })).collect();
        let (status, body) = self.person.call("POST", "/approvals/answers", Some(&json!({ "answers": answers }))).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        list(&body["results"]).to_vec()
    }

    /// Posts signals, is asked about each, says yes to all, and sees all of it done.
    async fn agree(&self, signals: Vec<Value>) -> Vec<Value> {
        let decisions = self.decided(signals).await;
        assert!(decisions.iter().all(|decision| decision["outcome"] == "ask"), "{decisions:?}");
        self.explain(&decisions[0]).await;
        let results = self.answer(&self.questions(&decisions).await, "approve").await;
        for result in &results {
            assert_eq!(result["status"], 202, "{result}");
            self.done(&result["execution"]).await;
        }
        decisions
    }

    /// Waits until an execution succeeded.
    async fn done(&self, execution: &Value) -> Value {
        eventually("it is done", async || {
            let found = self.get(&format!("/executions/{}", text(execution))).await;
            if found["state"] == "succeeded" { Ok(found) } else { Err(found["state"].clone()) }
        })
        .await
    }

    /// Says of each refusal that this is what they'd want.
    async fn endorse(&self, signals: Vec<Value>) {
        let decisions = self.decided(signals).await;
        self.explain(&decisions[0]).await;
        for decision in &decisions {
            assert_eq!(decision["outcome"], "block", "an observer runs nothing: {decision}");
            let path = format!("/decisions/{}/feedback", text(&decision["id"]));
            let (status, body) = self.person.call("POST", &path, Some(&json!({ "answer": "approve" }))).await;
            assert_eq!(status, StatusCode::CREATED, "{body}");
        }
    }

    /// Waits until a scope has this tier, and tells every change since the last look with its evidence.
    async fn reaches(&mut self, scope: &str, tier: &str) {
        let trust = eventually(format!("{scope} is at {tier}"), async || {
            let trust = self.get("/trust").await;
            let found = tier_of(&trust, scope);
            if found == tier { Ok(trust) } else { Err(format!("{found}; {}", trust["overall"])) }
        })
        .await;
        let changes = list(&trust["changes"]);
        for change in changes.iter().rev().skip(self.told).filter(|change| change["cause"] != "pinned") {
            let record = &change["record"];
            println!(
                "    tier   {}: {} -> {} ({}; {} answers, {} in a row, {} rejections)",
                text(&change["scope"]),
                text(&change["from"]),
                text(&change["to"]),
                text(&change["cause"]),
                record["answers"],
                record["consecutive_hundredths"].as_i64().unwrap_or_default() / 100,
                record["rejections"],
            );
        }
        self.told = changes.len();
    }

    /// Tells why a decision came out as it did, rule by rule.
    async fn explain(&self, decision: &Value) {
        let whole = self.get(&format!("/decisions/{}", text(&decision["id"]))).await;
        let why = &whole["explanation"];
        println!("  {}", text(&why["headline"]));
        println!("    read   {}", text(&why["understood"]));
        let weighed = list(&whole["candidates"]);
        let shown = whole["chosen"].as_u64().and_then(|chosen| weighed.iter().find(|c| c["ordinal"] == chosen));
        for reason in shown.map(|candidate| list(&candidate["verdict"]["reasons"])).unwrap_or_default() {
            println!("    rule   {} {}: {}", text(&reason["rule"]), text(&reason["effect"]), text(&reason["text"]));
        }
        println!("    so     {}: {}", text(&whole["outcome"]), text(&why["next"]));
        let decisive = |rule: &Value| list(&why["rules"]).contains(rule);
        let asked = shown.into_iter().flat_map(|candidate| list(&candidate["verdict"]["reasons"]));
        let spoke = |reason: &&Value| match text(&whole["outcome"]) {
            "block" => reason["effect"] == "deny",
            _ => reason["effect"] != "allow",
        };
        let unnamed = asked.filter(spoke).filter(|reason| !decisive(&reason["rule"])).count();
        assert_eq!(unnamed, 0, "the explanation names every rule that decided: {whole:#}");
    }
}

fn tier_of(trust: &Value, scope: &str) -> String {
    let mut places = std::iter::once(&trust["overall"]).chain(list(&trust["domains"]));
    text(&places.find(|place| place["scope"] == scope).unwrap()["tier"]).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn trust_is_earned_and_lost_by_real_answers_and_money_stays_within_its_limits() {
    let mut fleet = Fleet::new().await;
    let ports = [free_port()];
    let _processes = [fleet.api(ports[0]).await, fleet.start(&["worker"], &[]), fleet.start(&["worker"], &[])];
    let mut walk = Walk { person: Person::new(&fleet, &ports, "observer"), told: 0 };
    let limits = json!({ "timezone": "Europe/Berlin",
        "autonomy": { "max_spend_per_action_cents": 5_000, "max_daily_spend_cents": DAILY_CENTS } });
    let (status, body) = walk.person.call("PUT", "/settings", Some(&limits)).await;
    assert!(status.is_success(), "{body}");

    earns_trust_in_mail(&mut walk).await;
    loses_some_of_it(&mut walk).await;
    spends(&mut walk, &fleet).await;
}

/// Observer to moderate autonomy, by 10, 20 and 50 answers.
async fn earns_trust_in_mail(walk: &mut Walk) {
    println!("\n1. The twin only watches; ten times the person says: yes, that is what I'd want.");
    walk.endorse((0..10).map(newsletter).collect()).await;
    walk.reaches("email", "suggest").await;
    let trust = walk.get("/trust").await;
    assert_eq!(tier_of(&trust, "overall"), "suggest");
    assert_eq!(tier_of(&trust, "subscriptions"), "observer", "trust in mail is no trust with money");

    println!("\n2. Now it asks; twenty times the person says yes, and it is done.");
    walk.agree((10..30).map(newsletter).collect()).await;
    walk.reaches("email", "low_autonomy").await;

    println!("\n3. What it knows by now it does alone; what can't be taken back it still asks about, fifty times.");
    let alone = walk.decided(vec![newsletter(30)]).await;
    walk.explain(&alone[0]).await;
    assert_eq!((&alone[0]["outcome"], &alone[0]["verb"]), (&json!("auto"), &json!("archive_email")));
    walk.agree((0..50).map(reply).collect()).await;
    walk.reaches("email", "moderate_autonomy").await;
    let trust = walk.get("/trust").await;
    assert_eq!(tier_of(&trust, "overall"), "moderate_autonomy");
    let quiet = list(&trust["domains"]).iter().filter(|place| place["scope"] != "email");
    assert!(quiet.clone().count() > 5);
    for place in quiet {
        assert_eq!(place["tier"], "observer", "nothing else rose: {place}");
    }
}

/// Three refusals within a week cost a tier.
async fn loses_some_of_it(walk: &mut Walk) {
    println!("\n4. Three times the person says no.");
    let decisions = walk.decided((50..53).map(reply).collect()).await;
    walk.explain(&decisions[0]).await;
    for result in walk.answer(&walk.questions(&decisions).await, "reject").await {
        assert_eq!((&result["status"], &result["approval"]["state"]), (&json!(200), &json!("rejected")), "{result}");
    }
    walk.reaches("email", "low_autonomy").await;
    let trust = walk.get("/trust").await;
    let fell = list(&trust["changes"]).iter().find(|change| change["scope"] == "email").unwrap();
    assert_eq!(
        (&fell["from"], &fell["cause"], &fell["record"]["recent_rejections"]),
        (&json!("moderate_autonomy"), &json!("rejections"), &json!(3)),
        "the audit has the evidence"
    );
    assert_eq!(tier_of(&trust, "overall"), "low_autonomy", "the overall record says so too");
}

/// Trust with money has a record of its own; then it is paid, refused, overridden and given back.
async fn spends(walk: &mut Walk, fleet: &Fleet) {
    println!("\n5. Money has a record of its own: ten answers about renewals.");
    walk.endorse((0..10).map(|n| renewal(n, 999)).collect()).await;
    walk.reaches("subscriptions", "suggest").await;

    println!("\n6. Two renewals fit the daily limit of $60 and are paid with the person's word.");
    let paid = walk.agree(vec![renewal(10, 2_499), renewal(11, 1_999)]).await;
    let spend = walk.get("/spend").await;
    assert_eq!((&spend["settled_cents"], &spend["remaining_cents"]), (&json!(4_498), &json!(DAILY_CENTS - 4_498)));

    println!("\n7. The third does not fit: without an explicit override nothing happens.");
    let third = walk.decided(vec![renewal(12, 1_899)]).await;
    walk.explain(&third[0]).await;
    let question = walk.questions(&third).await.remove(0);
    let path = format!("/approvals/{}/answer", text(&question["id"]));
    let (status, refused) = walk.person.call("POST", &path, Some(&json!({ "answer": "approve" }))).await;
    assert_eq!((status, &refused["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("needs_override")), "{refused}");
    let numbers = json!({ "cost_cents": 1_899, "limit_cents": DAILY_CENTS, "reserved_cents": 0, "settled_cents": 4_498,
        "remaining_cents": DAILY_CENTS - 4_498 });
    assert_eq!(refused["numbers"], numbers);
    println!("    422    {} {}", text(&refused["detail"]), refused["numbers"]);
    let still = walk.get(&format!("/approvals/{}", text(&question["id"]))).await;
    assert_eq!(still["state"], "pending", "the refusal changed nothing");
    let forced = json!({ "answer": "approve", "override_daily_limit": true, "reason": "the concert is tonight" });
    let (status, taken) = walk.person.call("POST", &path, Some(&forced)).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{taken}");
    walk.done(&taken["execution"]).await;
    let audit = walk.get("/spend/overrides").await;
    let said = &audit["items"][0];
    assert_eq!((&said["execution"], &said["reason"]), (&taken["execution"], &forced["reason"]), "{audit}");
    let operator = fleet.command(&["token", "add"]);
    let url = format!("{}/system/overrides", walk.person.root());
    let seen: Value = fleet.http.get(url).bearer_auth(operator.trim()).send().await.unwrap().json().await.unwrap();
    assert_eq!(seen, audit, "the operator sees the same");
    println!(
        "    audit  {} of {} over {}: {}",
        said["cost_cents"], said["settled_cents"], said["limit_cents"], said["reason"]
    );
    assert_eq!(walk.get("/spend").await["used_cents"], 4_498 + 1_899, "above the limit, by the person's word alone");

    println!("\n8. The first is taken back, and its money counts no more.");
    let path = format!("/decisions/{}/undo", text(&paid[0]["id"]));
    let offer = walk.get(&path).await;
    assert_eq!(offer["eligible"], true, "{offer}");
    println!("    offer  {} Until {}.", text(&offer["text"]), text(&offer["until"]));
    let (status, undo) =
        walk.person.call("POST", &path, Some(&json!({ "reason": "Nobody listens.", "severity": "minor" }))).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{undo}");
    walk.done(&undo["id"]).await;
    let spend = walk.get("/spend").await;
    let refund = list(&spend["entries"]["items"]).iter().find(|entry| entry["kind"] == "refund").unwrap();
    assert_eq!((&refund["cents"], &refund["execution"]), (&json!(2_499), &undo["reverses"]));
    assert_eq!(spend["used_cents"], 1_999 + 1_899);
    let (status, again) =
        walk.person.call("POST", &path, Some(&json!({ "reason": "Again.", "severity": "minor" }))).await;
    assert_eq!((status, &again["obstacle"]), (StatusCode::CONFLICT, &json!("undone")), "{again}");
    for entry in list(&spend["entries"]["items"]).iter().rev() {
        println!("    ledger {} {} cents of {}", text(&entry["kind"]), entry["cents"], text(&entry["execution"]));
    }
}
