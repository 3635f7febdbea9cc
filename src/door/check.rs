//! Whether what must hold holds, looked up at the live service.

mod github;
mod registry;

pub(super) use registry::{only_tags_of, tag_of};

use super::{Door, Held};
use crate::domain::fact::Failure;
use crate::domain::plan::Condition;
use crate::domain::time::Timestamp;

impl Door {
    /// Looks one condition up.
    pub(super) async fn holds(
        &self,
        condition: &Condition,
        now: Timestamp,
    ) -> Result<Held, Failure> {
        match condition {
            Condition::TagIs { .. }
            | Condition::SourceIs { .. }
            | Condition::HasManifest { .. }
            | Condition::LacksManifest { .. }
            | Condition::OnlyTagsOf { .. } => registry::holds(self, condition, now).await,
            Condition::GateWaits { .. }
            | Condition::Reviewed { .. }
            | Condition::RunIs { .. }
            | Condition::Reattempted { .. }
            | Condition::Stopped { .. }
            | Condition::CannotPromote { .. }
            | Condition::CanDispatch { .. }
            | Condition::RunStarted { .. }
            | Condition::ReleaseIs { .. } => github::holds(self, condition, now).await,
        }
    }
}
