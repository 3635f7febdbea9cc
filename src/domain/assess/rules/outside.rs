//! Rules about what is out: the release's tags, and the Release after all it points to.

use super::{Row, Verdict, list, promoted, row};
use crate::domain::artifact::PypiVersion;
use crate::domain::fact::ImageId;
use crate::domain::outlook::{Outlook, TagOfInterest, TagPart};
use crate::domain::policy::{Certainty, Policy};
use crate::domain::release::{self, Stage};
use crate::domain::snapshot::Snapshot;

/// Release tags all moved or none (incident 2).
pub(super) fn release_tags_agree(snapshot: &Snapshot, policy: &Policy, outlook: &Outlook) -> Row {
    let id = "release-tags";
    if policy.images.is_empty() || outlook.stage.0 == Stage::Promoting {
        return row(
            id,
            Verdict::NotApplicable,
            "release tags",
            "The tags are being moved.",
        );
    }
    let superseded = superseded(snapshot, outlook);
    let mut all_moved = true;
    for (image, tags) in &outlook.tags {
        let Some(built) = outlook.digests.get(image) else {
            return row(
                id,
                Verdict::NotApplicable,
                "release tags",
                "No image has been built yet.",
            );
        };
        let (mut moved, mut left) = (Vec::new(), Vec::new());
        let ours = |tag: &&TagOfInterest| {
            tag.part == TagPart::Release && !(superseded && follows(outlook, &tag.tag))
        };
        for tag in tags.iter().filter(ours) {
            match outlook.resolved.get(&(image.clone(), tag.tag.clone())) {
                Some(Some(digest)) if *digest == built.value => moved.push(tag.tag.as_str()),
                Some(_) => left.push(tag.tag.as_str()),
                None => {
                    return row(
                        id,
                        Verdict::Unknown,
                        "release tags",
                        "A release tag was not looked up yet.",
                    );
                }
            }
        }
        all_moved &= left.is_empty();
        if !moved.is_empty() && !left.is_empty() {
            return row(
                id,
                Verdict::NoGo,
                "release tags disagree",
                format!(
                    "{} points to the new image, {} does not.",
                    list(&moved),
                    list(&left)
                ),
            )
            .remedy("Finish the promote, or roll the moved tags back.");
        }
        if !left.is_empty() && outlook.stage.0 == Stage::Released {
            return row(
                id,
                Verdict::NoGo,
                "release tag is another image",
                format!(
                    "{} does not point to the tested {}, though the release has ended well.",
                    list(&left),
                    built.value.short()
                ),
            )
            .remedy("Tag the tested digest again with its original bytes.");
        }
    }
    if all_moved {
        row(
            id,
            Verdict::Go,
            "release tags moved",
            "Every release tag points to the tested digest.",
        )
    } else {
        row(
            id,
            Verdict::NotApplicable,
            "release tags",
            "No release tag has moved yet.",
        )
    }
}

/// Whether a newer version has been published: tags that follow the newest are its own now.
fn superseded(snapshot: &Snapshot, outlook: &Outlook) -> bool {
    let version = |text: &str| semver::Version::parse(text).ok();
    let Some(ours) = outlook
        .version
        .as_ref()
        .and_then(|ours| version(&ours.value))
    else {
        return false;
    };
    let mut published = snapshot
        .releases
        .value()
        .into_iter()
        .flatten()
        .filter(|release| !release.draft && !release.prerelease)
        .filter_map(|release| version(release::version_of_tag(&release.tag)?));
    published.any(|other| other > ours)
}

/// Whether a tag follows the newest version, and does not name this one in full.
fn follows(outlook: &Outlook, tag: &str) -> bool {
    let version = outlook.version.as_ref();
    version.is_none_or(|version| !tag.contains(&version.value))
}

/// The Release comes after the image and the package (incident 18).
pub(super) fn released_last(snapshot: &Snapshot, policy: &Policy, outlook: &Outlook) -> Row {
    let id = "release-last";
    let Some(tag) = &outlook.release_tag else {
        return row(
            id,
            Verdict::NotApplicable,
            "Release",
            "There is no Release yet.",
        );
    };
    let images_out = policy
        .images
        .iter()
        .map(ImageId::of)
        .all(|image| promoted(outlook, &image) || !outlook.digests.contains_key(&image));
    let pypi = match (&policy.pypi, &outlook.version) {
        (Some(_), Some(version)) => snapshot
            .pypi
            .get(&version.value)
            .and_then(|held| held.value())
            .map(PypiVersion::is_there),
        _ => Some(true),
    };
    match (images_out, pypi) {
        (_, None) => row(
            id,
            Verdict::Unknown,
            "Release",
            "The package index was not looked up yet.",
        ),
        (true, Some(true)) => row(
            id,
            Verdict::Go,
            "released",
            format!("`{tag}` came after everything it points to."),
        ),
        (false, _) => row(
            id,
            Verdict::NoGo,
            "Release before image",
            format!("The Release `{tag}` exists, but its image is not under the release tags."),
        )
        .remedy("Mark the Release as a draft until the image is out."),
        (_, Some(false)) if package_is_guessed(policy) => row(
            id,
            Verdict::Unknown,
            "Release",
            "The package index lacks the version; the project's name is a guess, so it may be another's.",
        )
        .remedy("Name the project in the configuration: `pypi.project`."),
        (_, Some(false)) => row(
            id,
            Verdict::NoGo,
            "Release before package",
            format!("The Release `{tag}` exists, but the package index lacks the version."),
        )
        .remedy("Mark the Release as a draft until the package is out."),
    }
}

fn package_is_guessed(policy: &Policy) -> bool {
    let package = policy.pypi.as_ref();
    package.is_some_and(|package| package.certainty == Certainty::Guessed)
}
