//! The home and its sensors.

use serde_json::{Value, json};

use super::{All, when};
use crate::{
    action::Verb,
    decision::Outcome::{Alert, Ask, Auto, Inform, Suggest},
    signal::Domain,
    tier::TrustTier::{HighAutonomy, Observer},
};

#[test]
fn the_home_closes_alone_and_opens_by_word() {
    use Domain::SmartHome;
    let _all = All;
    let home = |name, kind, payload: Value| when(name, "smart_home", kind, payload);
    let night = json!({ "device": "front_door", "action": "lock", "trigger": "bedtime" });
    home("lock at night", "routine_trigger", night.clone())
        .says(SmartHome, "auto_lock_at_night", true)
        .then(Auto, Some(Verb::LockDoor));
    home("lock, nothing said", "routine_trigger", night).then(Suggest, Some(Verb::LockDoor));
    home("unlock on arrival", "geofence", json!({ "device": "front_door", "action": "unlock", "event": "arrival" }))
        .tier(HighAutonomy)
        .experienced()
        .says(SmartHome, "auto_unlock_on_arrival", true)
        .then(Ask, Some(Verb::UnlockDoor));
    home("disarm", "alarm_event", json!({ "alarm": "house", "action": "disarm" }))
        .tier(HighAutonomy)
        .experienced()
        .trusting()
        .says(SmartHome, "auto_disarm", true)
        .then(Ask, Some(Verb::DisarmAlarm));
    home("arm", "alarm_event", json!({ "alarm": "house", "action": "arm" }))
        .says(SmartHome, "auto_arm_alarm", true)
        .then(Auto, Some(Verb::ArmAlarm));
    home("left unlocked", "door_unlocked", json!({ "device": "back_door" })).then(Suggest, Some(Verb::LockDoor));
    home("welcome home", "geofence_arrival", json!({ "routine": "arrival" }))
        .says(SmartHome, "arrival_routine", true)
        .then(Auto, Some(Verb::RunRoutine));
    home("an evening rule in the morning", "routine_trigger", json!({ "trigger": "morning_schedule" }))
        .says(SmartHome, "evening_routine", true)
        .then(Suggest, Some(Verb::RunRoutine));
    let warmer = |name, degrees: i64| {
        home(
            name,
            "routine_trigger",
            json!({ "device": "thermostat", "action": "set_temperature", "value": degrees, "trigger": "bedtime" }),
        )
        .says(SmartHome, "bedtime_thermostat", json!({ "temp": 68 }))
    };
    warmer("as they like it", 68).then(Auto, Some(Verb::SetThermostat));
    warmer("not as they like it", 85).then(Suggest, Some(Verb::SetThermostat));
    home("much energy", "energy_usage", json!({ "subject": "Usage is up 20 %" }))
        .then(Suggest, Some(Verb::SetReminder));
    home("an empty battery", "device_status", json!({ "device": "smoke_detector", "action": "low_battery" }))
        .then(Suggest, Some(Verb::SetReminder));
    home("somebody moves at home", "sensor_event", json!({ "device": "hall", "action": "motion_detected" }))
        .then(Inform, None);
    home(
        "somebody moves and all are away",
        "sensor_event",
        json!({ "device": "hall", "action": "motion_detected", "allResidentsAway": true }),
    )
    .then(Alert, None);
    home("smoke, whatever the tier", "sensor_event", json!({ "device": "kitchen", "action": "smoke_detected" }))
        .tier(Observer)
        .then(Alert, None);
    home("water", "sensor_event", json!({ "device": "basement", "action": "water_leak" })).then(Alert, None);
}
