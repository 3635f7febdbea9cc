//! From single items to what is said of the image.

use std::collections::BTreeMap;

use super::findings::Findings;
use super::gaps::{is_failure, is_of_registry};
use super::{Judge, sbom, twins};
use crate::domain::artifact::Platform;
use crate::domain::digest::Digest;
use crate::domain::evidence::{
    Attached, Collected, Gap, Item, ItemVerdict, Kind, Layout, PlatformReport, Remark, Subject,
    SubjectReport, SubjectVerdict, Verdict, Verification, cosign, platform_name,
};

/// Provenance of this form counts, but clients of the recipe ask for the other.
const NEWER_PROVENANCE: &str = super::statement::SLSA_V1;

/// What the recipe says of an image, by what `items` says of the pieces on one digest.
pub(super) fn of(
    judge: &Judge,
    collected: &Collected,
    items: impl Fn(&Attached, bool) -> Vec<Item>,
) -> Verification {
    let whole = &collected.whole;
    let (mut signatures, mut provenances, mut sboms, mut others) = (vec![], vec![], vec![], vec![]);
    for item in items(whole, true) {
        match item.kind {
            Kind::Signature if item.layout != Layout::Github => signatures.push(item),
            Kind::Provenance => provenances.push(item),
            Kind::Sbom => sboms.push(item),
            Kind::Signature | Kind::Other => others.push(item),
        }
    }
    let index_sboms = if collected.is_index {
        std::mem::take(&mut sboms)
    } else {
        Vec::new()
    };
    let mut told = Told::default();
    let platforms: Vec<PlatformReport> = collected
        .platforms
        .iter()
        .map(|(platform, attached)| {
            let hanging = if collected.is_index {
                items(attached, false)
            } else {
                sboms.clone()
            };
            let mut found = Vec::new();
            for mut item in hanging {
                if item.kind == Kind::Sbom {
                    if let Some(summary) = &item.sbom {
                        item.remarks.extend(sbom::remarks(summary, platform));
                    }
                    found.push(item);
                } else {
                    others.push(item);
                }
            }
            let counts = |item: &Item| {
                let kind = item.predicate_type.as_deref();
                kind.is_some_and(|kind| judge.recipe.accepts_sbom(kind))
                    // What cannot be read may have been one.
                    || item.verdict != ItemVerdict::Valid && kind.is_none()
            };
            PlatformReport {
                platform: platform.clone(),
                digest: attached.digest.clone(),
                report: report(found, &attached.digest, &attached.gaps, counts),
            }
        })
        .collect();
    let verification = Verification {
        digest: whole.digest.clone(),
        verdict: Verdict::Verified,
        // GitHub keeps no signatures of images, so nothing of them is missed there.
        signature: report(
            signatures,
            &whole.digest,
            whole.gaps.iter().filter(|gap| is_of_registry(gap)),
            |_| true,
        ),
        provenance: report(provenances, &whole.digest, &whole.gaps, |_| true),
        sboms: platforms,
        index_sboms,
        others,
        reasons: Vec::new(),
        warnings: Vec::new(),
        buildkit: collected.buildkit.clone(),
        unseen: unseen(collected),
        clients: Vec::new(),
    };
    told.tell(judge, collected, &verification);
    let verification = told.into_verification(verification);
    Verification {
        clients: cosign::views(&verification, &judge.recipe),
        ..verification
    }
}

/// Digests at which a registry could not show everything.
fn unseen(collected: &Collected) -> Vec<Digest> {
    let platforms = collected.platforms.iter().map(|(_, attached)| attached);
    std::iter::once(&collected.whole)
        .chain(platforms)
        .filter(|attached| {
            let mut gaps = attached.gaps.iter();
            gaps.any(|gap| is_of_registry(gap) && is_failure(gap))
        })
        .map(|attached| attached.digest.clone())
        .collect()
}

/// The verdict on one subject, over those items that count.
fn report<'a>(
    items: Vec<Item>,
    digest: &Digest,
    gaps: impl IntoIterator<Item = &'a Gap>,
    counts: impl Fn(&Item) -> bool,
) -> SubjectReport {
    let has = |verdict| {
        items
            .iter()
            .any(|item| counts(item) && item.verdict == verdict)
    };
    let verdict = if has(ItemVerdict::Valid) {
        SubjectVerdict::Valid
    } else if gaps.into_iter().any(is_failure) {
        SubjectVerdict::Unknown
    } else if has(ItemVerdict::Unsupported) || !is_judged(digest) {
        SubjectVerdict::Unsupported
    } else if has(ItemVerdict::Invalid) {
        SubjectVerdict::Invalid
    } else {
        SubjectVerdict::Absent
    };
    SubjectReport { verdict, items }
}

/// Clients sign and look for SHA-256 alone.
fn is_judged(digest: &Digest) -> bool {
    digest.as_str().starts_with("sha256:")
}

/// A subject at its place.
struct At<'a> {
    subject: Subject,
    /// `None`: the image as a whole.
    platform: Option<&'a Platform>,
    digest: &'a Digest,
    report: &'a SubjectReport,
}

impl At<'_> {
    /// As it stands in a sentence.
    fn name(&self) -> String {
        match (self.subject, self.platform) {
            (Subject::Signature, _) => "the signature".to_owned(),
            (Subject::Provenance, _) => "the provenance".to_owned(),
            (Subject::Sbom, Some(platform)) => format!("the SBOM of {}", platform_name(platform)),
            (Subject::Sbom, None) => "the SBOM".to_owned(),
        }
    }

    fn suffix(&self) -> String {
        self.platform
            .map(|platform| format!(":{}", platform.architecture))
            .unwrap_or_default()
    }

    /// Items of one layout that count for the subject.
    fn of(&self, layout: Layout) -> impl Iterator<Item = &Item> {
        self.report
            .items
            .iter()
            .filter(move |item| item.layout == layout)
    }

    fn has_valid(&self, layout: Layout) -> bool {
        self.of(layout)
            .any(|item| item.verdict == ItemVerdict::Valid)
    }
}

/// Findings as they come together; what is said of many places is said once.
#[derive(Default)]
struct Told {
    reasons: Findings,
    warnings: Findings,
    is_refused: bool,
    is_unknown: bool,
}

impl Told {
    fn tell(&mut self, judge: &Judge, collected: &Collected, found: &Verification) {
        let whole = &collected.whole;
        let at = |subject, report| At {
            subject,
            platform: None,
            digest: &whole.digest,
            report,
        };
        let mut places = vec![
            at(Subject::Signature, &found.signature),
            at(Subject::Provenance, &found.provenance),
        ];
        places.extend(found.sboms.iter().map(|platform| At {
            subject: Subject::Sbom,
            platform: Some(&platform.platform),
            digest: &platform.digest,
            report: &platform.report,
        }));
        for place in &places {
            if judge.recipe.requires(place.subject) {
                self.lacking(place, judge);
            }
            self.around(place);
            self.only_on_github(place);
            self.remarks(place);
            self.duplicates(place);
        }
        self.absent_sboms(judge, found);
        if judge.recipe.requires(Subject::Sbom) {
            self.misplaced_sboms(found);
            if collected.is_index && collected.platforms.is_empty() {
                self.is_refused = true;
                self.reasons
                    .add("platform-missing", "", "the index names no platform");
            }
        }
        self.layouts(judge, &places, found);
        self.gaps(collected);
        self.newer_provenance(&found.provenance);
    }

    /// Why a required subject is not valid; absence of SBOMs is told for all platforms at once.
    fn lacking(&mut self, place: &At<'_>, judge: &Judge) {
        match place.report.verdict {
            SubjectVerdict::Valid => {}
            SubjectVerdict::Absent => {
                self.is_refused = true;
                let (code, what) = match place.subject {
                    Subject::Signature => (
                        "signature-absent",
                        "signature absent: the image is not signed",
                    ),
                    Subject::Provenance => (
                        "provenance-absent",
                        "provenance absent: nothing says how the image was built",
                    ),
                    Subject::Sbom => return,
                };
                self.reasons.add(code, "", what);
            }
            SubjectVerdict::Invalid => {
                self.is_refused = true;
                self.problems(place, judge, ItemVerdict::Invalid);
            }
            SubjectVerdict::Unsupported => {
                self.is_unknown = true;
                self.problems(place, judge, ItemVerdict::Unsupported);
                if !is_judged(place.digest) {
                    let words = "unsupported: what hangs on a digest other than SHA-256 cannot be judged here";
                    self.reasons.add("unsupported", place.name(), words);
                }
            }
            // Why is told where the gaps are.
            SubjectVerdict::Unknown => self.is_unknown = true,
        }
    }

    fn problems(&mut self, place: &At<'_>, judge: &Judge, verdict: ItemVerdict) {
        for item in &place.report.items {
            let counts = place.subject != Subject::Sbom
                || item
                    .predicate_type
                    .as_deref()
                    .is_none_or(|kind| judge.recipe.accepts_sbom(kind));
            if item.verdict == verdict && counts {
                for problem in &item.problems {
                    self.reasons
                        .add(problem.code(), place.name(), problem.words());
                }
            }
        }
    }

    /// Invalid items beside valid ones of the same layout.
    fn around(&mut self, place: &At<'_>) {
        for (layout, code, what) in [
            (
                Layout::Legacy,
                "invalid-layer",
                "invalid layer beside a valid one",
            ),
            (
                Layout::Bundle,
                "invalid-bundle",
                "invalid bundle beside a valid one",
            ),
            (
                Layout::Github,
                "invalid-attestation",
                "invalid attestation at GitHub beside a valid one",
            ),
        ] {
            let bad = place
                .of(layout)
                .find(|item| item.verdict != ItemVerdict::Valid);
            if let Some(bad) = bad.filter(|_| place.has_valid(layout)) {
                let why = bad
                    .problems
                    .first()
                    .map(crate::domain::evidence::Problem::words);
                let words = format!("{what} ({})", why.unwrap_or_default());
                self.warnings.add(code, place.name(), words);
            }
        }
    }

    /// What is valid at GitHub and in the registry not.
    fn only_on_github(&mut self, place: &At<'_>) {
        let in_registry = place.has_valid(Layout::Legacy) || place.has_valid(Layout::Bundle);
        if place.has_valid(Layout::Github) && !in_registry {
            self.warnings.add(
                "only-on-github",
                place.name(),
                "only on GitHub: it is in GitHub's store of attestations and not in the registry; clients that look in \
                 the registry alone do not find it",
            );
        }
    }

    fn remarks(&mut self, place: &At<'_>) {
        let valid = place
            .report
            .items
            .iter()
            .filter(|item| item.verdict == ItemVerdict::Valid);
        for remark in valid.flat_map(|item| &item.remarks) {
            let code = match remark {
                Remark::SbomEmpty | Remark::SbomUnread => {
                    format!("{}{}", remark.code(), place.suffix())
                }
                _ => remark.code().to_owned(),
            };
            self.warnings.add(code, place.name(), remark.words());
        }
    }

    /// More than one valid item of one type on a digest, in one layout.
    fn duplicates(&mut self, place: &At<'_>) {
        for layout in [Layout::Legacy, Layout::Bundle, Layout::Github] {
            let mut newest: BTreeMap<Option<&str>, Vec<&Item>> = BTreeMap::new();
            for item in place
                .of(layout)
                .filter(|item| item.verdict == ItemVerdict::Valid)
            {
                newest
                    .entry(item.predicate_type.as_deref())
                    .or_default()
                    .push(item);
            }
            for items in newest.into_values().filter(|items| items.len() > 1) {
                let time = |item: &&&Item| {
                    item.claims
                        .as_ref()
                        .and_then(|claims| claims.times.iter().max().copied())
                };
                let last = items.iter().max_by_key(time).and_then(|item| time(&item));
                let when =
                    last.map_or_else(String::new, |time| format!("; the newest is of {time}"));
                let (code, what) = match place.subject {
                    Subject::Signature => {
                        ("duplicate-signature".to_owned(), "duplicate signatures")
                    }
                    _ => (
                        format!("duplicate-attestation{}", place.suffix()),
                        "duplicate attestations of one type",
                    ),
                };
                let words = format!("{} {what}, piled up by runs again{when}", items.len());
                self.warnings.add(code, place.name(), words);
            }
        }
    }

    fn absent_sboms(&mut self, judge: &Judge, found: &Verification) {
        if !judge.recipe.requires(Subject::Sbom) {
            return;
        }
        let absent: Vec<_> = found
            .sboms
            .iter()
            .filter(|platform| platform.report.verdict == SubjectVerdict::Absent)
            .collect();
        let (other_type, none): (Vec<_>, Vec<_>) = absent.into_iter().partition(|platform| {
            let mut items = platform.report.items.iter();
            items.any(|item| item.verdict == ItemVerdict::Valid)
        });
        self.is_refused |= !(other_type.is_empty() && none.is_empty());
        for platform in other_type {
            let name = platform_name(&platform.platform);
            let found = platform
                .report
                .predicate_type()
                .unwrap_or("none")
                .to_owned();
            let accepted = judge.recipe.sbom_types.join(" or ");
            let words =
                format!("SBOM type: there is one of type {found}, and {accepted} is asked for");
            self.reasons.add("sbom-type", name, words);
        }
        let is_everywhere = none.len() == found.sboms.len();
        for platform in none {
            let code = if is_everywhere {
                "sbom-absent".to_owned()
            } else {
                format!("sbom-absent:{}", platform.platform.architecture)
            };
            let words = "SBOM absent: nothing lists what is in the image";
            self.reasons
                .add(code, platform_name(&platform.platform), words);
        }
    }

    fn misplaced_sboms(&mut self, found: &Verification) {
        let misleads = |item: &&Item| item.verdict != ItemVerdict::Invalid;
        if found.index_sboms.iter().any(|item| misleads(&item)) {
            self.is_refused = true;
            self.reasons.add(
                "sbom-on-index",
                "",
                "SBOM on the index: it was made of one platform and speaks for all of them, which misleads the others",
            );
        } else if let Some(bad) = found.index_sboms.first() {
            let why = bad
                .problems
                .first()
                .map(crate::domain::evidence::Problem::words);
            let words = format!("invalid SBOM on the index ({})", why.unwrap_or_default());
            self.warnings.add("sbom-on-index-invalid", "", words);
        }
    }

    /// Clients that know bundles look for them first, and where there is one they do not look at the tags.
    fn layouts(&mut self, judge: &Judge, places: &[At<'_>], found: &Verification) {
        for place in places
            .iter()
            .filter(|place| judge.recipe.requires(place.subject))
        {
            let (legacy, bundle) = (
                place.has_valid(Layout::Legacy),
                place.has_valid(Layout::Bundle),
            );
            let bad_bundles = place.of(Layout::Bundle).next().is_some();
            if legacy && !bundle && (bad_bundles || all_bundles_bad(found, place.digest)) {
                self.is_refused = true;
                self.reasons.add(
                    "layouts-differ",
                    place.name(),
                    "layouts differ: the evidence under .sig and .att tags holds and every bundle beside it is bad; \
                     clients that look for bundles first refuse this image",
                );
                for item in bundles_at(found, place.digest) {
                    for problem in &item.problems {
                        self.reasons
                            .add(problem.code(), place.name(), problem.words());
                    }
                }
            } else if legacy && !bundle && bundles_at(found, place.digest).next().is_some() {
                self.warnings.add(
                    "layouts-differ",
                    place.name(),
                    "layouts differ: it is only under the tags, and clients that look for bundles first will not find it",
                );
            } else if bundle && !legacy && place.of(Layout::Legacy).next().is_some() {
                self.warnings.add(
                    "layouts-differ",
                    place.name(),
                    "layouts differ: the bundle holds and what is under the tags does not; clients that know only \
                     .sig and .att tags refuse this image",
                );
            }
        }
    }

    fn gaps(&mut self, collected: &Collected) {
        let platforms = collected
            .platforms
            .iter()
            .map(|(platform, attached)| (platform_name(platform), attached));
        let whole = std::iter::once(("the image".to_owned(), &collected.whole));
        let platforms = platforms.filter(|_| collected.is_index);
        for (name, attached) in whole.chain(platforms) {
            for gap in &attached.gaps {
                match gap {
                    Gap::Dangling { layout, digest } => {
                        let (code, what) = match layout {
                            Layout::Bundle | Layout::Github => {
                                ("dangling-referrer", "dangling referrer")
                            }
                            Layout::Legacy => ("dangling-layer", "dangling layer"),
                        };
                        let words =
                            format!("{what}: {} is listed and does not exist", digest.short());
                        self.warnings.add(code, name.clone(), words);
                    }
                    // GitHub's store is a further source: what is proved without it is proved.
                    Gap::Failed {
                        layout: Layout::Github,
                        ..
                    } if !self.is_unknown => {}
                    Gap::Unseen { failure } => {
                        self.is_unknown = true;
                        let words = format!(
                            "platform unseen: its image could not be looked at: {}",
                            failure.what.trim_end_matches('.')
                        );
                        self.reasons.add("platform-unseen", name.clone(), words);
                    }
                    Gap::Failed { failure, .. } => {
                        let words = format!(
                            "could not look everywhere: {}",
                            failure.what.trim_end_matches('.')
                        );
                        let told = if self.is_unknown {
                            &mut self.reasons
                        } else {
                            &mut self.warnings
                        };
                        told.add("not-looked", name.clone(), words);
                    }
                }
            }
        }
        self.twins(collected);
        for (platform, digest) in &collected.missing {
            self.is_refused = true;
            let words = format!(
                "platform missing: the index names {} and the registry does not have it",
                digest.short()
            );
            self.reasons
                .add("platform-missing", platform_name(platform), words);
        }
    }

    fn twins(&mut self, collected: &Collected) {
        for (name, count) in twins::of(collected) {
            let words = format!(
                "platform twice: the index names {count} images for it, and clients differ in which one they run"
            );
            self.warnings.add("platform-twice", name, words);
        }
    }

    fn newer_provenance(&mut self, provenance: &SubjectReport) {
        let is_valid = |item: &&Item| item.verdict == ItemVerdict::Valid;
        let mut valid = provenance.items.iter().filter(is_valid).peekable();
        // Advice for clients is beside the point where the image is refused.
        let only_newer = valid.peek().is_some()
            && valid.all(|item| item.predicate_type.as_deref() == Some(NEWER_PROVENANCE));
        if only_newer && !self.is_refused {
            self.warnings.add(
                "provenance-v1",
                "",
                "provenance v1: it is in SLSA's newer form; clients that ask for v0.2 will not find it",
            );
        }
    }

    fn into_verification(self, found: Verification) -> Verification {
        let verdict = if self.is_refused {
            Verdict::Refused
        } else if self.is_unknown {
            Verdict::Unknown
        } else {
            Verdict::Verified
        };
        Verification {
            verdict,
            reasons: self.reasons.into_findings(),
            warnings: self.warnings.into_findings(),
            ..found
        }
    }
}

/// All bundles of the registry at a digest, whatever they are about.
fn bundles_at<'a>(found: &'a Verification, digest: &'a Digest) -> impl Iterator<Item = &'a Item> {
    let pieces = cosign::pieces(found, digest).into_iter();
    pieces.filter(|item| item.layout == Layout::Bundle)
}

/// Whether there are bundles at a digest and none is valid; one of another kind stands in the way as well.
fn all_bundles_bad(found: &Verification, digest: &Digest) -> bool {
    let mut bundles = bundles_at(found, digest).peekable();
    bundles.peek().is_some() && bundles.all(|item| item.verdict != ItemVerdict::Valid)
}
