//! What could not be looked at.

use crate::domain::evidence::{Gap, Layout};

/// Whether a look failed.
pub(super) fn is_failure(gap: &Gap) -> bool {
    matches!(gap, Gap::Failed { .. })
}

/// Whether what is missed is missed in the registry.
pub(super) fn is_of_registry(gap: &Gap) -> bool {
    !matches!(gap, Gap::Failed { layout, .. } if *layout == Layout::Github)
}
