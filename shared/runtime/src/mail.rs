//! The server that takes mail, as the environment names it.

use url::Url;

use crate::Secret;

/// Where mail is handed over, and who it is from.
#[derive(Clone, Debug)]
pub struct MailServer {
    /// `SKYTWIN_SMTP_URL`, such as `smtps://name:password@host`.
    pub url: Secret,
    /// `SKYTWIN_MAIL_FROM`, such as `skytwin@example.org`.
    pub from: String,
}

impl MailServer {
    /// Reads both settings; what is wrong never repeats the URL, which may hold a password.
    pub(crate) fn read(url: Option<String>, from: Option<String>) -> Result<Option<Self>, String> {
        let Some(url) = url else { return Ok(None) };
        let server = url.parse::<Url>().ok();
        let server = server.filter(|url| matches!(url.scheme(), "smtp" | "smtps") && url.has_host());
        if server.is_none() {
            return Err("SKYTWIN_SMTP_URL: its value is not smtp://host:port or smtps://name:password@host".to_owned());
        }
        match from.filter(|from| is_address(from)) {
            Some(from) => Ok(Some(Self { url: Secret::new(url), from })),
            None => {
                Err("SKYTWIN_MAIL_FROM: SKYTWIN_SMTP_URL needs it to be an address such as skytwin@example.org".into())
            }
        }
    }
}

fn is_address(text: &str) -> bool {
    let parts = text.split_once('@').filter(|(name, host)| !name.is_empty() && !host.is_empty());
    parts.is_some() && !text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_needs_a_sender_and_no_password_is_ever_repeated() {
        let read = |url: &str, from: Option<&str>| MailServer::read(Some(url.into()), from.map(Into::into));
        let server = read("smtps://me:hunter2@mail.example", Some("twin@example.org")).unwrap().unwrap();
        assert!(!format!("{server:?}").contains("hunter2"));
        for (url, from) in [
            ("http://me:hunter2@mail", Some("twin@example.org")),
            ("smtp://hunter2", None),
            ("smtp://m", Some("a b@c")),
        ] {
            assert!(!read(url, from).unwrap_err().contains("hunter2"));
        }
        assert!(MailServer::read(None, Some("twin@example.org".into())).unwrap().is_none());
    }
}
