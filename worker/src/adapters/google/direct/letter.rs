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
            ("To", self.to.iter().map(|to| mailbox(to)).collect::<Vec<_>>().join(", ")),
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

/// A recipient, whose name may be in any alphabet; what is not plainly one name and one address stays as it is.
fn mailbox(to: &str) -> String {
    let to = plain(to);
    match to.rsplit_once('<') {
        Some((name, address)) if !name.is_ascii() && !name.contains(['<', '@']) => {
            format!("{} <{address}", encoded(name.trim().trim_matches('"')))
        }
        _ => to,
    }
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
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn whatever_a_letter_says_its_headers_are_ours_and_its_text_arrives(
            to in prop::collection::vec(fuzz::text_of(&["kim@work.example", "Kim <", ">", "\r\nBcc: all@work.example", ", "]), 1..3),
            lines in prop::collection::vec(fuzz::text_of(&["Re: ", "\r\n", "\n", "\nBcc: x", "<a@b>", "\u{85}", "\u{2028}"]), 4),
        ) {
            let [subject, answers, references, text] = <[String; 4]>::try_from(lines).unwrap();
            let message_id = "<1@skytwin.invalid>".to_owned();
            let letter = Letter { to, subject, message_id, answers: Some(answers), references: Some(references), text: text.clone() };
            let sent = read(&letter);
            let (head, body) = sent.split_once("\r\n\r\n").unwrap();
            let names: Vec<_> = head.split("\r\n").filter(|line| !line.starts_with(' ')).map(|line| line.split_once(": ").map(|(name, _)| name)).collect();
            let ours = ["To", "Subject", "Message-ID", "References", "In-Reply-To", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"];
            prop_assert_eq!(names, ours.map(Some), "{}", head);
            prop_assert!(!head.replace("\r\n", "").contains(char::is_control), "{head:?}");
            let wanted = text.replace("\r\n", "\n").replace('\n', "\r\n");
            prop_assert_eq!(BASE64_STANDARD.decode(body.replace("\r\n", "")).unwrap(), wanted.as_bytes());
        }
    }

    fn read(letter: &Letter) -> String {
        String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(letter.raw()).unwrap()).unwrap()
    }

    #[test]
    fn a_reply_belongs_to_what_it_answers_and_keeps_every_letter() {
        let letter = Letter {
            to: vec!["\"Jürgen\" <kim@work.example>".into()],
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
        assert!(sent.starts_with("To: =?UTF-8?B?SsO8cmdlbg==?= <kim@work.example>\r\n"), "{sent}");
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
