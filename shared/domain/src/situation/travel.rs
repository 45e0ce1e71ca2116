//! Travel: book what is asked for; delays and price drops are no request to buy.

use super::{Draft, Reading, Role};
use crate::action::Verb;

const NOTICES: &[&str] = &["confirmed", "confirmation", "receipt", "itinerary", "boarding pass"];
const OFFERS: &[&str] = &["price drop", "price alert", "deal", "offer", "suggestion", "recommendation", "fare alert"];
const TROUBLE: &[&str] = &["delay", "delayed", "gate change", "schedule change", "disruption"];
const BROKEN: &[&str] = &["cancelled", "canceled", "cancellation", "missed connection", "rebook", "rebooking"];
const REMINDERS: &[&str] = &["check in", "checkin", "reminder", "passport", "visa", "expiring", "expires"];
const BOOKINGS: &[&str] = &["book", "booking", "reservation", "reserve", "search", "request", "upgrade"];
const OPTIONS: &[&str] = &[
    "alternatives",
    "alternative_flights",
    "alternative_flight",
    "rebooking_options",
    "rebook_options",
    "misses_connection",
    "missed_connection",
];

pub(super) fn drafts(reading: &Reading<'_>) -> Vec<Draft> {
    let about = reading
        .text(&["subject", "title", "destination", "flight", "flight_number", "hotel"])
        .unwrap_or("the trip")
        .to_owned();
    let save = Draft::other(Verb::SaveOption).with("about", about.clone());
    let remind = Draft::asked(Verb::SetReminder).with("about", about);
    if reading.kind_says(NOTICES) {
        return Vec::new();
    }
    if reading.kind_says(BROKEN) || (reading.kind_says(TROUBLE) && reading.is(OPTIONS)) {
        return vec![Draft::asked(Verb::BookTravel), save, remind.to(Role::Other)];
    }
    if reading.kind_says(TROUBLE) || reading.kind_says(REMINDERS) {
        return vec![remind, save];
    }
    if reading.kind_says(OFFERS) {
        return vec![save.to(Role::Asked), Draft::other(Verb::BookTravel)];
    }
    let asks_to_book =
        reading.wishes(BOOKINGS) || reading.text(&["destination", "travel_type"]).is_some() || reading.cost().is_some();
    if asks_to_book {
        return vec![Draft::asked(Verb::BookTravel), save];
    }
    Vec::new()
}
