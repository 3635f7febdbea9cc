//! The same words for the same things, on every face.

use super::clean::clean;
use crate::domain::assess::Verdict;
use crate::domain::release::{FactSource, Stage};
use crate::domain::run::{Conclusion, Job, Status};

/// `NO-GO`, `CANNOT TELL`, `GO`: the words that go with a verdict everywhere.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NoGo => "NO-GO",
        Verdict::Unknown | Verdict::NotApplicable => "CANNOT TELL",
        Verdict::Warn | Verdict::Go => "GO",
    }
}

/// Where a release stands, as a person says it.
pub fn stage(stage: &Stage) -> String {
    match stage {
        Stage::Unknown => "not known yet".to_owned(),
        Stage::NothingToRelease => "nothing to release".to_owned(),
        Stage::Building => "building".to_owned(),
        Stage::Waiting {
            environments,
            for_you,
        } => {
            let whom = if *for_you { "you" } else { "a reviewer" };
            match environments.as_slice() {
                [] => "waits at a gate".to_owned(),
                names => format!("{} waits for {whom}", clean(&names.join(", "))),
            }
        }
        Stage::Promoting => "promoting the image".to_owned(),
        Stage::Publishing => "image is out, publishing the rest".to_owned(),
        Stage::HalfPublished => "half published: the image is out, the rest is not".to_owned(),
        Stage::Released => "released".to_owned(),
        Stage::Rejected => "rejected by a reviewer".to_owned(),
        Stage::Failed => "failed, nothing is out".to_owned(),
        Stage::Cancelled => "cancelled, nothing is out".to_owned(),
    }
}

/// A job's state in one word.
pub fn state(job: &Job) -> String {
    match (&job.conclusion, &job.status) {
        (Some(conclusion), _) => conclusion_word(conclusion),
        (None, Status::InProgress) => "running".to_owned(),
        (None, Status::Waiting) => "waits".to_owned(),
        (None, Status::Queued | Status::Requested | Status::Pending) => "queued".to_owned(),
        (None, Status::Completed) => "ended".to_owned(),
        (None, Status::Other(word)) => clean(word),
    }
}

/// How something ended, in one word.
pub fn conclusion_word(conclusion: &Conclusion) -> String {
    match conclusion {
        Conclusion::Success => "done",
        Conclusion::Failure => "failed",
        Conclusion::Neutral => "neutral",
        Conclusion::Cancelled => "cancelled",
        Conclusion::Skipped => "skipped",
        Conclusion::TimedOut => "timed out",
        Conclusion::ActionRequired => "needs action",
        Conclusion::StartupFailure => "no start",
        Conclusion::Stale => "given up",
        Conclusion::Other(word) => return clean(word),
    }
    .to_owned()
}

/// Where a fact was read, for a person.
pub fn source(source: &FactSource) -> String {
    match source {
        FactSource::RunTag => "from the run's tag".to_owned(),
        FactSource::PrereleaseTag(tag) => format!("from the tag {}", clean(tag)),
        FactSource::Release(tag) => format!("from the Release {}", clean(tag)),
        FactSource::Given => "as you said".to_owned(),
        FactSource::JobLog(_) => "from the log of create-manifest".to_owned(),
        FactSource::FirstSeen => {
            "first seen under the prerelease tag, which proves little".to_owned()
        }
    }
}
