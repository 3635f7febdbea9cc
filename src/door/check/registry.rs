//! What a registry is asked right before and right after a change: never a snapshot, always the live service.

use std::collections::{BTreeSet, HashMap};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::domain::artifact::ManifestContent;
use crate::domain::digest::Digest;
use crate::domain::fact::{Failure, FailureKind, ImageId};
use crate::domain::plan::Condition;
use crate::domain::policy::Tag;
use crate::domain::time::Timestamp;
use crate::door::write::Registry;
use crate::door::{Door, Held};
use crate::net::failure;
use crate::net::registry::{Meter, RawManifest, Reference};
use crate::sources::oci::convert;

/// Requests under way at once.
const AT_ONCE: usize = 8;

pub(super) async fn holds(
    door: &Door,
    condition: &Condition,
    now: Timestamp,
) -> Result<Held, Failure> {
    match condition {
        Condition::TagIs { image, tag, digest } => {
            let registry = door.registry(image)?;
            let found = registry.head(Reference::Tag(&tag_of(tag)?), now).await?;
            Ok(if found == *digest {
                Held::Yes
            } else {
                Held::No(said(image, tag, found.as_ref(), digest.as_ref()))
            })
        }
        Condition::SourceIs { image, tag, digest } => {
            let registry = door.registry(image)?;
            let found = registry.get(Reference::Tag(&tag_of(tag)?), now).await?;
            match found {
                Some(raw) if raw.digest == *digest => children_are_there(registry, &raw, now).await,
                other => {
                    let other = other.map(|raw| raw.digest);
                    Ok(Held::No(said(image, tag, other.as_ref(), Some(digest))))
                }
            }
        }
        Condition::HasManifest { image, digest } => {
            let registry = door.registry(image)?;
            let found = registry.get(Reference::Digest(digest), now).await?;
            let found = match found {
                Some(raw) => Some(raw),
                // The registry lost it, and what was kept of it can be put back.
                None => door.kept(digest)?,
            };
            match found {
                Some(raw) => children_are_there(registry, &raw, now).await,
                None => Ok(Held::No(format!(
                    "{} is not in {image} any more, and its bytes were not kept here",
                    digest.short()
                ))),
            }
        }
        Condition::LacksManifest { image, digest } => {
            let registry = door.registry(image)?;
            let found = registry.head(Reference::Digest(digest), now).await?;
            Ok(match found {
                None => Held::Yes,
                Some(_) => Held::No(format!("{} is still in {image}", digest.short())),
            })
        }
        Condition::OnlyTagsOf {
            image,
            digest,
            tags,
        } => only_tags_of(door, image, digest, tags, now).await,
        _ => Err(failure::plain(
            FailureKind::Unexpected,
            "A registry was asked what it cannot know.",
            "Please report this.",
        )),
    }
}

/// A tag by its text.
pub(in crate::door) fn tag_of(text: &str) -> Result<Tag, Failure> {
    text.parse().map_err(|err| {
        failure::plain(
            FailureKind::Malformed,
            format!("{err}."),
            "Make the plan again.",
        )
    })
}

fn said(image: &ImageId, tag: &str, found: Option<&Digest>, wanted: Option<&Digest>) -> String {
    match (found, wanted) {
        (Some(found), Some(wanted)) => format!(
            "`{tag}` of {image} points to {}, not to {}",
            found.short(),
            wanted.short()
        ),
        (Some(found), None) => format!("`{tag}` of {image} is there: {}", found.short()),
        (None, _) => format!("`{tag}` of {image} is not there"),
    }
}

/// The manifests that these bytes list; none where they are one platform's image.
pub(in crate::door) fn children(raw: &RawManifest) -> Result<Vec<Digest>, Failure> {
    let read = convert::manifest(&raw.bytes, &raw.media_type, &raw.digest);
    let read = read.map_err(|err| {
        failure::plain(
            FailureKind::Malformed,
            format!("The manifest {} cannot be read: {err}.", raw.digest.short()),
            "What it lists is not known, so nothing is done that depends on it.",
        )
    })?;
    Ok(match read.content {
        ManifestContent::Index {
            platforms,
            attestations,
        } => {
            let platforms = platforms.into_iter().map(|entry| entry.digest);
            let attestations = attestations.into_iter().map(|entry| entry.digest);
            platforms.chain(attestations).collect()
        }
        ManifestContent::Image { .. } | ManifestContent::Other { .. } => Vec::new(),
    })
}

async fn children_are_there(
    registry: &Registry,
    raw: &RawManifest,
    now: Timestamp,
) -> Result<Held, Failure> {
    let listed: BTreeSet<Digest> = children(raw)?.into_iter().collect();
    let looks = stream::iter(listed).map(|child| async move {
        let found = registry.head(Reference::Digest(&child), now).await?;
        Ok::<_, Failure>((child, found.is_some()))
    });
    let looked: Vec<_> = looks.buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(match looked.iter().find(|(_, is_there)| !is_there) {
        None => Held::Yes,
        Some((child, _)) => Held::No(format!(
            "{} lists {}, which is not in {} any more",
            raw.digest.short(),
            child.short(),
            registry.image()
        )),
    })
}

/// Whether a manifest is reached by no tag but these: neither by a tag of its own nor through an index that lists it.
///
/// Everything is looked up anew; what cannot be looked up is a failure, never a yes.
pub(in crate::door) async fn only_tags_of(
    door: &Door,
    image: &ImageId,
    digest: &Digest,
    tags: &[String],
    now: Timestamp,
) -> Result<Held, Failure> {
    let registry = door.registry(image)?;
    let listed = registry.tags(now).await?;
    let others = listed
        .into_iter()
        .filter(|tag| !tags.iter().any(|may| may == tag.as_str()));
    let looks = stream::iter(others).map(|tag| async move {
        let found = registry.head(Reference::Tag(&tag), now).await?;
        Ok::<_, Failure>((tag, found))
    });
    let looked: Vec<_> = looks.buffer_unordered(AT_ONCE).try_collect().await?;
    let mut by_digest: HashMap<Digest, Tag> = HashMap::new();
    for (tag, found) in looked {
        let Some(found) = found else { continue };
        if found == *digest {
            return Ok(Held::No(format!(
                "{} is also what `{tag}` of {image} points to",
                digest.short()
            )));
        }
        // A signature lists no image.
        if !tag.as_str().starts_with("sha256-") {
            by_digest.entry(found).or_insert(tag);
        }
    }
    // What a digest lists never changes: it is known from the look that the plan was made by.
    let client = door.sources.registries.get(image);
    let reads = stream::iter(by_digest).map(|(found, tag)| async move {
        let client = client.ok_or_else(|| not_configured(image))?;
        let lists = client.made_of(&found, now, &mut Meter::default()).await?;
        Ok::<_, Failure>((tag, lists))
    });
    let read: Vec<_> = reads.buffer_unordered(AT_ONCE).try_collect().await?;
    let user = read.iter().find(|(_, lists)| lists.contains(digest));
    Ok(match user {
        None => Held::Yes,
        Some((tag, _)) => Held::No(format!(
            "{} is part of what `{tag}` of {image} points to",
            digest.short()
        )),
    })
}

fn not_configured(image: &ImageId) -> Failure {
    failure::plain(
        FailureKind::NoCredential,
        format!("{image} is not configured."),
        "Name it under `[[image]]`; `gonogo config show --origin` prints what is there.",
    )
}

impl Door {
    /// The registry of an image.
    pub(in crate::door) fn registry(&self, image: &ImageId) -> Result<&Registry, Failure> {
        self.registries
            .get(image)
            .ok_or_else(|| not_configured(image))
    }

    /// A manifest whose bytes were kept before it went.
    pub(in crate::door) fn kept(&self, digest: &Digest) -> Result<Option<RawManifest>, Failure> {
        let kept = self.store.kept(digest).map_err(|err| {
            failure::plain(
                FailureKind::WrongDigest,
                format!("{err}."),
                "See what is wrong with the disk.",
            )
        })?;
        Ok(kept.map(|kept| RawManifest {
            bytes: kept.bytes,
            digest: digest.clone(),
            media_type: kept.media_type,
        }))
    }
}
