//! Carrying a confirmed plan out by the door, and reading what was done before.

use std::sync::Arc;

use super::{Message, Shell};
use crate::domain::journal::Entry;
use crate::domain::plan::{Confirmed, PlanId};
use crate::domain::time::Timestamp;
use crate::door::{DoorError, Running, Stop};
use crate::engine::DeskMessage;
use crate::engine::desk::Ended;

/// Whether a plan is begun or gone on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// From its first step.
    Afresh,
    /// Where it was left.
    Again,
}

impl Shell {
    /// Reads the journal, before anything can be planned.
    pub(super) fn recall(&mut self) {
        let door = self.services.as_ref().ok().and_then(|s| s.door().cloned());
        self.looks.spawn_blocking(move || {
            let entries = match door {
                Some((door, _)) => door.store().entries().map_err(|error| error.to_string()),
                None => Ok(Vec::new()),
            };
            Message::Desk(DeskMessage::Recalled(entries))
        });
    }

    /// Carries a plan out on a task of its own; each entry that it writes comes back as a message.
    pub(super) fn carry_out(&mut self, confirmed: Confirmed, how: How) {
        self.stop = Stop::default();
        let stop = self.stop.clone();
        let door = self.services.as_ref().ok().and_then(|s| s.door().cloned());
        let login = self.model.snapshot.viewer.value().map(|v| v.login.clone());
        let (clock, messages) = (Arc::clone(&self.clock), self.messages.clone());
        let plan = confirmed.plan().id.clone();
        let task = async move {
            let Some((door, mut by)) = door else {
                return Err(DoorError::NotOpen(
                    "the services are not connected, so nothing was begun".to_owned(),
                ));
            };
            by.login = login;
            let told = move |entry: &Entry| {
                if let Some(messages) = messages.upgrade() {
                    let entry = Box::new(entry.clone());
                    let _ = messages.send(Message::Desk(DeskMessage::Written(entry)));
                }
            };
            let now = move || -> Timestamp { clock.now() };
            let running = Running {
                by: &by,
                clock: &now,
                told: &told,
                stop: &stop,
            };
            match how {
                How::Afresh => door.execute(&confirmed, &running).await,
                How::Again => door.resume(&confirmed, &running).await,
            }
        };
        // On a task of its own within the look: should the door stumble, the plan is told to have been left.
        let task = tokio::spawn(task);
        self.looks.spawn(async move {
            let ended = match task.await {
                Ok(Ok(ended)) => Ended {
                    plan,
                    outcome: Some(ended.outcome),
                    why: ended.why,
                },
                Ok(Err(error)) => not_begun(plan, &error),
                Err(error) => stumbled(plan, &error),
            };
            Message::Desk(DeskMessage::Ended(ended))
        });
    }
}

fn not_begun(plan: PlanId, error: &DoorError) -> Ended {
    Ended {
        plan,
        outcome: None,
        why: error.to_string(),
    }
}

fn stumbled(plan: PlanId, error: &tokio::task::JoinError) -> Ended {
    tracing::error!(%error, "a plan's task ended without a word");
    let why = format!(
        "gonogo itself stumbled; `gonogo journal show {plan}` says how far it came, `gonogo journal resume {plan}` goes on"
    );
    Ended {
        plan,
        outcome: Some(crate::domain::journal::Outcome::Stopped),
        why,
    }
}
