//! Money: observed transactions are sorted or flagged, bills are paid by word only, money coming in is only news.

use super::{Draft, Hazard, Reading, Understood};
use crate::{action::Verb, flags::Flag, words::says};

const INCOMING: &[&str] = &[
    "refund",
    "refunded",
    "deposit",
    "payroll",
    "salary",
    "income",
    "interest",
    "cashback",
    "reimbursement",
    "payment received",
];
const REPORTS: &[&str] = &["report", "summary", "budget", "statement", "monthly review", "spending review"];
const BILLS: &[&str] =
    &["bill", "invoice", "payment due", "due", "overdue", "utility", "payment reminder", "pay", "payment request"];
const MOVES: &[&str] = &["transfer", "wire", "wire transfer", "send money"];
const DONE: &[&str] =
    &["payment confirmed", "payment confirmation", "payment processed", "payment sent", "bill paid", "paid"];

/// Something about money that the person has to see to.
const TROUBLE: &[&str] =
    &["failed", "declined", "overdraft", "insufficient funds", "low balance", "expiring", "expired"];
/// What can be sorted into a category.
const SPENT: &[&str] = &["transaction", "charge", "purchase", "debit", "withdrawal", "card", "payment", "spending"];

pub(super) fn drafts(reading: &Reading<'_>, understood: &Understood) -> Vec<Draft> {
    let flagged = |flags: &[Flag]| flags.iter().any(|flag| understood.flags.contains(flag));
    if understood.hazard == Some(Hazard::Fraud) {
        return vec![
            Draft::asked(Verb::FlagTransaction).with("reason", "suspected fraud"),
            Draft::other(Verb::DisputeCharge),
        ];
    }
    let comes_in = reading.amount().and_then(Result::ok).is_some_and(|amount| amount.cents < 0);
    if reading.wishes(&["dispute", "chargeback"]) {
        return vec![Draft::asked(Verb::DisputeCharge), Draft::other(Verb::FlagTransaction)];
    }
    if reading.kind_says(INCOMING) || comes_in || reading.kind_says(DONE) {
        return Vec::new();
    }
    if reading.wishes(MOVES) {
        return vec![Draft::asked(Verb::TransferFunds)];
    }
    let by_mail = super::classify::is_mail_source(reading);
    if reading.wishes(BILLS) || by_mail {
        return bill(reading, by_mail);
    }
    if reading.wishes(REPORTS) {
        let report = reading
            .text(&["report_type", "report", "report_name", "period", "subject", "title"])
            .map_or_else(|| reading.kind().join(" "), str::to_owned);
        return vec![Draft::asked(Verb::GenerateReport).with("report", report)];
    }
    if reading.wishes(&["expense", "receipt"]) && !reading.kind_says(&["transaction"]) {
        return vec![Draft::asked(Verb::RecordExpense), Draft::other(Verb::CategorizeTransaction)];
    }
    let doubtful = flagged(&[
        Flag::UnknownVendor,
        Flag::Foreign,
        Flag::Suspicious,
        Flag::Anomaly,
        Flag::PriceAnomaly,
        Flag::UnusualVolume,
        Flag::DuplicateService,
    ]);
    if doubtful || reading.wishes(&["flag", "suspicious", "duplicate charge"]) {
        return vec![
            Draft::asked(Verb::FlagTransaction),
            Draft::other(Verb::DisputeCharge),
            Draft::other(Verb::CategorizeTransaction),
        ];
    }
    if reading.kind_says(TROUBLE) {
        let about = reading
            .text(&["subject", "title", "description", "vendor"])
            .map_or_else(|| reading.kind().join(" "), str::to_owned);
        return vec![Draft::asked(Verb::SetReminder).with("about", about)];
    }
    if reading.kind_says(SPENT) || reading.text(&["vendor", "merchant", "transaction_id"]).is_some() {
        return vec![Draft::asked(Verb::CategorizeTransaction), Draft::other(Verb::RecordExpense)];
    }
    Vec::new()
}

/// Pay it, or be reminded of it. A bill that came by mail names its payee by who sent it.
fn bill(reading: &Reading<'_>, by_mail: bool) -> Vec<Draft> {
    let about = reading.text(&["subject", "title", "description", "bill_name"]).unwrap_or("the bill").to_owned();
    let payee = reading.text(&["payee", "vendor", "biller", "merchant", "company", "recipient"]);
    let sender = reading.text(&["from", "sender"]).filter(|_| by_mail);
    let pay = Draft::asked(Verb::PayBill).with_some("payee", payee.or(sender));
    let mut drafts = vec![pay, Draft::other(Verb::SetReminder).with("about", about)];
    if by_mail && says(&reading.headline(), "receipt") {
        drafts.insert(0, Draft::other(Verb::RecordExpense));
    }
    drafts
}
