//! What a step does, in words and in requests.

use crate::domain::ids::RepoSlug;
use crate::domain::plan::{Action, CancelHow, Debugging, Decision, Mark, Rerun, Tagged};
use crate::present::clean::clean;
use crate::present::words::{digest, number_of};

/// What it does, in one line.
pub(super) fn title(action: &Action) -> String {
    match action {
        Action::Review {
            run,
            gates,
            jobs,
            decision,
            ..
        } => {
            let names: Vec<String> = gates.iter().map(|gate| clean(&gate.name)).collect();
            let jobs = list(jobs);
            match decision {
                Decision::Approve => format!(
                    "approve {} of run {run}, which lets go: {jobs}",
                    names.join(", ")
                ),
                Decision::Reject => format!(
                    "reject {} of run {run}, which ends: {jobs}",
                    names.join(", ")
                ),
            }
        }
        Action::Rerun {
            run,
            attempt,
            what,
            jobs,
            debugging,
        } => {
            let next = attempt.0.saturating_add(1);
            let what = match what {
                Rerun::All => "every job".to_owned(),
                Rerun::Failed => "the failed jobs and what depends on them".to_owned(),
                Rerun::Job { name, .. } => format!("{} and what depends on it", clean(name)),
            };
            let debugging = match debugging {
                Debugging::Off => "",
                Debugging::On => " with debug logs",
            };
            format!(
                "run {what} of run {run} again{debugging}, as attempt {next}: {} ({})",
                number_of(jobs.len(), "job"),
                list(jobs)
            )
        }
        Action::Cancel { run, how, .. } => match how {
            CancelHow::Politely => format!("cancel run {run}"),
            CancelHow::Forced => format!("cancel run {run} by force: no `always()` job runs"),
        },
        Action::Dispatch {
            workflow,
            git_ref,
            inputs,
        } => {
            let inputs: Vec<String> = inputs
                .iter()
                .map(|(name, value)| format!("{}={}", clean(name), clean(value)))
                .collect();
            let inputs = if inputs.is_empty() {
                "without inputs".to_owned()
            } else {
                format!("with {}", inputs.join(", "))
            };
            format!("start {} on {} {inputs}", clean(workflow), clean(git_ref))
        }
        Action::PutTag(tagged) => format!("point {} to {}", name(tagged), digest(&tagged.digest)),
        Action::Copy {
            from,
            to,
            digest: copied,
        } => format!(
            "copy {} with all its parts from {} to {}",
            digest(copied),
            clean(&from.0),
            clean(&to.0)
        ),
        Action::DeleteTag { tagged, .. } => {
            format!("remove {} ({})", name(tagged), digest(&tagged.digest))
        }
        Action::PutManifest { image, digest: put } => {
            format!("put {} back into {}", digest(put), clean(&image.0))
        }
        Action::DeleteManifest {
            image,
            digest: removed,
        } => format!("remove {} from {}", digest(removed), clean(&image.0)),
        Action::MarkRelease { tag, mark, .. } => {
            format!("mark the Release {} as {}", clean(tag), marked(*mark))
        }
    }
}

/// The requests that change something, one a line.
pub(super) fn call(action: &Action, repo: &RepoSlug) -> Vec<String> {
    let one = |line: String| vec![line];
    match action {
        Action::Review {
            run,
            decision,
            comment,
            ..
        } => {
            let state = match decision {
                Decision::Approve => "approved",
                Decision::Reject => "rejected",
            };
            one(format!(
                "POST /repos/{repo}/actions/runs/{run}/pending_deployments  {state}, \"{}\"",
                clean(comment)
            ))
        }
        Action::Rerun { run, what, .. } => one(match what {
            Rerun::All => format!("POST /repos/{repo}/actions/runs/{run}/rerun"),
            Rerun::Failed => format!("POST /repos/{repo}/actions/runs/{run}/rerun-failed-jobs"),
            Rerun::Job { id, .. } => format!("POST /repos/{repo}/actions/jobs/{id}/rerun"),
        }),
        Action::Cancel { run, how, .. } => one(match how {
            CancelHow::Politely => format!("POST /repos/{repo}/actions/runs/{run}/cancel"),
            CancelHow::Forced => format!("POST /repos/{repo}/actions/runs/{run}/force-cancel"),
        }),
        Action::Dispatch { workflow, .. } => one(format!(
            "POST /repos/{repo}/actions/workflows/{}/dispatches",
            clean(workflow)
        )),
        Action::PutTag(tagged) => one(format!("PUT {}", path(tagged))),
        Action::Copy { from, to, digest } => vec![
            format!(
                "POST {} /blobs/uploads/?mount=…&from={}",
                clean(&to.0),
                clean(&from.0)
            ),
            format!("PUT {} /manifests/{}", clean(&to.0), digest.short()),
        ],
        Action::DeleteTag { tagged, together } => {
            let mut lines = vec![format!("DELETE {}", path(tagged))];
            if !together.is_empty() {
                let together: Vec<String> = together.iter().map(|tag| clean(tag)).collect();
                lines.push(format!(
                    "where the registry removes whole digests only: DELETE …/{}, if its only tags are {}",
                    tagged.digest.short(),
                    together.join(", ")
                ));
            }
            lines
        }
        Action::PutManifest { image, digest } => one(format!(
            "PUT {} /manifests/{}",
            clean(&image.0),
            digest.short()
        )),
        Action::DeleteManifest { image, digest } => one(format!(
            "DELETE {} /manifests/{}",
            clean(&image.0),
            digest.short()
        )),
        Action::MarkRelease { id, .. } => one(format!("PATCH /repos/{repo}/releases/{id}")),
    }
}

/// How a Release is marked.
pub(super) fn marked(mark: Mark) -> &'static str {
    match (mark.draft, mark.prerelease) {
        (true, _) => "a draft",
        (false, true) => "a prerelease",
        (false, false) => "a full release",
    }
}

fn name(tagged: &Tagged) -> String {
    format!("{}:{}", clean(&tagged.image.0), clean(&tagged.tag))
}

fn path(tagged: &Tagged) -> String {
    format!(
        "{} /manifests/{}",
        clean(&tagged.image.0),
        clean(&tagged.tag)
    )
}

fn list(jobs: &[String]) -> String {
    if jobs.is_empty() {
        return "no job".to_owned();
    }
    let jobs: Vec<String> = jobs.iter().map(|job| clean(job)).collect();
    jobs.join(", ")
}
