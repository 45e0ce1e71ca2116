//! A mailbox: messages, labels, drafts, and the history of every change. Values in, values out.
//!
//! Invariant: every change has a history id above all before it, so whoever asks for what came after one id misses
//! nothing, unless that id was forgotten, which is then said.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    error::{Granted, Refusal},
    mail::{Mail, Message},
};

const SYSTEM: [&str; 14] = [
    "INBOX",
    "UNREAD",
    "STARRED",
    "IMPORTANT",
    "SENT",
    "DRAFT",
    "TRASH",
    "SPAM",
    "CHAT",
    "CATEGORY_PERSONAL",
    "CATEGORY_SOCIAL",
    "CATEGORY_PROMOTIONS",
    "CATEGORY_UPDATES",
    "CATEGORY_FORUMS",
];
/// Where history begins; ids are numbers without meaning.
const FIRST: u64 = 1000;

#[derive(Clone, Debug, Serialize, Deserialize)]
enum What {
    Added,
    Labelled(Vec<String>),
    Unlabelled(Vec<String>),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Change {
    id: u64,
    message: String,
    what: What,
}

/// One person's mail.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Mailbox {
    address: String,
    /// In the order in which they came.
    messages: Vec<Message>,
    /// Id to name.
    labels: BTreeMap<String, String>,
    /// Draft to message.
    drafts: BTreeMap<String, String>,
    changes: Vec<Change>,
    /// Changes up to this one are forgotten.
    forgotten: u64,
    made: u64,
}

/// A page of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Paging {
    pub(super) max_results: Option<usize>,
    pub(super) page_token: Option<String>,
}

impl Paging {
    /// Cuts the page out of everything, and names the next one. `key` says where an item stands: pages go by that, so
    /// that what arrives meanwhile moves nothing.
    pub(super) fn cut<T>(
        &self,
        all: Vec<T>,
        key: impl Fn(&T) -> u64,
        most: usize,
    ) -> Result<(Vec<T>, Option<String>), Refusal> {
        let from = match &self.page_token {
            None => None,
            Some(token) => Some(token.parse::<u64>().map_err(|_| Refusal::invalid("Invalid pageToken"))?),
        };
        let start = from.map_or(0, |from| all.iter().position(|item| key(item) == from).unwrap_or(all.len()));
        let mut page: Vec<T> = all.into_iter().skip(start).collect();
        let size = self.max_results.unwrap_or(100).clamp(1, most);
        let next = page.get(size).map(|item| key(item).to_string());
        page.truncate(size);
        Ok((page, next))
    }
}

impl Mailbox {
    pub(super) fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            messages: Vec::new(),
            labels: BTreeMap::new(),
            drafts: BTreeMap::new(),
            changes: Vec::new(),
            forgotten: FIRST - 1,
            made: 0,
        }
    }

    /// An id that no other mailbox gives, and that this one gives again when it is built up again.
    fn mint(&mut self) -> String {
        self.made += 1;
        let hash = hex::encode(Sha256::digest(format!("{}/{}", self.address, self.made)));
        hash.chars().take(16).collect()
    }

    fn now(&self) -> u64 {
        self.changes.last().map_or(FIRST, |change| change.id)
    }

    /// Writes a change; gives its id.
    fn note(&mut self, message: &str, what: What) {
        let id = self.now() + 7;
        self.changes.push(Change { id, message: message.to_owned(), what });
        if let Some(message) = self.messages.iter_mut().find(|found| found.id == message) {
            message.history = id;
        }
    }

    /// Takes a mail in; gives its id.
    pub(super) fn put(&mut self, mail: Mail, thread: Option<&str>, at: i64) -> String {
        let id = self.mint();
        self.messages.push(Message {
            thread: thread.unwrap_or(&id).to_owned(),
            id: id.clone(),
            labels: mail.labels.into_iter().collect(),
            headers: mail.headers,
            text: mail.text,
            html: mail.html,
            attachments: mail.attachments,
            at,
            history: 0,
        });
        self.note(&id, What::Added);
        id
    }

    /// Forgets every change so far.
    pub(super) fn forget(&mut self) {
        self.forgotten = self.now();
    }

    pub(super) fn find(&self, id: &str) -> Result<&Message, Refusal> {
        self.messages.iter().find(|message| message.id == id).ok_or_else(Refusal::not_found)
    }

    pub(super) fn all(&self) -> &[Message] {
        &self.messages
    }

    pub(super) fn profile(&self) -> Value {
        let threads: BTreeSet<&str> = self.messages.iter().map(|message| message.thread.as_str()).collect();
        json!({ "emailAddress": self.address, "messagesTotal": self.messages.len(), "threadsTotal": threads.len(),
            "historyId": self.now().to_string() })
    }

    /// Newest first; spam and trash only where asked for.
    pub(super) fn list(&self, labels: &[String], q: &str, hidden: bool, paging: &Paging) -> Granted {
        let shown = |message: &&Message| {
            let is_hidden = message.labels.contains("TRASH") || message.labels.contains("SPAM");
            (hidden || !is_hidden) && labels.iter().all(|label| message.labels.contains(label)) && message.answers(q)
        };
        let found: Vec<(u64, &Message)> = (0..).zip(&self.messages).filter(|(_, message)| shown(message)).collect();
        let total = found.len();
        let (page, next) = paging.cut(found.into_iter().rev().collect(), |(at, _)| *at, 500)?;
        let page: Vec<Value> = page.into_iter().map(|(_, message)| message.brief()).collect();
        Ok(listed("messages", page, next, &json!({ "resultSizeEstimate": total })))
    }

    /// Adds and removes labels, by id.
    pub(super) fn modify(&mut self, id: &str, add: &[String], remove: &[String]) -> Granted {
        let known = |label: &&String| SYSTEM.contains(&label.as_str()) || self.labels.contains_key(*label);
        if let Some(unknown) = add.iter().chain(remove).find(|label| !known(label)) {
            return Err(Refusal::invalid(&format!("Invalid label: {unknown}")));
        }
        if add.is_empty() && remove.is_empty() {
            return Err(Refusal::invalid("No label add or removes specified"));
        }
        let message = self.messages.iter_mut().find(|message| message.id == id).ok_or_else(Refusal::not_found)?;
        let added: Vec<String> = add.iter().filter(|label| message.labels.insert((*label).clone())).cloned().collect();
        let removed: Vec<String> = remove.iter().filter(|label| message.labels.remove(*label)).cloned().collect();
        if !added.is_empty() {
            self.note(id, What::Labelled(added));
        }
        if !removed.is_empty() {
            self.note(id, What::Unlabelled(removed));
        }
        Ok(self.find(id)?.labelled())
    }

    pub(super) fn labels(&self) -> Value {
        let system = SYSTEM.iter().map(|id| json!({ "id": id, "name": id, "type": "system" }));
        let own = self.labels.iter().map(|(id, name)| json!({ "id": id, "name": name, "type": "user" }));
        json!({ "labels": system.chain(own).collect::<Vec<_>>() })
    }

    pub(super) fn create_label(&mut self, name: &str) -> Granted {
        if name.is_empty() {
            return Err(Refusal::invalid("Invalid label name"));
        }
        if self.labels.values().any(|own| own.eq_ignore_ascii_case(name)) {
            return Err(Refusal::new(409, "aborted", "Label name exists or conflicts"));
        }
        let id = format!("Label_{}", self.labels.len() + 1);
        self.labels.insert(id.clone(), name.to_owned());
        Ok(json!({ "id": id, "name": name, "type": "user" }))
    }

    /// Sends a message: it leaves, and a copy of it stays.
    pub(super) fn send(&mut self, raw: &str, thread: Option<&str>, at: i64) -> Granted {
        let mail = self.own(raw, thread)?;
        if !mail.headers.iter().any(|(name, value)| name.eq_ignore_ascii_case("to") && !value.is_empty()) {
            return Err(Refusal::invalid("Recipient address required"));
        }
        let id = self.put(mail.label("SENT"), thread, at);
        Ok(self.find(&id)?.labelled())
    }

    pub(super) fn create_draft(&mut self, raw: &str, thread: Option<&str>, at: i64) -> Granted {
        let mail = self.own(raw, thread)?;
        let message = self.put(mail.label("DRAFT"), thread, at);
        let id = format!("r-{message}");
        let shown = json!({ "id": id, "message": self.find(&message)?.labelled() });
        self.drafts.insert(id, message);
        Ok(shown)
    }

    fn own(&self, raw: &str, thread: Option<&str>) -> Result<Mail, Refusal> {
        if thread.is_some_and(|thread| !self.messages.iter().any(|message| message.thread == thread)) {
            return Err(Refusal::not_found());
        }
        let mail = Mail::parse(raw).ok_or_else(|| Refusal::invalid("Missing or invalid raw message"))?;
        Ok(mail.header("From", &self.address))
    }

    pub(super) fn drafts(&self, q: &str) -> Value {
        let found = self.drafts.iter().filter_map(|(id, message)| Some((id, self.find(message).ok()?)));
        let found = found.filter(|(_, message)| message.answers(q));
        let page: Vec<Value> = found.map(|(id, message)| json!({ "id": id, "message": message.brief() })).collect();
        let total = page.len();
        listed("drafts", page, None, &json!({ "resultSizeEstimate": total }))
    }

    pub(super) fn delete_draft(&mut self, id: &str) -> Granted {
        let message = self.drafts.remove(id).ok_or_else(Refusal::not_found)?;
        self.messages.retain(|found| found.id != message);
        Ok(Value::Null)
    }

    pub(super) fn thread(&self, id: &str) -> Granted {
        let messages: Vec<Value> =
            self.messages.iter().filter(|message| message.thread == id).map(|message| message.shown("full")).collect();
        if messages.is_empty() {
            return Err(Refusal::not_found());
        }
        Ok(json!({ "id": id, "historyId": self.now().to_string(), "messages": messages }))
    }

    /// Everything after `start`, oldest first; 404 where it reaches back further than is remembered.
    pub(super) fn history(&self, start: &str, types: &[String], paging: &Paging) -> Granted {
        let start: u64 = start.parse().map_err(|_| Refusal::invalid("Invalid startHistoryId"))?;
        if start < self.forgotten || start > self.now() {
            return Err(Refusal::not_found());
        }
        let wanted = |change: &&Change| {
            let kind = match change.what {
                What::Added => "messageAdded",
                What::Labelled(_) => "labelAdded",
                What::Unlabelled(_) => "labelRemoved",
            };
            change.id > start && (types.is_empty() || types.iter().any(|asked| asked == kind))
        };
        let (page, next) = paging.cut(self.changes.iter().filter(wanted).collect(), |change| change.id, 500)?;
        let page = page.into_iter().filter_map(|change| {
            let message = self.find(&change.message).ok()?;
            let (kind, what) = match &change.what {
                What::Added => ("messagesAdded", json!({ "message": message.labelled() })),
                What::Labelled(labels) => ("labelsAdded", json!({ "message": message.labelled(), "labelIds": labels })),
                What::Unlabelled(labels) => {
                    ("labelsRemoved", json!({ "message": message.labelled(), "labelIds": labels }))
                }
            };
            let (id, brief) = (change.id.to_string(), message.brief());
            Some(json!({ "id": id, "messages": [brief], kind: [what] }))
        });
        Ok(listed("history", page.collect(), next, &json!({ "historyId": self.now().to_string() })))
    }
}

/// A list as the API answers it: no member at all where there is nothing in it.
fn listed(name: &str, page: Vec<Value>, next: Option<String>, rest: &Value) -> Value {
    let mut answer = rest.as_object().cloned().unwrap_or_default();
    if !page.is_empty() {
        answer.insert(name.to_owned(), page.into());
    }
    if let Some(next) = next {
        answer.insert("nextPageToken".to_owned(), next.into());
    }
    answer.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(answer: &Value, name: &str) -> usize {
        answer[name].as_array().map_or(0, Vec::len)
    }

    #[test]
    fn pages_of_a_list_and_of_the_history_leave_nothing_out_whatever_arrives_between_them() {
        let mut mailbox = Mailbox::new("ada@mail.example");
        let mail = || Mail::new("a@b.example", "Hello", "there");
        for _ in 0..5 {
            mailbox.put(mail(), None, 0);
        }
        let size = |token: Option<&str>| Paging { max_results: Some(2), page_token: token.map(str::to_owned) };
        let inbox = ["INBOX".to_owned()];
        let first = mailbox.list(&inbox, "", false, &size(None)).unwrap();
        mailbox.put(mail(), None, 0);
        let second = mailbox.list(&inbox, "", false, &size(first["nextPageToken"].as_str())).unwrap();
        let third = mailbox.list(&inbox, "", false, &size(second["nextPageToken"].as_str())).unwrap();
        assert_eq!((ids(&first, "messages"), ids(&second, "messages"), ids(&third, "messages")), (2, 2, 1));
        assert!(third.get("nextPageToken").is_none());

        let all = mailbox.history(&FIRST.to_string(), &[], &Paging::default()).unwrap();
        assert_eq!(ids(&all, "history"), 6);
        mailbox.forget();
        assert!(mailbox.history(&FIRST.to_string(), &[], &Paging::default()).is_err());
        let now = mailbox.profile()["historyId"].as_str().unwrap().to_owned();
        assert_eq!(ids(&mailbox.history(&now, &[], &Paging::default()).unwrap(), "history"), 0);
    }
}
