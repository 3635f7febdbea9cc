//! What a release tag pointed to before a release, from the best source that tells.

use std::cmp::Reverse;

use crate::domain::digest::Digest;
use crate::domain::journal::Record;
use crate::domain::plan::registry::Image;
use crate::domain::plan::{Action, Condition, Verb};
use crate::domain::policy::Vars;
use crate::domain::release::version_of_tag;
use crate::domain::run;

/// Earlier releases whose version tags are looked up.
const MOST_EARLIER: usize = 4;

/// What a tag pointed to before, with how that is known.
pub(super) enum Before<'g> {
    /// This image.
    Was(&'g Digest, String),
    /// Nothing: the release made the tag.
    Absent(String),
    /// Nothing tells.
    Unknown,
}

/// What a tag pointed to before this release: as the journal says, as it was first seen, as an earlier release has it.
pub(super) fn before<'g>(image: &Image<'g>, tag: &str, built: &Digest) -> Before<'g> {
    journaled(image, tag, built)
        .or_else(|| first_seen(image, tag, built))
        .unwrap_or_else(|| {
            if image.is_own(tag) {
                never_out(image)
            } else {
                earlier(image, tag, built)
            }
        })
}

/// The first plan that moved it for this release wrote down what it was.
fn journaled<'g>(image: &Image<'g>, tag: &str, built: &Digest) -> Option<Before<'g>> {
    let ground = image.ground;
    let is_ours = |record: &&Record| {
        let about = &record.plan.about;
        about.repo == ground.policy.repo
            && about.version.as_deref() == Some(image.version)
            && record.plan.verb() == Verb::Promote
            && record.confirmed_at.is_some()
    };
    let records = ground.ledger.newest_first().filter(is_ours);
    let moves = records.flat_map(|record| record.plan.steps.iter().zip(std::iter::repeat(record)));
    let to_built = |action: &Action| {
        matches!(action, Action::PutTag(tagged)
            if tagged.image == image.id && tagged.tag == tag && tagged.digest == *built)
    };
    let (step, record) = moves.filter(|(step, _)| to_built(&step.action)).last()?;
    let was = step.before.iter().find_map(|condition| match condition {
        Condition::TagIs {
            image: of,
            tag: named,
            digest,
        } if *of == image.id && named == tag => Some(digest.as_ref()),
        _ => None,
    })?;
    let how = format!("plan {} of the journal", record.plan.id);
    Some(match was {
        Some(old) => Before::Was(old, how),
        None => Before::Absent(how),
    })
}

/// It was written down when the run was first seen. If it pointed to the image already then, that says nothing.
fn first_seen<'g>(image: &Image<'g>, tag: &str, built: &Digest) -> Option<Before<'g>> {
    let ground = image.ground;
    let record = ground.snapshot.record(ground.outlook.run?)?;
    let seen = record.first_seen.get(&image.id)?.get(tag)?;
    match &seen.digest {
        Some(old) if old == built => None,
        Some(old) => Some(Before::Was(
            old,
            format!("as it was at {}, when the run was first seen", seen.at),
        )),
        None => Some(Before::Absent(format!(
            "it was not there at {}, when the run was first seen",
            seen.at
        ))),
    }
}

/// A version of which no Release was out before the run had no tag of its own.
fn never_out<'g>(image: &Image<'g>) -> Before<'g> {
    let ground = image.ground;
    let run = ground.outlook.run.and_then(|run| ground.snapshot.run(run));
    let (Some(run), Some(releases)) = (run, ground.snapshot.releases.value()) else {
        return Before::Unknown;
    };
    let was_out = releases.iter().any(|release| {
        version_of_tag(&release.tag) == Some(image.version)
            && release.published_at.is_some_and(|at| at < run.created_at)
    });
    if was_out {
        Before::Unknown
    } else {
        Before::Absent("no Release of this version was out before the run".to_owned())
    }
}

/// The newest earlier release that has this tag among its own still says which image it was.
fn earlier<'g>(image: &Image<'g>, tag: &str, built: &Digest) -> Before<'g> {
    for (version, release) in earlier_releases(image) {
        let Some(tags) = tags_of(image, &version.to_string()) else {
            continue;
        };
        if !tags.iter().any(|other| other == tag) {
            continue;
        }
        let own = tags.iter().find(|own| own.contains(&version.to_string()));
        let held = own.and_then(|own| image.resolve(own));
        if let Some(held) = held.filter(|held| *held != built) {
            return Before::Was(held, format!("the image of {}", release.tag));
        }
    }
    Before::Unknown
}

/// The version tags of the releases before this one, newest first.
pub(super) fn version_tags_of_earlier(image: &Image<'_>) -> Vec<String> {
    let earlier = earlier_releases(image).into_iter().take(MOST_EARLIER);
    earlier
        .filter_map(|(version, _)| {
            let version = version.to_string();
            let tags = tags_of(image, &version)?;
            tags.into_iter().find(|tag| tag.contains(&version))
        })
        .collect()
}

/// Releases that are out and lower than this one, the highest first. A prerelease is not what people go back to.
fn earlier_releases<'g>(image: &Image<'g>) -> Vec<(semver::Version, &'g run::Release)> {
    let Ok(this) = semver::Version::parse(image.version) else {
        return Vec::new();
    };
    let releases = image.ground.snapshot.releases.value();
    let mut earlier: Vec<_> = releases
        .into_iter()
        .flatten()
        .filter(|release| !release.draft && !release.prerelease)
        .filter_map(|release| {
            let version = semver::Version::parse(version_of_tag(&release.tag)?).ok()?;
            (version < this && version.pre.is_empty()).then_some((version, release))
        })
        .collect();
    earlier.sort_by_key(|(version, _)| Reverse(version.clone()));
    earlier
}

/// The release tags of another version; those that need more than the version are left out.
fn tags_of(image: &Image<'_>, version: &str) -> Option<Vec<String>> {
    let vars = Vars::of_version(version).ok()?;
    let tags = image.spec.release_tags.iter();
    let tags = tags.filter_map(|template| template.render(&vars).ok());
    Some(tags.map(|tag| tag.as_str().to_owned()).collect())
}
