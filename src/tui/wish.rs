//! What can be wished for by a key, and whether that can be done as things are known now.
//!
//! It is judged when the model or the selection changes, never while a frame is drawn.

use std::collections::BTreeMap;

use super::action::Availability;
use super::perform;
use super::scene;
use super::sheet::Subject;
use super::ui::{Item, Pane, Popup, Ui};
use crate::domain::ids::RunId;
use crate::domain::journal::{Ledger, Record, State};
use crate::domain::plan::{Debugging, Intent, PlanId, Refusal, RefusalKind, Target, What};
use crate::domain::time::Timestamp;
use crate::engine::Model;
use crate::engine::desk::Leave;
use crate::present::clean::clean;

/// A change that has a key of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wish {
    /// Let a gate go.
    Approve,
    /// Reject at a gate.
    Reject,
    /// Move the release tags to the tested image.
    Promote,
    /// Move them back.
    RollBack,
    /// Remove leftovers.
    CleanUp,
    /// Run the failed jobs again.
    RerunFailed,
    /// Run every job again.
    RerunAll,
    /// Run one job again.
    RerunJob,
    /// Stop a run.
    Cancel,
    /// Stop a run without letting its last jobs run.
    ForceCancel,
    /// Take a plan back.
    Undo,
}

impl Wish {
    /// Every wish.
    const ALL: [Self; 11] = [
        Self::Approve,
        Self::Reject,
        Self::Promote,
        Self::RollBack,
        Self::CleanUp,
        Self::RerunFailed,
        Self::RerunAll,
        Self::RerunJob,
        Self::Cancel,
        Self::ForceCancel,
        Self::Undo,
    ];

    /// What is wanted, of what is selected; or the sentence why there is nothing to want.
    pub fn intent(self, chosen: &Chosen) -> Result<Intent, Refusal> {
        let rerun = |what| Intent::Rerun {
            run: None,
            what,
            debugging: Debugging::Off,
            reason: None,
        };
        let gate = || match &chosen.gate {
            Some((run, name)) => (Some(*run), vec![name.clone()]),
            None => (None, Vec::new()),
        };
        let nothing =
            |what: &str, unblock: &str| Err(Refusal::new(RefusalKind::Nothing, what, unblock));
        Ok(match self {
            Self::Approve => {
                let (run, environments) = gate();
                Intent::Approve {
                    run,
                    environments,
                    comment: None,
                    reason: None,
                }
            }
            Self::Reject => {
                let (run, environments) = gate();
                Intent::Reject {
                    run,
                    environments,
                    comment: None,
                }
            }
            Self::Promote => Intent::Promote { reason: None },
            Self::RollBack => Intent::RollBack {
                to: Target::Previous,
            },
            Self::CleanUp => Intent::CleanUp { orphans: false },
            Self::RerunFailed => rerun(What::Failed),
            Self::RerunAll => rerun(What::All),
            Self::RerunJob => match &chosen.job {
                Some(job) => rerun(What::Job(job.clone())),
                None => {
                    return nothing(
                        "No job that has run is selected.",
                        "Go to one in the pipeline.",
                    );
                }
            },
            Self::Cancel => Intent::Cancel {
                run: None,
                force: false,
            },
            Self::ForceCancel => Intent::Cancel {
                run: None,
                force: true,
            },
            Self::Undo => match &chosen.undoable {
                Some(plan) => Intent::Undo(plan.clone()),
                None => {
                    return nothing(
                        "Nothing was done that could be taken back.",
                        "The journal lists what was done.",
                    );
                }
            },
        })
    }
}

/// What the wishes are about: what is selected, by id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chosen {
    /// The job under the pipeline's cursor.
    job: Option<String>,
    /// The gate under the cursor, where the gates have the keys.
    gate: Option<(RunId, String)>,
    /// The plan to take back.
    undoable: Option<PlanId>,
    /// The plan to go on with.
    pub(super) open: Option<PlanId>,
}

impl Chosen {
    /// What is selected now.
    fn of(model: &Model, ui: &Ui, now: Timestamp) -> Self {
        let gate = (ui.active() == Pane::Gate)
            .then(|| perform::selected(ui, model, Pane::Gate, now))
            .flatten();
        let named = named(model, ui, now);
        let ledger = model.desk.ledger.as_deref();
        let records = || ledger.into_iter().flat_map(Ledger::newest_first);
        let is_undoable = |record: &&Record| {
            record.state() != State::Undone
                && !matches!(record.plan.intent, Intent::Undo(_))
                && record.changed().next().is_some()
        };
        let first = |found: Option<&Record>| found.map(|record| record.plan.id.clone());
        let open = || first(ledger.and_then(|ledger| ledger.open().next()));
        Self {
            job: scene::selected_job(model, ui).map(|job| job.name.clone()),
            gate: match gate {
                Some(Item::Gate(run, name)) => Some((run, name)),
                _ => None,
            },
            undoable: named.clone().or_else(|| first(records().find(is_undoable))),
            open: named.or_else(open),
        }
    }
}

/// The plan that is looked at: the shown one, else the selected one of the journal.
fn named(model: &Model, ui: &Ui, now: Timestamp) -> Option<PlanId> {
    if let Some(Popup::Plan(sheet)) = ui.popups.last() {
        return match &sheet.of {
            Subject::Plan(id) | Subject::Again(id) => Some(id.clone()),
            Subject::Wish(_) => None,
        };
    }
    if !matches!(ui.active(), Pane::Journal | Pane::Entries) {
        return None;
    }
    match perform::selected(ui, model, Pane::Journal, now)? {
        Item::Plan(id) => Some(id),
        _ => None,
    }
}

/// What can be done as things are known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// Of what.
    pub(super) chosen: Chosen,
    /// Each wish: possible, or why not.
    can: BTreeMap<Wish, Result<(), Refusal>>,
}

impl Known {
    /// The same after an input; `None`: nothing that it rests on has changed.
    pub(super) fn anew(
        &self,
        model: &Model,
        ui: &Ui,
        is_other_model: bool,
        now: Timestamp,
    ) -> Option<Self> {
        let chosen = Chosen::of(model, ui, now);
        if chosen == self.chosen && !is_other_model && !self.can.is_empty() {
            return None;
        }
        let can = |wish: Wish| {
            let intent = wish.intent(&chosen)?;
            model.plan_now(&intent).map(|_| ())
        };
        let can = Wish::ALL.into_iter().map(|wish| (wish, can(wish)));
        let can = can.collect();
        Some(Self { chosen, can })
    }
}

/// Whether nothing may be changed in this session.
pub(super) fn is_read_only(model: &Model) -> bool {
    model.desk.leave == Leave::Denied
}

/// Whether a wish can be done as things are known.
pub(super) fn can(model: &Model, ui: &Ui, wish: Wish) -> Availability {
    if let Err(refusal) = model.may_change() {
        return Availability::Why(sentence(&refusal));
    }
    match ui.known.can.get(&wish) {
        Some(Ok(())) => Availability::Available,
        Some(Err(refusal)) => refused(refusal),
        None => Availability::Why("Nothing is known yet: wait for the first answers".to_owned()),
    }
}

/// The board and what is not known are looked at anew when the key is pressed: they may have changed since.
fn refused(refusal: &Refusal) -> Availability {
    let text = sentence(refusal);
    match refusal.kind {
        RefusalKind::NoGo
        | RefusalKind::Firm
        | RefusalKind::CannotTell
        | RefusalKind::Ambiguous => Availability::Look(text),
        RefusalKind::Nothing
        | RefusalKind::Precondition
        | RefusalKind::NotAllowed
        | RefusalKind::ReadOnly => Availability::Why(text),
    }
}

/// What blocks and what would unblock it, as the command says it.
pub(super) fn sentence(refusal: &Refusal) -> String {
    clean(&format!("{} {}", refusal.what, refusal.unblock))
}

/// What refuses a wish, by the name of its action.
fn refusal_of<'u>(ui: &'u Ui, name: &str) -> Option<&'u Refusal> {
    let wish = match name {
        "approve" => Wish::Approve,
        "reject" => Wish::Reject,
        "promote" => Wish::Promote,
        "rerun" => Wish::RerunFailed,
        _ => return None,
    };
    ui.known.can.get(&wish)?.as_ref().err()
}

/// Whether what refuses a wish is worth a place in the footer: something could be done about it.
pub(super) fn stands_in_the_way(ui: &Ui, name: &str) -> bool {
    refusal_of(ui, name).is_some_and(|one| match one.kind {
        RefusalKind::NoGo | RefusalKind::Firm | RefusalKind::Ambiguous => true,
        // At the gate everybody asks why the key is dim; elsewhere it only means that nothing was looked up yet.
        RefusalKind::CannotTell => matches!(name, "approve" | "reject"),
        _ => false,
    })
}

/// Whether the board's no is what stands in the way.
pub(super) fn needs_go(ui: &Ui, name: &str) -> bool {
    refusal_of(ui, name)
        .is_some_and(|one| matches!(one.kind, RefusalKind::NoGo | RefusalKind::Firm))
}
