//! A plan as text, and as a document.

use std::fmt::Write as _;

use serde::Serialize;

use crate::domain::plan::{Plan, Refusal, RefusalKind};
use crate::domain::time::Timestamp;
use crate::present::clean::clean;
use crate::present::plan::PlanWords;

/// The plan, step by step.
pub fn text(plan: &Plan, now: Timestamp) -> String {
    let words = PlanWords::of(plan, now);
    let mut text = format!("Plan {}: {}\n", words.id, words.title);
    for (label, value) in &words.about {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {label:<11} {value}");
    }
    for (at, step) in words.steps.iter().enumerate() {
        let door = if step.is_one_way { "  [one way]" } else { "" };
        let _ = writeln!(text, "\n{:>3}. {}{door}", at + 1, step.title);
        for (label, lines) in [
            ("calls", &step.call),
            ("before", &step.before),
            ("after", &step.after),
        ] {
            for line in lines {
                let _ = writeln!(text, "     {label:<7} {line}");
            }
        }
        let _ = writeln!(text, "     undo    {}", step.undo);
    }
    if !words.notes.is_empty() {
        text.push('\n');
    }
    for note in &words.notes {
        let _ = writeln!(text, "  note: {note}");
    }
    let _ = write!(text, "\n{}.", words.summary());
    if let Some(phrase) = &words.phrase {
        let _ = write!(text, " It is confirmed by `--yes {phrase}`.");
    }
    text.push('\n');
    text
}

/// A plan as a document. Fields may be added, none renamed.
#[derive(Debug, Serialize)]
pub struct PlanV1 {
    schema_version: u32,
    id: String,
    verb: &'static str,
    title: String,
    version: Option<String>,
    run: Option<u64>,
    phrase: Option<String>,
    overridden: Option<OverrideV1>,
    steps: Vec<StepV1>,
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct OverrideV1 {
    rules: Vec<String>,
    reason: String,
}

#[derive(Debug, Serialize)]
pub(super) struct StepV1 {
    title: String,
    calls: Vec<String>,
    before: Vec<String>,
    after: Vec<String>,
    undo: String,
    one_way: bool,
}

impl PlanV1 {
    /// The document of a plan.
    pub fn of(plan: &Plan, now: Timestamp) -> Self {
        let words = PlanWords::of(plan, now);
        Self {
            schema_version: 1,
            id: words.id,
            verb: plan.verb().name(),
            title: words.title,
            version: plan.about.version.as_deref().map(clean),
            run: plan.about.run.map(|run| run.0),
            phrase: words.phrase,
            overridden: plan.overridden.as_ref().map(|one| OverrideV1 {
                rules: one.rules.iter().map(|rule| clean(rule)).collect(),
                reason: clean(&one.reason),
            }),
            steps: words
                .steps
                .into_iter()
                .map(|step| StepV1 {
                    title: step.title,
                    calls: step.call,
                    before: step.before,
                    after: step.after,
                    undo: step.undo,
                    one_way: step.is_one_way,
                })
                .collect(),
            notes: words.notes,
        }
    }
}

/// A refusal as a document.
#[derive(Debug, Serialize)]
pub struct RefusalV1 {
    schema_version: u32,
    refused: RefusedV1,
}

#[derive(Debug, Serialize)]
struct RefusedV1 {
    kind: RefusalKind,
    what: String,
    unblock: String,
    rules: Vec<String>,
}

impl RefusalV1 {
    /// The document of a refusal.
    pub fn of(refusal: &Refusal) -> Self {
        Self {
            schema_version: 1,
            refused: RefusedV1 {
                kind: refusal.kind,
                what: clean(&refusal.what),
                unblock: clean(&refusal.unblock),
                rules: refusal.rules.iter().map(|rule| clean(rule)).collect(),
            },
        }
    }
}
