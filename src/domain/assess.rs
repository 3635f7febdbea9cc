//! The Go/No-Go board: one row a rule, each with a verdict, a sentence, what it rests on, and what to do.
//!
//! It is computed for what would be let go now: promoting an image, publishing a package and cleaning up each name
//! the rules that apply to them. A row that rests on facts that are too old says that it cannot tell.

mod next;
mod rules;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::evidence::{Expected, Verification};
use super::fact::Ask;
use super::outlook::Outlook;
use super::policy::{Left, Policy};
use super::snapshot::Snapshot;
use super::time::Timestamp;

pub use next::{Act, Next};
pub use rules::{RuleInfo, all as rules};

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

/// One rule's answer, of one thing that it looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The rule's name, as the configuration and scripts know it.
    pub id: String,
    /// What it looked at, where it looks at several: a platform, an image, a kind of note.
    pub about: Option<String>,
    /// What it says.
    pub verdict: Verdict,
    /// A few words for the list.
    pub title: String,
    /// One sentence: subject, fact, consequence.
    pub sentence: String,
    /// What to do about it, where something can be done.
    pub remedy: Option<String>,
    /// Short names of what it tells of the evidence, as `verify` has them.
    pub codes: Vec<String>,
    /// What others would say who look at the same, where that differs: one sentence each.
    pub others: Vec<String>,
    /// The questions whose answers it rests on.
    pub rests_on: Vec<Ask>,
    /// When the oldest of those answers was looked up.
    pub seen_at: Option<Timestamp>,
    /// Since when what it tells of has been so, where that matters: the end of a scan.
    pub of: Option<Timestamp>,
}

impl Row {
    fn new(
        id: &str,
        verdict: Verdict,
        title: impl Into<String>,
        sentence: impl Into<String>,
    ) -> Self {
        Self {
            id: id.to_owned(),
            about: None,
            verdict,
            title: title.into(),
            sentence: sentence.into(),
            remedy: None,
            codes: Vec::new(),
            others: Vec::new(),
            rests_on: Vec::new(),
            seen_at: None,
            of: None,
        }
    }

    fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    fn about(mut self, about: impl Into<String>) -> Self {
        self.about = Some(about.into());
        self
    }

    fn codes(mut self, codes: impl IntoIterator<Item = String>) -> Self {
        self.codes.extend(codes);
        self
    }

    fn rests_on(mut self, asks: impl IntoIterator<Item = Ask>) -> Self {
        self.rests_on.extend(asks);
        self
    }

    /// What tells the row from every other of the board.
    pub fn key(&self) -> String {
        match &self.about {
            Some(about) => format!("{}:{about}", self.id),
            None => self.id.clone(),
        }
    }
}

/// The board of the watched release.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Board {
    /// What would be let go.
    pub next: Next,
    /// The rows, worst first, each verdict in the order of the rules.
    pub rows: Vec<Row>,
}

impl Board {
    /// Asks every rule. `stale` are the questions whose answers are too old to decide by.
    pub fn of(
        snapshot: &Snapshot,
        policy: &Policy,
        outlook: &Outlook,
        stale: &BTreeSet<Ask>,
    ) -> Self {
        Self::with_rules(snapshot, policy, outlook, stale, |_| true)
    }

    /// Asks the rules of these names alone.
    pub fn with_rules(
        snapshot: &Snapshot,
        policy: &Policy,
        outlook: &Outlook,
        stale: &BTreeSet<Ask>,
        is_asked: impl Fn(&str) -> bool,
    ) -> Self {
        let next = Next::of(snapshot, outlook);
        Self::asked(snapshot, policy, outlook, stale, next, is_asked)
    }

    /// What the rules say of one act, whether or not it is what comes next.
    pub fn before(
        act: Act,
        snapshot: &Snapshot,
        policy: &Policy,
        outlook: &Outlook,
        stale: &BTreeSet<Ask>,
    ) -> Self {
        let next = Next {
            run: outlook.run,
            acts: BTreeSet::from([act]),
            ..Next::default()
        };
        Self::asked(snapshot, policy, outlook, stale, next, |_| true)
    }

    fn asked(
        snapshot: &Snapshot,
        policy: &Policy,
        outlook: &Outlook,
        stale: &BTreeSet<Ask>,
        next: Next,
        is_asked: impl Fn(&str) -> bool,
    ) -> Self {
        let scene = rules::Scene {
            snapshot,
            policy,
            outlook,
            next: &next,
        };
        let asked = rules::ALL.iter().filter(|rule| is_asked(rule.info.id));
        let mut rows: Vec<Row> = asked
            .filter(|rule| rule.applies_to(&next))
            .flat_map(|rule| {
                let mut rows = (rule.ask)(&scene);
                for row in &mut rows {
                    date(row, snapshot);
                    if !rule.info.is_told_when_old {
                        doubt(row, stale);
                    }
                }
                except(rows, &rule.info, policy)
            })
            .filter(|row| row.verdict != Verdict::NotApplicable)
            .collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.verdict));
        Self { next, rows }
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

/// What the rules about evidence say of one judged image, whatever else is known of the release.
pub fn of_evidence(found: &Verification, policy: &Policy, expected: &Expected) -> Vec<Row> {
    let mut rows = rules::of_evidence(found, policy, expected);
    rows.retain(|row| row.verdict != Verdict::NotApplicable);
    rows
}

/// Writes down how old the oldest answer is that a row rests on.
fn date(row: &mut Row, snapshot: &Snapshot) {
    let seen = row
        .rests_on
        .iter()
        .map(|ask| snapshot.standing(ask).seen_at);
    row.seen_at = seen.flatten().min();
}

/// What rests on an answer that is too old cannot be told any more; what it said stays in the sentence.
fn doubt(row: &mut Row, stale: &BTreeSet<Ask>) {
    let is_old = row.rests_on.iter().any(|ask| stale.contains(ask));
    if is_old && matches!(row.verdict, Verdict::Go | Verdict::Warn | Verdict::NoGo) {
        row.verdict = Verdict::Unknown;
        row.title = format!("stale: {}", row.title);
        row.sentence = format!(
            "This was so when last seen, too long ago to decide by: {}",
            row.sentence
        );
        row.remedy = Some("Look again; see what is wrong with the service.".to_owned());
    }
}

/// What the user switched off or down is told as that, with the reason.
fn except(rows: Vec<Row>, rule: &RuleInfo, policy: &Policy) -> Vec<Row> {
    let Some(exception) = policy.exceptions.get(rule.id).filter(|_| !rule.is_firm) else {
        return rows;
    };
    let reason = &exception.reason;
    match exception.left {
        Left::Nothing => vec![Row::new(
            rule.id,
            Verdict::Warn,
            format!("{} is switched off", rule.id),
            format!(
                "The rule `{}` is switched off in the configuration: {reason}",
                rule.id
            ),
        )],
        Left::Warning => rows
            .into_iter()
            .map(|mut row| {
                if matches!(row.verdict, Verdict::NoGo | Verdict::Unknown) {
                    row.verdict = Verdict::Warn;
                    row.sentence =
                        format!("{} It only warns, as configured: {reason}", row.sentence);
                }
                row
            })
            .collect(),
    }
}
