//! Removes a tag, and nothing that anything else needs.

use crate::domain::fact::{Failure, FailureKind};
use crate::domain::plan::Tagged;
use crate::domain::time::Timestamp;
use crate::door::check::{only_tags_of, tag_of};
use crate::door::write::{Registry, Removed};
use crate::door::{Door, Held, Sent};
use crate::net::failure;
use crate::net::registry::Reference;

/// Removes a tag in the way that its registry has.
///
/// Docker Hub has an interface of its own. Elsewhere the tag is named first; a registry that refuses that removes whole
/// manifests or nothing, and then the manifest goes only where these tags are all that reach it at this moment.
pub(super) async fn send(
    door: &Door,
    tagged: &Tagged,
    together: &[String],
    now: Timestamp,
) -> Sent {
    let sent = by_its_way(door, tagged, together, now).await;
    sent.unwrap_or_else(Sent::Refused)
}

async fn by_its_way(
    door: &Door,
    tagged: &Tagged,
    together: &[String],
    now: Timestamp,
) -> Result<Sent, Failure> {
    let (image, digest) = (&tagged.image, &tagged.digest);
    let tag = tag_of(&tagged.tag)?;
    let registry = door.registry(image)?;
    let removed = match door.hubs.get(image) {
        Some(hub) => hub.remove(&tag, now).await,
        None => registry.remove(Reference::Tag(&tag), now).await,
    };
    let refused = match removed {
        Removed::Gone => return Ok(Sent::Accepted(None)),
        Removed::Absent(failure) => {
            return was_gone(registry, Reference::Tag(&tag), failure, now).await;
        }
        Removed::Else(sent) => return Ok(sent),
        // Docker Hub's registry would refuse the rest as well.
        Removed::NotSo(failure) if door.hubs.contains_key(image) => {
            return Ok(Sent::Refused(failure));
        }
        Removed::NotSo(failure) => failure,
    };
    if let Held::No(why) = only_tags_of(door, image, digest, together, now).await? {
        return Err(failure::plain(
            FailureKind::Conflict,
            format!(
                "{} removes no single tag ({}), and removing the whole manifest would take more with it: {why}. Nothing was removed.",
                registry.service(),
                refused.what.trim_end_matches('.')
            ),
            "Leave the tag, or remove the others first if nobody needs them.",
        ));
    }
    // In between somebody may have moved the tag: then the manifest is not what it names any more.
    let now_there = registry.head(Reference::Tag(&tag), now).await?;
    if now_there.as_ref() != Some(digest) {
        return Err(failure::plain(
            FailureKind::Conflict,
            format!("`{tag}` of {image} was moved just now. Nothing was removed."),
            "Look who moved it, and plan again.",
        ));
    }
    Ok(
        match registry.remove(Reference::Digest(digest), now).await {
            Removed::Gone => Sent::Accepted(Some(format!(
                "the manifest {} was removed with all its tags: {}",
                digest.short(),
                together.join(", ")
            ))),
            Removed::Absent(failure) => {
                return was_gone(registry, Reference::Digest(digest), failure, now).await;
            }
            Removed::Else(sent) => sent,
            Removed::NotSo(failure) => Sent::Refused(Failure {
                what: format!(
                    "{} removes neither tags nor manifests: {}",
                    registry.service(),
                    failure.what
                ),
                advice: "Remove it where the registry is administered, or let it be removed there."
                    .to_owned(),
                ..failure
            }),
        },
    )
}

/// What is not there any more needs no removing; of what is there all the same nothing was removed.
pub(super) async fn was_gone(
    registry: &Registry,
    reference: Reference<'_>,
    failure: Failure,
    now: Timestamp,
) -> Result<Sent, Failure> {
    Ok(match registry.head(reference, now).await? {
        None => Sent::Accepted(Some("it was gone already".to_owned())),
        Some(_) => Sent::Refused(Failure {
            advice: "It is there all the same, and nothing was removed: check the addresses in the configuration."
                .to_owned(),
            ..failure
        }),
    })
}
