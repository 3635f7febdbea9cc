//! The journal in words.

use super::{PlanWords, StepWords};
use crate::domain::journal::{Done, Entry, Happening, Outcome, Record, State, StepState};
use crate::domain::time::Timestamp;
use crate::present::clean::clean;
use crate::present::role::Sign;

/// A plan of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordWords {
    /// The plan.
    pub plan: PlanWords,
    /// Where it stands.
    pub sign: Sign,
    /// The same in a word.
    pub state: &'static str,
    /// How it ended, where it did.
    pub why: Option<String>,
    /// Who did it, from where.
    pub by: String,
    /// Each step with its sign and what became of it.
    pub steps: Vec<(StepWords, StepSign)>,
    /// What to do next, where something is to be done.
    pub next: Option<String>,
    /// Everything that was written.
    pub entries: Vec<EntryWords>,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepSign {
    /// Its sign.
    pub sign: Sign,
    /// In words.
    pub text: String,
}

/// An entry of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryWords {
    /// When.
    pub at: Timestamp,
    /// Its sign.
    pub sign: Sign,
    /// What happened.
    pub text: String,
}

impl RecordWords {
    /// The words for a plan of the journal.
    pub fn of(record: &Record, now: Timestamp) -> Self {
        let plan = PlanWords::of(&record.plan, now);
        let state = record.state();
        let id = &record.plan.id;
        let next = state.is_open().then(|| {
            format!(
                "`gonogo journal resume {id}` goes on, `gonogo journal undo {id}` takes it back"
            )
        });
        let signs = record.steps.iter().map(step_sign);
        Self {
            sign: state_sign(state),
            state: state.name(),
            why: record.closed.as_ref().map(|(_, why)| clean(why)),
            by: format!(
                "{} on {}",
                clean(record.by.login.as_deref().unwrap_or(&record.by.user)),
                clean(&record.by.host)
            ),
            steps: plan.steps.iter().cloned().zip(signs).collect(),
            next,
            entries: record.entries.iter().map(EntryWords::of).collect(),
            plan,
        }
    }
}

fn state_sign(state: State) -> Sign {
    match state {
        State::Planned => Sign::Absent,
        State::Unfinished => Sign::Running,
        State::Stopped => Sign::Failed,
        State::Done => Sign::Done,
        State::Refused => Sign::Skipped,
        State::Undone => Sign::Cancelled,
    }
}

/// The sign and words of a step's state.
pub fn step_sign(state: &StepState) -> StepSign {
    let (sign, text) = match state {
        StepState::Ahead => (Sign::Queued, "ahead".to_owned()),
        StepState::Begun => (Sign::Running, "sent, no answer yet".to_owned()),
        StepState::Unknown(failure) => (
            Sign::Unknown,
            format!("nobody knows whether it arrived: {}", clean(&failure.what)),
        ),
        StepState::Done(how) => (Sign::Running, format!("{}, being verified", done(*how))),
        StepState::Verified(how) => (Sign::Done, format!("{}, verified", done(*how))),
        StepState::Failed(failure) => (
            Sign::Failed,
            format!(
                "refused: {} {}",
                clean(&failure.what),
                clean(&failure.advice)
            ),
        ),
        StepState::Contradicted(what) => (Sign::Failed, clean(what)),
        StepState::Unseen(failure) => (
            Sign::Unknown,
            format!("could not be looked up: {}", clean(&failure.what)),
        ),
        StepState::Undone => (Sign::Cancelled, "taken back".to_owned()),
    };
    StepSign { sign, text }
}

fn done(how: Done) -> &'static str {
    match how {
        Done::Sent => "done",
        Done::AlreadySo => "was so already",
        Done::Found => "had arrived",
        Done::LeftAlone => "left alone: others have changed it since",
    }
}

impl EntryWords {
    /// The words for an entry.
    pub fn of(entry: &Entry) -> Self {
        entry_words(entry)
    }
}

fn entry_words(entry: &Entry) -> EntryWords {
    let nth = |step: &usize| format!("step {}", step.saturating_add(1));
    let (sign, text) = match &entry.what {
        Happening::Planned { content } => (Sign::Absent, format!("planned: {}", content.title)),
        Happening::Confirmed { .. } => (Sign::Done, "confirmed".to_owned()),
        Happening::Resumed { .. } => (Sign::Running, "taken up again".to_owned()),
        Happening::StepIntent { step, kept } => {
            let kept = if kept.is_empty() {
                String::new()
            } else {
                format!(", {} kept", super::number_of(kept.len(), "manifest"))
            };
            (Sign::Running, format!("{} is sent{kept}", nth(step)))
        }
        Happening::StepDone { step, how, told } => {
            let told = told.as_deref().map(|told| format!(": {told}"));
            let told = told.unwrap_or_default();
            (Sign::Done, format!("{} {}{told}", nth(step), done(*how)))
        }
        Happening::StepFailed { step, failure } => (
            Sign::Failed,
            format!("{} was refused: {}", nth(step), failure.what),
        ),
        Happening::StepUnknown { step, failure } => (
            Sign::Unknown,
            format!(
                "{}: nobody knows whether it arrived: {}",
                nth(step),
                failure.what
            ),
        ),
        Happening::Verified { step } => (Sign::Done, format!("{} verified", nth(step))),
        Happening::Contradicted { step, difference } => {
            (Sign::Failed, format!("{}: {difference}", nth(step)))
        }
        Happening::Unseen { step, failure } => (
            Sign::Unknown,
            format!("{} could not be looked up: {}", nth(step), failure.what),
        ),
        Happening::Undone { step, with } => (
            Sign::Cancelled,
            format!("{} taken back by {with}", nth(step)),
        ),
        Happening::Closed { outcome, why } => {
            let (sign, word) = match outcome {
                Outcome::Done => (Sign::Done, "done"),
                Outcome::Refused => (Sign::Skipped, "refused"),
                Outcome::Stopped => (Sign::Failed, "stopped half-way"),
                Outcome::Undone => (Sign::Cancelled, "taken back"),
            };
            (sign, format!("{word}: {why}"))
        }
    };
    EntryWords {
        at: entry.at,
        sign,
        text: clean(&text),
    }
}
