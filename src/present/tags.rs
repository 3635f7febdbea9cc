//! The tags of an image that a release is judged by: what each points to and what that means.

use super::clean::clean;
use super::proofs::{self, Proofs};
use super::role::Sign;
use super::words;
use crate::domain::artifact::{ManifestContent, PlatformEntry};
use crate::domain::digest::Digest;
use crate::domain::fact::ImageId;
use crate::domain::outlook::{Outlook, TagPart};
use crate::domain::policy::{ImageSpec, Platform};
use crate::domain::release::Stage;
use crate::domain::snapshot::Snapshot;
use crate::domain::time::Timestamp;

/// A tag with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagRow {
    /// The tag, clean.
    pub tag: String,
    /// Its part in the release.
    pub part: TagPart,
    /// What it resolves to.
    pub state: TagState,
    /// The digest of each configured platform's manifest, in the configured order.
    pub platforms: Vec<PlatformCell>,
    /// When it was pushed last, where a service tells.
    pub pushed_at: Option<Timestamp>,
    /// What its digest means for the release, in a sign and a few words.
    pub meaning: (Sign, String),
    /// What is proved of its image.
    pub proofs: Proofs,
}

/// What a tag resolves to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagState {
    /// Not looked up yet.
    Unseen,
    /// Could not be looked up and was never seen; the sentence says why.
    Failed(String),
    /// There is no such tag.
    Absent,
    /// It resolves to this digest.
    At(Digest),
}

/// One platform of a tag's image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlatformCell {
    /// The tag is not there, so neither is this.
    Absent,
    /// The index has not been read yet.
    Unseen,
    /// The index does not hold this platform.
    Missing,
    /// The platform's manifest.
    At(Digest),
}

/// The tags of an image, in the order they are shown.
pub fn rows(snapshot: &Snapshot, outlook: &Outlook, spec: &ImageSpec) -> Vec<TagRow> {
    let image = ImageId::of(spec);
    outlook
        .tags
        .get(&image)
        .into_iter()
        .flatten()
        .map(|tag| {
            let state = state(snapshot, &image, &tag.tag);
            TagRow {
                platforms: spec
                    .platforms
                    .iter()
                    .map(|platform| cell(snapshot, &image, &state, platform))
                    .collect(),
                pushed_at: pushed(snapshot, &image, &tag.tag),
                meaning: meaning(snapshot, outlook, &image, tag.part, &state),
                proofs: match &state {
                    TagState::At(digest) => proofs::of(snapshot, outlook, &image, digest),
                    TagState::Absent => Proofs::NoImage,
                    TagState::Unseen | TagState::Failed(_) => Proofs::Unseen,
                },
                tag: clean(&tag.tag),
                part: tag.part,
                state,
            }
        })
        .collect()
}

fn state(snapshot: &Snapshot, image: &ImageId, tag: &str) -> TagState {
    let Some(observed) = snapshot.tag(image, tag) else {
        return TagState::Unseen;
    };
    match (observed.value(), observed.failure()) {
        (Some(Some(digest)), _) => TagState::At(digest.clone()),
        (Some(None), _) => TagState::Absent,
        (None, Some(failure)) => TagState::Failed(clean(&failure.what)),
        (None, None) => TagState::Unseen,
    }
}

fn cell(
    snapshot: &Snapshot,
    image: &ImageId,
    state: &TagState,
    platform: &Platform,
) -> PlatformCell {
    match state {
        TagState::Absent => PlatformCell::Absent,
        TagState::Unseen | TagState::Failed(_) => PlatformCell::Unseen,
        TagState::At(digest) => match snapshot.manifest(image, digest).map(|m| &m.content) {
            None => PlatformCell::Unseen,
            Some(ManifestContent::Index { platforms, .. }) => platforms
                .iter()
                .find(|entry| platform.matches(&entry.platform))
                .map_or(PlatformCell::Missing, |entry: &PlatformEntry| {
                    PlatformCell::At(entry.digest.clone())
                }),
            Some(_) => PlatformCell::Missing,
        },
    }
}

fn pushed(snapshot: &Snapshot, image: &ImageId, tag: &str) -> Option<Timestamp> {
    let hub = snapshot.image(image)?.hub.value()?;
    hub.iter().find(|known| known.name == tag)?.pushed_at
}

fn meaning(
    snapshot: &Snapshot,
    outlook: &Outlook,
    image: &ImageId,
    part: TagPart,
    state: &TagState,
) -> (Sign, String) {
    let TagState::At(digest) = state else {
        return match (state, part) {
            (TagState::Failed(_), _) => (Sign::Unknown, "could not look".to_owned()),
            (TagState::Unseen, _) => (Sign::Unknown, "not looked up yet".to_owned()),
            (_, TagPart::Prerelease | TagPart::Floating | TagPart::Arch) if is_out(outlook) => {
                (Sign::Absent, "cleaned up".to_owned())
            }
            // A digest that is known was built: then the tag is gone, and not yet to come.
            (_, TagPart::Prerelease | TagPart::Arch) if outlook.digests.contains_key(image) => {
                (Sign::Absent, "gone".to_owned())
            }
            (_, TagPart::Prerelease | TagPart::Arch) => (Sign::Absent, "not built yet".to_owned()),
            (_, TagPart::Floating | TagPart::Release) => (Sign::Absent, "not there".to_owned()),
        };
    };
    match outlook.digests.get(image) {
        Some(built) if built.value == *digest => {
            let proven = built.source.is_strong();
            let words = match (part, proven) {
                (TagPart::Release, true) => "this release",
                (TagPart::Release, false) => "this, unproven",
                (_, true) => "tested image",
                (_, false) => "tested, unproven",
            };
            (
                if proven { Sign::Done } else { Sign::Unknown },
                words.to_owned(),
            )
        }
        Some(_) if part == TagPart::Prerelease => (Sign::Failed, "not the tested image".to_owned()),
        built => match version_of(snapshot, image, digest) {
            Some(version) => (Sign::Absent, format!("is {version}")),
            None if built.is_none() => (Sign::Unknown, "which image is not known".to_owned()),
            None => (Sign::Absent, "another release".to_owned()),
        },
    }
}

fn is_out(outlook: &Outlook) -> bool {
    matches!(
        outlook.stage.0,
        Stage::Publishing | Stage::HalfPublished | Stage::Released
    )
}

/// The release that an image is, by the version in its configuration or by the version tag it was seen under.
pub fn version_of(snapshot: &Snapshot, image: &ImageId, digest: &Digest) -> Option<String> {
    let record = snapshot.image(image)?;
    let by_tag = || {
        record.tags.iter().find_map(|(tag, seen)| {
            let there = seen.value()?.as_ref() == Some(digest);
            let is_version = semver::Version::parse(tag).is_ok();
            (there && is_version).then(|| clean(tag))
        })
    };
    let by_label = || {
        let children: Vec<&Digest> = match snapshot.manifest(image, digest).map(|m| &m.content) {
            Some(ManifestContent::Index { platforms, .. }) => {
                platforms.iter().map(|entry| &entry.digest).collect()
            }
            _ => vec![digest],
        };
        children.into_iter().find_map(|child| {
            let version = record.configs.get(child)?.value()?.version.as_deref()?;
            let version = clean(version);
            Some(version.strip_prefix('v').unwrap_or(&version).to_owned())
        })
    };
    by_tag()
        .or_else(by_label)
        .filter(|version| words::width(version) <= 24)
}
