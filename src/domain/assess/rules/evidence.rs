//! Rules about signatures and attestations: what was proved of the image that the run built.
//!
//! The cryptography is done elsewhere; here each finding gets the rule that it belongs to, and so its incident.

use super::Scene;
use super::image::each_image;
use crate::domain::assess::{Row, Verdict};
use crate::domain::evidence::Verdict as Proved;
use crate::domain::evidence::{
    Claim, Expected, Finding, Item, ItemVerdict, Layout, Problem, Subject, SubjectReport,
    SubjectVerdict, Verification, platform_name,
};
use crate::domain::fact::{Ask, ImageId};
use crate::domain::policy::Policy;
use crate::domain::release;

pub(super) const SIGNATURE: &str = "signature";
pub(super) const SIGNER: &str = "signer";
pub(super) const COMMIT: &str = "commit";
pub(super) const PROVENANCE: &str = "provenance";
pub(super) const SBOM: &str = "sbom";
pub(super) const SBOM_PLACE: &str = "sbom-place";
pub(super) const LAYOUTS: &str = "layouts";
pub(super) const DUPLICATES: &str = "duplicates";
pub(super) const NOTES: &str = "evidence-notes";

/// Something is signed, and the signature holds.
pub(super) fn signature(scene: &Scene<'_>) -> Vec<Row> {
    of_rule(scene, SIGNATURE)
}

/// Everything that is signed is signed by the workflow that must sign (incident 15).
pub(super) fn signer(scene: &Scene<'_>) -> Vec<Row> {
    of_rule(scene, SIGNER)
}

/// Provenance and certificates name the released commit (incident 19).
pub(super) fn commit(scene: &Scene<'_>) -> Vec<Row> {
    of_rule(scene, COMMIT)
}

/// Provenance names this run, this builder and this entry point (incident 16).
pub(super) fn provenance(scene: &Scene<'_>) -> Vec<Row> {
    of_rule(scene, PROVENANCE)
}

/// Each platform has an SBOM of its own (incident 12).
pub(super) fn sbom(scene: &Scene<'_>) -> Vec<Row> {
    of_rule(scene, SBOM)
}

/// No SBOM hangs at the index (incident 11).
pub(super) fn sbom_place(scene: &Scene<'_>) -> Vec<Row> {
    of_rule(scene, SBOM_PLACE)
}

/// What one layout says the other does not deny (incident 14).
pub(super) fn layouts(scene: &Scene<'_>) -> Vec<Row> {
    of_rule(scene, LAYOUTS)
}

/// No more than one attestation of a kind (incident 13).
pub(super) fn duplicates(scene: &Scene<'_>) -> Vec<Row> {
    of_rule(scene, DUPLICATES)
}

/// What to know all the same (incident 16).
pub(super) fn notes(scene: &Scene<'_>) -> Vec<Row> {
    of_rule(scene, NOTES)
}

fn of_rule(scene: &Scene<'_>, rule: &str) -> Vec<Row> {
    let mut all = Vec::new();
    let rows = each_image(scene, |_, image| {
        let Some(built) = scene.outlook.digests.get(image) else {
            return (rule == SIGNATURE).then(|| nothing_built(image));
        };
        let expected = &scene.outlook.expected_evidence;
        let digest = &built.value;
        let ask = Ask::Evidence(image.clone(), digest.clone(), Box::new(expected.clone()));
        let observed = scene.snapshot.evidence_of(image, digest, expected);
        let Some(found) = observed.and_then(|observed| observed.value()) else {
            let failure = observed.and_then(|observed| observed.failure());
            return (rule == SIGNATURE).then(|| {
                unseen(scene, failure.map(|failure| failure.what.as_str())).rests_on([ask])
            });
        };
        let Some(found) = found else {
            return (rule == SIGNATURE).then(|| {
                let sentence = format!("The registry has no image {}.", digest.short());
                Row::new(SIGNATURE, Verdict::NoGo, "image is gone", sentence).rests_on([ask])
            });
        };
        let several = scene.policy.images.len() > 1;
        for mut row in rows(found, scene.policy, expected) {
            if row.id == rule {
                if several {
                    let about = row.about.take();
                    let about =
                        about.map_or_else(|| image.0.clone(), |about| format!("{image} {about}"));
                    row.about = Some(about);
                }
                all.push(row.rests_on([ask.clone()]));
            }
        }
        None
    });
    all.extend(rows);
    all
}

fn nothing_built(image: &ImageId) -> Row {
    let sentence = format!("Which image was built for `{image}` is not known yet.");
    Row::new(SIGNATURE, Verdict::Unknown, "signature", sentence)
}

fn unseen(scene: &Scene<'_>, why: Option<&str>) -> Row {
    let signs = scene
        .jobs()
        .iter()
        .any(|job| release::callee(&job.name) == release::role::CREATE_MANIFEST && !job.is_over());
    let sentence = match why {
        Some(why) => format!("Signatures and attestations could not be looked at: {why}"),
        None if signs => "The image is being signed; then its evidence is looked at.".to_owned(),
        None => "Signatures and attestations were not looked at yet.".to_owned(),
    };
    Row::new(
        SIGNATURE,
        Verdict::Unknown,
        "signatures not checked",
        sentence,
    )
}

/// All rows about one judged image, of all the rules here.
pub(in crate::domain::assess) fn rows(
    found: &Verification,
    policy: &Policy,
    expected: &Expected,
) -> Vec<Row> {
    let mut rows = Vec::new();
    subject(&mut rows, found, Subject::Signature, &found.signature, None);
    subject(
        &mut rows,
        found,
        Subject::Provenance,
        &found.provenance,
        None,
    );
    for platform in &found.sboms {
        let name = platform_name(&platform.platform);
        subject(
            &mut rows,
            found,
            Subject::Sbom,
            &platform.report,
            Some(&name),
        );
    }
    good_signer(&mut rows, found, policy);
    good_commit(&mut rows, found, expected);
    half_compared(&mut rows, expected);
    place(&mut rows, found);
    agree(&mut rows, found);
    remarks(&mut rows, found);
    rest(&mut rows, found);
    rows
}

/// The rule that a problem belongs to; `own` is that of the subject it was found at.
fn rule_of<'a>(problem: &Problem, own: &'a str) -> &'a str {
    match problem {
        Problem::Differs { claim, .. } => match claim {
            Claim::Identity | Claim::Issuer | Claim::Repository => SIGNER,
            Claim::ProvenanceCommit | Claim::CertificateCommit => COMMIT,
            _ => own,
        },
        Problem::Broken { .. } => own,
    }
}

fn subject(
    rows: &mut Vec<Row>,
    found: &Verification,
    subject: Subject,
    report: &SubjectReport,
    platform: Option<&str>,
) {
    let (rule, what) = match subject {
        Subject::Signature => (SIGNATURE, "signature".to_owned()),
        Subject::Provenance => (PROVENANCE, "provenance".to_owned()),
        Subject::Sbom => (SBOM, format!("SBOM {}", platform.unwrap_or_default())),
    };
    let mut row = |rule: &str, verdict, title: String, sentence: String, remedy: Option<&str>| {
        let mut row = Row::new(rule, verdict, title, sentence);
        row.remedy = remedy.map(str::to_owned);
        // Of a rule that is asked of every subject, each has a row of its own.
        row.about = match (rule == SBOM, platform) {
            (_, Some(platform)) => Some(platform.to_owned()),
            (false, None) if matches!(rule, SIGNER | COMMIT) => Some(what.clone()),
            _ => None,
        };
        rows.push(row);
    };
    match report.verdict {
        SubjectVerdict::Valid => {
            let (title, sentence) = praise(subject, report, &what);
            row(rule, Verdict::Go, title, sentence, None);
        }
        SubjectVerdict::Absent => {
            let (title, sentence, remedy) = absence(subject, report, platform, &what);
            row(rule, Verdict::NoGo, title, sentence, Some(remedy));
        }
        SubjectVerdict::Invalid => {
            for (rule, problem) in by_rule(report, rule) {
                row(
                    rule,
                    Verdict::NoGo,
                    format!("{what}: {}", problem.code().replace('-', " ")),
                    format!("{}: {}.", capital(&what), problem.words()),
                    Some(remedy_of(rule)),
                );
            }
        }
        SubjectVerdict::Unsupported => {
            let why = problems(report).next().map(Problem::words);
            row(
                rule,
                Verdict::Unknown,
                format!("{what} cannot be judged"),
                format!("{}: {}.", capital(&what), why.unwrap_or_default()),
                Some("Others may be able to judge it; look at the evidence."),
            );
        }
        SubjectVerdict::Unknown => {
            let why = found
                .reasons
                .iter()
                .find(|reason| reason.code == "not-looked");
            let why = why.map_or("not everything could be looked at.", |why| &why.sentence);
            row(
                rule,
                Verdict::Unknown,
                format!("{what} not known"),
                format!("{}: {why}", capital(&what)),
                Some("Look again when the service answers."),
            );
        }
    }
}

fn problems(report: &SubjectReport) -> impl Iterator<Item = &Problem> {
    let bad = |item: &&Item| item.verdict != ItemVerdict::Valid;
    report
        .items
        .iter()
        .filter(bad)
        .flat_map(|item| &item.problems)
}

/// The first problem of each rule, in the order in which they were found.
fn by_rule<'a>(report: &'a SubjectReport, own: &'a str) -> Vec<(&'a str, &'a Problem)> {
    let mut first: Vec<(&str, &Problem)> = Vec::new();
    for problem in problems(report).filter(|problem| !problem.is_unsupported()) {
        let rule = rule_of(problem, own);
        if !first.iter().any(|(known, _)| *known == rule) {
            first.push((rule, problem));
        }
    }
    first
}

fn remedy_of(rule: &str) -> &'static str {
    match rule {
        SIGNER => "Do not approve. Find out who signed it, and rotate what they could use.",
        COMMIT => "Do not approve. Release the commit that was tested.",
        PROVENANCE => "See the job that attests, `create-manifest`; do not approve.",
        SBOM => "See the job that attests, `create-manifest`.",
        _ => "See the job that signs, `create-manifest`; do not approve.",
    }
}

fn praise(subject: Subject, report: &SubjectReport, what: &str) -> (String, String) {
    let valid = report
        .items
        .iter()
        .find(|item| item.verdict == ItemVerdict::Valid);
    let claims = valid.and_then(|item| item.claims.as_ref());
    match subject {
        Subject::Signature => {
            let entry = claims.and_then(|claims| claims.log_index);
            let entry = entry.map_or_else(String::new, |n| format!(", entry {n} of the log"));
            (
                what.to_owned(),
                format!("The signature over the image holds{entry}."),
            )
        }
        Subject::Provenance => (
            "built by our pipeline".to_owned(),
            format!(
                "Provenance holds and names the run that built the image ({}).",
                report.predicate_type().unwrap_or("no type")
            ),
        ),
        Subject::Sbom => {
            let packages = valid.and_then(|item| item.sbom.as_ref());
            let packages = packages.map_or_else(String::new, |sbom| {
                format!(" and lists {} packages", sbom.packages.len())
            });
            (what.to_owned(), format!("The {what} holds{packages}."))
        }
    }
}

fn absence(
    subject: Subject,
    report: &SubjectReport,
    platform: Option<&str>,
    what: &str,
) -> (String, String, &'static str) {
    match subject {
        Subject::Signature => (
            "not signed".to_owned(),
            "Nothing is signed: the image has no signature that says so.".to_owned(),
            "See the job that signs, `create-manifest`; do not approve.",
        ),
        Subject::Provenance => (
            "no provenance".to_owned(),
            "Nothing says how the image was built.".to_owned(),
            "See the job that attests, `create-manifest`; do not approve.",
        ),
        Subject::Sbom => {
            let platform = platform.unwrap_or_default();
            let other = report.predicate_type();
            let sentence = match other {
                Some(kind) => {
                    format!("The SBOM for {platform} is of type {kind}, which does not count here.")
                }
                None => format!("Nothing lists what is in the image for {platform}."),
            };
            (
                format!("{what} missing"),
                sentence,
                "See the job that attests, `create-manifest`: each platform needs its own.",
            )
        }
    }
}

/// What is valid is of the workflow that must sign: that is what valid means, and here it is said.
fn good_signer(rows: &mut Vec<Row>, found: &Verification, policy: &Policy) {
    if rows.iter().any(|row| row.id == SIGNER) {
        return;
    }
    let identity = first_claim(found, |claims| claims.identity.clone());
    if let Some(identity) = identity {
        rows.push(Row::new(
            SIGNER,
            Verdict::Go,
            "signed by our workflow",
            format!("Signed by {identity}, in a run of {}.", policy.repo),
        ));
    }
}

/// What is valid names the commit that was released.
fn good_commit(rows: &mut Vec<Row>, found: &Verification, expected: &Expected) {
    let is_good = found.provenance.verdict == SubjectVerdict::Valid;
    if rows.iter().any(|row| row.id == COMMIT) || !is_good {
        return;
    }
    if let Some(commit) = &expected.commit {
        rows.push(Row::new(
            COMMIT,
            Verdict::Go,
            format!("from {}", commit.short()),
            format!("Provenance names {commit}, the released commit."),
        ));
    }
}

/// Without the attempt that built the image, provenance is compared with the run alone.
fn half_compared(rows: &mut [Row], expected: &Expected) {
    if expected.run.is_none() || expected.attempt.is_some() {
        return;
    }
    for row in rows.iter_mut().filter(|row| row.id == PROVENANCE) {
        if row.verdict == Verdict::Go {
            row.verdict = Verdict::Unknown;
            row.title = "attempt not known".to_owned();
            row.sentence =
                "Provenance names this run; which attempt built the image is not known, \
                            so it could not be compared."
                    .to_owned();
        }
    }
}

fn first_claim<T>(
    found: &Verification,
    claim: impl Fn(&crate::domain::evidence::Claims) -> Option<T>,
) -> Option<T> {
    let items = found.signature.items.iter().chain(&found.provenance.items);
    items
        .filter(|item| item.verdict == ItemVerdict::Valid)
        .find_map(|item| claim(item.claims.as_ref()?))
}

fn place(rows: &mut Vec<Row>, found: &Verification) {
    for reason in reasons(found, "sbom-on-index") {
        rows.push(
            Row::new(
                SBOM_PLACE,
                Verdict::NoGo,
                "SBOM on the index misleads",
                sentence(reason),
            )
            .remedy("Attest each platform's SBOM at its own digest, and remove this one."),
        );
    }
}

/// Whether the layouts agree; where there is one alone, which clients can verify.
fn agree(rows: &mut Vec<Row>, found: &Verification) {
    let before = rows.len();
    for reason in reasons(found, "layouts-differ") {
        let row = Row::new(LAYOUTS, Verdict::NoGo, "layouts differ", sentence(reason));
        rows.push(row.remedy(
            "Remove the bad bundles: clients that look for bundles first refuse this image.",
        ));
    }
    if rows.len() > before {
        return;
    }
    let warned = found
        .warnings
        .iter()
        .filter(|warning| base(warning) == "layouts-differ");
    for warning in warned {
        rows.push(Row::new(
            LAYOUTS,
            Verdict::Warn,
            "layouts differ",
            sentence(warning),
        ));
    }
    if rows.len() > before || found.signature.verdict != SubjectVerdict::Valid {
        return;
    }
    let valid = |layout| {
        let mut items = found.signature.items.iter();
        items.any(|item| item.layout == layout && item.verdict == ItemVerdict::Valid)
    };
    let told = match (valid(Layout::Legacy), valid(Layout::Bundle)) {
        (true, true) => "Every cosign can verify it: it is under tags and in bundles.",
        (true, false) => {
            "cosign 1 and later can verify it: it is under `.sig` and `.att` tags, and there are no bundles."
        }
        (false, true) => {
            "cosign 3 can verify it, and cosign 2.6 with --new-bundle-format: there are only bundles. Older clients call it unsigned."
        }
        (false, false) => return,
    };
    rows.push(Row::new(
        LAYOUTS,
        Verdict::Go,
        "clients can verify it",
        told,
    ));
}

/// Warnings of the judgement: what has piled up, and what else to know.
fn remarks(rows: &mut Vec<Row>, found: &Verification) {
    for warning in &found.warnings {
        let (rule, title) = match base(warning) {
            "layouts-differ" => continue,
            "duplicate-signature" => (DUPLICATES, "signatures have piled up"),
            "duplicate-attestation" => (DUPLICATES, "attestations have piled up"),
            "completeness" => (NOTES, "completeness is claimed"),
            "self-hosted-runner" => (NOTES, "signed on a self-hosted runner"),
            "sbom-empty" => (NOTES, "an SBOM is empty"),
            "sbom-other-arch" => (NOTES, "an SBOM is of another platform"),
            "sbom-unread" => (NOTES, "an SBOM cannot be read"),
            "invalid-layer" | "invalid-bundle" => (NOTES, "something invalid beside"),
            "dangling-referrer" | "dangling-layer" => (NOTES, "a listed proof is gone"),
            "not-looked" => (NOTES, "not everything was looked at"),
            _ => (NOTES, "a note on the evidence"),
        };
        let row = Row::new(rule, Verdict::Warn, title, sentence(warning));
        rows.push(row.about(warning.code.clone()));
    }
}

/// What is refused or unknown for a reason that no row tells yet: it is never lost.
fn rest(rows: &mut Vec<Row>, found: &Verification) {
    let own = ["sbom-on-index", "layouts-differ"];
    let says = |verdict| rows.iter().any(|row: &Row| row.verdict == verdict);
    let (refused, unknown) = (says(Verdict::NoGo), says(Verdict::Unknown));
    let (verdict, is_told) = match found.verdict {
        Proved::Verified => return,
        Proved::Refused => (Verdict::NoGo, refused),
        Proved::Unknown => (Verdict::Unknown, unknown),
    };
    let left = found.reasons.iter().filter(|reason| {
        base(reason) == "platform-missing" || (!is_told && !own.contains(&base(reason)))
    });
    let left: Vec<Row> = left
        .map(|reason| {
            let title = reason.code.replace('-', " ");
            Row::new(SIGNATURE, verdict, title, sentence(reason)).about(reason.code.clone())
        })
        .collect();
    if left.is_empty() && !is_told {
        rows.push(Row::new(
            SIGNATURE,
            verdict,
            "evidence does not hold",
            "The evidence as a whole does not hold.",
        ));
    }
    rows.extend(left);
}

fn reasons<'a>(found: &'a Verification, code: &str) -> impl Iterator<Item = &'a Finding> {
    found
        .reasons
        .iter()
        .filter(move |reason| base(reason) == code)
}

/// A finding's code without the platform behind it.
fn base(finding: &Finding) -> &str {
    finding.code.split(':').next().unwrap_or(&finding.code)
}

fn sentence(finding: &Finding) -> String {
    finding.sentence.clone()
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}
