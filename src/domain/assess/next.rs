//! What would be let go now: which run, which gate, which jobs, and what those would do.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::ids::RunId;
use crate::domain::outlook::Outlook;
use crate::domain::release::{self, Stage, role};
use crate::domain::run::{Job, Run, Status};
use crate::domain::snapshot::Snapshot;

/// Something that a release does to the world. The rules that must hold before it differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// The image gets its release tags.
    Promote,
    /// The publish workflow is started.
    Dispatch,
    /// The package is uploaded: a one-way step.
    Publish,
    /// The GitHub Release is made.
    Release,
    /// What a release that failed left behind is removed.
    CleanUp,
    /// Nothing more: what is out is looked at.
    Nothing,
}

/// What would be let go now, or comes next.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Next {
    /// The run that it is about.
    pub run: Option<RunId>,
    /// The environments that hold it; none where nothing waits.
    pub environments: Vec<String>,
    /// The jobs that wait there, by display name.
    pub jobs: Vec<String>,
    /// What they do.
    pub acts: BTreeSet<Act>,
}

impl Next {
    /// What the gates hold now; where none does, what comes next.
    pub fn of(snapshot: &Snapshot, outlook: &Outlook) -> Self {
        let waiting = [outlook.run, outlook.publish_run]
            .into_iter()
            .flatten()
            .find_map(|run| Self::waiting(snapshot, outlook, run));
        waiting.unwrap_or_else(|| Self {
            run: outlook.run,
            acts: BTreeSet::from([ahead(snapshot, outlook)]),
            ..Self::default()
        })
    }

    fn waiting(snapshot: &Snapshot, outlook: &Outlook, run: RunId) -> Option<Self> {
        let gates = release::gates(snapshot, run);
        let jobs: Vec<&Job> = jobs(snapshot, run)
            .iter()
            .filter(|job| job.status == Status::Waiting)
            .collect();
        // What waits is what its jobs do, also where the gates could not be looked up.
        if jobs.is_empty() || snapshot.run(run).is_some_and(Run::is_over) {
            return None;
        }
        let is_publish = outlook.publish_run == Some(run);
        let act = |job: &&Job| {
            if is_publish {
                Act::Publish
            } else {
                act(&job.name)
            }
        };
        Some(Self {
            run: Some(run),
            environments: gates.iter().map(|gate| gate.name.clone()).collect(),
            acts: jobs.iter().map(act).collect(),
            jobs: jobs.iter().map(|job| job.name.clone()).collect(),
        })
    }

    /// Whether something waits to be let go.
    pub fn is_waiting(&self) -> bool {
        !self.jobs.is_empty()
    }
}

/// What a job of the release workflow does; one that is not known is judged by the strictest rules.
fn act(job: &str) -> Act {
    match release::caller(job) {
        role::TRIGGER_PYPI => Act::Dispatch,
        role::CREATE_RELEASE => Act::Release,
        role::CLEANUP => Act::CleanUp,
        _ => Act::Promote,
    }
}

/// What comes next where nothing waits.
fn ahead(snapshot: &Snapshot, outlook: &Outlook) -> Act {
    match outlook.stage.0 {
        Stage::Publishing | Stage::HalfPublished => {
            let jobs = outlook.run.map_or(&[][..], |run| jobs(snapshot, run));
            let mut triggers = jobs
                .iter()
                .filter(|job| release::caller(&job.name) == role::TRIGGER_PYPI);
            let mut monitors = jobs
                .iter()
                .filter(|job| release::caller(&job.name) == role::MONITOR_PYPI);
            let publishes = triggers.clone().next().is_some()
                || monitors.next().is_some()
                || outlook.publish_run.is_some();
            let is_published = outlook.pypi_files > 0;
            if triggers.any(|job| !job.is_over()) {
                Act::Dispatch
            } else if is_published || !publishes {
                Act::Release
            } else {
                Act::Publish
            }
        }
        Stage::Released => Act::Nothing,
        Stage::Unknown
        | Stage::NothingToRelease
        | Stage::Building
        | Stage::Waiting { .. }
        | Stage::Promoting
        | Stage::Rejected
        | Stage::Failed
        | Stage::Cancelled => Act::Promote,
    }
}

fn jobs(snapshot: &Snapshot, run: RunId) -> &[Job] {
    let record = snapshot.record(run);
    record
        .and_then(|record| record.jobs.value())
        .map_or(&[], Vec::as_slice)
}
