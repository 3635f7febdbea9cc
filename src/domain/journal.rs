//! What was done to the outside world: entries that are only ever added, and what follows from them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::fact::Failure;
use super::plan::{About, Intent, Plan, PlanId, Proof, Step};
use super::time::Timestamp;

/// The version of the entries' form.
pub const SCHEMA: u32 = 1;

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The version of its form.
    pub schema: u32,
    /// The plan that it is about.
    pub plan: PlanId,
    /// When it was written.
    pub at: Timestamp,
    /// Who did it, and from where.
    pub by: Actor,
    /// What happened.
    #[serde(flatten)]
    pub what: Happening,
}

/// Who does something, and from where.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Actor {
    /// The login at GitHub, where it is known.
    pub login: Option<String>,
    /// The user of the machine.
    pub user: String,
    /// The machine.
    pub host: String,
    /// The process.
    pub process: u32,
}

/// What is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Happening {
    /// A plan was made and shown.
    Planned {
        /// The plan.
        content: Box<Plan>,
    },
    /// A person said yes.
    Confirmed {
        /// How.
        how: Proof,
    },
    /// It is taken up again after it was left half-way.
    Resumed {
        /// How that was confirmed.
        how: Proof,
    },
    /// A step is about to be sent.
    StepIntent {
        /// Which, counted from 0.
        step: usize,
        /// The manifests whose bytes were kept before.
        kept: Vec<Digest>,
    },
    /// The service says that it is done, or it was so already.
    StepDone {
        /// Which.
        step: usize,
        /// Whether something was sent for it.
        how: Done,
        /// What the service said beside it: the run that was started.
        told: Option<String>,
    },
    /// The service refused it, and nothing was changed.
    StepFailed {
        /// Which.
        step: usize,
        /// Why.
        failure: Failure,
    },
    /// It was sent and nobody knows whether it arrived: never sent again, looked up instead.
    StepUnknown {
        /// Which.
        step: usize,
        /// Why nobody knows.
        failure: Failure,
    },
    /// What was to hold after it holds.
    Verified {
        /// Which.
        step: usize,
    },
    /// What was to hold before or after it does not.
    Contradicted {
        /// Which.
        step: usize,
        /// What is there instead.
        difference: String,
    },
    /// What was to hold could not be looked up.
    Unseen {
        /// Which.
        step: usize,
        /// Why.
        failure: Failure,
    },
    /// The step was taken back, by another plan.
    Undone {
        /// Which.
        step: usize,
        /// The plan that took it back.
        with: PlanId,
    },
    /// It came to its end, or was left.
    Closed {
        /// How.
        outcome: Outcome,
        /// In one sentence.
        why: String,
    },
}

/// Whether a step needed anything to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// It was sent and accepted.
    Sent,
    /// It was so already.
    AlreadySo,
    /// It was sent before, and a look shows that it arrived.
    Found,
    /// It was taken back only where it was still as we left it, and it was not.
    LeftAlone,
}

/// How a plan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every step is done and verified.
    Done,
    /// Nothing was changed: it was refused at its first step, or before.
    Refused,
    /// Some steps are done and others not.
    Stopped,
    /// What was done was taken back.
    Undone,
}

/// Where a plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Shown and never confirmed.
    Planned,
    /// Confirmed, and nobody wrote down its end: it runs, or its process died.
    Unfinished,
    /// Left half-way.
    Stopped,
    /// Done and verified.
    Done,
    /// Refused before anything was changed.
    Refused,
    /// Taken back, as far as it can be.
    Undone,
}

impl State {
    /// Its name, as scripts know it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Unfinished => "unfinished",
            Self::Stopped => "stopped",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Undone => "undone",
        }
    }

    /// Whether somebody should finish it or take it back.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Unfinished | Self::Stopped)
    }
}

/// Where one step stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum StepState {
    /// Not begun.
    #[default]
    Ahead,
    /// About to be sent, or sent without a word since.
    Begun,
    /// Sent, and nobody knows.
    Unknown(Failure),
    /// Done.
    Done(Done),
    /// Done, and looked up.
    Verified(Done),
    /// Refused.
    Failed(Failure),
    /// Something else is there.
    Contradicted(String),
    /// It could not be looked up whether it may be done, or was.
    Unseen(Failure),
    /// Taken back.
    Undone,
}

impl StepState {
    /// Whether it changed the world, or may have.
    pub fn may_have_changed(&self) -> bool {
        match self {
            Self::Begun | Self::Unknown(_) => true,
            Self::Done(how) | Self::Verified(how) => matches!(how, Done::Sent | Done::Found),
            Self::Ahead
            | Self::Failed(_)
            | Self::Contradicted(_)
            | Self::Unseen(_)
            | Self::Undone => false,
        }
    }
}

/// A plan and all that happened to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The plan.
    pub plan: Plan,
    /// When it was confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// Who confirmed it.
    pub by: Actor,
    /// Where its steps stand, in their order.
    pub steps: Vec<StepState>,
    /// Which steps may have changed the world, whatever was written of them since, and were not taken back.
    pub touched: Vec<bool>,
    /// How it ended and why, if it did.
    pub closed: Option<(Outcome, String)>,
    /// When the latest entry was written.
    pub latest_at: Timestamp,
    /// Everything that was written of it.
    pub entries: Vec<Entry>,
}

impl Record {
    /// Where it stands.
    pub fn state(&self) -> State {
        match self.closed {
            Some((Outcome::Done, _)) => State::Done,
            Some((Outcome::Refused, _)) => State::Refused,
            Some((Outcome::Stopped, _)) => State::Stopped,
            Some((Outcome::Undone, _)) => State::Undone,
            None if self.confirmed_at.is_some() => State::Unfinished,
            None => State::Planned,
        }
    }

    /// The steps that may have changed the world and were not taken back, in their order.
    pub fn changed(&self) -> impl DoubleEndedIterator<Item = (usize, &Step)> {
        let touched = self.touched.iter();
        let steps = self.plan.steps.iter().zip(touched).enumerate();
        steps
            .filter(|(_, (_, touched))| **touched)
            .map(|(at, (step, _))| (at, step))
    }

    fn take(&mut self, entry: &Entry) {
        let mut set = |step: &usize, state: StepState| {
            if let Some(slot) = self.steps.get_mut(*step) {
                if let Some(touched) = self.touched.get_mut(*step) {
                    *touched = match &state {
                        StepState::Undone | StepState::Failed(_) => false,
                        other => *touched || other.may_have_changed(),
                    };
                }
                *slot = state;
            }
        };
        match &entry.what {
            Happening::Planned { .. } => {}
            Happening::Confirmed { .. } | Happening::Resumed { .. } => {
                self.confirmed_at = Some(entry.at);
                self.by = entry.by.clone();
                self.closed = None;
            }
            Happening::StepIntent { step, .. } => set(step, StepState::Begun),
            Happening::StepDone { step, how, .. } => set(step, StepState::Done(*how)),
            Happening::StepFailed { step, failure } => {
                set(step, StepState::Failed(failure.clone()));
            }
            Happening::StepUnknown { step, failure } => {
                set(step, StepState::Unknown(failure.clone()));
            }
            Happening::Verified { step } => {
                let how = match self.steps.get(*step) {
                    Some(StepState::Done(how) | StepState::Verified(how)) => *how,
                    _ => Done::Found,
                };
                let mut set = |state| {
                    if let Some(slot) = self.steps.get_mut(*step) {
                        *slot = state;
                    }
                };
                set(StepState::Verified(how));
            }
            Happening::Contradicted { step, difference } => {
                set(step, StepState::Contradicted(difference.clone()));
            }
            Happening::Unseen { step, failure } => set(step, StepState::Unseen(failure.clone())),
            Happening::Undone { step, .. } => set(step, StepState::Undone),
            Happening::Closed { outcome, why } => self.closed = Some((*outcome, why.clone())),
        }
        self.latest_at = entry.at;
        self.entries.push(entry.clone());
    }
}

/// Everything that the journal holds, by plan, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    records: BTreeMap<PlanId, Arc<Record>>,
    order: Vec<PlanId>,
}

impl Ledger {
    /// What these entries say.
    pub fn of<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> Self {
        let mut ledger = Self::default();
        for entry in entries {
            ledger.take(entry);
        }
        ledger
    }

    /// Takes in one more entry. One of a plan that was never written down says nothing.
    pub fn take(&mut self, entry: &Entry) {
        if let Happening::Planned { content } = &entry.what
            && !self.records.contains_key(&entry.plan)
            && content.id == entry.plan
        {
            let steps = content.steps.len();
            let record = Record {
                plan: (**content).clone(),
                confirmed_at: None,
                by: entry.by.clone(),
                steps: vec![StepState::Ahead; steps],
                touched: vec![false; steps],
                closed: None,
                latest_at: entry.at,
                entries: Vec::new(),
            };
            self.records.insert(entry.plan.clone(), Arc::new(record));
            self.order.push(entry.plan.clone());
        }
        if let Some(record) = self.records.get_mut(&entry.plan) {
            Arc::make_mut(record).take(entry);
        }
    }

    /// The plan of this id, or of the only id that begins so.
    pub fn find(&self, id: &PlanId) -> Option<&Record> {
        if let Some(exact) = self.records.get(id) {
            return Some(exact);
        }
        let mut begins = self
            .records
            .iter()
            .filter(|(known, _)| known.as_str().starts_with(id.as_str()));
        match (begins.next(), begins.next()) {
            (Some((_, record)), None) => Some(record),
            _ => None,
        }
    }

    /// Every plan, the newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Record> {
        let ids = self.order.iter().rev();
        ids.filter_map(|id| self.records.get(id)).map(AsRef::as_ref)
    }

    /// Plans that somebody should finish or take back, the newest first.
    pub fn open(&self) -> impl Iterator<Item = &Record> {
        self.newest_first()
            .filter(|record| record.state().is_open())
    }

    /// Plans of the same release.
    pub fn about<'l>(&'l self, about: &'l About) -> impl Iterator<Item = &'l Record> {
        self.newest_first().filter(move |record| {
            let other = &record.plan.about;
            other.repo == about.repo && other.version == about.version
        })
    }

    /// Whether nothing was ever done.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The plan that was to take this one back, if there is one.
    pub fn undo_of(&self, id: &PlanId) -> Option<&Record> {
        self.newest_first()
            .find(|record| record.plan.intent == Intent::Undo(id.clone()))
    }
}
