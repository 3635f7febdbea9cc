//! Taking back what a plan did.

use super::{
    Action, Condition, Draft, Ground, Intent, Plan, Refusal, RefusalKind, Repeat, Step, Undo,
};
use crate::domain::fact::Ask;
use crate::domain::journal::{Record, State};

/// Nothing has to be known: what the journal holds is what was done, and each step is looked up before it is taken back.
pub(super) fn needs(_: &Intent, _: &Ground<'_>) -> Vec<Ask> {
    Vec::new()
}

/// The plan, or why there is none.
pub(super) fn plan(intent: &Intent, ground: &Ground<'_>) -> Result<Plan, Refusal> {
    let Intent::Undo(id) = intent else {
        return Err(Refusal::new(
            RefusalKind::Nothing,
            "This is nothing to take back.",
            "Name a plan of the journal.",
        ));
    };
    let Some(record) = ground.ledger.find(id) else {
        return Err(Refusal::new(
            RefusalKind::Nothing,
            format!("The journal knows no plan {id}."),
            "`gonogo journal list` prints their ids.",
        ));
    };
    // A shortened id means the whole one.
    let intent = Intent::Undo(record.plan.id.clone());
    let draft = draft(record)?;
    Ok(ground.plan_about(&intent, record.plan.about.clone(), draft))
}

fn draft(record: &Record) -> Result<Draft, Refusal> {
    let plan = &record.plan;
    let nothing = |what: String| {
        Err(Refusal::new(
            RefusalKind::Nothing,
            what,
            "There is nothing to do.",
        ))
    };
    if record.state() == State::Undone {
        return nothing(format!("Plan {} was taken back already.", plan.id));
    }
    let mut draft = Draft {
        title: format!("Take back: {}", plan.title),
        phrase: plan.phrase.clone(),
        ..Draft::default()
    };
    // What was done last is taken back first.
    for (at, step) in record.changed().rev() {
        match &step.undo {
            Undo::By(action) => take_back(&mut draft, at, step, std::slice::from_ref(action)),
            Undo::InTurn(actions) => take_back(&mut draft, at, step, actions),
            Undo::Never(why) => draft
                .notes
                .push(format!("Step {} cannot be taken back: {why}.", at + 1)),
            Undo::NotNeeded => {}
        }
    }
    if draft.steps.is_empty() {
        return match draft.notes.first() {
            Some(note) => Err(Refusal::new(
                RefusalKind::Precondition,
                note.clone(),
                "What it let happen has to be dealt with on its own.",
            )),
            None => nothing(format!("Plan {} has changed nothing.", plan.id)),
        };
    }
    Ok(draft)
}

/// The steps that take one back: each begins where the one before has ended.
fn take_back(draft: &mut Draft, at: usize, step: &Step, actions: &[Action]) {
    let mut before = lasting(&step.after);
    let mut undone = step.action.clone();
    for (turn, action) in actions.iter().enumerate() {
        let is_last = turn + 1 == actions.len();
        let after = match action {
            Action::PutTag(tagged) if !is_last => vec![Condition::TagIs {
                image: tagged.image.clone(),
                tag: tagged.tag.clone(),
                digest: Some(tagged.digest.clone()),
            }],
            _ => lasting(&step.before),
        };
        draft.takes_back.push(at);
        draft.steps.push(Step {
            action: action.clone(),
            before: std::mem::replace(&mut before, after.clone()),
            after,
            undo: Undo::By(std::mem::replace(&mut undone, action.clone())),
            repeat: Repeat::OnlyIfUnchanged,
        });
    }
}

/// What describes the thing that the step changes, and not what else had to be so at that moment.
fn lasting(conditions: &[Condition]) -> Vec<Condition> {
    let is_lasting = |condition: &&Condition| {
        matches!(
            condition,
            Condition::TagIs { .. }
                | Condition::HasManifest { .. }
                | Condition::LacksManifest { .. }
                | Condition::ReleaseIs { .. }
        )
    };
    conditions.iter().filter(is_lasting).cloned().collect()
}
