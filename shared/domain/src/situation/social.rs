//! Social media: what is public in the person's name goes past the person, with the draft inside (`domain.md` §4).

use super::{Draft, Reading};
use crate::{
    action::Verb,
    words::{says, words},
};

const MENTIONS: &[&str] = &["mention", "comment", "reply", "question", "direct message", "dm", "review", "complaint"];
const NOISE: &[&str] = &["mute", "noise", "spam", "harassment", "troll", "noisy", "notification overload"];

pub(super) fn drafts(reading: &Reading<'_>) -> Vec<Draft> {
    let wishes = |phrases: &[&str]| reading.wishes(phrases);
    if wishes(&["delete", "remove", "deletion"]) {
        vec![Draft::asked(Verb::DeletePost)]
    } else if wishes(NOISE) {
        vec![Draft::asked(Verb::MuteConversation)]
    } else if wishes(&["react", "like", "reaction"]) {
        vec![Draft::asked(Verb::ReactToPost)]
    } else if wishes(&["schedule", "scheduled", "scheduling"]) {
        vec![Draft::asked(Verb::SchedulePost), Draft::other(Verb::DraftPost)]
    } else if wishes(&["publish", "post now", "share post", "crosspost"]) {
        vec![Draft::asked(Verb::PublishPost), Draft::other(Verb::SchedulePost), Draft::other(Verb::DraftPost)]
    } else if wishes(&["draft", "content idea", "post idea", "content suggestion", "trending"]) {
        vec![Draft::asked(Verb::DraftPost)]
    } else if wishes(MENTIONS) {
        let answer = Draft::asked(Verb::RespondToMention);
        let prepared = reading
            .text(&["text", "draft", "suggested_reply", "draft_reply", "reply"])
            .map_or_else(|| reply(reading), str::to_owned);
        vec![answer.with("text", prepared), Draft::other(Verb::ReactToPost), Draft::other(Verb::MuteConversation)]
    } else {
        Vec::new()
    }
}

/// A first draft, kept so general that nothing in it can be wrong; the person makes it theirs.
fn reply(reading: &Reading<'_>) -> String {
    let author = reading.text(&["author", "from", "user", "sender"]).unwrap_or("there");
    let sentiment = reading.text(&["sentiment"]).map(words).unwrap_or_default();
    if says(&sentiment, "positive") {
        format!("Thank you, {author}! Glad to hear it.")
    } else if says(&sentiment, "negative") {
        format!("Thank you for telling us, {author}. Sorry about that; could you send the details in a direct message?")
    } else {
        format!("Thank you for asking, {author}. Let me look into it and come back to you.")
    }
}
