//! The Go/No-Go board: one row a rule, each with a verdict, a sentence, and what to do.
//!
//! It holds the facts that are known so far; what needs signatures and attestations is a row that
//! says it cannot tell, so that the board never claims more than was looked at.

mod rules;

use serde::{Deserialize, Serialize};

use super::outlook::Outlook;
use super::policy::Policy;
use super::snapshot::Snapshot;

/// What a rule says. The worst verdict of a board is its own: NO-GO beats unknown beats GO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The rule says nothing about this release now.
    NotApplicable,
    /// It holds.
    Go,
    /// It holds, and a person should know something.
    Warn,
    /// It cannot be told.
    Unknown,
    /// It does not hold.
    NoGo,
}

/// One rule's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The rule's name, as the configuration and scripts know it.
    pub id: String,
    /// What it says.
    pub verdict: Verdict,
    /// A few words for the list.
    pub title: String,
    /// One sentence: subject, fact, consequence.
    pub sentence: String,
    /// What to do about it, where something can be done.
    pub remedy: Option<String>,
}

/// The board of the watched release.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Board {
    /// The rows, worst first, each verdict in the order of the rules.
    pub rows: Vec<Row>,
}

impl Board {
    /// Asks every rule.
    pub fn of(snapshot: &Snapshot, policy: &Policy, outlook: &Outlook) -> Self {
        let mut rows: Vec<Row> = rules::ALL
            .iter()
            .map(|rule| rule(snapshot, policy, outlook))
            .filter(|row| row.verdict != Verdict::NotApplicable)
            .collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.verdict));
        Self { rows }
    }

    /// The board's own verdict; unknown while it has no rows.
    pub fn verdict(&self) -> Verdict {
        match self.rows.iter().map(|row| row.verdict).max() {
            None | Some(Verdict::NotApplicable) => Verdict::Unknown,
            Some(Verdict::Warn) => Verdict::Go,
            Some(verdict) => verdict,
        }
    }

    /// The row that decides the verdict.
    pub fn decisive(&self) -> Option<&Row> {
        self.rows.first()
    }

    /// Rows that hold, of all rows.
    pub fn held(&self) -> (usize, usize) {
        let held = self
            .rows
            .iter()
            .filter(|row| matches!(row.verdict, Verdict::Go | Verdict::Warn))
            .count();
        (held, self.rows.len())
    }
}
