//! What is planned and done: from a wish to a shown plan, from a proof to the door, from the door's entries back.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Effect, Model, interest};
use crate::domain::fact::Ask;
use crate::domain::journal::{Entry, Ledger, Outcome, Record};
use crate::domain::plan::{
    self, Confirmed, Ground, Intent, Plan, PlanId, Proof, Refusal, RefusalKind,
};
use crate::domain::time::Timestamp;

/// How long a plan waits for what it needs; what has no answer by then is not known, and the plan says so.
const PATIENCE: Duration = Duration::from_secs(120);

/// Whether a session may change anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leave {
    /// By plans.
    #[default]
    Granted,
    /// Nothing is changed: read-only mode.
    Denied,
}

/// What is planned and done.
#[derive(Debug, Clone, Default)]
pub struct Desk {
    /// Whether anything may be changed.
    pub leave: Leave,
    /// The plan that is made or shown.
    pub planning: Planning,
    /// What was done, by us and by earlier sessions. `None`: not read yet.
    pub ledger: Option<Arc<Ledger>>,
    /// Why the journal cannot be read: nothing is changed then.
    pub fault: Option<String>,
    /// The plan that is carried out.
    pub doing: Option<Doing>,
    /// How the latest plan of this session ended.
    pub ended: Option<Ended>,
}

/// A plan that is made or shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Planning {
    /// None.
    #[default]
    Idle,
    /// What it needs is looked up.
    Preparing {
        /// What is wanted.
        intent: Intent,
        /// Answers from before this time do not count.
        since: Timestamp,
        /// What was asked at once for it, whatever pause its failures would ask for.
        asked: BTreeSet<Ask>,
    },
    /// It can be read.
    Ready {
        /// What is wanted.
        intent: Intent,
        /// The plan, or why there is none.
        result: Result<Arc<Plan>, Refusal>,
        /// Why it was not confirmed when somebody tried.
        not_confirmed: Option<String>,
    },
}

/// A plan that is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doing {
    /// The plan.
    pub plan: Arc<Plan>,
    /// Whether it was asked to stop before its next step.
    pub is_stopping: bool,
}

/// How a plan ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Which.
    pub plan: PlanId,
    /// How; `None`: it was not begun.
    pub outcome: Option<Outcome>,
    /// In one sentence.
    pub why: String,
}

/// What a person or the door says to the desk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum DeskMessage {
    /// This is wanted: look up what it needs, then make the plan.
    Prepare(Intent),
    /// The shown plan is put away.
    PutAway,
    /// The shown plan is to be carried out.
    Confirm(Proof),
    /// A plan of the journal is to be gone on with.
    Resume(PlanId, Proof),
    /// The running plan is to stop before its next step.
    Stop,
    /// What the journal held when the session began, or why it cannot be read.
    Recalled(Result<Vec<Entry>, String>),
    /// An entry was written.
    Written(Box<Entry>),
    /// A plan has ended.
    Ended(Ended),
}

impl Model {
    /// What a plan is made from.
    pub fn ground<'a>(&'a self, ledger: &'a Ledger) -> Ground<'a> {
        Ground {
            snapshot: &self.snapshot,
            policy: &self.policy,
            outlook: &self.outlook,
            board: &self.board,
            stale: &self.stale,
            ledger,
            now: self.now,
        }
    }

    /// What the journal says, empty while it is not read.
    pub fn ledger(&self) -> Arc<Ledger> {
        self.desk.ledger.clone().unwrap_or_default()
    }

    /// The plan for this as things are known now, without looking anything up: whether its key is bright, and why not.
    pub fn plan_now(&self, intent: &Intent) -> Result<Plan, Refusal> {
        self.may_change()?;
        plan::make(intent, &self.ground(&self.ledger()))
    }

    /// The plan of the journal that can be gone on with now, or why it cannot.
    pub fn resume_now(&self, id: &PlanId) -> Result<&Record, Refusal> {
        self.may_change()?;
        let nothing = |what, unblock: &str| Err(Refusal::new(RefusalKind::Nothing, what, unblock));
        let ledger = self.desk.ledger.as_deref();
        let Some(record) = ledger.and_then(|ledger| ledger.find(id)) else {
            return nothing(
                format!("The journal knows no plan {id}."),
                "`gonogo journal list` prints their ids.",
            );
        };
        if self.desk.doing.is_some() {
            return Err(Refusal::new(
                RefusalKind::Precondition,
                "Another plan is still being carried out.",
                "Wait for its end, or stop it.",
            ));
        }
        if !record.state().is_open() {
            let (id, state) = (&record.plan.id, record.state().name());
            return nothing(
                format!("Plan {id} is {state}: there is nothing to go on with."),
                "There is nothing to do.",
            );
        }
        Ok(record)
    }

    /// Whether anything may be changed at all.
    pub fn may_change(&self) -> Result<(), Refusal> {
        if self.desk.leave == Leave::Denied {
            return Err(Refusal::new(
                RefusalKind::ReadOnly,
                "This session is read-only: it changes nothing.",
                "Start gonogo without `--read-only`, or take `read_only` out of the configuration.",
            ));
        }
        if let Some(fault) = &self.desk.fault {
            return Err(Refusal::new(
                RefusalKind::CannotTell,
                "What was done before cannot be read, so nothing new is begun.",
                fault.clone(),
            ));
        }
        Ok(())
    }

    /// What has to be looked up for the plan that is being made, and since when an answer counts.
    pub(super) fn needed(&self) -> Option<(Vec<Ask>, Timestamp)> {
        let Planning::Preparing { intent, since, .. } = &self.desk.planning else {
            return None;
        };
        let ledger = self.ledger();
        Some((plan::needs(intent, &self.ground(&ledger)), *since))
    }
}

/// Takes a message in.
pub(super) fn take(model: &mut Model, message: DeskMessage, effects: &mut Vec<Effect>) {
    match message {
        DeskMessage::Prepare(intent) => {
            model.desk.ended = None;
            model.desk.planning = match model.may_change() {
                Ok(()) => Planning::Preparing {
                    intent,
                    since: model.now,
                    asked: BTreeSet::new(),
                },
                Err(refusal) => ready(intent, Err(refusal)),
            };
        }
        DeskMessage::PutAway => model.desk.planning = Planning::Idle,
        DeskMessage::Confirm(proof) => confirm(model, proof, effects),
        DeskMessage::Resume(id, proof) => resume(model, &id, proof, effects),
        DeskMessage::Stop => {
            if let Some(doing) = &mut model.desk.doing {
                doing.is_stopping = true;
                effects.push(Effect::StopPlan);
            }
        }
        DeskMessage::Recalled(Ok(entries)) => {
            model.desk.ledger = Some(Arc::new(Ledger::of(&entries)));
        }
        DeskMessage::Recalled(Err(fault)) => {
            model.desk.ledger = Some(Arc::default());
            model.desk.fault = Some(fault);
        }
        DeskMessage::Written(entry) => {
            let ledger = model.desk.ledger.get_or_insert_default();
            Arc::make_mut(ledger).take(&entry);
        }
        DeskMessage::Ended(ended) => {
            model.desk.doing = None;
            model.desk.ended = Some(ended);
            // The world was changed: everything is looked at anew.
            let interests = interest::of(model).into_iter();
            model.forced = interests.map(|interest| interest.ask).collect();
        }
    }
}

/// Has everything looked up now that the plan needs and that was not looked up since it was asked for, whatever pause
/// its failures would ask for: nobody is locked out by what failed before.
pub(super) fn force_needed(model: &mut Model) {
    let Some((needs, since)) = model.needed() else {
        return;
    };
    for ask in needs {
        let looked_at = model.snapshot.standing(&ask).looked_at();
        let is_known = looked_at.is_some_and(|at| at >= since);
        let is_due = !is_known && !is_paused(model, &ask);
        if let Planning::Preparing { asked, .. } = &mut model.desk.planning
            && is_due
            && asked.insert(ask.clone())
        {
            model.forced.insert(ask);
        }
    }
}

/// Whether the service asked for a pause; it gets it, whoever wants to know.
fn is_paused(model: &Model, ask: &Ask) -> bool {
    let health = model.snapshot.health.get(&ask.source());
    health.is_some_and(|health| health.paused_until.is_some_and(|until| until > model.now))
}

/// Makes the plan once everything that it needs has been looked up.
pub(super) fn make_when_known(model: &mut Model) {
    let Some((needs, since)) = model.needed() else {
        return;
    };
    // A service that asked for a pause is not waited for: the plan is refused with its sentence.
    let is_known = |ask: &Ask| {
        let looked_at = model.snapshot.standing(ask).looked_at();
        looked_at.is_some_and(|at| at >= since) || is_paused(model, ask)
    };
    let is_too_long = crate::domain::time::since(since, model.now) > PATIENCE;
    let is_known = needs.iter().all(is_known) || is_too_long;
    if model.desk.ledger.is_none() || !is_known {
        return;
    }
    let Planning::Preparing { intent, .. } = std::mem::take(&mut model.desk.planning) else {
        return;
    };
    let result = plan::make(&intent, &model.ground(&model.ledger()));
    model.desk.planning = ready(intent, result);
}

fn ready(intent: Intent, result: Result<Plan, Refusal>) -> Planning {
    Planning::Ready {
        intent,
        result: result.map(Arc::new),
        not_confirmed: None,
    }
}

fn confirm(model: &mut Model, proof: Proof, effects: &mut Vec<Effect>) {
    let (now, is_busy) = (model.now, model.desk.doing.is_some());
    let Planning::Ready {
        result: Ok(plan),
        not_confirmed,
        ..
    } = &mut model.desk.planning
    else {
        return;
    };
    if is_busy {
        *not_confirmed = Some("another plan is still being carried out".to_owned());
        return;
    }
    match plan::confirm((**plan).clone(), proof, now) {
        Ok(confirmed) => {
            model.desk.planning = Planning::Idle;
            begin(model, &confirmed);
            effects.push(Effect::Execute(Box::new(confirmed)));
        }
        Err(error) => *not_confirmed = Some(error.to_string()),
    }
}

fn resume(model: &mut Model, id: &PlanId, proof: Proof, effects: &mut Vec<Effect>) {
    let refused = |why: String| Ended {
        plan: id.clone(),
        outcome: None,
        why,
    };
    let begun = match model.resume_now(id) {
        Err(refusal) => Err(refusal.what),
        Ok(record) => plan::confirm_again(record.plan.clone(), proof, model.now)
            .map_err(|error| error.to_string()),
    };
    match begun {
        Ok(confirmed) => {
            model.desk.ended = None;
            begin(model, &confirmed);
            effects.push(Effect::Resume(Box::new(confirmed)));
        }
        Err(why) => model.desk.ended = Some(refused(why)),
    }
}

fn begin(model: &mut Model, confirmed: &Confirmed) {
    model.desk.doing = Some(Doing {
        plan: Arc::new(confirmed.plan().clone()),
        is_stopping: false,
    });
}
