//! The plan that lies over the view: what of it is shown, and which of its fields has the keys.

use super::ui::{Popup, Ui};
use crate::domain::journal::{Ledger, Outcome, Record};
use crate::domain::plan::{Action, Intent, Plan, PlanId, Refusal, RefusalKind};
use crate::engine::Model;
use crate::engine::desk::{Ended, Planning};
use crate::present::role::Sign;

/// What is remembered of the open plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// What it is about.
    pub of: Subject,
    /// What has the keys.
    pub focus: Button,
    /// What was typed to confirm it.
    pub phrase: String,
    /// The comment while it is changed; `None`: as it is planned.
    pub comment: Option<String>,
    /// Why, against a board that says no.
    pub reason: String,
    /// Whether every call and check is shown, where they do not all fit.
    pub detailed: bool,
    /// The plan that was shown for the wish.
    pub shown: Option<PlanId>,
    /// Whether the engine was told to begin, and has not answered yet.
    pub sent: bool,
}

/// What the open plan is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// What is wanted: it is looked up, then read.
    Wish(Intent),
    /// A plan of the journal that is to be gone on with.
    Again(PlanId),
    /// A plan that was begun, to its end and after.
    Plan(PlanId),
}

/// A button or a field of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    /// Puts it away: nothing happens.
    Cancel,
    /// Does it.
    Go,
    /// Where the version is typed.
    Phrase,
    /// The comment of a review.
    Comment,
    /// Why, against a board that says no.
    Reason,
}

impl Button {
    /// Whether it takes letters.
    pub fn is_field(self) -> bool {
        matches!(self, Self::Phrase | Self::Comment | Self::Reason)
    }
}

/// What is to be seen of it now.
#[derive(Debug)]
pub(super) enum Face<'a> {
    /// What the plan needs is looked up.
    Preparing(&'a Intent),
    /// There is no plan, and why.
    Refused(&'a Intent, &'a Refusal),
    /// A plan to read, and why it was not confirmed when somebody tried.
    Planned(&'a Plan, Option<&'a str>),
    /// A plan that was left half-way, to read before it is gone on with.
    Again(&'a Record, Option<&'a str>),
    /// It is carried out.
    Running {
        /// The plan.
        plan: &'a Plan,
        /// What was written of it so far.
        record: Option<&'a Record>,
        /// Whether it stops before its next step.
        is_stopping: bool,
    },
    /// It has ended, or is only known from the journal.
    Over(&'a Record, Option<&'a Ended>),
    /// It was not begun, and why.
    NotBegun(&'a PlanId, &'a str),
}

impl Sheet {
    /// A sheet that was just opened: it is put away unless somebody chooses otherwise.
    pub fn of(of: Subject) -> Self {
        Self {
            of,
            focus: Button::Cancel,
            phrase: String::new(),
            comment: None,
            reason: String::new(),
            detailed: false,
            shown: None,
            sent: false,
        }
    }

    /// What is to be seen of it.
    pub(super) fn face<'a>(&'a self, model: &'a Model) -> Face<'a> {
        let desk = &model.desk;
        let ledger: Option<&Ledger> = desk.ledger.as_deref();
        let find = |id: &PlanId| ledger.and_then(|ledger| ledger.find(id));
        let ended = |id: &PlanId| desk.ended.as_ref().filter(|ended| ended.plan == *id);
        let not_begun = |id: &PlanId| {
            let ended = ended(id).filter(|ended| ended.outcome.is_none());
            ended.map(|ended| ended.why.as_str())
        };
        match &self.of {
            Subject::Wish(intent) => match &desk.planning {
                Planning::Ready {
                    intent: theirs,
                    result,
                    not_confirmed,
                } if theirs == intent => match result {
                    Ok(plan) => Face::Planned(plan, not_confirmed.as_deref()),
                    Err(refusal) => Face::Refused(intent, refusal),
                },
                _ => Face::Preparing(intent),
            },
            Subject::Again(id) => match find(id) {
                Some(record) => Face::Again(record, not_begun(id)),
                None => Face::NotBegun(id, GONE),
            },
            Subject::Plan(id) => match (&desk.doing, find(id)) {
                (Some(doing), record) if doing.plan.id == *id => Face::Running {
                    plan: &doing.plan,
                    record,
                    is_stopping: doing.is_stopping,
                },
                (_, Some(record)) => Face::Over(record, ended(id)),
                (_, None) => Face::NotBegun(id, not_begun(id).unwrap_or(GONE)),
            },
        }
    }

    /// Follows the model: from a wish to the plan that was begun for it.
    pub(super) fn follow(&mut self, model: &Model) {
        let desk = &model.desk;
        match &self.of {
            Subject::Wish(intent) => match &desk.planning {
                Planning::Ready {
                    intent: theirs,
                    result,
                    not_confirmed,
                } if theirs == intent => {
                    self.shown = result.as_ref().ok().map(|plan| plan.id.clone());
                    self.sent &= not_confirmed.is_none();
                }
                Planning::Idle => self.follow_begun(model),
                _ => {}
            },
            Subject::Again(id) => {
                self.shown = Some(id.clone());
                let ended = desk.ended.as_ref();
                let is_refused = ended.is_some_and(|e| e.plan == *id && e.outcome.is_none());
                if is_refused {
                    self.sent = false;
                } else if self.sent {
                    self.follow_begun(model);
                }
            }
            Subject::Plan(_) => {}
        }
    }

    fn follow_begun(&mut self, model: &Model) {
        let desk = &model.desk;
        let doing = desk.doing.as_ref().map(|doing| &doing.plan.id);
        let ended = desk.ended.as_ref().map(|ended| &ended.plan);
        if let Some(shown) = &self.shown
            && (doing == Some(shown) || ended == Some(shown))
        {
            *self = Self::of(Subject::Plan(shown.clone()));
        }
    }

    /// The buttons and fields of a face, in the order of Tab.
    pub(super) fn buttons(face: &Face<'_>) -> Vec<Button> {
        let mut buttons = Vec::new();
        match face {
            Face::Planned(plan, _) => {
                if comment_of(plan).is_some() {
                    buttons.push(Button::Comment);
                }
                if plan.phrase.is_some() {
                    buttons.push(Button::Phrase);
                }
                buttons.extend([Button::Cancel, Button::Go]);
            }
            Face::Again(record, _) => {
                if record.plan.phrase.is_some() {
                    buttons.push(Button::Phrase);
                }
                buttons.extend([Button::Cancel, Button::Go]);
            }
            Face::Refused(intent, refusal) => {
                if refusal.kind == RefusalKind::NoGo && with_reason(intent, "").is_some() {
                    buttons.push(Button::Reason);
                }
                buttons.push(Button::Cancel);
            }
            Face::Preparing(_) | Face::Running { .. } | Face::Over(..) | Face::NotBegun(..) => {
                buttons.push(Button::Cancel);
            }
        }
        buttons
    }
}

/// Said of a plan that neither journal nor engine knows.
const GONE: &str = "The journal does not know this plan.";

impl Face<'_> {
    /// What has to be typed.
    pub(super) fn phrase(&self) -> Option<&str> {
        match self {
            Self::Planned(plan, _) => plan.phrase.as_deref(),
            Self::Again(record, _) => record.plan.phrase.as_deref(),
            _ => None,
        }
    }
}

impl Ui {
    /// The open plan, where it lies on top.
    pub fn sheet(&self) -> Option<&Sheet> {
        match self.popups.last() {
            Some(Popup::Plan(sheet)) => Some(sheet),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub(super) fn sheet_mut(&mut self) -> Option<&mut Sheet> {
        match self.popups.last_mut() {
            Some(Popup::Plan(sheet)) => Some(sheet),
            _ => None,
        }
    }
}

/// The comment of a plan that reviews.
pub(super) fn comment_of(plan: &Plan) -> Option<&str> {
    plan.steps.iter().find_map(|step| match &step.action {
        Action::Review { comment, .. } => Some(comment.as_str()),
        _ => None,
    })
}

/// The same wish with another comment; `None`: it has none.
pub(super) fn with_comment(intent: &Intent, text: &str) -> Option<Intent> {
    let mut intent = intent.clone();
    match &mut intent {
        Intent::Approve { comment, .. } | Intent::Reject { comment, .. } => {
            *comment = Some(text.to_owned());
            Some(intent)
        }
        _ => None,
    }
}

/// The same wish with a reason to override the board; `None`: nothing can be overridden.
pub(super) fn with_reason(intent: &Intent, text: &str) -> Option<Intent> {
    let mut intent = intent.clone();
    match &mut intent {
        Intent::Approve { reason, .. }
        | Intent::Rerun { reason, .. }
        | Intent::Promote { reason } => {
            *reason = Some(text.to_owned());
            Some(intent)
        }
        _ => None,
    }
}

/// The sign of how a plan ended.
pub(super) fn outcome_sign(outcome: Option<Outcome>) -> Sign {
    match outcome {
        Some(Outcome::Done | Outcome::Undone) => Sign::Done,
        Some(Outcome::Stopped) => Sign::Failed,
        Some(Outcome::Refused) | None => Sign::Warning,
    }
}
