//! Removes a manifest that has no tag: what hangs on an image by the referrers API.

use super::delete_tag::was_gone;
use crate::domain::digest::Digest;
use crate::domain::fact::{Failure, FailureKind, ImageId};
use crate::domain::time::Timestamp;
use crate::door::check::only_tags_of;
use crate::door::write::Removed;
use crate::door::{Door, Held, Sent};
use crate::net::failure;
use crate::net::registry::Reference;

/// Removes a manifest, if no tag reaches it at this moment.
pub(super) async fn send(door: &Door, image: &ImageId, digest: &Digest, now: Timestamp) -> Sent {
    let sent = guarded(door, image, digest, now).await;
    sent.unwrap_or_else(Sent::Refused)
}

async fn guarded(
    door: &Door,
    image: &ImageId,
    digest: &Digest,
    now: Timestamp,
) -> Result<Sent, Failure> {
    let registry = door.registry(image)?;
    if let Held::No(why) = only_tags_of(door, image, digest, &[], now).await? {
        return Err(failure::plain(
            FailureKind::Conflict,
            format!("{why}. Nothing was removed."),
            "It is in use: leave it.",
        ));
    }
    Ok(match registry.remove(Reference::Digest(digest), now).await {
        Removed::Gone => Sent::Accepted(None),
        Removed::Absent(failure) => {
            return was_gone(registry, Reference::Digest(digest), failure, now).await;
        }
        Removed::Else(sent) => sent,
        Removed::NotSo(failure) => Sent::Refused(Failure {
            advice: "This registry removes no manifests: leave it, or remove it where the registry is administered."
                .to_owned(),
            ..failure
        }),
    })
}
