//! Actions: a verb of the catalogue with its parameters and its cost. Everything about a verb stands in its row (`catalogue.rs`).

use serde::{Deserialize, Serialize};

use crate::{
    catalogue,
    digest::Digest,
    money::{Currency, Money},
    signal::{Domain, Object},
    situation::strings,
    words,
};

pub use crate::catalogue::Verb;

/// What an action costs the person. Unknown counts as above every limit (`domain.md` §1 law 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Cost {
    /// Nothing.
    Free,
    /// This much; always positive.
    Known {
        /// Cents.
        cents: i64,
        /// Of which currency.
        currency: Currency,
    },
    /// Nobody knows.
    Unknown,
}

impl Cost {
    /// A known amount; zero and money coming in are free.
    pub const fn of(amount: Money) -> Self {
        if amount.cents <= 0 { Self::Free } else { Self::Known { cents: amount.cents, currency: amount.currency } }
    }

    /// The known amount, if there is one to pay.
    pub const fn known(self) -> Option<Money> {
        match self {
            Self::Known { cents, currency } => Some(Money::new(cents, currency)),
            Self::Free | Self::Unknown => None,
        }
    }
}

/// Something the twin could do, complete enough to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// What.
    pub verb: Verb,
    /// In which domain it counts: the catalogue's, or the situation's for verbs that serve several.
    pub domain: Domain,
    /// With what; carries every id needed to run.
    pub parameters: Object,
    /// For how much.
    pub cost: Cost,
}

impl Action {
    /// SHA-256 over the action with sorted keys: what a person consented to, exactly.
    pub fn digest(&self) -> Digest {
        Digest::of(self)
    }

    /// Whom it is a reply to, by its own parameters; nobody where it is none, or names none.
    pub fn addressees(&self) -> Vec<&str> {
        let names = catalogue::spec(self.verb).parameters.iter().filter(|parameter| parameter.answers);
        names.filter_map(|parameter| self.parameters.get(parameter.name)).flat_map(strings).collect()
    }

    /// The same in a sentence, such as ` to kim@work.example and 2 more`.
    pub(crate) fn direction(&self) -> String {
        const NAMED: usize = 3;
        let all = self.addressees();
        let mut named: Vec<String> = all.iter().take(NAMED).map(|one| words::ending(one)).collect();
        if all.len() > NAMED {
            named.push(format!("{} more", all.len() - NAMED));
        }
        match named.split_last() {
            None => String::new(),
            Some((last, [])) => format!(" to {last}"),
            Some((last, others)) => format!(" to {} and {last}", others.join(", ")),
        }
    }

    /// One line for the person: what, to whom, with which thing, for how much.
    pub fn in_words(&self) -> String {
        const NAMES: [&str; 9] =
            ["service", "title", "subject", "task_name", "document_name", "name", "vendor", "payee", "device"];
        let named = NAMES.iter().find_map(|name| self.parameters.get(*name)?.as_str());
        let named = named.map(|name| format!(": {}", words::shortened(name))).unwrap_or_default();
        let cost = self.cost.known().filter(|money| money.cents > 0);
        let cost = cost.map(|money| format!(" ({money})")).unwrap_or_default();
        format!("{}{}{named}{cost}", catalogue::spec(self.verb).phrase, self.direction())
    }
}
