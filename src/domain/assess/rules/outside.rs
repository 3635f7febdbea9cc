//! Rules about what is out: the release's tags, the package, and the Release after all it points to.

use super::image::each_image;
use super::{Scene, list};
use crate::domain::artifact::{ManifestContent, PypiVersion};
use crate::domain::assess::{Act, Row, Verdict};
use crate::domain::digest::Digest;
use crate::domain::fact::{Ask, ImageId};
use crate::domain::outlook::{TagOfInterest, TagPart};
use crate::domain::policy::Certainty;
use crate::domain::release::{self, Stage};

/// Release tags all moved or none (incident 2), with the original bytes (incident 3); what is another release's
/// stays as it is (incident 26).
pub(super) fn release_tags(scene: &Scene<'_>) -> Vec<Row> {
    if scene.outlook.stage.0 == Stage::Promoting {
        return Vec::new();
    }
    each_image(scene, |_, image| tags_of(scene, image))
}

fn tags_of(scene: &Scene<'_>, image: &ImageId) -> Option<Row> {
    let say =
        |verdict, title: &str, sentence: String| Row::new("release-tags", verdict, title, sentence);
    let built = &scene.outlook.digests.get(image)?.value;
    let moved_on = superseded(scene) || is_beside(scene, image, built);
    let ours = |tag: &&TagOfInterest| {
        tag.part == TagPart::Release && !(moved_on && follows(scene, &tag.tag))
    };
    let tags = || {
        scene
            .outlook
            .tags
            .get(image)
            .into_iter()
            .flatten()
            .filter(ours)
    };
    let asks = || tags().map(|tag| Ask::Tag(image.clone(), tag.tag.clone()));
    let (mut moved, mut left) = (Vec::new(), Vec::new());
    for tag in tags() {
        match scene.resolved(image, &tag.tag) {
            Some(Some(digest)) if digest == built => moved.push(tag.tag.as_str()),
            Some(other) => left.push((tag.tag.as_str(), other)),
            None => {
                let row = say(
                    Verdict::Unknown,
                    "release tags",
                    format!("What `{}` points to was not looked up yet.", tag.tag),
                );
                return Some(row.rests_on(asks()));
            }
        }
    }
    let names: Vec<&str> = left.iter().map(|(tag, _)| *tag).collect();
    let recoded = left
        .iter()
        .find(|(_, other)| other.is_some_and(|other| same_content(scene, image, built, other)));
    // A clean-up has to deal with tags that this release moved, and with no others.
    let only_cleans = scene.next.acts.iter().all(|act| *act == Act::CleanUp);
    if only_cleans && moved.is_empty() && recoded.is_none() {
        return None;
    }
    // The tag that names the version in full is nobody else's.
    let taken = left
        .iter()
        .find(|(tag, other)| other.is_some() && !follows(scene, tag));
    let row = if let Some((tag, Some(other))) = recoded {
        say(
            Verdict::NoGo,
            "manifest was written anew",
            format!(
                "`{tag}` holds the same platforms under another digest, {}: it was encoded anew, so no signature covers it.",
                other.short()
            ),
        )
        .remedy("Tag the tested digest again with its original bytes.")
    } else if !moved.is_empty() && !left.is_empty() {
        say(
            Verdict::NoGo,
            "release tags disagree",
            format!(
                "{} points to the new image, {} does not.",
                list(&moved),
                list(&names)
            ),
        )
        .remedy("Finish the promote, or roll the moved tags back.")
    } else if let Some((tag, Some(other))) = taken.filter(|_| moved.is_empty()) {
        say(
            Verdict::NoGo,
            "version tag is another image",
            format!(
                "`{tag}` points to {} already, which is not the tested {}: a version's tag is never moved.",
                other.short(),
                built.short()
            ),
        )
        .remedy("Find out who pushed it; release under another version.")
    } else if !left.is_empty() && scene.outlook.stage.0 == Stage::Released {
        say(
            Verdict::NoGo,
            "release tag is another image",
            format!(
                "{} does not point to the tested {}, though the release has ended well.",
                list(&names),
                built.short()
            ),
        )
        .remedy("Tag the tested digest again with its original bytes.")
    } else if left.is_empty() && !moved.is_empty() {
        say(
            Verdict::Go,
            "release tags moved",
            "Every release tag points to the tested digest.".to_owned(),
        )
    } else {
        return None;
    };
    Some(row.rests_on(asks()))
}

/// Whether two indexes hold the same platforms with the same digests.
fn same_content(scene: &Scene<'_>, image: &ImageId, one: &Digest, other: &Digest) -> bool {
    let platforms = |digest: &Digest| {
        let manifest = scene.snapshot.manifest(image, digest)?;
        let ManifestContent::Index { platforms, .. } = &manifest.content else {
            return None;
        };
        let mut digests: Vec<&Digest> = platforms.iter().map(|entry| &entry.digest).collect();
        digests.sort();
        Some(digests)
    };
    one != other
        && platforms(one).is_some_and(|one| !one.is_empty() && Some(one) == platforms(other))
}

/// Whether a newer version has been published: tags that follow the newest are its own now.
fn superseded(scene: &Scene<'_>) -> bool {
    let version = |text: &str| semver::Version::parse(text).ok();
    let Some(ours) = scene
        .outlook
        .version
        .as_ref()
        .and_then(|ours| version(&ours.value))
    else {
        return false;
    };
    let mut published = scene
        .snapshot
        .releases
        .value()
        .into_iter()
        .flatten()
        .filter(|release| !release.draft && !release.prerelease)
        .filter_map(|release| version(release::version_of_tag(&release.tag)?));
    published.any(|other| other > ours)
}

/// Whether a release candidate left the tags that follow the newest version as they were.
fn is_beside(scene: &Scene<'_>, image: &ImageId, built: &Digest) -> bool {
    let version = scene.outlook.version.as_ref();
    let version = version.and_then(|ours| semver::Version::parse(&ours.value).ok());
    let tags = scene.outlook.tags.get(image).into_iter().flatten();
    version.is_some_and(|version| !version.pre.is_empty())
        && tags
            .filter(|tag| tag.part == TagPart::Release && follows(scene, &tag.tag))
            .all(|tag| scene.resolved(image, &tag.tag).flatten() != Some(built))
}

/// Whether a tag follows the newest version, and does not name this one in full.
fn follows(scene: &Scene<'_>, tag: &str) -> bool {
    let version = scene.outlook.version.as_ref();
    version.is_none_or(|version| !tag.contains(&version.value))
}

/// The image is under its version tag before anything points to it (incident 18).
pub(super) fn image_out(scene: &Scene<'_>) -> Vec<Row> {
    each_image(scene, |_, image| {
        let say = |verdict, title: &str, sentence: String| {
            Row::new("image-out", verdict, title, sentence)
        };
        let Some(tag) = scene.version_tag(image) else {
            return Some(say(
                Verdict::Unknown,
                "image",
                "Which tag the image gets is not known yet.".to_owned(),
            ));
        };
        let row = match scene.resolved(image, tag) {
            None => say(
                Verdict::Unknown,
                "image",
                format!("What `{tag}` points to was not looked up yet."),
            ),
            Some(_) if scene.is_promoted(image) => say(
                Verdict::Go,
                "image is out",
                format!("`{tag}` is the tested image."),
            ),
            Some(None) => say(
                Verdict::NoGo,
                "image is not out",
                format!("`{tag}` is not in the registry: what comes next would point to nothing."),
            )
            .remedy("Let the promote go first."),
            Some(Some(other)) => say(
                Verdict::NoGo,
                "another image is out",
                format!(
                    "`{tag}` points to {}, which is not the tested image.",
                    other.short()
                ),
            )
            .remedy("Find out who moved it; roll it back before anything else."),
        };
        Some(row.rests_on([Ask::Tag(image.clone(), tag.to_owned())]))
    })
}

/// The package index holds the version, before the Release is made (incidents 6 and 18).
pub(super) fn package_out(scene: &Scene<'_>) -> Vec<Row> {
    let (Some(package), Some(version)) = (scene.package(), &scene.outlook.version) else {
        return Vec::new();
    };
    let version = &version.value;
    let say =
        |verdict, title: &str, sentence: String| Row::new("package-out", verdict, title, sentence);
    let held = scene
        .snapshot
        .pypi
        .get(version)
        .and_then(|held| held.value());
    let project = package.project.as_str();
    let row = match held {
        None => say(
            Verdict::Unknown,
            "package",
            "The package index was not looked up yet.".to_owned(),
        ),
        Some(held) if held.is_there() => say(
            Verdict::Go,
            "package is out",
            format!("The package index holds {project} {version}."),
        ),
        Some(_) if package.certainty == Certainty::Guessed => say(
            Verdict::Unknown,
            "package",
            format!("The package index lacks {project} {version}; the project's name is a guess."),
        )
        .remedy("Name the project in the configuration: `pypi.project`."),
        Some(_) => say(
            Verdict::NoGo,
            "package is not out",
            format!(
                "The package index lacks {project} {version}: the Release would come before it."
            ),
        )
        .remedy("See the publish run; the Release comes last."),
    };
    vec![row.rests_on([Ask::Pypi(version.clone())])]
}

/// The Release comes after the image and the package (incident 18).
pub(super) fn released_last(scene: &Scene<'_>) -> Vec<Row> {
    let say =
        |verdict, title: &str, sentence: String| Row::new("release-last", verdict, title, sentence);
    let Some(tag) = &scene.outlook.release_tag else {
        if scene.snapshot.releases.value().is_some() {
            return Vec::new();
        }
        let row = say(
            Verdict::Unknown,
            "Releases not looked up",
            "Whether there is a Release already could not be looked up yet.".to_owned(),
        );
        return vec![row.rests_on([Ask::Releases])];
    };
    let images = || scene.policy.images.iter().map(ImageId::of);
    let built = images().filter(|image| scene.outlook.digests.contains_key(image));
    let out: Vec<Option<bool>> = built.map(|image| scene.promoted(&image)).collect();
    // One that is not out decides, whatever is not known of the others.
    let images_out = if out.contains(&Some(false)) {
        Some(false)
    } else {
        (!out.contains(&None)).then_some(true)
    };
    let mut asks = vec![Ask::Releases];
    let pypi = match (scene.package(), &scene.outlook.version) {
        (Some(_), Some(version)) => {
            asks.push(Ask::Pypi(version.value.clone()));
            let held = scene.snapshot.pypi.get(&version.value);
            held.and_then(|held| held.value())
                .map(PypiVersion::is_there)
        }
        _ => Some(true),
    };
    let is_guess = scene
        .policy
        .pypi
        .as_ref()
        .is_some_and(|package| package.certainty == Certainty::Guessed);
    let row = match (images_out, pypi) {
        (None, _) => say(
            Verdict::Unknown,
            "Release",
            format!("There is a Release `{tag}`; whether its image is out could not be looked up yet."),
        ),
        (Some(false), _) => say(
            Verdict::NoGo,
            "Release before image",
            format!("The Release `{tag}` exists, but its image is not under the release tags."),
        )
        .remedy("Mark the Release as a draft until the image is out."),
        (Some(true), None) => say(
            Verdict::Unknown,
            "Release",
            "The package index was not looked up yet.".to_owned(),
        ),
        (Some(true), Some(true)) => say(
            Verdict::Go,
            "released",
            format!("`{tag}` came after everything it points to."),
        ),
        (Some(true), Some(false)) if is_guess => say(
            Verdict::Unknown,
            "Release",
            "The package index lacks the version; the project's name is a guess, so it may be another's."
                .to_owned(),
        )
        .remedy("Name the project in the configuration: `pypi.project`."),
        (Some(true), Some(false)) => say(
            Verdict::NoGo,
            "Release before package",
            format!("The Release `{tag}` exists, but the package index lacks the version."),
        )
        .remedy("Mark the Release as a draft until the package is out."),
    };
    vec![row.rests_on(asks)]
}
