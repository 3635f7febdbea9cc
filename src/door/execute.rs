//! A confirmed plan, step by step: look, write down, send once, look again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use std::time::Duration;

use super::store::StoreError;
use super::{Door, Held, Sent};
use crate::domain::fact::Failure;
use crate::domain::journal::{Actor, Done, Entry, Happening, Outcome, SCHEMA, StepState};
use crate::domain::plan::{Action, Condition, Confirmed, Intent, Plan, PlanId, Repeat, Step};
use crate::domain::time::Timestamp;

/// Pauses between looks for what was accepted and is not seen yet; the last one for as long as that may take.
const LOOKS: [Duration; 3] = [
    Duration::from_millis(300),
    Duration::from_secs(1),
    Duration::from_secs(3),
];

/// The pauses between looks for these conditions.
fn pauses(after: &[Condition]) -> impl Iterator<Item = Duration> {
    let patience = after.iter().map(Condition::patience).max();
    let last = LOOKS.into_iter().next_back().unwrap_or_default();
    let pauses = LOOKS.into_iter().chain(std::iter::repeat(last));
    pauses.scan(patience.unwrap_or_default(), |left, pause| {
        let is_worth_it = !left.is_zero();
        *left = left.saturating_sub(pause);
        is_worth_it.then_some(pause)
    })
}

/// Asks a running plan to stop before its next step.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Nothing more is begun.
    pub fn now(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether that was asked for.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// What surrounds the execution of one plan.
pub struct Running<'a> {
    /// Who does it.
    pub by: &'a Actor,
    /// The time.
    pub clock: &'a (dyn Fn() -> Timestamp + Send + Sync),
    /// Told of every entry, once it is on the disk.
    pub told: &'a (dyn Fn(&Entry) + Send + Sync),
    /// Whether to stop before the next step.
    pub stop: &'a Stop,
}

/// How the execution of a plan ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub outcome: Outcome,
    /// In one sentence.
    pub why: String,
}

/// Why a plan was not begun, or could not be written down any more.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// The journal or the lock.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal knows nothing of it, or it has ended.
    #[error("{0}")]
    NotOpen(String),
}

/// What one step came to.
enum Came {
    /// It is done and verified, or was so already.
    Through(Done),
    /// It is not what we left any more, so taking it back left it alone.
    LeftAlone(String),
    /// It is not done, and nothing of it is in effect.
    Not(String),
    /// Nobody can say, or something else is there.
    Astray(String),
}

/// One step of a plan on its way.
struct OnStep<'a> {
    door: &'a Door,
    running: &'a Running<'a>,
    plan: &'a Plan,
    at: usize,
    step: &'a Step,
    /// Whether it may have been sent before.
    was_sent: bool,
    /// Whether an earlier step may have done this one too: a registry that removes whole manifests takes all their tags.
    may_be_ours: bool,
}

/// Whether an earlier step that was sent removes the manifest whose tag this one removes.
fn goes_with_one_of(plan: &Plan, at: usize, sent: &[bool]) -> bool {
    let removed = |step: &Step| match &step.action {
        Action::DeleteTag { tagged, .. } => Some((tagged.image.clone(), tagged.digest.clone())),
        _ => None,
    };
    let this = plan.steps.get(at).and_then(removed);
    let earlier = plan.steps.iter().zip(sent).take(at);
    this.is_some()
        && earlier
            .filter(|(_, sent)| **sent)
            .any(|(step, _)| removed(step) == this)
}

impl Door {
    /// Carries out a plan.
    pub async fn execute(
        &self,
        confirmed: &Confirmed,
        running: &Running<'_>,
    ) -> Result<Ended, DoorError> {
        let plan = confirmed.plan();
        let _lock = self.store.lock(&plan.about, running.by)?;
        if self.store.ledger()?.find(&plan.id).is_some() {
            return Err(DoorError::NotOpen(format!(
                "plan {} was begun before; `gonogo journal resume {}` goes on with it",
                plan.id, plan.id
            )));
        }
        let content = Box::new(plan.clone());
        self.note(plan, running, Happening::Planned { content })?;
        let how = confirmed.proof().clone();
        self.note(plan, running, Happening::Confirmed { how })?;
        let steps = vec![StepState::Ahead; plan.steps.len()];
        self.walk(plan, &steps, &vec![false; plan.steps.len()], running)
            .await
    }

    /// Goes on with a plan that was left half-way.
    pub async fn resume(
        &self,
        confirmed: &Confirmed,
        running: &Running<'_>,
    ) -> Result<Ended, DoorError> {
        let plan = confirmed.plan();
        let _lock = self.store.lock(&plan.about, running.by)?;
        let ledger = self.store.ledger()?;
        let record = ledger.find(&plan.id).filter(|known| known.plan == *plan);
        let Some(record) = record.filter(|record| record.state().is_open()) else {
            return Err(DoorError::NotOpen(format!(
                "plan {} has ended: there is nothing to go on with",
                plan.id
            )));
        };
        let how = confirmed.proof().clone();
        self.note(plan, running, Happening::Resumed { how })?;
        self.walk(plan, &record.steps, &record.touched, running)
            .await
    }

    /// Every step that is not behind us yet, in order.
    async fn walk(
        &self,
        plan: &Plan,
        states: &[StepState],
        touched: &[bool],
        running: &Running<'_>,
    ) -> Result<Ended, DoorError> {
        // Taking back is done as far as it can be; everything else stops at the first step that differs.
        let takes_back = matches!(plan.intent, Intent::Undo(_));
        let mut has_changed = touched.contains(&true);
        let mut ours = touched.to_vec();
        let (mut missed, mut left) = (Vec::new(), Vec::new());
        for (at, (step, state)) in plan.steps.iter().zip(states).enumerate() {
            if matches!(state, StepState::Verified(_)) {
                continue;
            }
            if running.stop.is_asked() {
                let why = format!("stopped before step {} as asked", at + 1);
                return self.close(plan, running, stopped(has_changed, why));
            }
            let on = OnStep {
                door: self,
                running,
                plan,
                at,
                step,
                was_sent: touched.get(at).copied().unwrap_or(false),
                may_be_ours: goes_with_one_of(plan, at, &ours),
            };
            match on.take().await? {
                Came::Through(how) => {
                    let is_ours = matches!(how, Done::Sent | Done::Found);
                    has_changed |= is_ours;
                    if let Some(slot) = ours.get_mut(at) {
                        *slot |= is_ours;
                    }
                    self.note_taken_back(plan, at, running)?;
                }
                Came::LeftAlone(why) => left.push(why),
                Came::Not(why) if takes_back => missed.push(why),
                Came::Not(why) => return self.close(plan, running, stopped(has_changed, why)),
                Came::Astray(why) if takes_back => missed.push(why),
                Came::Astray(why) => return self.close(plan, running, stopped(true, why)),
            }
        }
        let ended = if missed.is_empty() {
            let mut why = "every step is done and verified".to_owned();
            if !left.is_empty() {
                why = format!(
                    "what others have changed since was left alone: {}",
                    left.join("; ")
                );
            }
            Ended {
                outcome: Outcome::Done,
                why,
            }
        } else {
            stopped(true, missed.join("; "))
        };
        self.close(plan, running, ended)
    }

    /// Where a plan takes another back, the other's step is noted as taken back.
    fn note_taken_back(
        &self,
        plan: &Plan,
        at: usize,
        running: &Running<'_>,
    ) -> Result<(), StoreError> {
        let Some(takes_back) = plan.takes_back.get(at) else {
            return Ok(());
        };
        let Intent::Undo(other) = &plan.intent else {
            return Ok(());
        };
        let what = Happening::Undone {
            step: *takes_back,
            with: plan.id.clone(),
        };
        self.write(other.clone(), running, what)
    }

    fn close(&self, plan: &Plan, running: &Running<'_>, ended: Ended) -> Result<Ended, DoorError> {
        let what = Happening::Closed {
            outcome: ended.outcome,
            why: ended.why.clone(),
        };
        self.note(plan, running, what)?;
        if let Intent::Undo(other) = &plan.intent
            && ended.outcome == Outcome::Done
        {
            let what = Happening::Closed {
                outcome: Outcome::Undone,
                why: format!("taken back by {}", plan.id),
            };
            self.write(other.clone(), running, what)?;
        }
        Ok(ended)
    }

    fn note(&self, plan: &Plan, running: &Running<'_>, what: Happening) -> Result<(), StoreError> {
        self.write(plan.id.clone(), running, what)
    }

    /// Writes an entry, and tells it once it is on the disk.
    fn write(
        &self,
        plan: PlanId,
        running: &Running<'_>,
        what: Happening,
    ) -> Result<(), StoreError> {
        let entry = Entry {
            schema: SCHEMA,
            plan,
            at: (running.clock)(),
            by: running.by.clone(),
            what,
        };
        self.store.append(&entry)?;
        (running.told)(&entry);
        Ok(())
    }
}

impl OnStep<'_> {
    /// The step, from where it stands to its end.
    async fn take(&self) -> Result<Came, DoorError> {
        // What may have been sent before is looked up first: whether it arrived, and has held since.
        if self.was_sent {
            match self.all(&self.step.after).await {
                Ok(Held::Yes) => return self.is_so(Done::Found),
                Ok(Held::No(difference)) if self.step.repeat == Repeat::Never => {
                    self.note(Happening::Contradicted {
                        step: self.at,
                        difference: difference.clone(),
                    })?;
                    let why = "it was sent once and is not sent again without a person's look";
                    return Ok(Came::Astray(format!("{difference}; {why}")));
                }
                Ok(Held::No(_)) => {}
                Err(failure) => return self.unseen(failure),
            }
        }
        match self.all(&self.step.before).await {
            Ok(Held::Yes) => {}
            Ok(Held::No(difference)) => return self.differs(difference).await,
            Err(failure) => return self.unseen(failure),
        }
        let kept = match self.door.to_keep(&self.step.action, self.now()).await {
            Ok(kept) => kept,
            Err(failure) => return self.unseen(failure),
        };
        let mut digests = Vec::new();
        for (digest, kept) in kept {
            self.door.store.keep(&digest, &kept)?;
            digests.push(digest);
        }
        self.note(Happening::StepIntent {
            step: self.at,
            kept: digests,
        })?;
        match self.door.send(&self.step.action, self.now()).await {
            Sent::Accepted(told) => {
                self.note(Happening::StepDone {
                    step: self.at,
                    how: Done::Sent,
                    told,
                })?;
                self.verify().await
            }
            Sent::Refused(failure) => {
                let why = sentence(&failure);
                self.note(Happening::StepFailed {
                    step: self.at,
                    failure,
                })?;
                Ok(Came::Not(why))
            }
            Sent::Unknown(failure) => {
                self.note(Happening::StepUnknown {
                    step: self.at,
                    failure: failure.clone(),
                })?;
                self.find_out(&failure).await
            }
        }
    }

    /// After a success: whether what was to hold holds. Services need a moment to show what they accepted.
    async fn verify(&self) -> Result<Came, DoorError> {
        let mut looks = pauses(&self.step.after);
        loop {
            match self.all(&self.step.after).await {
                Ok(Held::Yes) => {
                    self.note(Happening::Verified { step: self.at })?;
                    return Ok(Came::Through(Done::Sent));
                }
                Ok(Held::No(difference)) => {
                    if let Some(pause) = looks.next() {
                        tokio::time::sleep(pause).await;
                        continue;
                    }
                    self.note(Happening::Contradicted {
                        step: self.at,
                        difference: difference.clone(),
                    })?;
                    let why = format!("it was accepted, and yet: {difference}");
                    return Ok(Came::Astray(why));
                }
                Err(failure) => {
                    let seen = sentence(&failure);
                    self.note(Happening::Unseen {
                        step: self.at,
                        failure,
                    })?;
                    let why = format!("it was accepted and could not be verified: {seen}");
                    return Ok(Came::Astray(why));
                }
            }
        }
    }

    /// After a request without an answer: whether it arrived. It is never sent again here.
    async fn find_out(&self, failure: &Failure) -> Result<Came, DoorError> {
        let lost = sentence(failure);
        match self.all(&self.step.after).await {
            Ok(Held::Yes) => self.is_so(Done::Found),
            Ok(Held::No(difference)) if self.step.repeat == Repeat::Never => {
                // That it cannot be seen yet does not mean that it did not arrive.
                self.note(Happening::Contradicted {
                    step: self.at,
                    difference: difference.clone(),
                })?;
                Ok(Came::Astray(format!("{lost} A look shows: {difference}")))
            }
            Ok(Held::No(difference)) => match self.all(&self.step.before).await {
                Ok(Held::Yes) => {
                    self.note(Happening::StepFailed {
                        step: self.at,
                        failure: failure.clone(),
                    })?;
                    let why = format!("{lost} A look shows that nothing was changed");
                    Ok(Came::Not(why))
                }
                Ok(Held::No(_)) => {
                    self.note(Happening::Contradicted {
                        step: self.at,
                        difference: difference.clone(),
                    })?;
                    Ok(Came::Not(format!("{lost} A look shows: {difference}")))
                }
                Err(second) => self.lost(&lost, second),
            },
            Err(second) => self.lost(&lost, second),
        }
    }

    fn lost(&self, lost: &str, failure: Failure) -> Result<Came, DoorError> {
        let seen = sentence(&failure);
        self.note(Happening::Unseen {
            step: self.at,
            failure,
        })?;
        let why = format!("{lost} It could not be looked up whether it arrived: {seen}");
        Ok(Came::Astray(why))
    }

    /// What must hold before does not: it is done already, or the world has moved and the plan is void.
    async fn differs(&self, difference: String) -> Result<Came, DoorError> {
        if !self.was_sent
            && let Ok(Held::Yes) = self.all(&self.step.after).await
        {
            return self.is_so(if self.may_be_ours {
                Done::Found
            } else {
                Done::AlreadySo
            });
        }
        if matches!(self.plan.intent, Intent::Undo(_)) {
            self.note(Happening::StepDone {
                step: self.at,
                how: Done::LeftAlone,
                told: Some(difference.clone()),
            })?;
            return Ok(Came::LeftAlone(difference));
        }
        self.note(Happening::Contradicted {
            step: self.at,
            difference: difference.clone(),
        })?;
        Ok(Came::Not(difference))
    }

    fn is_so(&self, how: Done) -> Result<Came, DoorError> {
        self.note(Happening::StepDone {
            step: self.at,
            how,
            told: None,
        })?;
        self.note(Happening::Verified { step: self.at })?;
        Ok(Came::Through(how))
    }

    /// A look that failed before anything was sent.
    fn unseen(&self, failure: Failure) -> Result<Came, DoorError> {
        let why = sentence(&failure);
        self.note(Happening::Unseen {
            step: self.at,
            failure,
        })?;
        Ok(if self.was_sent {
            Came::Astray(why)
        } else {
            Came::Not(why)
        })
    }

    /// All of these conditions, in their order; the first that does not hold.
    async fn all(&self, conditions: &[Condition]) -> Result<Held, Failure> {
        for condition in conditions {
            let held = self.door.holds(condition, self.now()).await?;
            if held != Held::Yes {
                return Ok(held);
            }
        }
        Ok(Held::Yes)
    }

    fn note(&self, what: Happening) -> Result<(), StoreError> {
        self.door.note(self.plan, self.running, what)
    }

    fn now(&self) -> Timestamp {
        (self.running.clock)()
    }
}

/// Left before its end: half-way, or without a trace.
fn stopped(has_changed: bool, why: String) -> Ended {
    let outcome = if has_changed {
        Outcome::Stopped
    } else {
        Outcome::Refused
    };
    Ended { outcome, why }
}

/// What happened and what to do about it.
fn sentence(failure: &Failure) -> String {
    format!("{} {}", failure.what, failure.advice)
}
