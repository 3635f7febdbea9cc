//! From what is wanted to a plan or a refusal: one planner a kind of change.

use super::{Ground, Intent, Plan, Refusal};
use super::{cleanup, promote, review, rollback, run_control, undo};
use crate::domain::fact::Ask;

/// The questions whose fresh answers a plan needs: they are looked up anew before it is made.
pub fn needs(intent: &Intent, ground: &Ground<'_>) -> Vec<Ask> {
    let needs = match intent {
        Intent::Approve { .. } | Intent::Reject { .. } => review::needs,
        Intent::Rerun { .. } | Intent::Cancel { .. } | Intent::Dispatch { .. } => {
            run_control::needs
        }
        Intent::Promote { .. } => promote::needs,
        Intent::RollBack { .. } => rollback::needs,
        Intent::CleanUp { .. } => cleanup::needs,
        Intent::Undo(_) => undo::needs,
    };
    needs(intent, ground)
}

/// The plan for what is wanted, or why there is none and what would let there be one.
pub fn make(intent: &Intent, ground: &Ground<'_>) -> Result<Plan, Refusal> {
    let plan = match intent {
        Intent::Approve { .. } | Intent::Reject { .. } => review::plan,
        Intent::Rerun { .. } | Intent::Cancel { .. } | Intent::Dispatch { .. } => run_control::plan,
        Intent::Promote { .. } => promote::plan,
        Intent::RollBack { .. } => rollback::plan,
        Intent::CleanUp { .. } => cleanup::plan,
        Intent::Undo(_) => undo::plan,
    };
    plan(intent, ground)
}
