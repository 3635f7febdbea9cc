//! Puts the exact bytes of a manifest under a tag.

use crate::domain::digest::Digest;
use crate::domain::fact::{Failure, FailureKind, ImageId};
use crate::domain::plan::{Tagged, stand_in};
use crate::domain::time::Timestamp;
use crate::door::check::tag_of;
use crate::door::{Door, Sent};
use crate::net::failure;
use crate::net::registry::{RawManifest, Reference};

/// Puts a manifest under a tag.
pub(super) async fn send(door: &Door, tagged: &Tagged, now: Timestamp) -> Sent {
    let put = async {
        let tag = tag_of(&tagged.tag)?;
        let raw = if tagged.digest == stand_in::digest(&tagged.tag) {
            RawManifest {
                bytes: stand_in::bytes(&tagged.tag).into(),
                digest: tagged.digest.clone(),
                media_type: stand_in::MEDIA_TYPE.to_owned(),
            }
        } else {
            bytes_of(door, &tagged.image, &tagged.digest, now).await?
        };
        Ok((tag, raw, door.registry(&tagged.image)?))
    };
    match put.await {
        Ok((tag, raw, registry)) => registry.put(Reference::Tag(&tag), &raw, now).await,
        Err(failure) => Sent::Refused(failure),
    }
}

/// Puts a manifest under its digest, where it was removed.
pub(super) async fn send_untagged(
    door: &Door,
    image: &ImageId,
    digest: &Digest,
    now: Timestamp,
) -> Sent {
    let put = async {
        let raw = bytes_of(door, image, digest, now).await?;
        Ok((raw, door.registry(image)?))
    };
    match put.await {
        Ok((raw, registry)) => registry.put(Reference::Digest(digest), &raw, now).await,
        Err(failure) => Sent::Refused(failure),
    }
}

/// The bytes of a manifest: from the look before, from the registry, or as they were kept.
async fn bytes_of(
    door: &Door,
    image: &ImageId,
    digest: &Digest,
    now: Timestamp,
) -> Result<RawManifest, Failure> {
    let registry = door.registry(image)?;
    if let Some(raw) = registry.known(digest) {
        return Ok(raw);
    }
    if let Some(raw) = door.kept(digest)? {
        return Ok(raw);
    }
    let found = registry.get(Reference::Digest(digest), now).await?;
    found.ok_or_else(|| {
        failure::plain(
            FailureKind::NotFound,
            format!(
                "{} is not in {image} any more, and its bytes were not kept here: nothing was sent.",
                digest.short()
            ),
            "Push the image again under its digest, or choose another one.",
        )
    })
}
