//! Tasks, public words, documents, health, and what is not understood.

use serde_json::{Value, json};

use super::{All, when};
use crate::{
    action::Verb,
    decision::Outcome::{Alert, Ask, Auto, Inform, Suggest},
    signal::Domain,
    tier::TrustTier::HighAutonomy,
};

#[test]
fn tasks_stay_with_the_person_who_has_them() {
    use Domain::Tasks;
    let _all = All;
    let task = |name, kind, payload: Value| when(name, "tasks", kind, payload);
    let one = json!({ "taskId": "t1", "taskName": "Water the plants" });
    task("a reminder", "task_reminder", one.clone())
        .says(Tasks, "auto_reminders", true)
        .then(Auto, Some(Verb::SetReminder));
    task(
        "overdue wants more than a reminder",
        "task_overdue",
        json!({ "taskId": "t1", "taskName": "File taxes", "dueDate": "2026-03-29" }),
    )
    .says(Tasks, "auto_reminders", true)
    .then(Ask, Some(Verb::SetReminder));
    task("done", "task_complete", one.clone())
        .says(Tasks, "auto_complete_tasks", true)
        .then(Auto, Some(Verb::CompleteTask));
    task("another order", "task_reprioritize", json!({ "taskIds": ["t1", "t2"] }))
        .then(Suggest, Some(Verb::ReprioritizeTasks));
    task("handed over, nothing said", "task_assign", json!({ "taskId": "t1", "assignee": "jo@work.example" }))
        .tier(HighAutonomy)
        .then(Ask, Some(Verb::AssignTask));
    task("shared", "task_list_share", json!({ "listId": "l1", "recipients": ["x@out.example"], "isExternal": true }))
        .tier(HighAutonomy)
        .experienced()
        .trusting()
        .says(Tasks, "auto_share_lists", true)
        .then(Ask, Some(Verb::ShareTaskList));
    task("from a meeting, by a rule for mail", "task_create", json!({ "origin": "chat", "title": "Call Jo" }))
        .says(Tasks, "auto_create_from_email", true)
        .then(Suggest, Some(Verb::CreateTask));
    task("a contract to review", "task_create", json!({ "origin": "email", "title": "Sign the contract" }))
        .says(Tasks, "auto_create_from_email", true)
        .then(Ask, Some(Verb::CreateTask));
}

#[test]
fn nothing_is_said_in_public_before_the_person_has_read_it() {
    use Domain::SocialMedia;
    let _all = All;
    let social = |name, kind, payload: Value| {
        when(name, "social_media", kind, payload).tier(HighAutonomy).experienced().trusting()
    };
    let mention =
        json!({ "platform": "x", "author": "@fan", "content": "Love it", "sentiment": "positive", "postId": "p1" });
    let decided = social("a mention, and every rule for it", "brand_mention", mention)
        .says(SocialMedia, "auto_respond_to_mentions", true)
        .then(Ask, Some(Verb::RespondToMention));
    assert!(decided.approval.unwrap().action.parameters["text"].as_str().is_some_and(|draft| draft.contains("@fan")));
    social("a like", "post_react", json!({ "postId": "p1", "reaction": "like" }))
        .says(SocialMedia, "auto_react", true)
        .then(Auto, Some(Verb::ReactToPost));
    social("mute", "thread_noise", json!({ "conversationId": "c1" }))
        .says(SocialMedia, "auto_mute_threads", true)
        .then(Auto, Some(Verb::MuteConversation));
    social("delete", "post_delete", json!({ "postId": "p1" }))
        .says(SocialMedia, "auto_delete_old_posts", true)
        .then(Ask, Some(Verb::DeletePost));
    social(
        "scheduled by rule",
        "schedule_post",
        json!({ "platform": "x", "content": "Hi", "scheduledDate": "2026-04-15T09:00:00Z" }),
    )
    .says(SocialMedia, "allow_scheduling", true)
    .then(Auto, Some(Verb::SchedulePost));
    social("scheduled without a date", "schedule_post", json!({ "platform": "x", "content": "Hi" }))
        .says(SocialMedia, "allow_scheduling", true)
        .then(Ask, Some(Verb::SchedulePost));
    social(
        "scheduled and controversial",
        "schedule_post",
        json!({ "platform": "x", "content": "Hi", "scheduledDate": "2026-04-15T09:00:00Z", "isControversial": true }),
    )
    .says(SocialMedia, "allow_scheduling", true)
    .then(Ask, Some(Verb::SchedulePost));
    when("a new follower", "twitter", "new_follower", json!({ "author": "@x" })).then(Inform, None);
}

#[test]
fn documents_are_filed_and_read_alone_and_leave_by_word() {
    use Domain::Documents;
    let _all = All;
    let document = |name, kind, payload: Value| when(name, "documents", kind, payload);
    let long = json!({ "documentId": "d1", "documentName": "Minutes", "pageCount": 40 });
    document("a summary, by habit", "document_summarize", long.clone())
        .habit(Documents, "auto_summarize", true)
        .then(Auto, Some(Verb::SummarizeDocument));
    document("a summary, nothing known", "document_summarize", long).then(Suggest, Some(Verb::SummarizeDocument));
    let receipt = json!({ "documentName": "R1.pdf", "documentType": "receipt", "targetFolder": "Receipts" });
    document("a rule for invoices files no receipt", "document_file", receipt)
        .says(Documents, "auto_file_invoices", true)
        .then(Suggest, Some(Verb::OrganizeFile));
    document(
        "a contract is read first",
        "document_file",
        json!({ "documentName": "C1.pdf", "documentType": "contract", "targetFolder": "Legal" }),
    )
    .says(Documents, "auto_file", true)
    .then(Ask, Some(Verb::OrganizeFile));
    let keen = |name, kind, payload: Value| {
        document(name, kind, payload)
            .tier(HighAutonomy)
            .experienced()
            .trusting()
            .says(Documents, "auto_share", true)
            .says(Documents, "auto_delete", true)
    };
    keen(
        "inside",
        "document_share",
        json!({ "documentId": "d1", "recipients": ["a@work.example"], "allInternal": true }),
    )
    .then(Auto, Some(Verb::ShareDocument));
    keen(
        "outside",
        "document_share",
        json!({ "documentId": "d1", "recipients": ["a@out.example"], "allInternal": false }),
    )
    .then(Ask, Some(Verb::ShareDocument));
    keen(
        "confidential, inside",
        "document_share",
        json!({ "documentId": "d1", "recipients": ["a@work.example"], "classification": "confidential" }),
    )
    .then(Ask, Some(Verb::ShareDocument));
    keen(
        "to many",
        "document_share",
        json!({ "documentId": "d1", "recipients": (0..11).map(|n| format!("{n}@work.example")).collect::<Vec<_>>() }),
    )
    .then(Ask, Some(Verb::ShareDocument));
    keen("deleted", "document_delete", json!({ "documentId": "d1" })).then(Ask, Some(Verb::DeleteDocument));
    document("signed", "signature_request", json!({ "documentName": "Lease" }))
        .tier(HighAutonomy)
        .experienced()
        .then(Ask, Some(Verb::SetReminder));
    document("created", "document_create", json!({ "title": "Agenda", "template": "agenda" }))
        .says(Documents, "auto_create_agendas", true)
        .then(Auto, Some(Verb::CreateDocument));
}

#[test]
fn health_is_logged_and_remembered_alone_and_decided_by_the_person() {
    use Domain::Health;
    let _all = All;
    let health = |name, kind, payload: Value| when(name, "health", kind, payload);
    let pills = json!({ "medication": "Vitamin D", "time": "08:00" });
    health("a reminder", "medication_reminder", pills.clone())
        .says(Health, "medication_reminders", true)
        .then(Auto, Some(Verb::SetMedicationReminder));
    health("a refill", "prescription_refill", json!({ "medication": "Vitamin D", "costCents": 500 }))
        .tier(HighAutonomy)
        .experienced()
        .trusting()
        .says(Health, "auto_refill", true)
        .then(Ask, Some(Verb::RefillPrescription));
    health("a free checkup", "appointment_booking", json!({ "appointmentType": "checkup", "costCents": 0 }))
        .tier(HighAutonomy)
        .experienced()
        .trusting()
        .says(Health, "auto_book_checkups", true)
        .then(Ask, Some(Verb::BookAppointment));
    health("to the doctor", "health_data_share", json!({ "dataTypes": ["vitals"], "provider": "Dr. A" }))
        .tier(HighAutonomy)
        .experienced()
        .trusting()
        .says(Health, "auto_share_with_doctor", true)
        .then(Ask, Some(Verb::ShareHealthData));
    health("a run", "workout_log", json!({ "activity": "running", "durationMinutes": 30 }))
        .says(Health, "auto_log_workouts", true)
        .then(Auto, Some(Verb::LogHealthMetric));
    health("weight by a rule for workouts", "metric_log", json!({ "metric": "weight", "value": 70 }))
        .says(Health, "auto_log_workouts", true)
        .then(Suggest, Some(Verb::LogHealthMetric));
    let pulse =
        |name, value: i64| {
            health(name, "metric_log", json!({ "metric": "heart_rate", "value": value, "normalRange": [50, 100] }))
                .says(Health, "auto_log_metrics", true)
        };
    pulse("within range", 70).then(Auto, Some(Verb::LogHealthMetric));
    pulse("out of range", 160).then(Alert, Some(Verb::LogHealthMetric));
    health("a child's", "metric_log", json!({ "metric": "weight", "value": 20, "patientAge": 6 }))
        .says(Health, "auto_log_metrics", true)
        .then(Ask, Some(Verb::LogHealthMetric));
}

#[test]
fn what_is_not_understood_is_only_told() {
    let _all = All;
    when("anything", "webhook", "ping", json!({ "x": 1 })).tier(HighAutonomy).then(Inform, None);
    when("anything that waits", "webhook", "ping", json!({ "subject": "Hello?", "requiresResponse": true }))
        .experienced()
        .then(Ask, Some(Verb::CreateNote));
    when(
        "a verb of another domain",
        "webhook",
        "ping",
        json!({ "action": "transfer_funds", "costCents": 1, "payee": "me" }),
    )
    .tier(HighAutonomy)
    .then(Inform, None);
}

#[test]
fn news_is_no_request() {
    let _all = All;
    when(
        "somebody shared a document with them",
        "documents",
        "document_shared",
        json!({ "documentId": "d1", "documentName": "Plan" }),
    )
    .then(Suggest, Some(Verb::SummarizeDocument));
    when("a card was declined", "bank", "payment_declined", json!({ "description": "Card ending 1234" }))
        .then(Suggest, Some(Verb::SetReminder));
    when("a new rate", "bank", "rate_change", json!({ "rate": "4.1" })).then(Inform, None);
    when("points", "travel", "points_update", json!({ "points": 1_000 })).then(Inform, None);
    when("points that lapse", "travel", "points_expiring", json!({ "points": 1_000 }))
        .then(Suggest, Some(Verb::SetReminder));
    when("a cancelled event", "google_calendar", "event_cancelled", json!({ "title": "Review" }))
        .then(Suggest, Some(Verb::AcknowledgeUpdate));
    when("told, because they want to be", "shopping", "order_delivered", json!({ "items": ["milk"] }))
        .says(Domain::Shopping, "notify_deliveries", true)
        .then(Alert, None);
    when("told of what they named", "shopping", "order_delivered", json!({ "items": ["milk"] }))
        .says(Domain::Shopping, "notify_delivered", true)
        .then(Alert, None);
    when("never ask is no wish to be asked", "health", "metric_log", json!({ "metric": "weight", "value": 70 }))
        .says(Domain::Health, "auto_log_metrics", true)
        .says(Domain::Health, "never_ask_about_log", true)
        .then(Auto, Some(Verb::LogHealthMetric));
}
