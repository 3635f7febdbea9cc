//! Rules about what lies about: tags of releases that failed, and a floating tag without a signature.

use super::image::each_image;
use super::{Scene, list};
use crate::domain::assess::{Row, Verdict};
use crate::domain::digest::Digest;
use crate::domain::evidence::{Expected, SubjectVerdict};
use crate::domain::fact::{Ask, ImageId};
use crate::domain::outlook::TagPart;

/// The floating tag follows an image whose signature is still there (incident 17).
pub(super) fn floating_tag(scene: &Scene<'_>) -> Vec<Row> {
    each_image(scene, |spec, image| {
        let tag = spec.floating_tag.as_str();
        let digest = scene.resolved(image, tag)??;
        let is_ours = scene.outlook.digests.get(image).map(|built| &built.value) == Some(digest);
        // The tested image has its own rows.
        if is_ours || is_signed(scene, image, digest)? {
            return None;
        }
        let row = Row::new(
            "floating-tag",
            Verdict::Warn,
            format!("`{tag}` is not signed"),
            format!(
                "`{tag}` points to {}, whose signature is gone: who pulls it cannot verify it.",
                digest.short()
            ),
        )
        .remedy(format!("Delete `{tag}`, or point it to a signed image."));
        Some(row.rests_on([Ask::Tag(image.clone(), tag.to_owned())]))
    })
}

/// Whether a signature hangs on an image that is not the watched release's own; `None` where nobody knows.
fn is_signed(scene: &Scene<'_>, image: &ImageId, digest: &Digest) -> Option<bool> {
    let record = scene.snapshot.image(image)?;
    let sig = format!("sha256-{}.sig", digest.hex());
    if record.tag_list.value()?.contains(&sig) {
        return Some(true);
    }
    let found = scene
        .snapshot
        .evidence_of(image, digest, &Expected::default())?
        .value()?
        .as_ref()?;
    match found.signature.verdict {
        SubjectVerdict::Absent => Some(false),
        SubjectVerdict::Unknown => None,
        _ => Some(true),
    }
}

/// A release that failed or was rejected leaves nothing behind (incidents 4 and 5).
pub(super) fn leftovers(scene: &Scene<'_>) -> Vec<Row> {
    if !scene.ended_badly() {
        return Vec::new();
    }
    each_image(scene, |_, image| {
        let built = &scene.outlook.digests.get(image)?.value;
        let tags = scene.outlook.tags.get(image)?;
        let mut left: Vec<&str> = tags
            .iter()
            .filter(|tag| matches!(tag.part, TagPart::Prerelease | TagPart::Floating))
            .map(|tag| tag.tag.as_str())
            .filter(|tag| scene.resolved(image, tag).flatten() == Some(built))
            .collect();
        let listed = scene.snapshot.image(image)?.tag_list.value();
        let hex = format!("sha256-{}", built.hex());
        let evidence = listed.into_iter().flatten().map(String::as_str);
        left.extend(evidence.filter(|tag| tag.starts_with(&hex)));
        if left.is_empty() {
            return None;
        }
        let row = Row::new(
            "leftovers",
            Verdict::Warn,
            "tags are left behind",
            format!("The release is over and {} is left of it.", list(&left)),
        )
        .remedy("Clean up: nothing else needs these tags.");
        Some(row.rests_on([Ask::Tags(image.clone())]))
    })
}
