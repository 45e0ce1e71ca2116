//! Mail to a person's address, through the server that the operator names. Text only: what is told fits in a few lines.

use std::{fmt, time::Duration};

use domain::channel::Answer;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::Error,
};
use runtime::{crypto, mail::MailServer};
use url::Url;

use super::Letter;

/// Longest for one word with the server: all of them together are less than a run of the job may take.
const WAITING: Duration = Duration::from_secs(5);
/// A subject is one line.
const LONGEST_SUBJECT: usize = 150;

/// The way out for mail. Cheap to clone.
#[derive(Clone)]
pub(super) struct Mail {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    dashboard: Option<Url>,
}

impl Mail {
    /// The server of this URL; none where that can't be used, which the log then says.
    pub(super) fn new(named: &MailServer, dashboard: Option<&Url>) -> Option<Self> {
        crypto::install();
        // Neither error is repeated: it may quote the password.
        let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(named.url.reveal());
        let server = server.inspect_err(|_| tracing::error!("SKYTWIN_SMTP_URL can't be used: no mail is sent")).ok()?;
        let from =
            named.from.parse().inspect_err(|_| tracing::error!("SKYTWIN_MAIL_FROM can't be used: no mail is sent"));
        Some(Self { server: server.timeout(Some(WAITING)).build(), from: from.ok()?, dashboard: dashboard.cloned() })
    }

    /// Sends it once.
    pub(super) async fn send(&self, letter: &Letter<'_>) -> Answer {
        let Some(message) = self.message(letter) else {
            return Answer::Refused { why: "Mail can't be sent to such an address.".to_owned() };
        };
        match self.server.send(message).await {
            Ok(_) => Answer::Taken,
            Err(error) => read(&error),
        }
    }

    fn message(&self, letter: &Letter<'_>) -> Option<Message> {
        let to = Mailbox::new(None, letter.channel.address.parse().ok()?);
        // The same for every try, so that a mailbox which gets it twice can tell.
        let id = format!("<{}@{}>", letter.delivery.id, self.from.email.domain());
        // Nobody's machine is to answer it (RFC 3834).
        let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(subject(letter))
            .message_id(Some(id))
            .raw_header(automatic)
            .header(ContentType::TEXT_PLAIN)
            .body(self.text(letter))
            .ok()
    }

    fn text(&self, letter: &Letter<'_>) -> String {
        let parts: Vec<_> = letter.told.iter().map(|one| format!("{}\n{}\n\n", one.title, one.body)).collect();
        let mut text = parts.concat();
        if letter.delivery.is_test() {
            text.push_str("This is a test: what your twin has to tell you will come here, too.\n\n");
        }
        let place = self.dashboard.as_ref().map_or_else(|| "its dashboard".to_owned(), ToString::to_string);
        text.push_str("-- \nYour twin. Answer, and change what is sent here, at ");
        text.push_str(&place);
        text.push('\n');
        text
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("from", &self.from).finish_non_exhaustive()
    }
}

fn subject(letter: &Letter<'_>) -> String {
    let whole = match letter.told {
        [] => "A test of your twin".to_owned(),
        [one] => one.title.clone(),
        [.., last] => format!("{} things, the latest: {}", letter.told.len(), last.title),
    };
    whole.chars().filter(|c| !c.is_control()).take(LONGEST_SUBJECT).collect()
}

/// What the server's words mean. They are not repeated: they may quote what should stay between it and the operator.
fn read(error: &Error) -> Answer {
    let code = error.status().map(|code| format!(" ({code})")).unwrap_or_default();
    tracing::warn!(%error, "mail was not sent");
    if error.is_permanent() {
        return Answer::Refused { why: format!("The mail server refuses it for good{code}.") };
    }
    let why = if error.is_transient() {
        format!("The mail server asks for patience{code}.")
    } else {
        "The mail server can't be reached.".to_owned()
    };
    Answer::Later { why, wait: None }
}
