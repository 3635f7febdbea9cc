//! `gonogo runs`: the release runs to choose from, with the state of each release.

use std::fmt::Write as _;

use crate::engine::Model;
use crate::present::clean::clean;
use crate::present::phrases::stage;
use crate::present::words;

/// A line a run, newest first; `*` marks the one that is watched.
pub fn text(model: &Model) -> String {
    let mut out = String::new();
    for (id, at) in &model.outlook.runs {
        let Some(run) = model.snapshot.run(*id) else {
            continue;
        };
        let mark = if model.outlook.run == Some(*id) {
            '*'
        } else {
            ' '
        };
        let _ = writeln!(
            out,
            "{mark} {:<12} #{:<5} {} {} {} {}",
            id.to_string(),
            run.number,
            words::left(
                run.head_branch
                    .as_deref()
                    .map(clean)
                    .unwrap_or_default()
                    .as_str(),
                12
            ),
            run.head_sha.short(),
            words::right(&words::ago(run.created_at, model.now), 12),
            stage(at),
        );
    }
    if out.is_empty() {
        let why = model.snapshot.runs.failure().map_or_else(
            || {
                format!(
                    "{} has no runs of {}.",
                    model.policy.repo,
                    model.policy.pipeline.release_workflow.as_str()
                )
            },
            |failure| format!("{} {}", clean(&failure.what), clean(&failure.advice)),
        );
        out.push_str(&why);
        out.push('\n');
    }
    out
}
