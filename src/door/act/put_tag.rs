//! TO BE WRITTEN

use crate::domain::plan::Tagged;
use crate::domain::time::Timestamp;
use crate::door::{Door, Sent};

pub(super) async fn send(_door: &Door, _tagged: &Tagged, _now: Timestamp) -> Sent {
    Sent::Accepted(None)
}
