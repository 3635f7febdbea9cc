//! What an SBOM lists, compared with the other platform's and with the release before.

use super::detail::{Body, Part};
use crate::domain::artifact::Platform;
use crate::domain::digest::Digest;
use crate::domain::evidence::{
    Direction, Item, Package, PackageDiff, PlatformReport, SbomSummary, Verification, platform_name,
};
use crate::domain::fact::ImageId;
use crate::domain::outlook::Outlook;
use crate::domain::snapshot::Snapshot;
use crate::present::clean::clean;
use crate::present::role::Sign;
use crate::present::{tags, words};

/// Differences of one comparison that are listed; the rest is counted.
const MOST_LISTED: usize = 200;

/// A list to compare with.
#[derive(Debug)]
pub struct Base<'a> {
    /// What it is of, clean: `linux/amd64`, `1.6.9`.
    pub name: String,
    /// Digest of the document.
    pub digest: &'a Digest,
    packages: &'a [Package],
}

/// The other platform of the image, and the same platform of the release before.
pub fn bases<'a>(
    found: &'a Verification,
    previous: Option<&(String, &'a Verification)>,
    n: usize,
) -> Vec<Base<'a>> {
    let Some(own) = found.sboms.get(n) else {
        return Vec::new();
    };
    let of = |name: String, report: &'a PlatformReport| {
        let (item, sbom) = listed(report)?;
        Some(Base {
            name,
            digest: &item.digest,
            packages: &sbom.packages,
        })
    };
    let other = found.sboms.get(usize::from(n == 0));
    let other = other.and_then(|other| of(clean(&platform_name(&other.platform)), other));
    let same = |platform: &Platform, of: &'a Verification| {
        let mut platforms = of.sboms.iter();
        platforms.find(|report| report.platform == *platform)
    };
    let before = previous
        .and_then(|(version, previous)| of(version.clone(), same(&own.platform, previous)?));
    other.into_iter().chain(before).collect()
}

/// The first piece of a platform that lists anything.
fn listed(report: &PlatformReport) -> Option<(&Item, &SbomSummary)> {
    let mut items = report.report.items.iter();
    items.find_map(|item| Some((item, item.sbom.as_ref()?)))
}

/// The judged image of the release before: the highest version below the watched one that a tag points to.
pub fn previous<'a>(
    snapshot: &'a Snapshot,
    outlook: &Outlook,
    image: &ImageId,
    shown: &Digest,
) -> Option<(String, &'a Verification)> {
    let version = |digest: &Digest| {
        let text = tags::version_of(snapshot, image, digest)?;
        Some((semver::Version::parse(&text).ok()?, text))
    };
    let built = outlook.digests.get(image);
    let watched = outlook.version.as_ref();
    let own = match built.filter(|built| built.value == *shown).and(watched) {
        Some(watched) => semver::Version::parse(&watched.value).ok(),
        None => version(shown).map(|(version, _)| version),
    };
    let tags = outlook.tags.get(image)?;
    tags.iter()
        .filter_map(|tag| snapshot.tag(image, &tag.tag)?.value()?.as_ref())
        .filter(|digest| *digest != shown)
        .filter_map(|digest| {
            let (version, text) = version(digest)?;
            let expected = super::expected(outlook, image, digest);
            let found = snapshot.evidence_of(image, digest, &expected)?;
            Some((version, text, found.value()?.as_deref()?))
        })
        .filter(|(version, ..)| own.as_ref().is_none_or(|own| version < own))
        .max_by(|(a, ..), (b, ..)| a.cmp(b))
        .map(|(_, text, found)| (text, found))
}

/// In what the packages differ from a list, in parts to be shown.
pub fn parts(base: &Base<'_>, packages: &[Package]) -> Vec<Part> {
    let diff = PackageDiff::between(base.packages, packages);
    let part = |n: usize, body| Part {
        id: format!("against {} {n}", base.name),
        body,
    };
    let mut found = vec![part(
        0,
        Body::Heading(format!("Compared with {}", base.name)),
    )];
    let mut add = |body| found.push(part(found.len(), body));
    if diff.is_empty() {
        add(Body::Said(
            Sign::Done,
            "It lists the same packages.".to_owned(),
        ));
        return found;
    }
    let counts: Vec<String> = [
        (diff.added.len(), "only here"),
        (diff.removed.len(), "only there"),
        (diff.changed.len(), "in another version"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    add(Body::Said(Sign::Absent, format!("{}.", counts.join(", "))));
    let name = |package: &Package| clean(&package.name);
    let version = |package: &Package| package.known_version().map_or("?".to_owned(), clean);
    let added = diff.added.iter().map(|it| ("+", name(it), version(it)));
    let removed = diff.removed.iter().map(|it| ("-", name(it), version(it)));
    let changed = diff.changed.iter().map(|change| {
        let mark = match change.direction {
            Direction::Upgraded => "↑",
            Direction::Downgraded => "↓",
            Direction::Changed => "·",
        };
        let (from, to) = (version(&change.from), version(&change.to));
        (mark, name(&change.to), format!("{from} → {to}"))
    });
    let all = diff.added.len() + diff.removed.len() + diff.changed.len();
    // What changed is listed first: it is what an update brings.
    let lines = changed.chain(added).chain(removed);
    for (mark, name, text) in lines.take(MOST_LISTED) {
        add(Body::Change(mark, name, text));
    }
    if all > MOST_LISTED {
        let left = words::number_of(all - MOST_LISTED, "more difference");
        add(Body::Said(Sign::Absent, format!("… and {left}.")));
    }
    found
}
