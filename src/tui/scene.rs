//! What a pane draws from: the model, the cockpit's memory, and the time, all by reference.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ui::{Item, Pane, Ui};
use crate::domain::fact::Ask;
use crate::domain::ids::{JobId, RunId};
use crate::domain::log::JobLog;
use crate::domain::observed::Observed;
use crate::domain::run::{Job, Run};
use crate::domain::snapshot::RunRecord;
use crate::domain::time::Timestamp;
use crate::engine::pace::{self, Freshness};
use crate::engine::{Model, interest};

/// One moment, to be drawn or asked about.
#[derive(Debug)]
pub struct Scene<'a> {
    /// Everything known.
    pub model: &'a Model,
    /// Everything remembered.
    pub ui: &'a Ui,
    /// The time.
    pub now: Timestamp,
    every: BTreeMap<Ask, Option<Duration>>,
}

impl<'a> Scene<'a> {
    /// The scene at a time.
    pub fn new(model: &'a Model, ui: &'a Ui, now: Timestamp) -> Self {
        let every = interest::of(model)
            .into_iter()
            .map(|interest| (interest.ask, interest.every))
            .collect();
        Self {
            model,
            ui,
            now,
            every,
        }
    }

    /// The watched run.
    pub fn run(&self) -> Option<&'a Run> {
        self.model.snapshot.run(self.model.outlook.run?)
    }

    /// Its record.
    pub fn record(&self) -> Option<&'a RunRecord> {
        self.model.snapshot.record(self.model.outlook.run?)
    }

    /// Its jobs, empty where they are not known.
    pub fn jobs(&self) -> &'a [Job] {
        jobs(self.model, self.model.outlook.run)
    }

    /// The job that the pipeline's cursor is on.
    pub fn selected_job(&self) -> Option<&'a Job> {
        selected_job(self.model, self.ui)
    }

    /// A job's log, as far as it was looked at.
    pub fn log(&self, job: JobId) -> Option<&'a Observed<Option<JobLog>>> {
        self.record()?.logs.get(&job)
    }

    /// How fresh an answer is.
    pub fn freshness(&self, ask: &Ask) -> Freshness {
        let every = self.every.get(ask).copied().flatten();
        pace::freshness(self.model.snapshot.standing(ask), every, self.now)
    }

    /// When a question is asked again; `None`: not before something changes.
    pub fn next_look(&self, ask: &Ask) -> Option<Timestamp> {
        let snapshot = &self.model.snapshot;
        let every = self.every.get(ask).copied()?;
        pace::next_look(
            ask,
            snapshot.standing(ask),
            every,
            snapshot.failure(ask),
            snapshot.health.get(&ask.source()).map(AsRef::as_ref),
            self.model.seed,
        )
    }

    /// Whether a question is on its way.
    pub fn is_asking(&self, ask: &Ask) -> bool {
        self.model.in_flight.contains_key(ask)
    }

    /// Whether the pane has the keys.
    pub fn has_keys(&self, pane: Pane) -> bool {
        self.ui.active() == pane
    }

    /// Whether something shown moves with the clock: a run that has not ended, or an answer that ages.
    pub fn ticks(&self) -> bool {
        let unfinished = |id: Option<RunId>| {
            id.and_then(|id| self.model.snapshot.run(id))
                .is_some_and(|run| !run.is_over())
        };
        let outlook = &self.model.outlook;
        unfinished(outlook.run)
            || unfinished(outlook.publish_run)
            || self.model.cached_at.is_some()
            || self
                .model
                .snapshot
                .health
                .values()
                .any(|health| !health.failing.is_empty())
            || self.every.iter().any(|(ask, every)| {
                every.is_some()
                    && matches!(
                        self.freshness(ask),
                        Freshness::Aging(_) | Freshness::Stale(_)
                    )
            })
    }
}

/// The jobs of a run, empty where they are not known.
pub fn jobs(model: &Model, run: Option<RunId>) -> &[Job] {
    run.and_then(|run| model.snapshot.record(run)?.jobs.value())
        .map_or(&[], Vec::as_slice)
}

/// The job that the pipeline's cursor is on.
pub fn selected_job<'a>(model: &'a Model, ui: &Ui) -> Option<&'a Job> {
    let jobs = jobs(model, model.outlook.run);
    let chosen = ui.cursor(Pane::Pipeline).and_then(|c| c.item.as_ref());
    match chosen {
        Some(Item::Job(id)) => jobs.iter().find(|job| job.id == *id),
        Some(Item::Node(node)) => ui.flow.job_of(node, jobs, &model.policy),
        _ => match ui.flow.hot() {
            Some(node) => ui.flow.job_of(node, jobs, &model.policy),
            None => jobs.first(),
        },
    }
}
