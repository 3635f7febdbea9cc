//! Looks conditions up at GitHub, now: what is there, and who did it where that is known.

mod gate;
mod run;
mod workflow;

use crate::domain::fact::{Ask, Fact, Failure, FailureKind};
use crate::domain::ids::RunId;
use crate::domain::plan::{Condition, Mark};
use crate::domain::run::{Job, Run};
use crate::domain::time::Timestamp;
use crate::door::{Door, Held};
use crate::net::failure;

/// One look: whom to ask, and when.
#[derive(Clone, Copy)]
struct Look<'a> {
    door: &'a Door,
    now: Timestamp,
}

pub(super) async fn holds(
    door: &Door,
    condition: &Condition,
    now: Timestamp,
) -> Result<Held, Failure> {
    let look = Look { door, now };
    match condition {
        Condition::GateWaits {
            run,
            attempt,
            gates,
            jobs,
        } => gate::waits(look, *run, *attempt, gates, jobs).await,
        Condition::Reviewed {
            run,
            environments,
            decision,
            by,
            times,
        } => gate::reviewed(look, *run, environments, *decision, by, *times).await,
        Condition::RunIs {
            run,
            attempt,
            state,
        } => run::is(look, *run, *attempt, *state).await,
        Condition::Reattempted { run, attempt, by } => {
            run::reattempted(look, *run, *attempt, by).await
        }
        Condition::Stopped { run, attempt, but } => run::stopped(look, *run, *attempt, but).await,
        Condition::CannotPromote { run } => run::cannot_promote(look, *run).await,
        Condition::CanDispatch { workflow } => workflow::can_start(look, workflow).await,
        Condition::RunStarted {
            workflow,
            by,
            known,
        } => workflow::started(look, workflow, by, known).await,
        Condition::ReleaseIs { id, tag, mark } => release_is(look, *id, tag, *mark).await,
        _ => Err(failure::plain(
            FailureKind::Unexpected,
            "GitHub was asked what it does not know.",
            "Ask the service that holds it.",
        )),
    }
}

impl Look<'_> {
    async fn fact(self, ask: &Ask) -> Result<Fact, Failure> {
        self.door.sources.github.look(ask, self.now).await.outcome
    }

    async fn run(self, id: RunId) -> Result<Run, Failure> {
        match self.fact(&Ask::Run(id)).await? {
            Fact::Run(run) => Ok(run),
            _ => Err(other()),
        }
    }

    async fn jobs(self, id: RunId) -> Result<Vec<Job>, Failure> {
        match self.fact(&Ask::Jobs(id)).await? {
            Fact::Jobs(jobs) => Ok(jobs),
            _ => Err(other()),
        }
    }
}

fn other() -> Failure {
    failure::plain(
        FailureKind::Unexpected,
        "GitHub's client answered another question than was asked.",
        "Look again.",
    )
}

async fn release_is(look: Look<'_>, id: u64, tag: &str, mark: Mark) -> Result<Held, Failure> {
    let Some(release) = look.door.sources.github.release(id, look.now).await? else {
        return Ok(Held::No(format!("the Release {tag} is not there any more")));
    };
    if release.tag != tag {
        return Ok(Held::No(format!(
            "the Release {tag} is one of {} now",
            release.tag
        )));
    }
    let now = Mark {
        draft: release.draft,
        prerelease: release.prerelease,
    };
    if now == mark {
        return Ok(Held::Yes);
    }
    let is = match (now.draft, now.prerelease) {
        (true, _) => "a draft",
        (false, true) => "a prerelease",
        (false, false) => "a full release",
    };
    Ok(Held::No(format!("the Release {tag} is {is}")))
}
