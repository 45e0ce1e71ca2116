//! The catalogue: one row per verb, and everything the rest of the domain may know about a verb (`domain.md` §4).
//!
//! Invariant: reversibility, reach and what a verb needs stand here and nowhere else, so prose in a signal can never
//! make an action look safer than it is. Risk and policy read columns, never verbs; a verb without a row does not compile.

mod columns;
mod parameters;
mod rows;

#[cfg(test)]
mod tests;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

pub use self::{
    parameters::{absent, compensation, cost_of, missing, read, with_parameters},
    rows::Verb,
};
use crate::{risk::RiskTier, signal::Domain, wire::wire_enum};

/// Undo of mail is offered for 30 s (`domain.md` §4).
pub const MAIL_GRACE: TimeDelta = TimeDelta::seconds(30);
/// Undo in the calendar is offered for 5 min.
pub const CALENDAR_GRACE: TimeDelta = TimeDelta::minutes(5);
/// Undo of money is offered for 1 h, where the engine supports it.
pub const MONEY_GRACE: TimeDelta = TimeDelta::hours(1);
/// Undo of files and tasks is offered for 24 h.
pub const FILES_GRACE: TimeDelta = TimeDelta::hours(24);

/// One thing wrong with what was given: where (a JSON pointer) and what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invalid {
    /// JSON pointer such as `/parameters/message_id`.
    pub path: String,
    /// What is wrong and what to do.
    pub reason: String,
}

/// Whom or what a verb touches. Ordered by how far it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Reads and reports to the person.
    ReadOnly,
    /// The person's own data.
    OwnData,
    /// Other people notice.
    OtherPeople,
    /// Money moves or is promised.
    Money,
    /// Something happens in the physical world.
    Physical,
}

/// Whether it can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reversibility {
    /// By a compensation without a deadline.
    Full,
    /// By a compensation within this time of its success.
    Window(TimeDelta),
    /// Not at all.
    No,
}

/// What kind of deed it is: rates irreversibility when it can't be taken back (`domain.md` §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Changes, files, records.
    Change,
    /// Sends, publishes or submits something.
    Submit,
    /// Deletes, cancels or terminates something.
    Destroy,
    /// Lets others see or have something.
    Share,
    /// Pays, orders, books.
    Spend,
}

/// Where data goes, for privacy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Movement {
    /// Data stays where it is.
    Stays,
    /// Data is sent to or opened for somebody.
    Sent,
    /// Data is made public.
    Public,
    /// Data is taken out of the system that keeps it.
    Exported,
}

/// Kinds of deed that are never done without the person, at no tier (`domain.md` §6 rule 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Never {
    /// Data is deleted.
    DeletesData,
    /// Money goes to another party by its very nature.
    MovesMoney,
    /// Money goes to a payee, which is fine once they were paid before.
    PaysPayee,
    /// Something is unlocked or disarmed.
    Unlocks,
    /// Security settings or permissions change.
    ChangesSecurity,
    /// Data crosses contexts or goes to third parties by its very nature.
    SharesAcrossContexts,
    /// A medical decision.
    Medical,
    /// A legal commitment by its very nature.
    CommitsLegally,
}

/// Where the cost of an action comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CostFrom {
    /// It costs nothing, whatever amounts the signal speaks of.
    Nothing,
    /// The `cost_cents` and `currency` among its parameters; without them the cost is unknown.
    Parameters,
    /// The same, but without them it costs nothing: a fee that has to be named to exist.
    Fee,
}

wire_enum! {
    /// What a parameter must look like.
    Shape, "shape" {
        /// A text or number that names a thing, or a list of them.
        Id = "id",
        /// A text that is not empty.
        Text = "text",
        /// A number, or a text that is one.
        Number = "number",
        /// Whole cents, zero or more.
        Cents = "cents",
        /// An ISO 4217 code.
        Currency = "currency",
        /// A list that is not empty, or one text for a list of one.
        List = "list",
        /// True or false.
        Flag = "flag",
        /// Anything but null.
        Any = "any",
    }
}

/// One parameter of a verb.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its canonical name.
    pub name: &'static str,
    /// Other names a payload may use, in `snake_case`; camelCase is folded before comparing.
    pub aliases: &'static [&'static str],
    /// What it must look like.
    pub shape: Shape,
    /// Without it the action can't run.
    pub required: bool,
    /// It says on what the action is done: a person's edit can't point the action at something else.
    pub target: bool,
    /// Another parameter from which the engine can find this one once a person has agreed; never good enough for auto.
    pub instead: Option<&'static str>,
    /// Whom it goes to: where a mail names nobody else for it, that is where answers to the mail go.
    pub answers: bool,
}

/// The words of preference keys that speak for a verb (`domain.md` §4).
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// Words for doing it, such as `archive`.
    pub acts: &'static [&'static str],
    /// Words for what it is done to; they narrow nothing.
    pub nouns: &'static [&'static str],
    /// Words that name the verb without a word for doing, such as `thermostat`.
    pub topics: &'static [&'static str],
}

/// One row: everything about a verb.
#[expect(clippy::struct_excessive_bools, reason = "columns of a table: each is a yes or no of its own")]
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// The verb.
    pub verb: Verb,
    /// The domain it counts in.
    pub domain: Domain,
    /// Whom or what it touches.
    pub reach: Reach,
    /// Whether undo is offered, and how long.
    pub reversibility: Reversibility,
    /// What reverses it.
    pub compensation: Option<Verb>,
    /// What kind of deed it is.
    pub deed: Deed,
    /// Whether it moves data.
    pub movement: Movement,
    /// Base risk: how much other people may mind.
    pub relationship: RiskTier,
    /// Base risk: how much may go wrong in how things work.
    pub operational: RiskTier,
    /// What keeps it from ever being done alone.
    pub never: &'static [Never],
    /// Where its cost comes from.
    pub cost: CostFrom,
    /// Serves several domains: counts in the domain of the situation that calls for it.
    pub anywhere: bool,
    /// A harmless helper: never done instead of what was asked for.
    pub stand_in: bool,
    /// Speaks in public in the person's name: always asked, with the draft inside.
    pub speaks_publicly: bool,
    /// What it takes.
    pub parameters: &'static [Parameter],
    /// Which preference keys speak for it.
    pub words: Words,
    /// What it is called in a sentence, such as `archive the mail`.
    pub phrase: &'static str,
    final_anyway: bool,
}

impl Spec {
    /// Counts as irreversible for risk and rule 7, even where undo is offered for a while (`domain.md` §4).
    pub const fn counts_irreversible(&self) -> bool {
        self.final_anyway || matches!(self.reach, Reach::Money) || matches!(self.reversibility, Reversibility::No)
    }

    /// How long undo is offered after success: `None` without a limit, and nothing for what can't be undone.
    pub const fn grace(&self) -> Option<TimeDelta> {
        match self.reversibility {
            Reversibility::Full => None,
            Reversibility::Window(grace) => Some(grace),
            Reversibility::No => Some(TimeDelta::zero()),
        }
    }

    /// Whether it does nothing but read and report to the person.
    pub const fn is_read_only(&self) -> bool {
        matches!(self.reach, Reach::ReadOnly)
    }

    /// Whether it moves data to somebody or somewhere.
    pub const fn moves_data(&self) -> bool {
        !matches!(self.movement, Movement::Stays)
    }

    /// Whether this is one of the things never done alone.
    pub fn never(&self, kind: Never) -> bool {
        self.never.contains(&kind)
    }

    /// The parameter of this canonical name.
    pub fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }
}

/// The row of a verb.
pub const fn spec(verb: Verb) -> &'static Spec {
    verb.spec()
}
