//! How a process hears of others. LISTEN needs a connection of its own to the server itself, which a proxy that pools
//! transactions can't give; so it may go past the proxy, or there may be none, and everything is found by polling.

use crate::{Config, Secret};

/// Where to hear what other processes say, if not where the database is.
#[derive(Clone, Debug)]
pub enum Ears {
    /// At the server itself.
    At(Secret),
    /// `off`: nowhere.
    Off,
}

impl Ears {
    /// `off`, or the address of a server.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "off" { Some(Self::Off) } else { super::database_url(text).map(Self::At) }
    }
}

impl Config {
    /// The server to listen at, for a process that works on this database; none means polling.
    pub fn listens_at<'c>(&'c self, database: &'c Secret) -> Option<&'c str> {
        match &self.ears {
            None => Some(database.reveal()),
            Some(Ears::At(url)) => Some(url.reveal()),
            Some(Ears::Off) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_listens_where_its_database_is_unless_it_is_told_otherwise() {
        let database = Secret::new("postgres://u:p@proxy:6432/skytwin");
        let listens_at = |value: &str| {
            let variables = [("SKYTWIN_LISTEN_DATABASE_URL".to_owned(), value.to_owned())];
            Config::read(variables).map(|config| config.listens_at(&database).map(str::to_owned)).ok()
        };
        assert_eq!(listens_at(""), Some(Some(database.reveal().to_owned())));
        assert_eq!(listens_at("postgres://u:p@server/skytwin"), Some(Some("postgres://u:p@server/skytwin".to_owned())));
        assert_eq!(listens_at("off"), Some(None));
        assert_eq!(listens_at("of"), None, "a slip is no setting");
    }
}
