//! Documents: file and summarise alone, share, delete and open to others with the person.

use super::{Draft, Reading};
use crate::action::Verb;

pub(super) fn drafts(reading: &Reading<'_>) -> Vec<Draft> {
    let wishes = |phrases: &[&str]| reading.wishes(phrases);
    let name = reading.text(&["document_name", "file_name", "folder_name", "title", "subject"]);
    let foldered =
        reading.text(&["folder", "target_folder", "suggested_folder", "destination_folder", "destination"]).is_some();
    if wishes(&["permission", "access", "access request", "grant"]) {
        vec![Draft::asked(Verb::ChangePermission)]
    } else if wishes(&["share", "sharing"])
        || (wishes(&["shared"]) && reading.is(&["recipients", "recipient", "share_with"]))
    {
        vec![Draft::asked(Verb::ShareDocument)]
    } else if wishes(&["delete", "cleanup", "remove", "purge", "deletion"]) {
        vec![Draft::asked(Verb::DeleteDocument), Draft::other(Verb::OrganizeFile)]
    } else if wishes(&["sign", "signature", "signing"]) {
        // Signing has no verb on purpose: the person signs.
        vec![
            Draft::asked(Verb::SetReminder).with("about", format!("Sign {}", name.unwrap_or("the document"))),
            Draft::other(Verb::SummarizeDocument),
        ]
    } else if wishes(&["summarize", "summarise", "summary", "digest"]) {
        vec![Draft::asked(Verb::SummarizeDocument)]
    } else if wishes(&["create", "generate", "template", "new document"]) {
        vec![Draft::asked(Verb::CreateDocument)]
    } else if foldered
        || wishes(&["file", "organize", "organise", "move", "sort"])
            && !reading.kind_says(&["upload", "uploaded", "received"])
    {
        vec![Draft::asked(Verb::OrganizeFile), Draft::other(Verb::SummarizeDocument)]
    } else {
        vec![Draft::way(Verb::SummarizeDocument), Draft::other(Verb::OrganizeFile)]
    }
}
