//! The part of `verify --json` about what SBOMs list.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::domain::evidence::{
    Direction, Package, PackageDiff, PlatformReport, Verdict, Verification, platform_name,
};
use crate::present::clean::clean;
use crate::present::sbom;

/// One package.
#[derive(Debug, Serialize)]
pub(super) struct PackageV1 {
    name: String,
    version: Option<String>,
    purl: Option<String>,
}

/// One package in two versions.
#[derive(Debug, Serialize)]
struct ChangeV1 {
    name: String,
    from: Option<String>,
    to: Option<String>,
    purl: Option<String>,
    direction: Direction,
}

/// In what two lists differ.
#[derive(Debug, Serialize)]
pub(super) struct DiffV1 {
    added: Vec<PackageV1>,
    removed: Vec<PackageV1>,
    changed: Vec<ChangeV1>,
}

/// In what one platform differs from the first.
#[derive(Debug, Serialize)]
pub(super) struct PlatformDiffV1 {
    from: String,
    to: String,
    #[serde(flatten)]
    diff: DiffV1,
}

/// The image that it is compared with.
#[derive(Debug, Serialize)]
pub(super) struct PreviousV1 {
    reference: String,
    digest: Option<String>,
    verdict: Verdict,
    /// Why it could not be looked at.
    why: Option<String>,
}

/// An image that came before, as far as it could be looked at.
#[derive(Debug)]
pub struct Previous {
    /// Its reference.
    pub reference: String,
    /// What is found of it, or why nothing is.
    pub found: Result<Verification, String>,
}

impl PackageV1 {
    fn of(package: &Package) -> Self {
        let cleaned = |text: &Option<String>| text.as_deref().map(clean);
        Self {
            name: clean(&package.name),
            version: cleaned(&package.version),
            purl: cleaned(&package.purl),
        }
    }

    pub(super) fn all(packages: &[Package]) -> Vec<Self> {
        packages.iter().map(Self::of).collect()
    }
}

impl DiffV1 {
    fn of(diff: &PackageDiff) -> Self {
        Self {
            added: PackageV1::all(&diff.added),
            removed: PackageV1::all(&diff.removed),
            changed: diff
                .changed
                .iter()
                .map(|change| ChangeV1 {
                    name: clean(&change.to.name),
                    from: change.from.known_version().map(clean),
                    to: change.to.known_version().map(clean),
                    purl: change.to.purl.as_deref().map(clean),
                    direction: change.direction,
                })
                .collect(),
        }
    }
}

/// What each platform's valid SBOM lists.
pub(super) fn lists(found: &Verification) -> BTreeMap<String, Vec<PackageV1>> {
    let listed = found.sboms.iter().filter_map(|platform| {
        let packages = PackageV1::all(&platform.sbom()?.packages);
        Some((clean(&platform_name(&platform.platform)), packages))
    });
    listed.collect()
}

/// In what each platform differs from the first that has a valid SBOM.
fn between_platforms(found: &Verification) -> Vec<(&PlatformReport, &PlatformReport, PackageDiff)> {
    let mut listed = found
        .sboms
        .iter()
        .filter_map(|platform| Some((platform, platform.sbom()?)));
    let Some((first, base)) = listed.next() else {
        return Vec::new();
    };
    listed
        .map(|(platform, sbom)| {
            let diff = PackageDiff::between(&base.packages, &sbom.packages);
            (first, platform, diff)
        })
        .collect()
}

pub(super) fn platform_differences(found: &Verification) -> Vec<PlatformDiffV1> {
    between_platforms(found)
        .iter()
        .map(|(first, platform, diff)| PlatformDiffV1 {
            from: clean(&platform_name(&first.platform)),
            to: clean(&platform_name(&platform.platform)),
            diff: DiffV1::of(diff),
        })
        .collect()
}

/// In what each platform differs from the same of an image before; `None`: one of them has no valid SBOM.
fn since<'a>(
    found: &'a Verification,
    previous: &Verification,
) -> Vec<(&'a PlatformReport, Option<PackageDiff>)> {
    found
        .sboms
        .iter()
        .map(|platform| {
            let before = previous
                .sboms
                .iter()
                .find(|other| other.platform == platform.platform)
                .and_then(PlatformReport::sbom);
            let diff = before
                .zip(platform.sbom())
                .map(|(before, after)| PackageDiff::between(&before.packages, &after.packages));
            (platform, diff)
        })
        .collect()
}

impl PreviousV1 {
    pub(super) fn of(previous: &Previous) -> Self {
        let found = previous.found.as_ref();
        Self {
            reference: clean(&previous.reference),
            digest: found.ok().map(|found| found.digest.to_string()),
            verdict: found.map_or(Verdict::Unknown, |found| found.verdict),
            why: found.err().map(|why| clean(why)),
        }
    }
}

pub(super) fn previous_difference(
    found: &Verification,
    previous: &Previous,
) -> BTreeMap<String, Option<DiffV1>> {
    let Ok(before) = &previous.found else {
        return BTreeMap::new();
    };
    since(found, before)
        .into_iter()
        .map(|(platform, diff)| {
            let name = clean(&platform_name(&platform.platform));
            (name, diff.as_ref().map(DiffV1::of))
        })
        .collect()
}

/// The same for a person.
pub(super) fn text(out: &mut String, found: &Verification, previous: Option<&Previous>) {
    for (first, platform, diff) in between_platforms(found) {
        let first = platform_name(&first.platform);
        let platform = platform_name(&platform.platform);
        let words = sbom::difference(&diff);
        let _ = writeln!(
            out,
            "  {}",
            clean(&format!("SBOM of {platform} against {first}: {words}"))
        );
    }
    let Some(previous) = previous else {
        return;
    };
    match &previous.found {
        Ok(before) => {
            for (platform, diff) in since(found, before) {
                let words = diff.map_or_else(
                    || "one of them has no SBOM that holds".to_owned(),
                    |diff| sbom::difference(&diff),
                );
                let platform = platform_name(&platform.platform);
                let line = format!("SBOM of {platform} since {}: {words}", previous.reference);
                let _ = writeln!(out, "  {}", clean(&line));
            }
        }
        Err(why) => {
            let line = format!("nothing is known of {}: {why}", previous.reference);
            let _ = writeln!(out, "  ? {}", clean(&line));
        }
    }
}
