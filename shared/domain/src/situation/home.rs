//! The home: run what is asked for; opening and disarming always wait for the person; sensors without a wish are only news.

use super::{Draft, Reading, Understood};
use crate::{
    action::Verb,
    words::{says, words},
};

pub(super) fn drafts(reading: &Reading<'_>, understood: &Understood) -> Vec<Draft> {
    let wishes = |phrases: &[&str]| reading.wishes(phrases);
    let device = reading.text(&["device", "device_type", "device_id", "device_name"]).map(words).unwrap_or_default();
    let on = |phrases: &[&str]| phrases.iter().any(|phrase| says(&device, phrase));
    let about = || {
        reading
            .text(&["subject", "title", "message", "description"])
            .map_or_else(|| [reading.kind(), &device].concat().join(" "), str::to_owned)
    };
    if understood.hazard.is_none()
        && wishes(&[
            "battery",
            "low battery",
            "offline",
            "maintenance",
            "filter",
            "firmware",
            "energy",
            "usage",
            "consumption",
        ])
    {
        return vec![Draft::asked(Verb::SetReminder).with("about", about())];
    }
    let deed = if wishes(&["unlock", "open door", "open garage", "unlock door"]) {
        Some(Verb::UnlockDoor)
    } else if wishes(&["disarm", "disable alarm", "deactivate alarm", "disable security"]) {
        Some(Verb::DisarmAlarm)
    } else if wishes(&["lock", "unlocked", "left open"]) {
        Some(Verb::LockDoor)
    } else if wishes(&["arm", "arm alarm", "enable alarm"]) {
        Some(Verb::ArmAlarm)
    } else if wishes(&[
        "set temperature",
        "adjust temperature",
        "set thermostat",
        "thermostat",
        "heating",
        "cooling",
        "temperature",
    ]) || (on(&["thermostat", "heating", "climate"]) && !wishes(&["battery", "offline"]))
    {
        Some(Verb::SetThermostat)
    } else {
        None
    };
    if understood.hazard.is_some() {
        // The person is alerted; only what makes things safer is offered beside it.
        return deed
            .filter(|verb| matches!(verb, Verb::LockDoor | Verb::ArmAlarm))
            .map(Draft::asked)
            .into_iter()
            .collect();
    }
    if let Some(verb) = deed {
        return vec![Draft::asked(verb)];
    }
    let names_one = reading.text(&["routine", "routine_name", "routine_id", "scene", "trigger"]).is_some();
    if names_one
        || wishes(&[
            "routine",
            "scene",
            "schedule",
            "geofence",
            "automation",
            "arrival",
            "arrived",
            "departure",
            "turn on",
            "turn off",
            "dim",
            "light",
            "mode",
        ])
    {
        let routine = reading.text(&["routine", "routine_name", "routine_id", "scene", "trigger"]).map_or_else(
            || {
                let action = reading.text(&["action", "event", "mode"]).map(words).unwrap_or_default();
                if action.is_empty() { reading.kind().join(" ") } else { [action, device.clone()].concat().join(" ") }
            },
            str::to_owned,
        );
        return vec![Draft::asked(Verb::RunRoutine).with("routine", routine)];
    }
    Vec::new()
}
