//! A job, a step or a run in a sign and a few words.

use super::phrases;
use super::role::Sign;
use crate::domain::policy::Pipeline;
use crate::domain::run::{Conclusion, Job, Run, Status, Step};

/// The sign of a job; the failure of an advisory one is a warning.
pub fn sign(job: &Job, pipeline: &Pipeline) -> Sign {
    match of(&job.status, job.conclusion.as_ref()) {
        Sign::Failed if pipeline.is_advisory(&job.name) => Sign::Warning,
        sign => sign,
    }
}

/// The sign of a step.
pub fn step_sign(step: &Step) -> Sign {
    of(&step.status, step.conclusion.as_ref())
}

/// The sign of a run.
pub fn run_sign(run: &Run) -> Sign {
    of(&run.status, run.conclusion.as_ref())
}

/// The sign of a status and a conclusion.
pub fn of(status: &Status, conclusion: Option<&Conclusion>) -> Sign {
    match status {
        Status::Completed => match conclusion {
            Some(Conclusion::Success) => Sign::Done,
            Some(Conclusion::Skipped) => Sign::Skipped,
            Some(Conclusion::Cancelled) => Sign::Cancelled,
            Some(Conclusion::Neutral) => Sign::Absent,
            Some(ended) if ended.is_failure() => Sign::Failed,
            Some(Conclusion::Stale) => Sign::Warning,
            _ => Sign::Unknown,
        },
        Status::InProgress => Sign::Running,
        Status::Waiting => Sign::Waits,
        Status::Queued | Status::Requested | Status::Pending => Sign::Queued,
        Status::Other(_) => Sign::Unknown,
    }
}

/// What a job does or how it ended; what failed but blocks nothing says so.
pub fn words(job: &Job, pipeline: &Pipeline) -> String {
    let state = phrases::state(job);
    let failed = job.conclusion.as_ref().is_some_and(Conclusion::is_failure);
    if failed && pipeline.is_advisory(&job.name) {
        format!("{state}, advisory")
    } else {
        state
    }
}

/// A step's name, clean; a pinned action's 40 digits are cut to the 7 that people know.
pub fn step_name(step: &Step) -> String {
    let name = super::clean::clean(&step.name);
    match name.split_once('@') {
        Some((action, sha)) if sha.len() == 40 && sha.bytes().all(|b| b.is_ascii_hexdigit()) => {
            format!("{action}@{}", sha.get(..7).unwrap_or(sha))
        }
        _ => name,
    }
}
