//! What must hold, in one sentence.

use super::action::marked;
use crate::domain::plan::{Condition, Decision, RunState};
use crate::present::clean::clean;
use crate::present::words::digest;

/// The condition as a statement.
pub(super) fn sentence(condition: &Condition) -> String {
    match condition {
        Condition::TagIs {
            image,
            tag,
            digest: Some(found),
        } => format!("{}:{} is {}", clean(&image.0), clean(tag), digest(found)),
        Condition::TagIs {
            image,
            tag,
            digest: None,
        } => format!("{}:{} is not there", clean(&image.0), clean(tag)),
        Condition::SourceIs {
            image,
            tag,
            digest: found,
        } => format!(
            "{}:{} gives the bytes of {}, and every part of it is there",
            clean(&image.0),
            clean(tag),
            digest(found)
        ),
        Condition::HasManifest {
            image,
            digest: found,
        } => format!(
            "{} has {} and every part of it",
            clean(&image.0),
            digest(found)
        ),
        Condition::LacksManifest {
            image,
            digest: found,
        } => format!("{} has no {}", clean(&image.0), digest(found)),
        Condition::OnlyTagsOf {
            image,
            digest: found,
            tags,
        } => {
            let tags: Vec<String> = tags.iter().map(|tag| clean(tag)).collect();
            let which = if tags.is_empty() {
                "no tag".to_owned()
            } else {
                format!("no tag but {}", tags.join(", "))
            };
            format!("{which} of {} leads to {}", clean(&image.0), digest(found))
        }
        Condition::GateWaits {
            run, gates, jobs, ..
        } => {
            let gates: Vec<String> = gates.iter().map(|gate| clean(&gate.name)).collect();
            let jobs: Vec<String> = jobs.iter().map(|job| clean(job)).collect();
            format!(
                "run {run} waits at {} for just {}, and you may review it",
                gates.join(", "),
                jobs.join(", ")
            )
        }
        Condition::Reviewed {
            run,
            environments,
            decision,
            by,
            ..
        } => {
            let environments: Vec<String> = environments.iter().map(|name| clean(name)).collect();
            let did = match decision {
                Decision::Approve => "approval",
                Decision::Reject => "rejection",
            };
            format!(
                "the {did} of {} by {} stands in the reviews of run {run}",
                environments.join(", "),
                clean(by)
            )
        }
        Condition::RunIs {
            run,
            attempt,
            state,
        } => {
            let state = match state {
                RunState::Over => " and has ended",
                RunState::Going => " and has not ended",
                RunState::Any => "",
            };
            format!("run {run} is at attempt {attempt}{state}")
        }
        Condition::Reattempted { run, attempt, by } => {
            format!("{} has started attempt {attempt} of run {run}", clean(by))
        }
        Condition::Stopped { run, attempt, but } => {
            let but: Vec<String> = but.iter().map(|name| clean(name)).collect();
            let but = if but.is_empty() {
                String::new()
            } else {
                format!(" but {}", but.join(", "))
            };
            format!("nothing of attempt {attempt} of run {run} goes on{but}")
        }
        Condition::CannotPromote { run } => format!("run {run} cannot promote any more"),
        Condition::CanDispatch { workflow } => {
            format!("{} is there and enabled", clean(workflow))
        }
        Condition::RunStarted { workflow, by, .. } => format!(
            "a new run of {} that {} started is listed",
            clean(workflow),
            clean(by)
        ),
        Condition::ReleaseIs { tag, mark, .. } => {
            format!("the Release {} is marked as {}", clean(tag), marked(*mark))
        }
    }
}
