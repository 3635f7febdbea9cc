//! TO BE WRITTEN

use crate::domain::fact::Failure;
use crate::domain::plan::Condition;
use crate::domain::time::Timestamp;
use crate::door::{Door, Held};

pub(super) async fn holds(
    _door: &Door,
    _condition: &Condition,
    _now: Timestamp,
) -> Result<Held, Failure> {
    Ok(Held::Yes)
}
