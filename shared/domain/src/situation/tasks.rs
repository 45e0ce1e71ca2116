//! Tasks: create, finish, hand over, remind.

use super::{Draft, Reading, Role};
use crate::action::Verb;

pub(super) fn drafts(reading: &Reading<'_>) -> Vec<Draft> {
    let wishes = |phrases: &[&str]| reading.wishes(phrases);
    let remind = || {
        Draft::other(Verb::SetReminder)
            .with_some("about", reading.text(&["task_name", "title", "subject", "name", "description"]))
    };
    if wishes(&["share", "sharing"]) {
        vec![Draft::asked(Verb::ShareTaskList)]
    } else if wishes(&["assign", "delegate", "reassign", "assignment", "delegation"]) {
        vec![Draft::asked(Verb::AssignTask), remind()]
    } else if wishes(&["complete", "completed", "completion", "done", "finish", "close"]) {
        vec![Draft::asked(Verb::CompleteTask), remind()]
    } else if wishes(&[
        "reprioritize",
        "reprioritise",
        "prioritize",
        "priority",
        "priority change",
        "reorder",
        "rearrange",
        "prioritization",
        "priority conflict",
    ]) {
        vec![Draft::asked(Verb::ReprioritizeTasks), remind()]
    } else if wishes(&["project"]) && wishes(&["create", "new", "created", "creation", "suggested"]) {
        vec![Draft::asked(Verb::CreateProject), Draft::other(Verb::CreateTask)]
    } else if wishes(&["deadline", "due", "overdue", "remind", "reminder"]) {
        vec![remind().to(Role::Asked), Draft::other(Verb::CompleteTask), Draft::other(Verb::ReprioritizeTasks)]
    } else if reading.field("task_id").is_some() && !wishes(&["create", "extract", "new", "add"]) {
        vec![remind().to(Role::Way), Draft::other(Verb::CompleteTask)]
    } else {
        vec![Draft::asked(Verb::CreateTask), remind()]
    }
}
