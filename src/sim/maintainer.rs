//! Somebody else who maintains the simulated repository, and what clients asked to be changed there.

use serde_json::Value;

use super::scenario::Review;
use super::stage::Stage;
use super::world::World;
use super::world::attempt::{Conclusion, State};
use super::world::inst::Inst;
use super::world::repo::OTHER;

/// A request that asked for a change at GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
    /// Its body, where it was JSON.
    pub body: Option<Value>,
}

/// What protects an environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Protection {
    /// Logins of those who may review; none: nobody has to.
    pub reviewers: Vec<String>,
    /// Whether whoever started a run is barred from reviewing it.
    pub prevent_self_review: bool,
    /// Minutes of its wait timer; 0: none.
    pub wait_minutes: u32,
}

/// Somebody else with the viewer's rights.
#[derive(Clone)]
pub struct Maintainer {
    stage: Stage,
}

impl Maintainer {
    pub(super) fn new(stage: Stage) -> Self {
        Self { stage }
    }

    /// Their login.
    pub fn login(&self) -> &'static str {
        OTHER
    }

    /// Reviews what a run waits for. Says whether anything did.
    pub fn review(&self, run: u64, environment: &str, review: Review, comment: &str) -> bool {
        self.stage.with(|world| {
            let at = world.now;
            world.review(run, environment, review, OTHER, comment, at)
        })
    }

    /// Runs all of a run again. Says whether it could be.
    pub fn rerun(&self, run: u64) -> bool {
        self.again(run, &|_| true)
    }

    /// Runs what failed of a run again. Says whether it could be.
    pub fn rerun_failed(&self, run: u64) -> bool {
        let failed = |inst: &Inst| {
            let ends = [
                Conclusion::Failure,
                Conclusion::Cancelled,
                Conclusion::TimedOut,
            ];
            !inst.group && ends.iter().any(|end| inst.state == State::Done(*end))
        };
        self.again(run, &failed)
    }

    fn again(&self, run: u64, choose: &dyn Fn(&Inst) -> bool) -> bool {
        self.stage.with(|world| {
            let at = world.now;
            world.rerun(run, OTHER, at, choose)
        })
    }

    /// Cancels a run. Says whether it went on.
    pub fn cancel(&self, run: u64) -> bool {
        self.stage.with(|world| {
            let at = world.now;
            world.cancel(run, false, at)
        })
    }

    /// Switches a workflow on or off, by its file's name. Says whether there is one.
    pub fn enable(&self, workflow: &str, on: bool) -> bool {
        self.stage.with(|world| {
            let is_it = |path: &str| path.rsplit('/').next() == Some(workflow);
            let mut files = world.files.iter_mut();
            let file = files.find(|file| is_it(&file.path));
            file.map(|file| file.enabled = on).is_some()
        })
    }

    /// Protects an environment otherwise than before. Says whether there is one.
    pub fn protect(&self, environment: &str, by: &Protection) -> bool {
        let protect = |world: &mut World| {
            let mut all = world.repo.environments.iter_mut();
            let Some(found) = all.find(|one| one.name == environment) else {
                return false;
            };
            found.reviewers.clone_from(&by.reviewers);
            found.prevent_self_review = by.prevent_self_review;
            found.wait_minutes = by.wait_minutes;
            true
        };
        self.stage.with(protect)
    }

    /// The run that the scenario is about.
    pub fn release_run(&self) -> Option<u64> {
        self.stage.with(|world| world.star().map(|run| run.id))
    }
}

impl std::fmt::Debug for Maintainer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Maintainer").finish_non_exhaustive()
    }
}
