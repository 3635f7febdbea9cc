//! The engine: a model, the messages that change it, the effects they ask for, and the pure update between.
//!
//! Nothing here reads a clock or a socket; [`runtime`] does both and feeds the results back as messages.
//! Recording a session is writing its messages; replaying it is feeding them back.

pub mod cache;
pub mod desk;
pub mod interest;
pub mod pace;
pub mod runtime;
mod update;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use desk::{Desk, DeskMessage};
pub use update::update;

use crate::domain::assess::Board;
use crate::domain::event::Event;
use crate::domain::fact::{Ask, Observation};
use crate::domain::ids::{JobId, RunId};
use crate::domain::observed::Observed;
use crate::domain::outlook::Outlook;
use crate::domain::plan::Confirmed;
use crate::domain::policy::Policy;
use crate::domain::snapshot::Snapshot;
use crate::domain::time::Timestamp;

/// Everything a face may look at. Cheap to clone; a face never changes it but by sending a [`Message`].
#[derive(Debug, Clone)]
pub struct Model {
    /// What is released, and how.
    pub policy: Arc<Policy>,
    /// Everything observed.
    pub snapshot: Snapshot,
    /// What follows from the snapshot: the watched release and its graph. Recomputed on change.
    pub outlook: Arc<Outlook>,
    /// What the rules say of it: the Go/No-Go board. Recomputed on change.
    pub board: Arc<Board>,
    /// Questions whose answers are too old to decide by.
    pub stale: Arc<BTreeSet<Ask>>,
    /// The run that is watched whatever the others do: the user's choice, or the one that the command line names.
    pub pinned: Option<RunId>,
    /// The run the user chose; it sticks, over the end of the session too.
    pub chosen: Option<RunId>,
    /// The version the user named, where no fact tells it.
    pub given_version: Option<String>,
    /// The job whose log the user looks at.
    pub focus: Option<JobId>,
    /// What is planned and done.
    pub desk: Desk,
    /// Questions on their way, with the time they were sent.
    pub in_flight: BTreeMap<Ask, Timestamp>,
    /// Questions that the user wants answered again now.
    pub forced: BTreeSet<Ask>,
    /// How often everything was wanted again.
    pub refreshes: u64,
    /// When the snapshot was written, while anything in it that changes was not seen again in this session.
    pub cached_at: Option<Timestamp>,
    /// When the session began.
    pub began: Timestamp,
    /// How often something that runs is looked at.
    pub interval: Duration,
    /// Makes this process's pauses differ from another's.
    pub seed: u64,
    /// Time of the last message.
    pub now: Timestamp,
}

/// What happens to the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Message {
    /// Time has passed; something may be due.
    Tick,
    /// A look has ended, well or badly.
    Observed(Box<Observation>),
    /// A look was given up before it ended.
    Cancelled(Ask),
    /// The user chose a run, or with `None` lets the engine choose again.
    Watch(Option<RunId>),
    /// This run is watched to the end of the session, and no longer.
    Follow(RunId),
    /// The user named the version.
    Version(Option<String>),
    /// The user looks at a job: its log is wanted.
    Focus(Option<JobId>),
    /// The user wants everything looked at again now.
    Refresh,
    /// Something is planned or done.
    Desk(DeskMessage),
}

/// What an update asks the runtime to do.
///
/// It is written and never read back: what may be carried out comes from a confirmation alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Effect {
    /// Put this question to its service.
    Look(Ask),
    /// Give up the look for this question.
    Cancel(Ask),
    /// Nothing is due before then.
    WakeAt(Timestamp),
    /// Something happened that a person may want to hear of.
    Announce(Event),
    /// The snapshot is worth writing to disk.
    Save,
    /// Carry this plan out.
    Execute(Box<Confirmed>),
    /// Go on with this plan of the journal.
    Resume(Box<Confirmed>),
    /// Stop the running plan before its next step.
    StopPlan,
}

impl Model {
    /// A model that knows nothing yet.
    pub fn new(policy: Arc<Policy>, interval: Duration, seed: u64, now: Timestamp) -> Self {
        Self {
            policy,
            snapshot: Snapshot::default(),
            outlook: Arc::default(),
            board: Arc::default(),
            stale: Arc::default(),
            pinned: None,
            chosen: None,
            given_version: None,
            focus: None,
            desk: Desk::default(),
            in_flight: BTreeMap::new(),
            forced: BTreeSet::new(),
            refreshes: 0,
            cached_at: None,
            began: now,
            interval,
            seed,
            now,
        }
    }

    /// The same model with a snapshot from the disk: it is drawn at once, and marked with its age.
    ///
    /// That a file or a log is not there may have been said to a credential that could not see it: it is asked again.
    #[must_use]
    pub fn with_cached(mut self, snapshot: Snapshot, written: Timestamp) -> Self {
        self.snapshot = snapshot;
        let is_there = |file: &Observed<Option<String>>| file.value().is_some_and(Option::is_some);
        self.snapshot.workflows.retain(|_, file| is_there(file));
        for record in self.snapshot.records.values_mut() {
            let absent = |log: &Observed<Option<_>>| !log.value().is_some_and(Option::is_some);
            if record.logs.values().any(absent) {
                Arc::make_mut(record).logs.retain(|_, log| !absent(log));
            }
        }
        self.cached_at = Some(written);
        self.refresh_outlook();
        self
    }

    /// Recomputes what follows from the snapshot.
    pub(crate) fn refresh_outlook(&mut self) {
        self.outlook = Arc::new(Outlook::of(
            &self.snapshot,
            &self.policy,
            self.pinned,
            self.given_version.as_deref(),
            &self.outlook,
        ));
        self.refresh_board();
    }

    /// Asks the rules again.
    fn refresh_board(&mut self) {
        self.board = Arc::new(Board::of(
            &self.snapshot,
            &self.policy,
            &self.outlook,
            &self.stale,
        ));
    }

    /// Notes which answers have become too old, or young again; the board is drawn up anew where that changed.
    fn note_ages(&mut self, interests: &[interest::Interest]) {
        let stale = interests
            .iter()
            .filter(|interest| {
                let standing = self.snapshot.standing(&interest.ask);
                let freshness = pace::freshness(standing, interest.every, self.now);
                // An answer from before something changed, or from an earlier session where this one gets none,
                // is as one that is too old.
                let is_outdated = |seen: Timestamp| {
                    !interest.is_met_by(seen) || (seen < self.began && standing.failed_at.is_some())
                };
                matches!(freshness, pace::Freshness::Stale(_))
                    || standing.seen_at.is_some_and(is_outdated)
            })
            .map(|interest| interest.ask.clone())
            .collect();
        if *self.stale != stale {
            self.stale = Arc::new(stale);
            self.refresh_board();
        }
    }

    /// Whether every question of interest has been looked at in this session, well or badly, and none is on its way.
    ///
    /// What one answer is enough for may have it from an earlier session.
    pub fn is_settled(&self) -> bool {
        // Nothing waits for newer keys: the old ones serve until they are here.
        let is_waited_for = |ask: &Ask| *ask != Ask::Trust;
        let interests = interest::of(self).into_iter();
        !self.in_flight.keys().any(is_waited_for)
            && !self.forced.iter().any(is_waited_for)
            && interests
                .filter(|one| is_waited_for(&one.ask))
                .all(|interest| {
                    let looked_at = self.snapshot.standing(&interest.ask).looked_at();
                    looked_at.is_some_and(|at| {
                        interest.is_met_by(at) && (interest.every.is_none() || at >= self.began)
                    })
                })
    }

    /// Whether the watched run is known from a look of this session, and not from the disk alone.
    pub fn has_seen_the_run(&self) -> bool {
        let Some(run) = self.outlook.run else {
            return false;
        };
        let own = self.snapshot.record(run).and_then(|r| r.run.seen_at());
        let list = self.snapshot.runs.value().into_iter().flatten();
        let listed = list.into_iter().any(|listed| listed.id == run);
        let listed_at = self.snapshot.runs.seen_at().filter(|_| listed);
        own.max(listed_at).is_some_and(|at| at >= self.began)
    }

    /// Whether anything that changes is known from an earlier session alone.
    fn rests_on_the_disk(&self) -> bool {
        interest::of(self).iter().any(|interest| {
            let seen = self.snapshot.standing(&interest.ask).seen_at;
            interest.every.is_some() && seen.is_some_and(|at| at < self.began)
        })
    }

    /// How fresh the answer to a question is, against the interval it is asked at.
    pub fn freshness(&self, ask: &Ask, now: Timestamp) -> pace::Freshness {
        let every = interest::of(self)
            .into_iter()
            .find(|interest| interest.ask == *ask)
            .and_then(|interest| interest.every);
        pace::freshness(self.snapshot.standing(ask), every, now)
    }
}
