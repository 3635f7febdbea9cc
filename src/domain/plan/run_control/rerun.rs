//! Running again: everything, what failed, or one job, and never by accident the build.

use std::collections::BTreeSet;
use std::time::Duration;

use super::again::{self, Again};
use super::shape::{self, Shape};
use super::{about, job, known_run, meant};
use crate::domain::fact::Ask;
use crate::domain::ids::{Attempt, JobId, RunId};
use crate::domain::outlook::TagPart;
use crate::domain::plan::action::Debugging;
use crate::domain::plan::words::list;
use crate::domain::plan::{
    Action, Condition, Draft, Ground, Intent, Override, Plan, Refusal, RefusalKind, Repeat, Rerun,
    RunState, Step, Undo, What, allowed,
};
use crate::domain::release::{self, role};
use crate::domain::run::{Conclusion, Job, Run};
use crate::domain::time::since;

/// How long after its start GitHub runs a run again.
const WINDOW: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How often GitHub runs a run again.
const MOST_RERUNS: u32 = 50;
/// What a second image offends against, as the journal has it.
pub(super) const ONE_IMAGE: &str = "one-image";

pub(super) fn needs(named: Option<RunId>, ground: &Ground<'_>) -> Vec<Ask> {
    let mut asks = vec![Ask::Viewer, Ask::Repository];
    let Some(id) = meant(named, ground) else {
        return asks;
    };
    asks.extend([Ask::Run(id), Ask::Jobs(id)]);
    if ground.outlook.run == Some(id) {
        asks.extend(release_tags(ground));
    } else if let Some(run) = ground.snapshot.run(id) {
        asks.extend(shape::files(run, ground));
    }
    asks
}

/// The release tags of the watched release.
fn release_tags(ground: &Ground<'_>) -> Vec<Ask> {
    let tags = ground.outlook.tags.iter().flat_map(|(image, tags)| {
        let of_release = tags.iter().filter(|tag| tag.part == TagPart::Release);
        of_release.map(|tag| Ask::Tag(image.clone(), tag.tag.clone()))
    });
    tags.collect()
}

pub(super) fn plan(
    intent: &Intent,
    named: Option<RunId>,
    what: &What,
    debugging: Debugging,
    reason: Option<&str>,
    ground: &Ground<'_>,
) -> Result<Plan, Refusal> {
    let run = known_run(named, ground)?;
    let viewer = allowed::viewer(ground)?;
    allowed::scope(viewer, "run jobs again")?;
    allowed::push(viewer, ground)?;
    let jobs = may_run_again(run, ground)?;
    let shape = Shape::of(run, jobs, ground);
    let chosen = choose(run, what, jobs, shape.as_ref(), ground)?;
    let mut notes = Vec::new();
    let overridden = one_image(run, &chosen, jobs, shape.as_ref(), reason, ground)?;
    if overridden.is_some() {
        notes.push(
            "It builds a second image under the same tag: what was tested and signed before is not what would go out."
                .to_owned(),
        );
    }
    if debugging == Debugging::On {
        notes.push("The logs get the runner's and the steps' debug lines.".to_owned());
    }
    let next = Attempt(run.attempt.0.saturating_add(1));
    let count = chosen.again.names.len();
    let title = format!(
        "Run {} of run #{} again as attempt {next}: {count} {}",
        match &chosen.what {
            Rerun::All => "every job".to_owned(),
            Rerun::Failed => "the failed jobs".to_owned(),
            Rerun::Job { name, .. } => list([name.as_str()]),
        },
        run.number,
        if count == 1 { "job" } else { "jobs" },
    );
    let step = Step {
        action: Action::Rerun {
            run: run.id,
            attempt: run.attempt,
            what: chosen.what,
            jobs: chosen.again.names,
            debugging,
        },
        before: vec![Condition::RunIs {
            run: run.id,
            attempt: run.attempt,
            state: RunState::Over,
        }],
        after: vec![Condition::Reattempted {
            run: run.id,
            attempt: next,
            by: viewer.login.clone(),
        }],
        undo: Undo::Never("a re-run cannot be taken back; cancel the run to stop it".to_owned()),
        repeat: Repeat::OnlyIfUnchanged,
    };
    let draft = Draft {
        title,
        overridden,
        notes,
        steps: vec![step],
        rests_on: needs(named, ground),
        ..Draft::default()
    };
    Ok(ground.plan_about(intent, about(run, ground), draft))
}

/// The jobs that a run ended with, where GitHub would run it again at all.
fn may_run_again<'g>(run: &Run, ground: &Ground<'g>) -> Result<&'g [Job], Refusal> {
    let refuse =
        |what: String, unblock: &str| Err(Refusal::new(RefusalKind::Precondition, what, unblock));
    if !run.is_over() {
        return refuse(
            format!(
                "Run #{} has not ended, and GitHub runs only what has ended again.",
                run.number
            ),
            "Wait for its end, or cancel it.",
        );
    }
    if since(run.created_at, ground.now) > WINDOW {
        return refuse(
            format!(
                "Run #{} began at {}: GitHub runs nothing again after 30 days.",
                run.number, run.created_at
            ),
            "Start the workflow anew.",
        );
    }
    if run.attempt.0 > MOST_RERUNS {
        return refuse(
            format!(
                "Run #{} was run again {MOST_RERUNS} times: GitHub allows no more.",
                run.number
            ),
            "Start the workflow anew.",
        );
    }
    let record = ground.snapshot.record(run.id);
    let ended_with = record.filter(|record| release::jobs_are_final(run, record));
    ended_with
        .and_then(|record| record.jobs.value())
        .map(Vec::as_slice)
        .ok_or_else(|| {
            Refusal::new(
                RefusalKind::CannotTell,
                format!(
                    "The jobs that run #{} ended with are not known yet.",
                    run.number
                ),
                "Look again.",
            )
        })
}

/// What is run again, and what follows.
struct Chosen {
    what: Rerun,
    /// The jobs that are named, or failed.
    roots: BTreeSet<JobId>,
    again: Again,
}

fn choose(
    run: &Run,
    what: &What,
    jobs: &[Job],
    shape: Option<&Shape<'_>>,
    ground: &Ground<'_>,
) -> Result<Chosen, Refusal> {
    let everything = || jobs.iter().map(|job| job.id).collect::<BTreeSet<_>>();
    let (what, roots) = match what {
        What::All => {
            let again = Again {
                jobs: everything(),
                names: jobs.iter().map(|job| job.name.clone()).collect(),
            };
            return Ok(Chosen {
                what: Rerun::All,
                roots: everything(),
                again,
            });
        }
        What::Failed => {
            let failed: BTreeSet<JobId> = jobs
                .iter()
                .filter(|job| failed(job))
                .map(|job| job.id)
                .collect();
            if failed.is_empty() {
                return Err(Refusal::new(
                    RefusalKind::Nothing,
                    format!("No job of run #{} failed.", run.number),
                    "Run every job again, or one by its name.",
                ));
            }
            (Rerun::Failed, failed)
        }
        What::Job(name) => {
            let job = job::find(name, jobs, shape)?;
            let what = Rerun::Job {
                id: job.id,
                name: job.name.clone(),
            };
            (what, BTreeSet::from([job.id]))
        }
    };
    let Some(shape) = shape else {
        return Err(no_graph(run, ground));
    };
    let again = again::of(shape, jobs, &roots).map_err(|name| {
        Refusal::new(
            RefusalKind::CannotTell,
            format!(
                "{} is in no workflow file of the run, so what depends on it, and would run again, is not known.",
                list([name])
            ),
            "Run it again on the run's page, after a look at what depends on it.",
        )
    })?;
    Ok(Chosen { what, roots, again })
}

/// What GitHub's "failed jobs" are: what a cancelled run left is among them.
fn failed(job: &Job) -> bool {
    let end = job.conclusion.as_ref();
    end.is_some_and(|end| end.is_failure() || *end == Conclusion::Cancelled)
}

fn no_graph(run: &Run, ground: &Ground<'_>) -> Refusal {
    let fault = ground.outlook.graph_fault.as_ref();
    let why = fault
        .filter(|_| ground.outlook.run == Some(run.id))
        .map_or_else(String::new, |fault| format!(" ({fault})"));
    Refusal::new(
        RefusalKind::CannotTell,
        format!(
            "The job graph of run #{} is not known{why}, so nobody can say which jobs would run again.",
            run.number
        ),
        "Look again when its workflow files can be read.",
    )
}

/// Refuses what would make the image a second time, unless there is a reason and nothing of the first is out.
fn one_image(
    run: &Run,
    chosen: &Chosen,
    jobs: &[Job],
    shape: Option<&Shape<'_>>,
    reason: Option<&str>,
    ground: &Ground<'_>,
) -> Result<Option<Override>, Refusal> {
    let record = ground.snapshot.record(run.id);
    if record.and_then(release::manifest_job).is_none() {
        // There is no first image.
        return Ok(None);
    }
    let makes = |job: &Job| match shape.and_then(|shape| Some((shape, shape.node_of(job.id)?))) {
        Some((shape, node)) => shape.makes_the_image(node, ground),
        None => [role::BUILD, role::PRERELEASE].contains(&release::caller(&job.name)),
    };
    let builds = |again: &Again| {
        jobs.iter()
            .any(|job| again.jobs.contains(&job.id) && makes(job))
    };
    if !builds(&chosen.again) {
        return Ok(None);
    }
    let out = is_out(run, ground);
    let (what, instead) = explain(chosen, jobs, shape, &builds);
    if out == Some(true) {
        return Err(Refusal::new(
            RefusalKind::Firm,
            format!("{what} The release tags hold the first image already: what is out would be built anew."),
            instead.unwrap_or_else(|| "Never build a version again that is out: release a new one.".to_owned()),
        )
        .by([ONE_IMAGE.to_owned()]));
    }
    let Some(reason) = reason else {
        let or = "Or say why it may be built again: `--override REASON`.";
        return Err(Refusal::new(
            RefusalKind::NoGo,
            what,
            match instead {
                Some(instead) => format!("{instead} {or}"),
                None => or.to_owned(),
            },
        )
        .by([ONE_IMAGE.to_owned()]));
    };
    if out.is_none() {
        return Err(Refusal::new(
            RefusalKind::CannotTell,
            format!("{what} Whether the first one is out is not known."),
            "Look again when the registry can be asked for the release tags.",
        ));
    }
    Ok(Some(Override {
        rules: vec![ONE_IMAGE.to_owned()],
        reason: reason.to_owned(),
    }))
}

/// Which job is to blame, and what to run instead.
fn explain(
    chosen: &Chosen,
    jobs: &[Job],
    shape: Option<&Shape<'_>>,
    builds: &dyn Fn(&Again) -> bool,
) -> (String, Option<String>) {
    let blame = "so the image would be built and signed a second time under the same tag.";
    let alone = |job: &&Job| {
        let shape = shape?;
        again::of(shape, jobs, &BTreeSet::from([job.id])).ok()
    };
    let roots: Vec<&Job> = jobs
        .iter()
        .filter(|job| chosen.roots.contains(&job.id))
        .collect();
    let (to_blame, harmless): (Vec<&Job>, Vec<&Job>) = roots
        .into_iter()
        .filter(|job| failed(job) || chosen.what != Rerun::All)
        .partition(|job| alone(job).is_none_or(|again| builds(&again)));
    let names = |jobs: &[&Job]| list(jobs.iter().map(|job| job.name.as_str()));
    let what = match &chosen.what {
        Rerun::All => format!("Every job runs again, the build too, {blame}"),
        Rerun::Failed => format!(
            "{} failed, and the build waits for it: it would run again too, {blame}",
            names(&to_blame)
        ),
        Rerun::Job { name, .. } => format!(
            "{} is part of the build, or the build waits for it, {blame}",
            list([name.as_str()])
        ),
    };
    let instead = match harmless.as_slice() {
        [] => None,
        [one] => Some(format!(
            "Run {} again alone (`--job '{}'`): what depends on it follows.",
            list([one.name.as_str()]),
            one.name
        )),
        several => Some(format!(
            "Run one of {} again alone, with `--job`: what depends on it follows.",
            names(several)
        )),
    };
    (what, instead)
}

/// Whether a release tag holds the run's image; `None` where that is not known.
fn is_out(run: &Run, ground: &Ground<'_>) -> Option<bool> {
    if ground.outlook.run != Some(run.id) {
        return None;
    }
    let mut all_known = true;
    for ask in release_tags(ground) {
        let Ask::Tag(image, tag) = &ask else { continue };
        let built = ground.outlook.digests.get(image).map(|built| &built.value);
        let now = ground.outlook.resolved.get(&(image.clone(), tag.clone()));
        match (built, now) {
            (Some(built), Some(Some(now))) if now == built => return Some(true),
            (Some(_), Some(_)) => all_known &= ground.known(&[ask]).is_ok(),
            _ => all_known = false,
        }
    }
    (all_known && !ground.outlook.digests.is_empty()).then_some(false)
}
