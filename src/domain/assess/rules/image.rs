//! Rules about the image itself: which digest, which platforms.

use super::{Scene, list};
use crate::domain::artifact::ManifestContent;
use crate::domain::assess::{Row, Verdict};
use crate::domain::digest::Digest;
use crate::domain::fact::{Ask, ImageId};
use crate::domain::outlook::TagPart;
use crate::domain::policy::ImageSpec;
use crate::domain::release::FactSource;

/// One row an image, told apart where there are several.
pub(super) fn each_image(
    scene: &Scene<'_>,
    mut row: impl FnMut(&ImageSpec, &ImageId) -> Option<Row>,
) -> Vec<Row> {
    let images = &scene.policy.images;
    let rows = images.iter().filter_map(|spec| {
        let image = ImageId::of(spec);
        let row = row(spec, &image)?;
        Some(if images.len() > 1 && row.about.is_none() {
            row.about(image.0)
        } else {
            row
        })
    });
    rows.collect()
}

/// The prerelease tag still points to the digest that was tested (incident 1).
pub(super) fn tested_digest(scene: &Scene<'_>) -> Vec<Row> {
    if scene.policy.images.is_empty() {
        let row = Row::new(
            "tested-digest",
            Verdict::Unknown,
            "no image is named",
            "No image is configured, so nothing tells what would go out.",
        )
        .remedy("Name it in the configuration: `[[image]]` with `repository`.");
        return vec![row];
    }
    each_image(scene, |_, image| Some(tested(scene, image)))
}

fn tested(scene: &Scene<'_>, image: &ImageId) -> Row {
    let say = |verdict, title: &str, sentence: String| {
        Row::new("tested-digest", verdict, title, sentence)
    };
    let Some(built) = scene.outlook.digests.get(image) else {
        return say(
            Verdict::Unknown,
            "tested digest not known yet",
            format!("The digest that the run built for `{image}` is not known yet."),
        );
    };
    let of_log = match &built.source {
        FactSource::JobLog(job) => Some(Ask::JobLog(*job)),
        _ => None,
    };
    let source_tag = scene
        .outlook
        .tags
        .get(image)
        .into_iter()
        .flatten()
        .find(|tag| tag.part == TagPart::Prerelease)
        .map(|tag| tag.tag.as_str());
    let asks = source_tag
        .map(|tag| Ask::Tag(image.clone(), tag.to_owned()))
        .into_iter()
        .chain(of_log);
    let resolved = source_tag.and_then(|tag| scene.resolved(image, tag));
    let digest = &built.value;
    let row = match (source_tag, resolved) {
        (Some(tag), Some(Some(now))) if now != digest => say(
            Verdict::NoGo,
            "tag was swapped",
            format!(
                "`{tag}` points to {} and not to the tested {}: somebody moved it.",
                now.short(),
                digest.short()
            ),
        )
        .remedy("Reject the gate, and rotate the registry's token."),
        (Some(tag), Some(None)) if scene.promoted(image).is_none() => say(
            Verdict::Unknown,
            "version tag not looked up",
            format!(
                "`{tag}` is not in the registry; whether the version tag holds the image could not be looked up yet."
            ),
        ),
        (Some(tag), Some(None)) if !scene.is_promoted(image) && !scene.ended_badly() => say(
            Verdict::NoGo,
            "prerelease tag is gone",
            format!(
                "`{tag}` is not in the registry and no release tag holds the image: there is nothing to promote."
            ),
        )
        .remedy("Find out who deleted it; tag the tested digest again or release anew."),
        (Some(tag), Some(None)) if !scene.is_promoted(image) => say(
            Verdict::NotApplicable,
            "prerelease tag is gone",
            format!("`{tag}` was cleaned up after the release had failed."),
        ),
        (Some(tag), None) => say(
            Verdict::Unknown,
            "prerelease tag not looked up",
            format!("What `{tag}` points to could not be looked up yet."),
        ),
        (Some(_), Some(_)) if built.source.is_strong() || is_proved(scene, image) => say(
            Verdict::Go,
            "tag is the tested digest",
            format!(
                "The image is still the one that was tested: {}.",
                digest.short()
            ),
        ),
        _ => say(
            Verdict::Unknown,
            "tested digest unproven",
            "Only the tag itself tells the digest, and a tag proves nothing about itself."
                .to_owned(),
        ),
    };
    row.rests_on(asks)
}

/// The tags of single platforms still point to what the index was joined of (incident 1): who can move one of them
/// could move the others too.
pub(super) fn arch_tags(scene: &Scene<'_>) -> Vec<Row> {
    let (mut rows, mut unseen) = (Vec::new(), Vec::new());
    // Of what is over they are not looked up any more.
    if !scene.outlook.stage.0.is_live() {
        return rows;
    }
    for spec in &scene.policy.images {
        let image = ImageId::of(spec);
        let Some(built) = scene.outlook.digests.get(&image) else {
            continue;
        };
        let content = scene
            .snapshot
            .manifest(&image, &built.value)
            .map(|m| &m.content);
        let Some(ManifestContent::Index { platforms, .. }) = content else {
            continue;
        };
        for (platform, tag) in scene.outlook.arch_tags.get(&image).into_iter().flatten() {
            let now = match scene.resolved(&image, tag) {
                Some(Some(now)) => now,
                // Once joined, nothing needs it.
                Some(None) => continue,
                None => {
                    unseen.push((tag.as_str(), Ask::Tag(image.clone(), tag.clone())));
                    continue;
                }
            };
            let joined: Vec<&Digest> = platforms
                .iter()
                .filter(|entry| platform.matches(&entry.platform))
                .map(|entry| &entry.digest)
                .collect();
            if joined.contains(&now) {
                continue;
            }
            let asks = [
                Ask::Tag(image.clone(), tag.clone()),
                Ask::Manifest(image.clone(), built.value.clone()),
                Ask::Manifest(image.clone(), now.clone()),
            ];
            // Who builds with BuildKit's attestations tags an index for one platform; joining takes its image out.
            match scene.snapshot.manifest(&image, now).map(|m| &m.content) {
                None => {
                    unseen.push((tag.as_str(), Ask::Manifest(image.clone(), now.clone())));
                    continue;
                }
                Some(ManifestContent::Index { platforms, .. })
                    if !platforms.is_empty()
                        && platforms
                            .iter()
                            .all(|entry| joined.contains(&&entry.digest)) =>
                {
                    continue;
                }
                Some(_) => {}
            }
            let row = Row::new(
                "arch-tags",
                Verdict::NoGo,
                format!("`{tag}` was moved"),
                format!(
                    "`{tag}` points to {}, which is not what the tested image holds for {platform}: somebody moved it.",
                    now.short()
                ),
            )
            .remedy("Find out who moved it, and rotate the registry's token.")
            .about(platform.to_string());
            rows.push(row.rests_on(asks));
        }
    }
    if !unseen.is_empty() {
        let (names, asks): (Vec<&str>, Vec<Ask>) = unseen.into_iter().unzip();
        let row = Row::new(
            "arch-tags",
            Verdict::Unknown,
            "platform tags not looked up",
            format!("What {} holds could not be looked up yet.", list(&names)),
        );
        rows.push(row.rests_on(asks));
    }
    rows
}

/// Whether verified provenance of the digest names this run: as good a source as the run's own log.
fn is_proved(scene: &Scene<'_>, image: &ImageId) -> bool {
    use crate::domain::evidence::SubjectVerdict;
    let expected = &scene.outlook.expected_evidence;
    let names_the_run = expected.run.is_some() && expected.attempt.is_some();
    let found = scene.outlook.digests.get(image).and_then(|built| {
        let observed = scene.snapshot.evidence_of(image, &built.value, expected)?;
        observed.value()?.as_ref()
    });
    names_the_run && found.is_some_and(|found| found.provenance.verdict == SubjectVerdict::Valid)
}

/// The index holds every configured platform.
pub(super) fn platforms(scene: &Scene<'_>) -> Vec<Row> {
    each_image(scene, |spec, image| Some(platforms_of(scene, spec, image)))
}

fn platforms_of(scene: &Scene<'_>, spec: &ImageSpec, image: &ImageId) -> Row {
    let say =
        |verdict, title: String, sentence: String| Row::new("platforms", verdict, title, sentence);
    let Some(built) = scene.outlook.digests.get(image) else {
        return say(
            Verdict::Unknown,
            "platforms".to_owned(),
            "No image has been built yet.".to_owned(),
        );
    };
    let digest = &built.value;
    let ask = Ask::Manifest(image.clone(), digest.clone());
    let row = match scene.snapshot.manifest(image, digest).map(|m| &m.content) {
        None => say(
            Verdict::Unknown,
            "platforms".to_owned(),
            format!("The index {} could not be read yet.", digest.short()),
        ),
        Some(ManifestContent::Index { platforms, .. }) => {
            let missing: Vec<String> = spec
                .platforms
                .iter()
                .filter(|wanted| {
                    !platforms
                        .iter()
                        .any(|entry| wanted.matches(&entry.platform))
                })
                .map(ToString::to_string)
                .collect();
            match missing.as_slice() {
                [] if platforms.is_empty() => say(
                    Verdict::NoGo,
                    "no platform is there".to_owned(),
                    format!("The index {} holds no image.", digest.short()),
                )
                .remedy("See the job that joins the index."),
                [] if spec.platforms.is_empty() => say(
                    Verdict::Unknown,
                    "no platform is named".to_owned(),
                    "The configuration names no platform, so nothing tells whether all are there."
                        .to_owned(),
                )
                .remedy("Name them in the configuration: `platforms` of the image."),
                [] => say(
                    Verdict::Go,
                    "every platform is there".to_owned(),
                    "The index holds every configured platform.".to_owned(),
                ),
                [first, ..] => say(
                    Verdict::NoGo,
                    format!("{first} is missing"),
                    format!("The index has no image for {}.", missing.join(", ")),
                )
                .remedy("See the build job of that architecture."),
            }
        }
        Some(_) => say(
            Verdict::NoGo,
            "not a multi-platform image".to_owned(),
            format!("{} is a single manifest, not an index.", digest.short()),
        )
        .remedy("See the job that joins the index."),
    };
    row.rests_on([ask])
}
