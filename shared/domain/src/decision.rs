//! Decisions: what a signal led to, with everything that was weighed (`domain.md` §6 "From verdict to outcome").

use serde::{Deserialize, Serialize};

use crate::{
    action::Action,
    explain::Explanation,
    facts::Context,
    id::{DecisionId, PreferenceId, SignalId, UserId},
    policy::Verdict,
    risk::Risk,
    signal::Domain,
    tier::{Confidence, TrustTier},
    time::Timestamp,
    wire::wire_enum,
};

wire_enum! {
    /// What came of a signal.
    Outcome, "outcome" {
        Auto = "auto", Ask = "ask", Alert = "alert", Suggest = "suggest", Inform = "inform", Block = "block",
    }
}

/// A preference that speaks for or against a candidate's verb.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Support {
    /// Which preference.
    pub preference: PreferenceId,
    /// Its key, for the explanation.
    pub key: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// It speaks for (true) or against (false).
    pub speaks_for: bool,
    /// The person said so themselves, or it is confirmed.
    pub stated: bool,
}

/// One thing the twin could do, rated and judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its place within the decision, from 0, best first.
    pub ordinal: u16,
    /// What it would do.
    pub action: Action,
    /// One line for the person: what would happen.
    pub summary: String,
    /// How sure the twin is that the person wants it.
    pub confidence: Confidence,
    /// What speaks for and against.
    pub support: Vec<Support>,
    /// For ranking (`domain.md` §4).
    pub score: i64,
    /// How bad it could be.
    pub risk: Risk,
    /// Required parameters that are missing: not eligible to run without the person.
    pub missing: Vec<String>,
    /// The evaluator's word.
    pub verdict: Verdict,
}

/// What came of one signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Derives from the signal's id: a signal is decided once.
    pub id: DecisionId,
    /// Whose.
    pub user: UserId,
    /// Of which signal.
    pub signal: SignalId,
    /// In which domain.
    pub domain: Domain,
    /// What was found out about the signal.
    pub context: Context,
    /// The effective tier it was decided under.
    pub tier: TrustTier,
    /// What came of it.
    pub outcome: Outcome,
    /// Everything weighed, best first.
    pub candidates: Vec<Candidate>,
    /// The ordinal of what runs or is proposed; none when there is nothing to do.
    pub chosen: Option<u16>,
    /// Why, in words and rules. Always there (`domain.md` §1 law 2).
    pub explanation: Explanation,
    /// When.
    pub decided_at: Timestamp,
}

impl Decision {
    /// What runs or is proposed.
    pub fn chosen(&self) -> Option<&Candidate> {
        self.chosen.and_then(|ordinal| self.candidates.iter().find(|candidate| candidate.ordinal == ordinal))
    }
}
