//! Runs: at which attempt they are, whether they go on, and what can still come of them.

use super::Look;
use crate::domain::fact::Failure;
use crate::domain::ids::{Attempt, RunId};
use crate::domain::plan::RunState;
use crate::domain::release::{self, role};
use crate::domain::run::{Conclusion, Run};
use crate::door::Held;

/// Whether a run is at this attempt, in this state.
pub(super) async fn is(
    look: Look<'_>,
    id: RunId,
    attempt: Attempt,
    state: RunState,
) -> Result<Held, Failure> {
    let run = look.run(id).await?;
    if run.attempt != attempt {
        return Ok(Held::No(other_attempt(&run)));
    }
    Ok(match (state, run.is_over()) {
        (RunState::Any, _) | (RunState::Over, true) | (RunState::Going, false) => Held::Yes,
        (RunState::Over, false) => Held::No(format!("run {id} goes on")),
        (RunState::Going, true) => Held::No(format!("run {id} has ended: {}", end(&run))),
    })
}

/// What is said of a run at another attempt than expected.
pub(super) fn other_attempt(run: &Run) -> String {
    let who = run.triggering_actor.as_deref().unwrap_or("somebody");
    format!("{who} started attempt {} of run {}", run.attempt, run.id)
}

fn end(run: &Run) -> String {
    match &run.conclusion {
        None => "nobody says how".to_owned(),
        Some(Conclusion::Success) => "it succeeded".to_owned(),
        Some(Conclusion::Failure) => "it failed".to_owned(),
        Some(Conclusion::Cancelled) => "it was cancelled".to_owned(),
        Some(Conclusion::TimedOut) => "it ran too long".to_owned(),
        Some(Conclusion::Skipped) => "it was skipped".to_owned(),
        Some(other) => format!("as {other:?}").to_lowercase(),
    }
}

/// Whether a run has had this attempt, started by this person.
pub(super) async fn reattempted(
    look: Look<'_>,
    id: RunId,
    attempt: Attempt,
    by: &str,
) -> Result<Held, Failure> {
    let newest = look.run(id).await?;
    let run = if newest.attempt > attempt {
        let github = &look.door.sources.github;
        github.attempt(id, attempt, look.now).await?
    } else {
        Some(newest).filter(|run| run.attempt == attempt)
    };
    Ok(match run {
        None => Held::No(format!("run {id} has no attempt {attempt}")),
        Some(run) => {
            let who = run.triggering_actor.as_deref();
            if who.is_some_and(|who| who.eq_ignore_ascii_case(by)) {
                Held::Yes
            } else {
                Held::No(other_attempt(&run))
            }
        }
    })
}

/// Whether an attempt has ended, or nothing of it goes on but these jobs.
pub(super) async fn stopped(
    look: Look<'_>,
    id: RunId,
    attempt: Attempt,
    but: &[String],
) -> Result<Held, Failure> {
    let run = look.run(id).await?;
    if run.attempt > attempt || (run.attempt == attempt && run.is_over()) {
        return Ok(Held::Yes);
    }
    let jobs = look.jobs(id).await?;
    let is_spared = |name: &str| {
        but.iter().any(|spared| {
            let rest = name.strip_prefix(spared.as_str());
            rest.is_some_and(|rest| {
                rest.is_empty() || rest.starts_with(" / ") || rest.starts_with(" (")
            })
        })
    };
    let going: Vec<&str> = jobs
        .iter()
        .filter(|job| !job.is_over() && !is_spared(&job.name))
        .map(|job| job.name.as_str())
        .collect();
    // Between two jobs nothing goes on; that some were cancelled tells that no other follows.
    let was_cancelled = jobs
        .iter()
        .any(|job| job.conclusion == Some(Conclusion::Cancelled));
    Ok(match going.as_slice() {
        [] if was_cancelled => Held::Yes,
        [] => Held::No(format!("run {id} goes on")),
        [one] => Held::No(format!("`{one}` of run {id} still goes on")),
        [one, rest @ ..] => Held::No(format!(
            "`{one}` and {} more of run {id} still go on",
            rest.len()
        )),
    })
}

/// Whether a run, or its job that promotes, has ended.
pub(super) async fn cannot_promote(look: Look<'_>, id: RunId) -> Result<Held, Failure> {
    if look.run(id).await?.is_over() {
        return Ok(Held::Yes);
    }
    let jobs = look.jobs(id).await?;
    let promoting: Vec<_> = jobs
        .iter()
        .filter(|job| release::caller(&job.name) == role::PUBLISH_DOCKER)
        .collect();
    let going = promoting.iter().find(|job| !job.is_over());
    Ok(match (promoting.is_empty(), going) {
        (true, _) => Held::No(format!("run {id} goes on and has not come to promote yet")),
        (false, Some(job)) => Held::No(format!("`{}` of run {id} has not ended", job.name)),
        (false, None) => Held::Yes,
    })
}
