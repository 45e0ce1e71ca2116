//! Messages: how one arrives, how it is kept, and how the Gmail API shows it.

use std::collections::BTreeSet;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// `raw` comes with padding or without.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A mail on its way in.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    pub(super) headers: Vec<(String, String)>,
    pub(super) labels: Vec<String>,
    pub(super) text: Option<String>,
    pub(super) html: Option<String>,
    pub(super) attachments: Vec<String>,
}

impl Mail {
    /// One in plain text.
    pub fn new(from: &str, subject: &str, text: &str) -> Self {
        let headers = [("From", from), ("Subject", subject)];
        Self {
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            labels: vec!["INBOX".to_owned(), "UNREAD".to_owned()],
            text: Some(text.to_owned()),
            ..Self::default()
        }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With one more label, such as `CATEGORY_PROMOTIONS`.
    #[must_use]
    pub fn label(mut self, label: &str) -> Self {
        self.labels.push(label.to_owned());
        self
    }

    /// In HTML alone.
    #[must_use]
    pub fn html(self, html: &str) -> Self {
        Self { html: Some(html.to_owned()), text: None, ..self }
    }

    /// With a file of this name.
    #[must_use]
    pub fn attachment(mut self, name: &str) -> Self {
        self.attachments.push(name.to_owned());
        self
    }

    /// Reads an RFC 5322 message in base64url, as `raw` carries it.
    pub(super) fn parse(raw: &str) -> Option<Self> {
        let text = String::from_utf8(LENIENT.decode(raw).ok()?).ok()?.replace("\r\n", "\n");
        let (head, body) = text.split_once("\n\n")?;
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in head.lines() {
            if let (true, Some((_, value))) = (line.starts_with([' ', '\t']), headers.last_mut()) {
                value.push(' ');
                value.push_str(line.trim());
            } else {
                let (name, value) = line.split_once(':')?;
                headers.push((name.to_owned(), value.trim().to_owned()));
            }
        }
        let encoded =
            header(&headers, "Content-Transfer-Encoding").is_some_and(|how| how.eq_ignore_ascii_case("base64"));
        let body = if encoded {
            String::from_utf8(BASE64_STANDARD.decode(body.replace('\n', "")).ok()?).ok()?
        } else {
            body.to_owned()
        };
        Some(Self { headers, text: Some(body), ..Self::default() })
    }
}

/// A mail that is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) thread: String,
    pub(super) labels: BTreeSet<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) text: Option<String>,
    pub(super) html: Option<String>,
    pub(super) attachments: Vec<String>,
    /// Milliseconds of the epoch.
    pub(super) at: i64,
    pub(super) history: u64,
}

fn header<'m>(headers: &'m [(String, String)], name: &str) -> Option<&'m str> {
    headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

impl Message {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// What a list says of it.
    pub(super) fn brief(&self) -> Value {
        json!({ "id": self.id, "threadId": self.thread })
    }

    /// What a change of it is answered with.
    pub(super) fn labelled(&self) -> Value {
        json!({ "id": self.id, "threadId": self.thread, "labelIds": self.labels })
    }

    /// In one of the documented formats: `minimal`, `metadata`, or in full.
    pub(super) fn shown(&self, format: &str) -> Value {
        let plain = self.text.as_deref().or(self.html.as_deref()).unwrap_or_default();
        let snippet: String = plain.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect();
        let mut shown = json!({ "id": self.id, "threadId": self.thread, "labelIds": self.labels, "snippet": snippet,
            "historyId": self.history.to_string(), "internalDate": self.at.to_string(), "sizeEstimate": plain.len() });
        if let (false, Some(fields)) = (format == "minimal", shown.as_object_mut()) {
            fields.insert("payload".to_owned(), self.payload(format == "full"));
        }
        shown
    }

    fn payload(&self, full: bool) -> Value {
        let headers: Vec<Value> =
            self.headers.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        let mut parts = Vec::new();
        for (kind, text) in [("text/plain", &self.text), ("text/html", &self.html)] {
            if let Some(text) = text {
                let body = json!({ "size": text.len(), "data": BASE64_URL_SAFE.encode(text) });
                parts.push(json!({ "partId": parts.len().to_string(), "mimeType": kind, "filename": "", "headers": [], "body": body }));
            }
        }
        for name in &self.attachments {
            let body = json!({ "size": 1, "attachmentId": format!("att-{name}") });
            parts.push(
                json!({ "partId": parts.len().to_string(), "mimeType": "application/octet-stream", "filename": name,
                "headers": [], "body": body }),
            );
        }
        let empty = json!({ "size": 0 });
        let mut payload = match parts.as_slice() {
            [one] if self.attachments.is_empty() => {
                json!({ "partId": "", "mimeType": one["mimeType"], "filename": "", "headers": headers, "body": one["body"] })
            }
            _ => {
                json!({ "partId": "", "mimeType": "multipart/mixed", "filename": "", "headers": headers, "body": empty, "parts": parts })
            }
        };
        if let (false, Some(fields)) = (full, payload.as_object_mut()) {
            fields.retain(|name, _| matches!(name.as_str(), "mimeType" | "headers"));
        }
        payload
    }

    /// Whether it is one of those that a search asks for: the operators that programs use, and plain words.
    pub(super) fn answers(&self, q: &str) -> bool {
        let bare = |id: &str| id.trim_matches(['<', '>']).to_owned();
        let holds = |name: &str, word: &str| {
            self.header(name).is_some_and(|value| value.to_lowercase().contains(&word.to_lowercase()))
        };
        q.split_whitespace().all(|term| match term.split_once(':') {
            Some(("rfc822msgid", id)) => self.header("Message-ID").is_some_and(|own| bare(own) == bare(id)),
            Some(("in" | "label" | "is", label)) => self.labels.contains(&label.to_uppercase()),
            Some((name @ ("from" | "to" | "subject"), word)) => holds(name, word),
            _ => holds("subject", term) || self.text.as_deref().is_some_and(|text| text.contains(term)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_message_is_read_with_folded_headers_and_an_encoded_body() {
        let raw = "To: a@b.example\r\nMessage-ID: <x@y>\r\nSubject: one\r\n two\r\nContent-Transfer-Encoding: base64\r\n\r\nR3LDvMOfZQ==\r\n";
        let mail = Mail::parse(&BASE64_URL_SAFE.encode(raw)).unwrap();
        assert_eq!(header(&mail.headers, "subject"), Some("one two"));
        assert_eq!(mail.text.as_deref(), Some("Grüße"));
        assert!(Mail::parse("%%").is_none());
    }
}
