//! The table: one row per verb (`domain.md` §4). Adding a verb is adding a row; the compiler finds what must think about it.

use super::{
    CALENDAR_GRACE, Deed, FILES_GRACE, MAIL_GRACE, MONEY_GRACE, Movement, Never, Parameter, Shape, Spec,
    columns::{any, id, list, money, own, people, physical, reading, reference, text},
};
use crate::{
    risk::RiskTier,
    signal::Domain::{
        Calendar, Documents, Email, Finance, General, Health, Shopping, SocialMedia, Subscriptions, Tasks, Travel,
    },
    wire::wire_enum,
};

/// The verbs and their rows in one table, so that neither can lack the other.
macro_rules! catalogue {
    ($($variant:ident = $wire:literal $(| $alias:literal)* => $row:expr;)+) => {
        wire_enum! {
            /// What can be done.
            Verb, "verb" { $($variant = $wire $(| $alias)*),+ }
        }

        impl Verb {
            /// This verb's row.
            pub(super) const fn spec(self) -> &'static Spec {
                match self {
                    $(Self::$variant => {
                        static ROW: Spec = Spec { verb: Verb::$variant, ..$row };
                        &ROW
                    })+
                }
            }
        }
    };
}

const MESSAGE: Parameter = id("message_id").or(&["email_id", "mail_id", "message_ids", "email_ids"]);
const MAIL: Parameter = reference("message_id").or(&["email_id", "mail_id"]);
const EVENT: Parameter = id("event_id").or(&["meeting_id", "calendar_event_id", "invite_id"]).or_found_by("message_id");
const SUBSCRIPTION: Parameter = id("subscription_id").or(&["plan_id", "membership_id"]).or_found_by("message_id");
const TRANSACTION: Parameter = id("transaction_id").or(&["txn_id", "charge_id"]);
const TASK: Parameter = id("task_id").or(&["todo_id"]);
const POST: Parameter = id("post_id").or(&["mention_id", "tweet_id", "status_id", "comment_id"]);
const DOCUMENT: Parameter = id("document_id").or(&["file_id", "doc_id", "folder_id", "document_ids", "file_ids"]);
const DOCUMENT_NAME: Parameter = text("document_name").or(&["file_name", "filename", "folder_name", "document_title"]);
const CENTS: Parameter = Parameter::new("cost_cents", Shape::Cents);
const CURRENCY: Parameter = Parameter::new("currency", Shape::Currency);
const PAYEE: Parameter = Parameter {
    target: true,
    ..text("payee").needed().or(&["recipient", "vendor", "biller", "merchant", "company", "beneficiary", "to"])
};
const DEVICE: Parameter = id("device").or(&["door", "lock", "device_id", "lock_id", "door_name", "device_name"]);
const MEDICATION: Parameter =
    Parameter { target: true, ..text("medication").needed().or(&["medication_name", "medicine", "drug"]) };
const RECIPIENTS: Parameter =
    list("recipients").needed().or(&["recipient", "shared_with", "share_with", "collaborators"]);
const ANSWERED: Parameter = list("recipients").or_whoever_wrote();
const NEW_TIME: Parameter = text("new_time").or(&[
    "proposed_time",
    "suggested_time",
    "new_date",
    "suggested_date",
    "proposed_date",
    "new_slot",
    "new_start",
]);
const PLATFORM: Parameter = text("platform").or(&["network"]);
const POST_TEXT: Parameter = text("text").needed().or(&["content", "body", "caption"]);
const TITLE: Parameter = text("title").needed().or(&[
    "extracted_task",
    "task_name",
    "project_name",
    "name",
    "meeting_title",
    "document_name",
    "subject",
]);
const ABOUT: Parameter = text("about").needed().or(&["task_name", "title", "subject", "name", "description"]);
const DUE: Parameter = text("due").or(&["due_date", "due_at", "deadline"]);
const AT: Parameter = text("at").or(&[
    "remind_at",
    "reminder_time",
    "scheduled_date",
    "scheduled_at",
    "scheduled_for",
    "schedule",
    "time",
    "date",
]);

const MAIL_NOUNS: &[&str] = &["email", "mail", "message", "inbox"];
const INVITE_NOUNS: &[&str] = &["invite", "invitation", "meeting", "event", "calendar"];
const PLAN_NOUNS: &[&str] = &["subscription", "plan", "membership", "renewal", "service", "trial"];
const SHOP_NOUNS: &[&str] = &["grocery", "order", "item", "shopping", "purchase"];
const TRIP_NOUNS: &[&str] = &["travel", "trip"];
const MONEY_NOUNS: &[&str] = &["transaction", "expense", "charge", "purchase", "spending"];
const BILL_NOUNS: &[&str] = &["bill", "invoice", "payment"];
const HOME_NOUNS: &[&str] = &["home", "smart", "device"];
const TASK_NOUNS: &[&str] = &["task", "todo"];
const POST_NOUNS: &[&str] = &["post", "social"];
const FILE_NOUNS: &[&str] = &["document", "doc", "file"];
const HEALTH_NOUNS: &[&str] = &["health", "metric", "data", "reading"];

catalogue! {
    // mail
    ArchiveEmail = "archive_email" => own(Email, "archive the mail").full(Verb::MoveToInbox).takes(&[MESSAGE]).said(&["archive"], MAIL_NOUNS, &[]);
    MoveToInbox = "move_to_inbox" => own(Email, "move the mail back to the inbox").full(Verb::ArchiveEmail).takes(&[MESSAGE]).said(&["unarchive"], MAIL_NOUNS, &[]);
    LabelEmail = "label_email" => own(Email, "label the mail").full(Verb::UnlabelEmail).stand_in()
        .takes(&[MESSAGE, text("label").needed()]).said(&["label", "tag", "categorize", "sort"], MAIL_NOUNS, &["label"]);
    UnlabelEmail = "unlabel_email" => own(Email, "take the label off the mail").full(Verb::LabelEmail)
        .takes(&[MESSAGE, text("label").needed()]).said(&["unlabel", "untag"], MAIL_NOUNS, &[]);
    SendReply = "send_reply" | "reply_email" => people(Email, "send a reply").within(MAIL_GRACE, Verb::RecallReply).final_anyway().deed(Deed::Submit).moves(Movement::Sent)
        .takes(&[MESSAGE, text("text").needed().or(&["draft", "reply", "suggested_reply", "draft_text"]), ANSWERED.needed().or_found_by("message_id")]).said(&["reply", "respond", "answer", "send"], MAIL_NOUNS, &[]);
    RecallReply = "recall_reply" => own(Email, "recall the reply").takes(&[MESSAGE]);
    DraftReply = "draft_reply" => own(Email, "draft a reply").full(Verb::DiscardDraft).stand_in()
        .takes(&[MESSAGE, text("text").or(&["draft", "reply", "suggested_reply", "draft_text"]), ANSWERED]).said(&["draft", "prepare"], &["email", "mail", "message", "reply", "response"], &["draft"]);
    DiscardDraft = "discard_draft" => own(Email, "discard the draft").takes(&[MESSAGE]);
    DeleteEmail = "delete_email" | "delete_emails" => own(Email, "delete the mail").within(MAIL_GRACE, Verb::RestoreEmail).final_anyway().deed(Deed::Destroy)
        .never_alone(&[Never::DeletesData]).takes(&[MESSAGE]).said(&["delete", "trash", "purge"], MAIL_NOUNS, &[]);
    RestoreEmail = "restore_email" => own(Email, "restore the mail").takes(&[MESSAGE]);
    Unsubscribe = "unsubscribe" => people(Email, "unsubscribe from the list").deed(Deed::Submit)
        .takes(&[MESSAGE, text("sender").or(&["from"])]).said(&["unsubscribe"], &["email", "mail", "list", "mailing"], &[]);

    // calendar
    AcceptInvite = "accept_invite" => people(Calendar, "accept the invitation").within(CALENDAR_GRACE, Verb::DeclineInvite).relationship(RiskTier::Negligible)
        .takes(&[EVENT, MAIL, text("message")]).said(&["accept", "approve", "attend", "yes"], INVITE_NOUNS, &[]);
    TentativeAccept = "tentative_accept" => people(Calendar, "accept the invitation tentatively").within(CALENDAR_GRACE, Verb::DeclineInvite).relationship(RiskTier::Negligible)
        .takes(&[EVENT, MAIL, text("message")]).said(&["tentative", "tentatively", "maybe"], &["invite", "invitation", "meeting", "event", "calendar", "accept"], &[]);
    DeclineInvite = "decline_invite" => people(Calendar, "decline the invitation").within(CALENDAR_GRACE, Verb::AcceptInvite)
        .takes(&[EVENT, MAIL, text("message")]).said(&["decline", "refuse"], INVITE_NOUNS, &[]);
    ProposeAlternative = "propose_alternative" => people(Calendar, "propose another time").within(CALENDAR_GRACE, Verb::WithdrawProposal)
        .takes(&[EVENT, MAIL, NEW_TIME, text("message")]).said(&["propose", "counter"], &["invite", "meeting", "event", "calendar", "alternative", "time"], &[]);
    WithdrawProposal = "withdraw_proposal" => people(Calendar, "withdraw the proposal").takes(&[EVENT]);
    RescheduleEvent = "reschedule_event" | "reschedule_meeting" => people(Calendar, "move the event").within(CALENDAR_GRACE, Verb::RestoreEvent)
        .takes(&[EVENT, MAIL, NEW_TIME.needed(), text("message")]).said(&["reschedule", "move", "rebook"], INVITE_NOUNS, &[]);
    RestoreEvent = "restore_event" => people(Calendar, "put the event back as it was").takes(&[EVENT]);
    CancelEvent = "cancel_event" | "cancel_meeting" => people(Calendar, "cancel the event").within(CALENDAR_GRACE, Verb::RestoreEvent).final_anyway().deed(Deed::Destroy)
        .relationship(RiskTier::Moderate).takes(&[EVENT, MAIL, text("message")]).said(&["cancel"], INVITE_NOUNS, &[]);
    AcknowledgeUpdate = "acknowledge_update" => own(Calendar, "mark the change as seen").full(Verb::UnacknowledgeUpdate).stand_in()
        .takes(&[EVENT]).said(&["acknowledge", "dismiss"], &["update", "change", "event", "calendar", "meeting"], &[]);
    UnacknowledgeUpdate = "unacknowledge_update" => own(Calendar, "mark the change as not seen").full(Verb::AcknowledgeUpdate).takes(&[EVENT]);

    // subscriptions
    RenewSubscription = "renew_subscription" => money(Subscriptions, "renew the subscription").within(MONEY_GRACE, Verb::RevokeRenewal)
        .takes(&[SUBSCRIPTION, text("service"), MAIL, CENTS, CURRENCY]).said(&["renew", "renewal", "extend", "upgrade"], PLAN_NOUNS, &[]);
    RevokeRenewal = "revoke_renewal" => own(Subscriptions, "revoke the renewal").deed(Deed::Destroy).takes(&[SUBSCRIPTION]);
    CancelSubscription = "cancel_subscription" => people(Subscriptions, "cancel the subscription").deed(Deed::Destroy).may_cost()
        .takes(&[SUBSCRIPTION, text("service"), MAIL, CENTS, CURRENCY]).said(&["cancel", "terminate"], PLAN_NOUNS, &[]);
    SnoozeReminder = "snooze_reminder" => own(Subscriptions, "remind you again later").full(Verb::UnsnoozeReminder).anywhere().stand_in()
        .takes(&[ABOUT, AT]).said(&["snooze", "postpone"], &["reminder", "subscription", "renewal"], &[]);
    UnsnoozeReminder = "unsnooze_reminder" => own(Subscriptions, "take back the snooze").full(Verb::SnoozeReminder).takes(&[ABOUT]);

    // shopping
    PlaceOrder = "place_order" => money(Shopping, "place the order").within(MONEY_GRACE, Verb::CancelOrder)
        .takes(&[list("items").needed().or(&["products", "cart", "item", "product"]), text("vendor").or(&["store", "merchant", "supplier"]), text("coupon").or(&["coupon_code"]), any("substitution").or(&["substitute", "substitutions"]), any("quantity"), CENTS, CURRENCY])
        .said(&["reorder", "order", "buy", "purchase", "restock"], SHOP_NOUNS, &[]);
    CancelOrder = "cancel_order" => own(Shopping, "cancel the order").deed(Deed::Destroy).takes(&[list("items").needed(), text("vendor")]);
    AddToList = "add_to_list" => own(Shopping, "put it on the shopping list").full(Verb::RemoveFromList).stand_in()
        .takes(&[list("items").needed().or(&["products", "cart", "item", "product"])]).said(&["list", "add"], SHOP_NOUNS, &[]);
    RemoveFromList = "remove_from_list" => own(Shopping, "take it off the shopping list").full(Verb::AddToList).takes(&[list("items").needed()]);

    // travel
    BookTravel = "book_travel" => money(Travel, "book it").within(MONEY_GRACE, Verb::CancelBooking)
        .takes(&[text("destination").needed().or(&["city", "location", "hotel", "route", "flight", "flight_number"]), reference("booking_id").or(&["reservation_id", "confirmation_number"]), text("travel_type").or(&["booking_type"]), any("dates").or(&["departure", "departure_date", "check_in"]), text("return").or(&["return_date", "check_out"]), text("class").or(&["cabin", "seat_class"]), text("vendor").or(&["airline", "carrier", "provider"]), CENTS, CURRENCY])
        .said(&["book", "booking", "rebook", "reserve"], TRIP_NOUNS, &[]);
    CancelBooking = "cancel_booking" => own(Travel, "cancel the booking").deed(Deed::Destroy).takes(&[text("destination").needed(), reference("booking_id")]);
    SaveOption = "save_option" => own(Travel, "keep it as an option").full(Verb::DiscardOption).stand_in()
        .takes(&[text("about").needed().or(&["destination", "subject", "title", "flight", "hotel"]), any("dates"), text("travel_type")]).said(&["save", "bookmark", "shortlist"], &["travel", "option", "trip", "deal"], &[]);
    DiscardOption = "discard_option" => own(Travel, "drop the option").full(Verb::SaveOption).takes(&[text("about").needed()]);

    // finance
    CategorizeTransaction = "categorize_transaction" | "categorize_expense" => own(Finance, "categorise the transaction").full(Verb::UncategorizeTransaction)
        .takes(&[TRANSACTION, text("category"), text("vendor").or(&["merchant", "payee"])]).said(&["categorize", "classify", "tag"], MONEY_NOUNS, &[]);
    UncategorizeTransaction = "uncategorize_transaction" => own(Finance, "take the category off the transaction").full(Verb::CategorizeTransaction).takes(&[TRANSACTION]);
    PayBill = "pay_bill" => money(Finance, "pay the bill").within(MONEY_GRACE, Verb::CancelPayment).never_alone(&[Never::PaysPayee])
        .takes(&[PAYEE, reference("bill_id").or(&["invoice_id", "invoice_number", "payment_id"]), DUE, MAIL, CENTS, CURRENCY]).said(&["pay", "autopay"], BILL_NOUNS, &["autopay"]);
    CancelPayment = "cancel_payment" => own(Finance, "cancel the payment").deed(Deed::Destroy).takes(&[PAYEE, reference("bill_id")]);
    TransferFunds = "transfer_funds" | "wire_transfer" => money(Finance, "transfer the money").within(MONEY_GRACE, Verb::CancelPayment).never_alone(&[Never::MovesMoney])
        .takes(&[PAYEE, text("account").or(&["to_account", "destination_account"]), text("purpose").or(&["description", "memo"]), CENTS, CURRENCY]).said(&["transfer", "wire", "send"], &["fund", "money", "transfer"], &[]);
    FlagTransaction = "flag_transaction" => own(Finance, "flag the transaction for a closer look").full(Verb::UnflagTransaction)
        .takes(&[TRANSACTION, text("vendor").or(&["merchant", "payee"]), text("reason")]).said(&["flag", "mark"], &["transaction", "charge", "suspicious", "unknown", "purchase"], &[]);
    UnflagTransaction = "unflag_transaction" => own(Finance, "take the flag off the transaction").full(Verb::FlagTransaction).takes(&[TRANSACTION]);
    RecordExpense = "record_expense" => own(Finance, "record the expense").full(Verb::RemoveExpense)
        .takes(&[text("description").needed().or(&["vendor", "merchant", "subject", "title"]), any("amount").or(&["amount_cents", "cost_cents", "total"]), text("category"), text("date")]).said(&["record", "expense", "log"], &["expense", "receipt", "transaction"], &[]);
    RemoveExpense = "remove_expense" => own(Finance, "remove the expense again").full(Verb::RecordExpense).takes(&[text("description").needed()]);
    GenerateReport = "generate_report" => reading(Finance, "put a report together for you").harmless()
        .takes(&[text("report").needed().or(&["report_type", "report_name", "period", "subject", "title"]), text("range").or(&["date_range", "month"])]).said(&["generate", "report", "summarize"], &["report", "spending", "summary", "expense", "budget"], &["report", "summary"]);
    DisputeCharge = "dispute_charge" => people(Finance, "dispute the charge").deed(Deed::Submit).relationship(RiskTier::Moderate)
        .takes(&[TRANSACTION, text("vendor").or(&["merchant", "payee"]), text("reason")]).said(&["dispute", "contest", "chargeback"], &["charge", "transaction"], &[]);

    // home
    RunRoutine = "run_routine" | "activate_routine" => physical("run the routine").full(Verb::RevertRoutine)
        .takes(&[text("routine").needed().or(&["routine_name", "routine_id", "scene", "trigger", "action", "mode"]), any("devices").or(&["device", "actions"]), any("value").or(&["state"])]).said(&["run", "activate", "trigger", "start"], HOME_NOUNS, &["routine", "scene", "light", "automation"]);
    RevertRoutine = "revert_routine" => physical("put the devices back as they were").takes(&[text("routine").needed(), any("devices")]);
    SetThermostat = "set_thermostat" | "set_temperature" => physical("set the thermostat").full(Verb::RestoreThermostat)
        .takes(&[Parameter::new("temperature", Shape::Number).needed().or(&["value", "target_temperature", "target_temp", "temp", "target", "setpoint"]), text("device"), text("unit")]).said(&["adjust", "set"], &["home", "smart", "device", "temperature", "thermostat"], &["thermostat", "temperature", "heating", "cooling", "climate"]);
    RestoreThermostat = "restore_thermostat" => physical("set the thermostat back").takes(&[text("device")]);
    LockDoor = "lock_door" => physical("lock the door").full(Verb::UnlockDoor).takes(&[DEVICE]).said(&["lock"], &["home", "smart", "device", "door", "house"], &[]);
    UnlockDoor = "unlock_door" => physical("unlock the door").operational(RiskTier::High).never_alone(&[Never::Unlocks])
        .takes(&[DEVICE]).said(&["unlock", "open"], &["home", "smart", "device", "door", "house"], &[]);
    ArmAlarm = "arm_alarm" => physical("arm the alarm").full(Verb::DisarmAlarm).takes(&[ALARM]).said(&["arm"], &["home", "smart", "device", "alarm", "security"], &[]);
    DisarmAlarm = "disarm_alarm" => physical("disarm the alarm").operational(RiskTier::High).never_alone(&[Never::Unlocks])
        .takes(&[ALARM]).said(&["disarm"], &["home", "smart", "device", "alarm", "security"], &[]);

    // tasks
    CreateTask = "create_task" => own(Tasks, "create a task").full(Verb::RemoveTask)
        .takes(&[TITLE, DUE, text("priority"), MAIL]).said(&["create", "add", "make", "extract"], TASK_NOUNS, &[]);
    RemoveTask = "remove_task" => own(Tasks, "remove the task again").takes(&[TITLE]);
    SetReminder = "set_reminder" => own(Tasks, "remind you").full(Verb::RemoveReminder).anywhere().stand_in()
        .takes(&[ABOUT, AT, DUE, reference("task_id")]).said(&["remind", "set"], &["reminder", "task", "todo", "deadline"], &["reminder"]);
    RemoveReminder = "remove_reminder" => own(Tasks, "remove the reminder").full(Verb::SetReminder).takes(&[ABOUT, AT]);
    CompleteTask = "complete_task" => own(Tasks, "tick the task off").within(FILES_GRACE, Verb::ReopenTask).takes(&[TASK]).said(&["complete", "close", "finish", "done"], TASK_NOUNS, &[]);
    ReopenTask = "reopen_task" => own(Tasks, "open the task again").within(FILES_GRACE, Verb::CompleteTask).takes(&[TASK]);
    AssignTask = "assign_task" => people(Tasks, "assign the task").within(FILES_GRACE, Verb::UnassignTask).relationship(RiskTier::Moderate)
        .takes(&[TASK, text("assignee").needed().or(&["assign_to", "assigned_to", "suggested_assignee"])]).said(&["assign", "delegate"], TASK_NOUNS, &[]);
    UnassignTask = "unassign_task" => people(Tasks, "take the assignment back").takes(&[TASK, text("assignee")]);
    CreateProject = "create_project" => own(Tasks, "create a project").full(Verb::RemoveProject)
        .takes(&[TITLE, any("tasks").or(&["extracted_tasks"])]).said(&["create", "add", "make"], &["project"], &[]);
    RemoveProject = "remove_project" => own(Tasks, "remove the project again").takes(&[TITLE]);
    ReprioritizeTasks = "reprioritize_tasks" => own(Tasks, "put the tasks in another order").within(FILES_GRACE, Verb::RestorePriorities)
        .takes(&[any("tasks").needed().or(&["task_ids", "task_id", "affected_tasks", "task_list", "task_name"]), any("priority").or(&["new_priority", "new_order", "suggested_order"])]).said(&["reprioritize", "prioritize", "reorder", "rearrange"], TASK_NOUNS, &["priority"]);
    RestorePriorities = "restore_priorities" => own(Tasks, "put the tasks back in their order").takes(&[any("tasks").needed()]);
    ShareTaskList = "share_task_list" => people(Tasks, "share the task list").within(FILES_GRACE, Verb::UnshareTaskList).final_anyway().deed(Deed::Share).moves(Movement::Sent)
        .takes(&[id("list_id").or(&["task_list_id", "project_id", "list_name", "project_name"]), RECIPIENTS]).said(&["share"], &["task", "todo", "list"], &[]);
    UnshareTaskList = "unshare_task_list" => people(Tasks, "stop sharing the task list").takes(&[id("list_id"), RECIPIENTS]);

    // social media
    DraftPost = "draft_post" | "draft_social_post" => own(SocialMedia, "draft a post").full(Verb::DiscardPost).stand_in()
        .takes(&[PLATFORM, text("text").or(&["content", "body", "topic"])]).said(&["draft", "prepare"], &["post", "social", "reply", "response", "brand", "mention"], &["draft"]);
    DiscardPost = "discard_post" => own(SocialMedia, "discard the draft").takes(&[PLATFORM, text("text")]);
    PublishPost = "publish_post" => people(SocialMedia, "publish the post").deed(Deed::Submit).moves(Movement::Public).relationship(RiskTier::Moderate)
        .takes(&[PLATFORM.needed(), POST_TEXT]).said(&["publish", "post"], POST_NOUNS, &[]);
    SchedulePost = "schedule_post" => people(SocialMedia, "schedule the post").deed(Deed::Submit).moves(Movement::Public)
        .takes(&[PLATFORM.needed(), POST_TEXT, AT.needed()]).said(&["schedule", "scheduling"], POST_NOUNS, &[]);
    ReactToPost = "react_to_post" => people(SocialMedia, "react to the post").full(Verb::RemoveReaction)
        .takes(&[POST, text("reaction"), PLATFORM]).said(&["react", "like", "reaction"], POST_NOUNS, &[]);
    RemoveReaction = "remove_reaction" => people(SocialMedia, "take the reaction back").full(Verb::ReactToPost).takes(&[POST, text("reaction"), PLATFORM]);
    MuteConversation = "mute_conversation" => own(SocialMedia, "mute the conversation").full(Verb::UnmuteConversation)
        .takes(&[CONVERSATION, PLATFORM]).said(&["mute", "silence"], &["conversation", "thread", "post", "social", "notification"], &[]);
    UnmuteConversation = "unmute_conversation" => own(SocialMedia, "unmute the conversation").full(Verb::MuteConversation).takes(&[CONVERSATION, PLATFORM]);
    RespondToMention = "respond_to_mention" => people(SocialMedia, "answer in public").deed(Deed::Submit).moves(Movement::Public).relationship(RiskTier::Moderate).in_public()
        .takes(&[POST, text("text").needed().or(&["draft", "suggested_reply", "draft_reply", "reply"]), text("author"), PLATFORM]).said(&["respond", "reply", "answer", "draft"], &["mention", "post", "social", "reply", "response", "comment"], &[]);
    DeletePost = "delete_post" => people(SocialMedia, "delete the post").deed(Deed::Destroy).never_alone(&[Never::DeletesData])
        .takes(&[POST, PLATFORM]).said(&["delete", "remove"], POST_NOUNS, &[]);

    // documents
    OrganizeFile = "organize_file" | "move_document" => own(Documents, "file the document").full(Verb::RestoreLocation)
        .takes(&[DOCUMENT, text("folder").needed().or(&["target_folder", "suggested_folder", "destination_folder", "destination"]), DOCUMENT_NAME]).said(&["file", "organize", "sort", "move"], FILE_NOUNS, &[]);
    RestoreLocation = "restore_location" => own(Documents, "put the document back where it was").takes(&[DOCUMENT, DOCUMENT_NAME]);
    SummarizeDocument = "summarize_document" => reading(Documents, "summarise the document for you").harmless()
        .takes(&[DOCUMENT, DOCUMENT_NAME]).said(&["summarize", "digest"], FILE_NOUNS, &["summary", "digest"]);
    CreateDocument = "create_document" => own(Documents, "create a document").full(Verb::DiscardDocument)
        .takes(&[TITLE, text("template").or(&["template_id", "template_name"]), text("folder").or(&["target_folder"])]).said(&["create", "generate", "make"], FILE_NOUNS, &[]);
    DiscardDocument = "discard_document" => own(Documents, "discard the document it created").takes(&[TITLE]);
    ShareDocument = "share_document" => people(Documents, "share the document").within(FILES_GRACE, Verb::RevokeShare).final_anyway().deed(Deed::Share).moves(Movement::Sent)
        .takes(&[DOCUMENT, RECIPIENTS, DOCUMENT_NAME, text("permission").or(&["access_level", "role"])]).said(&["share"], FILE_NOUNS, &[]);
    RevokeShare = "revoke_share" => people(Documents, "stop sharing the document").takes(&[DOCUMENT, RECIPIENTS]);
    DeleteDocument = "delete_document" => own(Documents, "delete the document").within(FILES_GRACE, Verb::RestoreDocument).final_anyway().deed(Deed::Destroy)
        .never_alone(&[Never::DeletesData]).takes(&[DOCUMENT, DOCUMENT_NAME]).said(&["delete", "remove", "purge"], FILE_NOUNS, &[]);
    RestoreDocument = "restore_document" => own(Documents, "restore the document").takes(&[DOCUMENT, DOCUMENT_NAME]);
    ChangePermission = "change_permission" => people(Documents, "change who has access").within(FILES_GRACE, Verb::RestorePermission).operational(RiskTier::Moderate).moves(Movement::Sent)
        .never_alone(&[Never::ChangesSecurity]).takes(&[DOCUMENT, DOCUMENT_NAME, text("access").needed().or(&["requested_access", "new_access", "permission", "access_level", "role"]), list("recipients").or(&["users", "user", "requested_by"])])
        .said(&["grant", "permission", "change"], &["access", "permission", "document", "folder", "file"], &[]);
    RestorePermission = "restore_permission" => people(Documents, "put the access back as it was").takes(&[DOCUMENT, DOCUMENT_NAME]);

    // health
    LogHealthMetric = "log_health_metric" | "log_metric" => own(Health, "log the reading").full(Verb::RemoveHealthEntry)
        .takes(&[METRIC, any("value").needed().or(&["reading", "duration", "duration_minutes", "count", "amount", "distance", "steps"]), text("unit"), text("device")]).said(&["log", "record", "track"], HEALTH_NOUNS, &[]);
    RemoveHealthEntry = "remove_health_entry" => own(Health, "remove the reading again").full(Verb::LogHealthMetric).takes(&[METRIC, any("value").needed()]);
    SetMedicationReminder = "set_medication_reminder" => own(Health, "remind you of the medication").full(Verb::RemoveMedicationReminder)
        .takes(&[MEDICATION, AT.or(&["time", "times", "schedule", "reminder_time", "scheduled_time", "next_dose"]), any("dosage").or(&["dose"])]).said(&["remind", "set"], &["medication", "medicine", "reminder", "pill"], &["reminder"]);
    RemoveMedicationReminder = "remove_medication_reminder" => own(Health, "remove the reminder").full(Verb::SetMedicationReminder).takes(&[MEDICATION]);
    BookAppointment = "book_appointment" => money(Health, "book the appointment").deed(Deed::Submit).never_alone(&[Never::Medical])
        .takes(&[APPOINTMENT, text("provider").or(&["doctor", "clinic", "practice"]), text("at").or(&["suggested_date", "date", "time", "slot"]), CENTS, CURRENCY]).said(&["book", "schedule"], &["appointment", "checkup", "visit"], &[]);
    RescheduleAppointment = "reschedule_appointment" => people(Health, "move the appointment").deed(Deed::Submit)
        .takes(&[id("appointment_id"), NEW_TIME.needed(), text("provider").or(&["doctor", "clinic", "practice"])]).said(&["reschedule", "move"], &["appointment", "checkup", "visit"], &[]);
    RefillPrescription = "refill_prescription" => money(Health, "refill the prescription").deed(Deed::Submit).never_alone(&[Never::Medical])
        .takes(&[MEDICATION, reference("prescription_id"), text("pharmacy"), CENTS, CURRENCY]).said(&["refill"], &["prescription", "medication", "medicine"], &[]);
    ShareHealthData = "share_health_data" => people(Health, "share health data").final_anyway().deed(Deed::Share).moves(Movement::Sent).never_alone(&[Never::SharesAcrossContexts])
        .takes(&[RECORDS, RECIPIENTS.or(&["recipient", "shared_with", "share_with", "provider", "doctor"])]).said(&["share"], &["health", "data", "record", "result"], &[]);
    ExportRecords = "export_records" => own(Health, "export the records").deed(Deed::Submit).moves(Movement::Exported)
        .takes(&[RECORDS, text("destination"), text("format"), text("date_range")]).said(&["export", "download"], &["health", "record", "data"], &[]);

    // anything else
    CreateNote = "create_note" => own(General, "make a note").full(Verb::RemoveNote).anywhere().stand_in()
        .takes(&[text("text").needed().or(&["note", "subject", "title", "content", "description", "message"])]).said(&["note", "create"], &["note"], &[]);
    RemoveNote = "remove_note" => own(General, "remove the note again").full(Verb::CreateNote).takes(&[text("text").needed()]);
}

const ALARM: Parameter = id("device").or(&["alarm", "device_id", "zone", "system", "alarm_id"]);
const CONVERSATION: Parameter = id("conversation_id").or(&["thread_id", "thread", "conversation", "post_id"]);
const METRIC: Parameter =
    text("metric").needed().or(&["metric_type", "activity", "workout_type", "workout", "measurement"]);
const APPOINTMENT: Parameter =
    text("appointment").needed().or(&["appointment_type", "specialty", "reason", "visit_type"]);
const RECORDS: Parameter =
    list("record_types").needed().or(&["data_types", "records", "data_type", "record_type", "metrics"]);
