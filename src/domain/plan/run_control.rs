//! Running again, cancelling and starting.

mod again;
mod cancel;
mod dispatch;
mod job;
mod rerun;
mod shape;

use super::{About, Ground, Intent, Plan, Refusal, RefusalKind};
use crate::domain::fact::Ask;
use crate::domain::ids::RunId;
use crate::domain::run::Run;

/// The questions whose fresh answers the plan needs.
pub(super) fn needs(intent: &Intent, ground: &Ground<'_>) -> Vec<Ask> {
    match intent {
        Intent::Rerun { run, .. } => rerun::needs(*run, ground),
        Intent::Cancel { run, .. } => cancel::needs(*run, ground),
        Intent::Dispatch { workflow, .. } => dispatch::needs(workflow, ground),
        _ => Vec::new(),
    }
}

/// The plan, or why there is none.
pub(super) fn plan(intent: &Intent, ground: &Ground<'_>) -> Result<Plan, Refusal> {
    match intent {
        Intent::Rerun {
            run,
            what,
            debugging,
            reason,
        } => {
            let reason = reason.as_deref().map(str::trim);
            let reason = reason.filter(|text| !text.is_empty());
            rerun::plan(intent, *run, what, *debugging, reason, ground)
        }
        Intent::Cancel { run, force } => cancel::plan(intent, *run, *force, ground),
        Intent::Dispatch {
            workflow,
            git_ref,
            inputs,
        } => dispatch::plan(intent, workflow, git_ref.as_deref(), inputs, ground),
        _ => Err(Refusal::new(
            RefusalKind::Nothing,
            "That is nothing to do with a run.",
            "Name a run.",
        )),
    }
}

/// The run that is meant: the named one, else the watched one.
fn meant(named: Option<RunId>, ground: &Ground<'_>) -> Option<RunId> {
    named.or(ground.outlook.run)
}

/// The run that is meant, where it and its jobs are known well enough to decide by.
fn known_run<'g>(named: Option<RunId>, ground: &Ground<'g>) -> Result<&'g Run, Refusal> {
    let Some(id) = meant(named, ground) else {
        return Err(Refusal::new(
            RefusalKind::CannotTell,
            "No run is known.",
            "Name one with `--run`, or wait until the runs are known.",
        ));
    };
    if ground.snapshot.failure(&Ask::Run(id)).is_some() {
        ground.known(&[Ask::Run(id)])?;
    }
    ground.known(&[Ask::Jobs(id)])?;
    ground.snapshot.run(id).ok_or_else(|| {
        Refusal::new(
            RefusalKind::CannotTell,
            format!("Nothing is known of run {id} yet."),
            "Look again.",
        )
    })
}

/// What a plan about a run is about; the version is known of the watched release alone.
fn about(run: &Run, ground: &Ground<'_>) -> About {
    let is_of_release = [ground.outlook.run, ground.outlook.publish_run].contains(&Some(run.id));
    let version = ground
        .outlook
        .version
        .as_ref()
        .filter(|_| is_of_release)
        .map(|version| version.value.clone());
    About {
        repo: ground.policy.repo.clone(),
        version,
        run: Some(run.id),
    }
}
