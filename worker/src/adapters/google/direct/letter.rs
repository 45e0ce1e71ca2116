//! A reply as it goes over the wire: RFC 5322, with nothing of anybody else's in its headers but what is a header. Pure.

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};

/// Characters a line of the body has.
const LINE: usize = 76;

/// A reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) to: Vec<String>,
    pub(super) subject: String,
    pub(super) message_id: String,
    /// The Message-ID of what it answers.
    pub(super) answers: Option<String>,
    /// The Message-IDs before that one.
    pub(super) references: Option<String>,
    pub(super) text: String,
}

impl Letter {
    /// In base64url, as the Gmail API takes it.
    pub(super) fn raw(&self) -> String {
        let subject = if self.subject.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:")) {
            self.subject.clone()
        } else {
            format!("Re: {}", self.subject)
        };
        let mut headers = vec![
            ("To", self.to.iter().map(|to| plain(to)).collect::<Vec<_>>().join(", ")),
            ("Subject", encoded(&plain(&subject))),
            ("Message-ID", self.message_id.clone()),
        ];
        if let Some(answers) = self.answers.as_deref().map(plain) {
            let references = self.references.as_deref().map(plain).unwrap_or_default();
            headers.push(("References", format!("{references} {answers}").trim().to_owned()));
            headers.push(("In-Reply-To", answers));
        }
        headers.push(("MIME-Version", "1.0".to_owned()));
        headers.push(("Content-Type", "text/plain; charset=utf-8".to_owned()));
        headers.push(("Content-Transfer-Encoding", "base64".to_owned()));
        let head: Vec<String> = headers.into_iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let mut body = BASE64_STANDARD.encode(self.text.replace("\r\n", "\n").replace('\n', "\r\n"));
        let mut lines = Vec::new();
        while body.len() > LINE {
            let rest = body.split_off(LINE);
            lines.push(std::mem::replace(&mut body, rest));
        }
        lines.push(body);
        BASE64_URL_SAFE_NO_PAD.encode(format!("{}\r\n{}\r\n", head.concat(), lines.join("\r\n")))
    }
}

/// On one line: a line break in a header would begin another header.
fn plain(value: &str) -> String {
    value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

/// As an encoded word where it is not plain ASCII; words are short enough for one line each.
fn encoded(value: &str) -> String {
    if value.is_ascii() {
        return value.to_owned();
    }
    let chars: Vec<char> = value.chars().collect();
    let words =
        chars.chunks(11).map(|word| format!("=?UTF-8?B?{}?=", BASE64_STANDARD.encode(word.iter().collect::<String>())));
    words.collect::<Vec<_>>().join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(letter: &Letter) -> String {
        String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(letter.raw()).unwrap()).unwrap()
    }

    #[test]
    fn a_reply_belongs_to_what_it_answers_and_keeps_every_letter() {
        let letter = Letter {
            to: vec!["kim@work.example".into()],
            subject: "Grüße aus dem sehr langen Süden".into(),
            message_id: "<1@skytwin.invalid>".into(),
            answers: Some("<b@work.example>".into()),
            references: Some("<a@work.example>".into()),
            text: "Schön!\nBis bald".into(),
        };
        let sent = read(&letter);
        assert!(
            sent.contains("\r\nReferences: <a@work.example> <b@work.example>\r\nIn-Reply-To: <b@work.example>\r\n"),
            "{sent}"
        );
        assert!(sent.contains("Subject: =?UTF-8?B?") && sent.is_ascii(), "{sent}");
        let body = sent.split_once("\r\n\r\n").unwrap().1.replace("\r\n", "");
        assert_eq!(BASE64_STANDARD.decode(body).unwrap(), "Schön!\r\nBis bald".as_bytes());
    }

    #[test]
    fn nobody_writes_headers_through_a_subject_or_an_address() {
        let letter = Letter {
            to: vec!["kim@work.example\r\nBcc: all@work.example".into()],
            subject: "Re: Hello\nBcc: all@work.example".into(),
            ..Letter::default()
        };
        let sent = read(&letter);
        assert!(!sent.contains("\nBcc:"), "{sent}");
        assert!(sent.contains("Subject: Re: Hello Bcc"), "one prefix, one line: {sent}");
    }
}
