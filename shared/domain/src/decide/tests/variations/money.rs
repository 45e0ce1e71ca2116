//! Renewals, orders, trips, bills: what costs money.

use serde_json::{Value, json};

use super::{All, Case, mail, when};
use crate::{
    action::Verb,
    decision::Outcome::{Alert, Ask, Auto, Inform, Suggest},
    signal::Domain,
    tier::TrustTier::{HighAutonomy, Observer},
};

#[test]
fn renewals_wait_for_the_person_unless_everything_speaks_for_them() {
    use Domain::Subscriptions;
    let _all = All;
    let renewal = |name, payload: Value| when(name, "billing", "subscription_renewal", payload);
    let renew = Some(Verb::RenewSubscription);
    let plan = |cents: i64| json!({ "subject": "Music plan", "costCents": cents, "subscriptionId": "s1" });
    renewal("cheap, by rule, asking off", plan(1_999))
        .trusting()
        .says(Subscriptions, "auto_renew_under_20", true)
        .then(Auto, renew);
    renewal("exactly 20 is not under", plan(2_000))
        .trusting()
        .says(Subscriptions, "auto_renew_under_20", true)
        .then(Ask, renew);
    renewal("up to 20 is", plan(2_000)).trusting().says(Subscriptions, "auto_renew_up_to_20", true).then(Auto, renew);
    renewal("a ceiling in the value", plan(2_500))
        .trusting()
        .says(Subscriptions, "auto_renew_max", 20)
        .then(Ask, renew);
    renewal("a ceiling in an object", plan(999))
        .trusting()
        .says(Subscriptions, "auto_renew", json!({ "max_cents": 1_000 }))
        .then(Auto, renew);
    renewal("the price is not known", json!({ "subject": "Plan" }))
        .trusting()
        .experienced()
        .tier(HighAutonomy)
        .says(Subscriptions, "auto_renew", true)
        .then(Ask, renew);
    renewal("near the limit", plan(9_000))
        .trusting()
        .tier(HighAutonomy)
        .says(Subscriptions, "auto_renew", true)
        .then(Ask, renew);
    renewal("below it", plan(8_999))
        .trusting()
        .tier(HighAutonomy)
        .says(Subscriptions, "auto_renew", true)
        .then(Auto, renew);
    renewal("in another currency", json!({ "amount": "5.00", "currency": "EUR" }))
        .trusting()
        .tier(HighAutonomy)
        .says(Subscriptions, "auto_renew", true)
        .then(Ask, renew);
    renewal("said no", plan(499))
        .trusting()
        .experienced()
        .tier(HighAutonomy)
        .says(Subscriptions, "auto_renew", false)
        .then(Ask, renew);
    renewal("no above 100 does not concern 5", plan(499))
        .trusting()
        .says(Subscriptions, "auto_renew", true)
        .says(Subscriptions, "auto_renew_over_100", false)
        .then(Auto, renew);
    renewal("dearer by a quarter", json!({ "costCents": 1_250, "previousCostCents": 1_000 }))
        .trusting()
        .says(Subscriptions, "auto_renew", true)
        .then(Ask, renew);
    renewal("dearer by a little less", json!({ "costCents": 1_249, "previousCostCents": 1_000 }))
        .trusting()
        .says(Subscriptions, "auto_renew", true)
        .then(Auto, renew);
    renewal("paid twice", json!({ "costCents": 999, "duplicateService": true }))
        .trusting()
        .says(Subscriptions, "auto_renew", true)
        .then(Ask, renew);
    renewal("end what is unused", json!({ "costCents": 999, "lastUsedDaysAgo": 90 }))
        .says(Subscriptions, "auto_cancel_unused", true)
        .then(Ask, Some(Verb::CancelSubscription));
    when(
        "a trial ends",
        "billing",
        "trial_ending",
        json!({ "service": "Video", "costCents": 1_499, "trialEndsAt": "2026-03-31T11:00:00Z" }),
    )
    .then(Ask, Some(Verb::CancelSubscription));
    when("renewed already", "billing", "subscription_renewed", json!({ "subject": "Thanks", "costCents": 999 }))
        .then(Inform, None);
}

#[test]
fn orders_are_placed_alone_only_when_price_vendor_and_diet_are_as_usual() {
    use Domain::Shopping;
    let _all = All;
    let order = |name, payload: Value| {
        when(name, "shopping", "grocery_reorder", payload).trusting().experienced().says(
            Shopping,
            "auto_reorder_staples",
            true,
        )
    };
    let place = Some(Verb::PlaceOrder);
    order("as usual", json!({ "items": ["milk"], "costCents": 900 })).then(Auto, place);
    order("no price", json!({ "items": ["milk"] })).then(Ask, place);
    order("another vendor", json!({ "items": ["milk"], "costCents": 900, "originalVendor": "A", "vendor": "B" }))
        .then(Ask, place);
    order("far more than usual", json!({ "items": ["milk"], "costCents": 900, "quantity": 30, "usualQuantity": 4 }))
        .then(Ask, place);
    let diet = |case: Case, value: Value| case.says(Shopping, "dietary_restrictions", value);
    diet(order("wheat", json!({ "items": ["wheat bread"], "costCents": 400 })), json!(["gluten-free"]))
        .then(Ask, place);
    diet(
        order("bread without gluten", json!({ "items": ["gluten-free bread"], "costCents": 400 })),
        json!(["gluten-free"]),
    )
    .then(Auto, place);
    diet(order("peanuts", json!({ "items": [{ "name": "Peanut bar", "priceCents": 200 }] })), json!("peanut allergy"))
        .then(Ask, place);
    diet(order("apples", json!({ "items": ["apples"], "costCents": 400 })), json!("peanut allergy")).then(Auto, place);
    when("nothing said", "shopping", "grocery_reorder", json!({ "items": ["milk"], "costCents": 900 }))
        .then(Ask, place);
    when("onto the list", "shopping", "shopping_list_add", json!({ "items": ["milk"] }))
        .says(Shopping, "auto_add_to_list", true)
        .then(Auto, Some(Verb::AddToList));
    when("delivered", "shopping", "order_delivered", json!({ "items": ["milk"], "costCents": 900 })).then(Inform, None);
    when("a deal", "shopping", "price_drop", json!({ "items": ["coffee"], "costCents": 900 }))
        .then(Suggest, Some(Verb::AddToList));
    when("the list is no order", "shopping", "grocery_reorder", json!({ "items": ["milk"], "costCents": 900 }))
        .says(Shopping, "auto_add_to_list", true)
        .then(Ask, place);
}

#[test]
fn travel_is_booked_by_word_only_and_delays_are_no_request_to_buy() {
    let _all = All;
    let trip = |name, kind, payload: Value| when(name, "travel", kind, payload);
    trip("a flight", "flight_search", json!({ "destination": "Oslo", "costCents": 12_000 }))
        .then(Ask, Some(Verb::BookTravel));
    trip("a late flight", "flight_delay", json!({ "flightNumber": "XY 1", "delayMinutes": 90 }))
        .then(Suggest, Some(Verb::SetReminder));
    trip("a cancelled flight", "flight_cancelled", json!({ "flightNumber": "XY 1", "bookingId": "b1" }))
        .then(Ask, Some(Verb::BookTravel));
    trip("a cheaper hotel", "price_drop", json!({ "destination": "Rome", "costCents": 9_000 }))
        .then(Suggest, Some(Verb::SaveOption));
    trip("all set", "booking_confirmation", json!({ "destination": "Rome" })).then(Inform, None);
    trip("no refund", "hotel_booking", json!({ "destination": "Rome", "costCents": 400, "refundable": false }))
        .trusting()
        .experienced()
        .then(Ask, Some(Verb::BookTravel));
}

#[test]
fn money_is_sorted_alone_and_moved_by_word() {
    use Domain::Finance;
    let _all = All;
    let seen = |name, payload: Value| {
        when(name, "finance", "transaction", payload).says(Finance, "auto_categorize_small", true)
    };
    seen("small", json!({ "vendor": "Cafe", "costCents": 450 })).then(Auto, Some(Verb::CategorizeTransaction));
    seen("not small", json!({ "vendor": "Furniture", "costCents": 90_000 }))
        .then(Suggest, Some(Verb::CategorizeTransaction));
    seen("an unknown vendor", json!({ "vendor": "ZZ", "costCents": 450, "isUnknownVendor": true }))
        .then(Ask, Some(Verb::FlagTransaction));
    seen("a known vendor", json!({ "vendor": "Cafe", "costCents": 450, "isUnknownVendor": false }))
        .then(Auto, Some(Verb::CategorizeTransaction));
    seen("money in", json!({ "vendor": "Cafe", "costCents": -450 })).then(Inform, None);
    when("said no", "bank", "card_charge", json!({ "vendor": "Cafe", "costCents": 450 }))
        .says(Finance, "auto_categorize", false)
        .then(Ask, Some(Verb::CategorizeTransaction));
    when(
        "charged twice",
        "bank",
        "duplicate_charge",
        json!({ "vendor": "Cafe", "costCents": 450, "isDuplicate": true }),
    )
    .then(Ask, Some(Verb::FlagTransaction));
    when("fraud", "bank", "fraud_alert", json!({ "vendor": "ZZ", "costCents": 45_000 }))
        .tier(HighAutonomy)
        .then(Alert, Some(Verb::FlagTransaction));
    when("fraud, and only watching", "bank", "fraud_alert", json!({ "vendor": "ZZ" })).tier(Observer).then(Alert, None);
    when("wages", "bank", "payroll_deposit", json!({ "amount": 2_000 })).then(Inform, None);
    when("a receipt", "finance", "expense_receipt", json!({ "vendor": "Taxi", "amount": "12.00" }))
        .says(Finance, "auto_record_expenses", true)
        .then(Auto, Some(Verb::RecordExpense));
    let bill = |name, payload: Value| {
        when(name, "finance", "bill_due", payload).trusting().says(Finance, "auto_pay_bills", true)
    };
    let power = json!({ "vendor": "City Power", "costCents": 2_000, "billId": "b1" });
    bill("to a payee known before", power.clone())
        .but(|facts| facts.history.known_payees = ["city power".to_owned()].into())
        .then(Auto, Some(Verb::PayBill));
    bill("to a payee never paid", power).tier(HighAutonomy).experienced().then(Ask, Some(Verb::PayBill));
    when("a wire", "bank", "wire_transfer", json!({ "recipient": "Sam", "costCents": 100 }))
        .tier(HighAutonomy)
        .trusting()
        .experienced()
        .says(Finance, "auto_transfer", true)
        .then(Ask, Some(Verb::TransferFunds));
    mail("an invoice by mail", json!({ "subject": "Invoice 7", "from": "ap@vendor.example", "amount": "70.00" }))
        .then(Ask, Some(Verb::PayBill));
    let report =
        |name| when(name, "finance", "monthly_report", json!({ "period": "March", "reportType": "monthly spending" }));
    report("a report, by habit").habit(Finance, "monthly_reports", true).then(Auto, Some(Verb::GenerateReport));
    report("a weekly habit is no monthly one")
        .habit(Finance, "weekly_reports", true)
        .then(Suggest, Some(Verb::GenerateReport));
    report("a report, nothing known").then(Suggest, Some(Verb::GenerateReport));
}
