//! Health: log and remind alone, decide and share never.

use super::{Draft, Hazard, Reading, Understood};
use crate::action::Verb;

pub(super) fn drafts(reading: &Reading<'_>, understood: &Understood) -> Vec<Draft> {
    let wishes = |phrases: &[&str]| reading.wishes(phrases);
    let measured = reading.field("metric").is_some()
        || reading.field("activity").is_some()
        || reading.field("workout_type").is_some();
    if understood.hazard == Some(Hazard::Medical) {
        return if measured { vec![Draft::asked(Verb::LogHealthMetric)] } else { Vec::new() };
    }
    if wishes(&["export", "download"]) {
        vec![Draft::asked(Verb::ExportRecords)]
    } else if wishes(&["share", "sharing"]) {
        vec![Draft::asked(Verb::ShareHealthData)]
    } else if wishes(&["refill", "prescription", "prescription refill"]) {
        vec![Draft::asked(Verb::RefillPrescription), Draft::other(Verb::SetMedicationReminder)]
    } else if wishes(&["reschedule", "rescheduled"]) {
        vec![Draft::asked(Verb::RescheduleAppointment)]
    } else if wishes(&["book", "booking", "schedule appointment", "appointment due", "checkup due"]) {
        vec![Draft::asked(Verb::BookAppointment)]
    } else if wishes(&["medication", "dose", "medicine"]) && !wishes(&["change", "interaction", "dosage"]) {
        vec![Draft::asked(Verb::SetMedicationReminder)]
    } else if wishes(&["appointment", "checkup", "reminder", "lab", "lab result", "result"]) || wishes(&["medication"])
    {
        let about = reading
            .text(&["subject", "title", "appointment_type", "description", "medication"])
            .map_or_else(|| reading.kind().join(" "), str::to_owned);
        vec![Draft::asked(Verb::SetReminder).with("about", about)]
    } else if measured || wishes(&["log", "metric", "workout", "reading", "measurement"]) {
        vec![Draft::asked(Verb::LogHealthMetric)]
    } else {
        Vec::new()
    }
}
