//! A plan in words: what each step does, what it calls, what must hold before and holds after, how it is undone.

mod action;
mod condition;
mod record;

pub use record::{EntryWords, RecordWords, StepSign, step_sign};

use super::clean::clean;
use super::words::{minutes, number_of};
use crate::domain::plan::{Plan, Repeat, Step, Undo};
use crate::domain::time::{Timestamp, since};

/// A plan as it is shown, by both faces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanWords {
    /// Its id.
    pub id: String,
    /// What it does.
    pub title: String,
    /// What it is about, as labels and values.
    pub about: Vec<(&'static str, String)>,
    /// Its steps.
    pub steps: Vec<StepWords>,
    /// What a person should know beside them.
    pub notes: Vec<String>,
    /// What has to be typed.
    pub phrase: Option<String>,
    /// Until when it can be confirmed.
    pub expiry: String,
}

/// A step as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepWords {
    /// What it does.
    pub title: String,
    /// What is sent for it, one request a line.
    pub call: Vec<String>,
    /// What must hold right before.
    pub before: Vec<String>,
    /// What holds after.
    pub after: Vec<String>,
    /// How it is taken back, or that it cannot be.
    pub undo: String,
    /// Whether it is a one-way door.
    pub is_one_way: bool,
}

impl PlanWords {
    /// The words for a plan.
    pub fn of(plan: &Plan, now: Timestamp) -> Self {
        let about = &plan.about;
        let mut rows = vec![("repository", about.repo.to_string())];
        rows.extend(about.version.iter().map(|one| ("version", clean(one))));
        rows.extend(about.run.map(|run| ("run", run.to_string())));
        if let Some(overridden) = &plan.overridden {
            let rules = overridden.rules.join(", ");
            let reason = clean(&overridden.reason);
            rows.push(("override", format!("{}: {reason}", clean(&rules))));
        }
        let expiry = if now > plan.expires_at {
            "too old to confirm; make it again".to_owned()
        } else {
            let left = minutes(since(now, plan.expires_at));
            format!("can be confirmed for {left}")
        };
        Self {
            id: plan.id.to_string(),
            title: clean(&plan.title),
            about: rows,
            steps: plan
                .steps
                .iter()
                .map(|step| StepWords::of(step, plan))
                .collect(),
            notes: plan.notes.iter().map(|note| clean(note)).collect(),
            phrase: plan.phrase.as_deref().map(clean),
            expiry,
        }
    }

    /// How many steps there are, and how many of them cannot be taken back.
    pub fn summary(&self) -> String {
        let steps = number_of(self.steps.len(), "step");
        match self.steps.iter().filter(|step| step.is_one_way).count() {
            0 => format!("{steps}, each can be undone"),
            one_way if one_way == self.steps.len() => format!("{steps}, cannot be undone"),
            one_way => format!("{steps}, {one_way} of them cannot be undone"),
        }
    }
}

impl StepWords {
    /// The words for a step of a plan.
    pub fn of(step: &Step, plan: &Plan) -> Self {
        let undo = match &step.undo {
            Undo::By(action) => action::title(action),
            Undo::InTurn(actions) => {
                let titles: Vec<String> = actions.iter().map(action::title).collect();
                titles.join(", then ")
            }
            Undo::Never(why) => format!("cannot be undone: {}", clean(why)),
            Undo::NotNeeded => "nothing to undo".to_owned(),
        };
        let mut before: Vec<String> = step.before.iter().map(condition::sentence).collect();
        if step.repeat == Repeat::Never {
            before.push("it is sent once and never again by itself".to_owned());
        }
        Self {
            title: action::title(&step.action),
            call: action::call(&step.action, &plan.about.repo),
            before,
            after: step.after.iter().map(condition::sentence).collect(),
            undo,
            is_one_way: step.is_one_way(),
        }
    }
}
