//! `gonogo runs`: the release runs to choose from, with the state of each release.

use std::fmt::Write as _;

use crate::domain::release::Stage;
use crate::domain::run::Run;
use crate::engine::Model;
use crate::present::clean::clean;
use crate::present::phrases::{conclusion_word, stage};
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
            ending(run, at),
        );
    }
    if !out.is_empty()
        && let Some(failure) = model.snapshot.runs.failure()
    {
        let seen = model.snapshot.runs.seen_at();
        let _ = writeln!(
            out,
            "seen {}: {} {}",
            seen.map(|at| words::ago(at, model.now)).unwrap_or_default(),
            clean(&failure.what),
            clean(&failure.advice)
        );
    }
    if out.is_empty() {
        let why = super::status::why_unseen(model);
        out.push_str(&why);
        out.push('\n');
    }
    out
}

/// Where a release stands; of a run whose jobs nobody looked at, how GitHub says that it ended.
fn ending(run: &Run, at: &Stage) -> String {
    match (at, &run.conclusion) {
        (Stage::Unknown, Some(conclusion)) => format!("run {}", conclusion_word(conclusion)),
        _ => stage(at),
    }
}
