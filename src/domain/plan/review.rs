//! Approving and rejecting at gates.

use super::{Ground, Intent, Plan, Refusal, RefusalKind};
use crate::domain::fact::Ask;

/// The questions whose fresh answers the plan needs.
pub(super) fn needs(_: &Intent, _: &Ground<'_>) -> Vec<Ask> {
    Vec::new()
}

/// The plan, or why there is none.
pub(super) fn plan(_: &Intent, _: &Ground<'_>) -> Result<Plan, Refusal> {
    Err(Refusal::new(
        RefusalKind::Nothing,
        "This cannot be done yet.",
        "Do it by hand.",
    ))
}
