//! A change as a value before it is an act: what it does, what must hold before, what will hold after, how it is undone.
//!
//! An [`Intent`] becomes a [`Plan`] or a [`Refusal`] by pure functions; [`confirm`] makes it one that may be carried
//! out; the door carries it out and nothing else can.

mod action;
mod allowed;
mod cleanup;
mod condition;
mod confirm;
mod ground;
mod intent;
mod make;
mod promote;
mod refusal;
mod registry;
mod review;
mod rollback;
mod run_control;
pub mod stand_in;
mod undo;
mod weigh;
mod words;

pub use action::{Action, CancelHow, Debugging, Decision, Gate, Mark, Rerun, Tagged};
pub use condition::{Condition, RunState};
pub use confirm::{Confirmed, NotConfirmed, Proof, confirm, confirm_again};
pub use ground::Ground;
pub use intent::{Intent, Target, Verb, What};
pub use make::{make, needs};
pub use refusal::{Refusal, RefusalKind};

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use super::fact::Ask;
use super::ids::{RepoSlug, RunId};
use super::time::{Timestamp, after};

/// How long a plan may wait for its confirmation.
pub const LIFE: Duration = Duration::from_secs(15 * 60);

/// What tells one plan from every other: the start of a hash of its content.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlanId(String);

/// Not the id of a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a plan: `gonogo journal list` prints their ids")]
pub struct NotAPlan(String);

impl PlanId {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PlanId {
    type Err = NotAPlan;

    fn from_str(text: &str) -> Result<Self, NotAPlan> {
        let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if (4..=12).contains(&text.len()) && text.bytes().all(is_hex) {
            Ok(Self(text.to_owned()))
        } else {
            let clipped = text.chars().filter(|c| !c.is_control()).take(40).collect();
            Err(NotAPlan(clipped))
        }
    }
}

impl TryFrom<String> for PlanId {
    type Error = NotAPlan;

    fn try_from(text: String) -> Result<Self, NotAPlan> {
        text.parse()
    }
}

impl From<PlanId> for String {
    fn from(id: PlanId) -> Self {
        id.0
    }
}

impl fmt::Display for PlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A change to the outside world, step by step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Its name.
    pub id: PlanId,
    /// What was asked for.
    pub intent: Intent,
    /// What it is about.
    pub about: About,
    /// What it does, in one sentence.
    pub title: String,
    /// The revision of the snapshot that it was made from.
    pub revision: u64,
    /// When it was made.
    pub made_at: Timestamp,
    /// Until when it can be confirmed.
    pub expires_at: Timestamp,
    /// What has to be typed to confirm it: the version.
    pub phrase: Option<String>,
    /// The rules that said no and were overridden, and why.
    pub overridden: Option<Override>,
    /// What a person should know: what is left alone and why, what cannot be undone.
    pub notes: Vec<String>,
    /// What is done, in this order.
    pub steps: Vec<Step>,
    /// The questions whose answers it was made from.
    pub rests_on: Vec<Ask>,
    /// Where it takes another plan back: which of that plan's steps each of its own takes back.
    #[serde(default)]
    pub takes_back: Vec<usize>,
}

/// The release that a plan is about: one plan at a time may change it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct About {
    /// The repository.
    pub repo: RepoSlug,
    /// The version, where one is known.
    pub version: Option<String>,
    /// The run, where it is about one.
    pub run: Option<RunId>,
}

/// Rules that said no, and the reason to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// Names of the rules.
    pub rules: Vec<String>,
    /// Why, in the words of whoever decided it.
    pub reason: String,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// What must hold right before; looked up then.
    pub before: Vec<Condition>,
    /// What holds once it is done; looked up then.
    pub after: Vec<Condition>,
    /// How it is taken back.
    pub undo: Undo,
    /// Whether it may be sent again.
    pub repeat: Repeat,
}

/// How a step is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Undo {
    /// By this action, which leaves what the step found.
    By(Action),
    /// By these, one after the other.
    InTurn(Vec<Action>),
    /// Not at all, and why: a one-way door.
    Never(String),
    /// There is nothing to take back.
    NotNeeded,
}

/// Whether a step may be sent a second time when nobody knows whether the first arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// The second changes nothing that the first has not.
    Safe,
    /// Only where what must hold before still holds.
    OnlyIfUnchanged,
    /// Never: it is looked up whether it was done, and a person decides.
    Never,
}

/// What a planner gives for [`Plan::new`] to complete.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// What it does, in one sentence.
    pub title: String,
    /// What has to be typed.
    pub phrase: Option<String>,
    /// The rules that were overridden.
    pub overridden: Option<Override>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// What is done.
    pub steps: Vec<Step>,
    /// What it was made from.
    pub rests_on: Vec<Ask>,
    /// Which steps of another plan its own take back.
    pub takes_back: Vec<usize>,
}

impl Plan {
    /// Completes a draft: its id is a hash of everything in it.
    pub fn new(intent: Intent, about: About, draft: Draft, revision: u64, now: Timestamp) -> Self {
        let mut plan = Self {
            id: PlanId(String::new()),
            intent,
            about,
            title: draft.title,
            revision,
            made_at: now,
            expires_at: after(now, LIFE),
            phrase: draft.phrase,
            overridden: draft.overridden,
            notes: draft.notes,
            steps: draft.steps,
            rests_on: draft.rests_on,
            takes_back: draft.takes_back,
        };
        plan.id = plan.hashed();
        plan
    }

    /// The id that its content has: another than its own where somebody changed it.
    pub fn hashed(&self) -> PlanId {
        let mut content = self.clone();
        content.id = PlanId(String::new());
        // Everything in a plan can be written as JSON; a plan that could not would have one fixed id, and be refused.
        let bytes = serde_json::to_vec(&content).unwrap_or_default();
        let hex = hex::encode(sha2::Sha256::digest(&bytes));
        PlanId(hex.chars().take(12).collect())
    }

    /// What kind of change it is.
    pub fn verb(&self) -> Verb {
        self.intent.verb()
    }

    /// Whether a step of it cannot be taken back.
    pub fn has_one_way_door(&self) -> bool {
        self.steps.iter().any(Step::is_one_way)
    }
}

impl Step {
    /// Whether it cannot be taken back.
    pub fn is_one_way(&self) -> bool {
        matches!(self.undo, Undo::Never(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_hexadecimal_and_may_be_shortened() {
        assert!("0123abcd4567".parse::<PlanId>().is_ok());
        assert!("0123".parse::<PlanId>().is_ok());
        for bad in ["", "012", "0123abcd45678", "xyz1", "0123ABCD", "0123\u{1b}"] {
            assert!(bad.parse::<PlanId>().is_err(), "{bad:?}");
        }
    }
}
