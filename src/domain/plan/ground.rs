//! What a plan is made from.

use std::collections::BTreeSet;

use super::{About, Draft, Intent, Plan, Refusal, RefusalKind};
use crate::domain::assess::Board;
use crate::domain::fact::Ask;
use crate::domain::journal::Ledger;
use crate::domain::outlook::Outlook;
use crate::domain::policy::Policy;
use crate::domain::snapshot::Snapshot;
use crate::domain::time::Timestamp;

/// Everything that a planner may look at.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// What was observed.
    pub snapshot: &'a Snapshot,
    /// What is released and how.
    pub policy: &'a Policy,
    /// The watched release.
    pub outlook: &'a Outlook,
    /// The Go/No-Go board of what would be let go now.
    pub board: &'a Board,
    /// The questions whose answers are too old to decide by.
    pub stale: &'a BTreeSet<Ask>,
    /// What was done before.
    pub ledger: &'a Ledger,
    /// The time.
    pub now: Timestamp,
}

impl Ground<'_> {
    /// Completes a draft for the watched release.
    pub(super) fn plan(&self, intent: &Intent, draft: Draft) -> Plan {
        let about = About {
            repo: self.policy.repo.clone(),
            version: self.outlook.version.as_ref().map(|one| one.value.clone()),
            run: self.outlook.run,
        };
        self.plan_about(intent, about, draft)
    }

    /// Completes a draft for something else.
    pub(super) fn plan_about(&self, intent: &Intent, about: About, draft: Draft) -> Plan {
        Plan::new(
            intent.clone(),
            about,
            draft,
            self.snapshot.revision,
            self.now,
        )
    }

    /// Refuses where one of these questions has no answer that is fresh enough to decide by.
    pub(super) fn known(&self, asks: &[Ask]) -> Result<(), Refusal> {
        for ask in asks {
            let standing = self.snapshot.standing(ask);
            if let Some(failure) = self.snapshot.failure(ask) {
                return Err(Refusal::new(
                    RefusalKind::CannotTell,
                    failure.what.clone(),
                    failure.advice.clone(),
                ));
            }
            if standing.seen_at.is_none() || self.stale.contains(ask) {
                return Err(Refusal::new(
                    RefusalKind::CannotTell,
                    format!(
                        "{} has not answered lately enough to decide by.",
                        ask.source()
                    ),
                    "Look again, and see what is wrong with the service.",
                ));
            }
        }
        Ok(())
    }
}
