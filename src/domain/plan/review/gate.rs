//! Which gate is meant, and which jobs a review of it lets go.

use super::Wish;
use crate::domain::fact::Ask;
use crate::domain::ids::{JobId, RunId};
use crate::domain::plan::words::list;
use crate::domain::plan::{Ground, Refusal, RefusalKind};
use crate::domain::release::{self, role};
use crate::domain::run::{Approval, Job, PendingDeployment, ReviewState, Run, Status};
use crate::domain::time::{Timestamp, after};

/// What waits and is meant.
pub(super) struct Waiting<'g> {
    /// The run.
    pub(super) run: &'g Run,
    /// The gates that are reviewed.
    pub(super) gates: Vec<&'g PendingDeployment>,
    /// The jobs that wait there.
    pub(super) jobs: Vec<String>,
    /// Every job of the run that waits.
    pub(super) all_jobs: Vec<String>,
    /// The reviews that the run has had.
    pub(super) approvals: &'g [Approval],
    /// What cannot be told of which job waits where.
    pub(super) unsure: Vec<String>,
}

impl Waiting<'_> {
    /// What is said of wait timers that have not run out.
    pub(super) fn timers(&self, now: Timestamp) -> Vec<String> {
        let running = self.gates.iter().filter_map(|gate| {
            let ends = timer_ends(gate, now)?;
            Some(format!(
                "The wait timer of `{}` runs until {ends}: what waits there goes on then.",
                gate.name
            ))
        });
        running.collect()
    }
}

/// When the timer of a gate runs out, while it runs.
pub(super) fn timer_ends(gate: &PendingDeployment, now: Timestamp) -> Option<Timestamp> {
    let minutes = std::time::Duration::from_secs(gate.wait_minutes.saturating_mul(60));
    let ends = after(gate.wait_started_at?, minutes);
    (gate.wait_minutes > 0 && ends > now).then_some(ends)
}

/// The gate that is meant.
pub(super) fn find<'g>(wish: &Wish<'_>, ground: &Ground<'g>) -> Result<Waiting<'g>, Refusal> {
    let runs = wish.runs(ground);
    if runs.is_empty() {
        return Err(Refusal::new(
            RefusalKind::CannotTell,
            "No release run is known, so no gate either.",
            "Name a run with `--run`, or wait until the runs are known.",
        ));
    }
    for run in &runs {
        ground.known(&[Ask::Jobs(*run)])?;
    }
    let held: Vec<RunId> = runs
        .iter()
        .copied()
        .filter(|run| !waiting_jobs(ground, *run).is_empty())
        .collect();
    if held.is_empty() {
        return Err(nothing(&runs, ground));
    }
    for run in &held {
        ground.known(&[Ask::Pending(*run), Ask::Approvals(*run)])?;
    }
    let names = |run: RunId| {
        release::gates(ground.snapshot, run)
            .iter()
            .map(|gate| &gate.name)
    };
    let is_meant = |run: &RunId| {
        wish.environments.is_empty()
            || wish
                .environments
                .iter()
                .any(|wanted| names(*run).any(|name| name == wanted))
    };
    let mut meant = held.iter().copied().filter(is_meant);
    let run = match (meant.next(), meant.next()) {
        (Some(run), None) => run,
        (Some(one), Some(other)) => return Err(both(one, other, ground)),
        (None, _) => {
            let all: Vec<&str> = held
                .iter()
                .flat_map(|run| names(*run))
                .map(String::as_str)
                .collect();
            return Err(not_there(wish.environments, &all));
        }
    };
    of_run(wish, run, ground)
}

fn of_run<'g>(wish: &Wish<'_>, id: RunId, ground: &Ground<'g>) -> Result<Waiting<'g>, Refusal> {
    let (Some(run), Some(record)) = (ground.snapshot.run(id), ground.snapshot.record(id)) else {
        return Err(Refusal::new(
            RefusalKind::CannotTell,
            format!("Nothing is known of run {id} yet."),
            "Look again.",
        ));
    };
    let all = release::gates(ground.snapshot, id);
    let absent: Vec<String> = wish
        .environments
        .iter()
        .filter(|wanted| !all.iter().any(|gate| gate.name == **wanted))
        .cloned()
        .collect();
    if !absent.is_empty() || all.is_empty() {
        let names: Vec<&str> = all.iter().map(|gate| gate.name.as_str()).collect();
        return Err(not_there(&absent, &names));
    }
    let gates: Vec<&PendingDeployment> = all
        .iter()
        .filter(|gate| wish.environments.is_empty() || wish.environments.contains(&gate.name))
        .collect();
    if let Some(nameless) = gates.iter().find(|gate| gate.environment.0 == 0) {
        return Err(Refusal::new(
            RefusalKind::CannotTell,
            format!(
                "GitHub gives no number for `{}`, by which a review names it.",
                nameless.name
            ),
            "Review it on the run's page.",
        ));
    }
    let waiting = waiting_jobs(ground, id);
    let mut jobs = Vec::new();
    let mut unsure = Vec::new();
    for job in &waiting {
        if gates.len() == all.len() {
            jobs.push(job.name.clone());
            continue;
        }
        match environment_of(ground, id, job.id) {
            Some(name) if gates.iter().any(|gate| gate.name == name) => jobs.push(job.name.clone()),
            Some(_) => {}
            None => {
                unsure.push(format!(
                    "It cannot be told at which gate `{}` waits: this may let it go too.",
                    job.name
                ));
                jobs.push(job.name.clone());
            }
        }
    }
    Ok(Waiting {
        run,
        gates,
        jobs,
        all_jobs: waiting.iter().map(|job| job.name.clone()).collect(),
        approvals: record.approvals.value().map_or(&[], Vec::as_slice),
        unsure,
    })
}

/// The jobs of a run that wait at a gate.
fn waiting_jobs<'g>(ground: &Ground<'g>, run: RunId) -> Vec<&'g Job> {
    if ground.snapshot.run(run).is_some_and(Run::is_over) {
        return Vec::new();
    }
    let record = ground.snapshot.record(run);
    let jobs = record.and_then(|record| record.jobs.value());
    let jobs = jobs.into_iter().flatten();
    jobs.filter(|job| job.status == Status::Waiting).collect()
}

/// The environment of a job, where its workflow file names one plainly.
fn environment_of<'g>(ground: &Ground<'g>, run: RunId, job: JobId) -> Option<&'g str> {
    let graph = ground
        .outlook
        .graph
        .as_ref()
        .filter(|_| ground.outlook.run == Some(run))?;
    let id = ground.outlook.matching.node_of(job)?;
    let node = graph.find(id)?;
    let name = node.environment.as_deref()?;
    (!name.contains("${{")).then_some(name)
}

/// Whether the pipeline has a job that cleans up.
pub(super) fn has_clean_up(ground: &Ground<'_>, run: RunId) -> bool {
    let graph = ground.outlook.graph.as_ref();
    let graph = graph.filter(|_| ground.outlook.run == Some(run));
    graph.is_some_and(|graph| {
        graph
            .jobs
            .iter()
            .any(|job| job.key.as_str() == role::CLEANUP)
    })
}

fn nothing(runs: &[RunId], ground: &Ground<'_>) -> Refusal {
    let reviews = runs
        .iter()
        .filter_map(|run| ground.snapshot.record(*run)?.approvals.value());
    let latest = reviews.flatten().last().map(|review| {
        let who = review.user.as_deref().unwrap_or("Somebody");
        let did = match &review.state {
            ReviewState::Approved => "approved",
            ReviewState::Rejected => "rejected",
            ReviewState::Pending | ReviewState::Other(_) => "reviewed",
        };
        format!(
            " {who} {did} {} before.",
            list(review.environments.iter().map(String::as_str))
        )
    });
    Refusal::new(
        RefusalKind::Nothing,
        format!("Nothing waits at a gate.{}", latest.unwrap_or_default()),
        "There is nothing to review until a job reaches a gate.",
    )
}

fn both(one: RunId, other: RunId, ground: &Ground<'_>) -> Refusal {
    let describe = |id: RunId| {
        let run = ground.snapshot.run(id);
        let number = run.map_or_else(String::new, |run| {
            format!(" ({} #{})", run.name, run.number)
        });
        format!("`--run {id}`{number}")
    };
    Refusal::new(
        RefusalKind::Ambiguous,
        format!(
            "Two runs wait there: {} and {}.",
            describe(one),
            describe(other)
        ),
        format!("Say which: {} or {}.", describe(one), describe(other)),
    )
}

fn not_there(wanted: &[String], waiting: &[&str]) -> Refusal {
    let what = if wanted.is_empty() {
        "The gates that hold the run are not known yet.".to_owned()
    } else {
        format!(
            "Nothing waits at {}.",
            list(wanted.iter().map(String::as_str))
        )
    };
    let unblock = if waiting.is_empty() {
        "Look again.".to_owned()
    } else {
        format!("What waits is at {}.", list(waiting.iter().copied()))
    };
    Refusal::new(RefusalKind::Precondition, what, unblock)
}
