//! Rules about the jobs before the gate.

use std::time::Duration;

use super::{Scene, list};
use crate::domain::assess::{Row, Verdict};
use crate::domain::fact::Ask;
use crate::domain::policy::Policy;
use crate::domain::release::{self, Stage, role};
use crate::domain::run::{Conclusion, Job, ReviewState, Run, Status};
use crate::domain::time::since;

/// Jobs that the build depends on have succeeded (incident 29: skipped or cancelled blocks too).
pub(super) fn required(scene: &Scene<'_>) -> Vec<Row> {
    vec![required_row(scene).rests_on(scene.jobs_ask())]
}

fn required_row(scene: &Scene<'_>) -> Row {
    let say = |verdict, title: String, sentence: String| {
        Row::new("required-jobs", verdict, title, sentence)
    };
    let (jobs, policy) = (scene.jobs(), scene.policy);
    if jobs.is_empty() {
        return say(
            Verdict::Unknown,
            "required jobs".to_owned(),
            "The run's jobs are not known yet.".to_owned(),
        );
    }
    let required = || {
        jobs.iter()
            .filter(|job| !policy.pipeline.is_advisory(&job.name))
            .filter(|job| !after_the_gate(&job.name))
    };
    let names = |test: &dyn Fn(&Job) -> bool| -> Vec<&str> {
        required()
            .filter(|job| test(job))
            .map(|job| job.name.as_str())
            .collect()
    };
    let failed = names(&|job| job.conclusion.as_ref().is_some_and(Conclusion::is_failure));
    if !failed.is_empty() {
        return say(
            Verdict::NoGo,
            format!("{} failed", list(&failed)),
            format!(
                "{} failed, so the image was not tested as required.",
                list(&failed)
            ),
        )
        .remedy("Read the job's log; mend the cause and release again.");
    }
    let cancelled = names(&|job| job.conclusion == Some(Conclusion::Cancelled));
    if !cancelled.is_empty() {
        return say(
            Verdict::NoGo,
            format!("{} cancelled", list(&cancelled)),
            format!(
                "{} was cancelled, which blocks the build like a failure.",
                list(&cancelled)
            ),
        )
        .remedy("Re-run the cancelled job.");
    }
    // What GitHub gave up on, or calls by a name that is not known here.
    let passed = [
        Conclusion::Success,
        Conclusion::Skipped,
        Conclusion::Neutral,
    ];
    let unclear = names(&|job| {
        job.conclusion
            .as_ref()
            .is_some_and(|end| !passed.contains(end))
    });
    if !unclear.is_empty() {
        return say(
            Verdict::NoGo,
            format!("{} did not pass", list(&unclear)),
            format!(
                "{} ended without success, so nothing shows that the image passes it.",
                list(&unclear)
            ),
        )
        .remedy("Re-run that job.");
    }
    if scene.outlook.stage.0 == Stage::NothingToRelease {
        return say(
            Verdict::NotApplicable,
            "required jobs".to_owned(),
            "There is nothing to release.".to_owned(),
        );
    }
    let skipped = skipped_whole(jobs, policy);
    if !skipped.is_empty() {
        return say(
            Verdict::NoGo,
            format!("{} skipped", list(&skipped)),
            format!(
                "{} was skipped, so nothing shows that the image passes it.",
                list(&skipped)
            ),
        )
        .remedy("See why its condition was false.");
    }
    let running = names(&|job| !job.is_over());
    if running.is_empty() {
        return say(
            Verdict::Go,
            "required jobs passed".to_owned(),
            "Every required job has succeeded.".to_owned(),
        );
    }
    let verb = if running.len() == 1 { "has" } else { "have" };
    let title = match running.len() {
        1 => "1 required job to go".to_owned(),
        more => format!("{more} required jobs to go"),
    };
    say(
        Verdict::Unknown,
        title,
        format!("{} {verb} not ended yet.", list(&running)),
    )
}

/// A release that was rejected, cancelled, or whose promote failed is not to go out as if nothing had been.
pub(super) fn ended(scene: &Scene<'_>) -> Vec<Row> {
    let say = |title: &str, sentence: String, remedy: &str| {
        Row::new("ended", Verdict::NoGo, title, sentence).remedy(remedy)
    };
    let (run, stage) = (scene.outlook.run, &scene.outlook.stage.0);
    let reviews = run.and_then(|run| scene.snapshot.record(run)?.approvals.value());
    let promote = scene.jobs().iter().find(|job| {
        release::caller(&job.name) == role::PUBLISH_DOCKER
            && job.conclusion.as_ref().is_some_and(Conclusion::is_failure)
    });
    let row = match (stage, promote) {
        (Stage::Rejected, _) => {
            let mut reviews = reviews.into_iter().flatten();
            let no = reviews.find(|review| review.state == ReviewState::Rejected);
            let who = no.and_then(|review| review.user.as_deref());
            let why = no.map(|review| review.comment.trim());
            let why = why.filter(|why| !why.is_empty());
            let why = why.map_or_else(String::new, |why| format!(": {why}"));
            say(
                "rejected",
                format!(
                    "{} rejected this release{why}.",
                    who.unwrap_or("A reviewer")
                ),
                "Mend what it was rejected for and release again; clean up what is left of this one.",
            )
        }
        (Stage::Cancelled, _) => say(
            "cancelled",
            "The run was cancelled before the image went out.".to_owned(),
            "Find out why; re-run it if it is to go on.",
        ),
        (Stage::Failed, Some(job)) => say(
            "promote failed",
            format!("`{}` failed, and the image did not go out.", job.name),
            "Read its log: it checks tag, signature and scan once more. Re-run it when the cause is mended.",
        ),
        _ => return Vec::new(),
    };
    let approvals = run.map(Ask::Approvals);
    vec![row.rests_on(scene.jobs_ask()).rests_on(approvals)]
}

/// Gates, and the jobs that make the image, of which every job was skipped. A condition inside one is its own business.
fn skipped_whole<'a>(jobs: &'a [Job], policy: &Policy) -> Vec<&'a str> {
    let mut callers: Vec<&str> = jobs
        .iter()
        .filter(|job| !policy.pipeline.is_advisory(&job.name))
        .map(|job| release::caller(&job.name))
        .filter(|name| name.ends_with("-gate") || [role::BUILD, role::PRERELEASE].contains(name))
        .collect();
    callers.sort_unstable();
    callers.dedup();
    let is_skipped = |job: &Job| job.conclusion == Some(Conclusion::Skipped);
    callers.retain(|name| {
        let mut of_it = jobs
            .iter()
            .filter(|job| release::caller(&job.name) == *name);
        of_it.all(is_skipped)
    });
    callers
}

/// What comes after the image is tested: judged by what they leave behind, not here.
fn after_the_gate(name: &str) -> bool {
    [
        role::PUBLISH_DOCKER,
        role::TRIGGER_PYPI,
        role::MONITOR_PYPI,
        role::CREATE_RELEASE,
        role::CLEANUP,
    ]
    .contains(&release::caller(name))
}

/// Advisory jobs that failed: told, not blocking.
pub(super) fn advisory(scene: &Scene<'_>) -> Vec<Row> {
    let mut failed: Vec<&str> = scene
        .jobs()
        .iter()
        .filter(|job| scene.policy.pipeline.is_advisory(&job.name))
        .filter(|job| job.conclusion.as_ref().is_some_and(Conclusion::is_failure))
        .map(|job| release::caller(&job.name))
        .collect();
    failed.dedup();
    if failed.is_empty() {
        return Vec::new();
    }
    let names = list(&failed);
    let row = Row::new(
        "advisory-jobs",
        Verdict::Warn,
        format!("{names} failed (advisory)"),
        format!("{names} failed; it is advisory and does not block."),
    );
    vec![row.rests_on(scene.jobs_ask())]
}

/// How long a job may wait for a runner before that is worth a word; runners of GitHub's own take seconds.
const LONG_QUEUE: Duration = Duration::from_secs(600);

/// Jobs that wait for a runner for long (incident 30): told, with what they wait for.
pub(super) fn queued(scene: &Scene<'_>) -> Vec<Row> {
    let record = scene.outlook.run.and_then(|run| scene.snapshot.record(run));
    let Some(now) = record.and_then(|record| record.jobs.seen_at()) else {
        return Vec::new();
    };
    let is_over = scene
        .outlook
        .run
        .and_then(|run| scene.snapshot.run(run))
        .is_some_and(Run::is_over);
    let mut waiting: Vec<(&Job, Duration)> = scene
        .jobs()
        .iter()
        .filter(|job| !is_over && matches!(job.status, Status::Queued | Status::Pending))
        .filter_map(|job| Some((job, since(job.created_at?, now))))
        .filter(|(_, waits)| *waits >= LONG_QUEUE)
        .collect();
    waiting.sort_by_key(|(_, waits)| std::cmp::Reverse(*waits));
    let Some((job, waits)) = waiting.first() else {
        return Vec::new();
    };
    let what = match (&job.status, job.labels.as_slice()) {
        (Status::Pending, _) => "another run of its concurrency group".to_owned(),
        (_, []) => "a runner".to_owned(),
        (_, labels) => format!("a runner with the labels {}", labels.join(", ")),
    };
    let minutes = waits.as_secs() / 60;
    let others = match waiting.len() - 1 {
        0 => String::new(),
        more => format!(" So do {more} more."),
    };
    let row = Row::new(
        "queued",
        Verdict::Warn,
        format!("`{}` is queued for {minutes}m", job.name),
        format!(
            "`{}` waits for {what} for {minutes} minutes.{others}",
            job.name
        ),
    )
    .remedy("See whether a runner of that kind is up, and what else runs.");
    vec![row.rests_on(scene.jobs_ask())]
}
