//! TO BE WRITTEN

use crate::domain::digest::Digest;
use crate::domain::fact::ImageId;
use crate::domain::time::Timestamp;
use crate::door::{Door, Sent};

pub(super) async fn send(
    _door: &Door,
    _from: &ImageId,
    _to: &ImageId,
    _digest: &Digest,
    _now: Timestamp,
) -> Sent {
    Sent::Accepted(None)
}
