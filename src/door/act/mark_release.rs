//! TO BE WRITTEN

use crate::domain::plan::Action;
use crate::domain::time::Timestamp;
use crate::door::{Door, Sent};

pub(super) async fn send(_door: &Door, _action: &Action, _now: Timestamp) -> Sent {
    Sent::Accepted(None)
}
