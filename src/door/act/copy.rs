//! Brings an image into another repository, under its digest.

use crate::domain::digest::Digest;
use crate::domain::fact::ImageId;
use crate::domain::time::Timestamp;
use crate::door::{Door, Sent};

/// Copies an image with all that it is made of; what is there already is left as it is.
pub(super) async fn send(
    door: &Door,
    from: &ImageId,
    to: &ImageId,
    digest: &Digest,
    now: Timestamp,
) -> Sent {
    match (door.registry(from), door.registry(to)) {
        (Ok(from), Ok(to)) => to.bring(from, digest, now).await,
        (Err(failure), _) | (_, Err(failure)) => Sent::Refused(failure),
    }
}
