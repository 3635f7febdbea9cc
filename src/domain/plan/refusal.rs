//! Why something cannot be done now, and what would let it be done.

use serde::{Deserialize, Serialize};

/// A change that is not possible now.
///
/// The same sentence greys the key in the cockpit and is printed by the command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{what}")]
pub struct Refusal {
    /// What kind of obstacle it is.
    pub kind: RefusalKind,
    /// What blocks, in one sentence.
    pub what: String,
    /// What would unblock it.
    pub unblock: String,
    /// The board's rules that say no, where those are the obstacle.
    pub rules: Vec<String>,
}

/// What kind of obstacle stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// There is nothing to do.
    Nothing,
    /// The world is not as it must be.
    Precondition,
    /// A fact is missing or too old.
    CannotTell,
    /// The board says no; an override with a reason would do.
    NoGo,
    /// The board says no by a rule that nobody overrides.
    Firm,
    /// The viewer may not.
    NotAllowed,
    /// Several are meant, and one has to be named.
    Ambiguous,
    /// Nothing is changed in this session.
    ReadOnly,
}

impl Refusal {
    /// A refusal of this kind.
    pub fn new(kind: RefusalKind, what: impl Into<String>, unblock: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            unblock: unblock.into(),
            rules: Vec::new(),
        }
    }

    /// The same, by these rules.
    #[must_use]
    pub fn by(mut self, rules: impl IntoIterator<Item = String>) -> Self {
        self.rules.extend(rules);
        self
    }
}
