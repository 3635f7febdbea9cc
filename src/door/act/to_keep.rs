//! The bytes that a change would lose, read before it is made.

use crate::domain::digest::Digest;
use crate::domain::fact::Failure;
use crate::domain::plan::Action;
use crate::domain::time::Timestamp;
use crate::door::Door;
use crate::door::store::Kept;

impl Door {
    /// The manifests that an action replaces or removes, with their bytes.
    pub(in crate::door) async fn to_keep(
        &self,
        _action: &Action,
        _now: Timestamp,
    ) -> Result<Vec<(Digest, Kept)>, Failure> {
        Ok(Vec::new())
    }
}
