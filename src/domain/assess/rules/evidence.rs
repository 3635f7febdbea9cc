//! Rules about signatures and attestations: what was proved of the image that the run built.
//!
//! The cryptography is done elsewhere; here each finding gets the rule that it belongs to, and so its incident.

mod subject;
mod whole;

use super::Scene;
use super::image::each_image;
use crate::domain::assess::{Row, Verdict};
use crate::domain::evidence::{Expected, Finding, Subject, Verification, platform_name};
use crate::domain::fact::{Ask, ImageId};
use crate::domain::policy::Policy;
use crate::domain::release;
use subject::{one_for_all, subject};
use whole::{agree, good_commit, good_signer, half_compared, place, remarks, rest};

pub(super) const SIGNATURE: &str = "signature";
pub(super) const SIGNER: &str = "signer";
pub(super) const COMMIT: &str = "commit";
pub(super) const PROVENANCE: &str = "provenance";
pub(super) const SBOM: &str = "sbom";
pub(super) const SBOM_PLACE: &str = "sbom-place";
pub(super) const LAYOUTS: &str = "layouts";
pub(super) const DUPLICATES: &str = "duplicates";
pub(super) const NOTES: &str = "evidence-notes";

/// What is said of evidence that could not be looked at.
const NOT_LOOKED: &str = "not-looked";

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
    // That nothing was seen is told once, and by a rule that nobody switched off.
    let teller = if scene.policy.exceptions.contains_key(SIGNATURE) {
        SIGNER
    } else {
        SIGNATURE
    };
    let rows = each_image(scene, |_, image| {
        let Some(built) = scene.outlook.digests.get(image) else {
            return (rule == teller).then(|| nothing_built(teller, image));
        };
        let expected = &scene.outlook.expected_evidence;
        let digest = &built.value;
        let ask = Ask::Evidence(image.clone(), digest.clone(), Box::new(expected.clone()));
        let observed = scene.snapshot.evidence_of(image, digest, expected);
        let Some(found) = observed.and_then(|observed| observed.value()) else {
            let failure = observed.and_then(|observed| observed.failure());
            return (rule == teller).then(|| {
                unseen(scene, teller, failure.map(|failure| failure.what.as_str())).rests_on([ask])
            });
        };
        let Some(found) = found else {
            return (rule == teller).then(|| {
                let sentence = format!("The registry has no image {}.", digest.short());
                Row::new(teller, Verdict::NoGo, "image is gone", sentence).rests_on([ask])
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

fn nothing_built(rule: &str, image: &ImageId) -> Row {
    let sentence = format!("Which image was built for `{image}` is not known yet.");
    Row::new(rule, Verdict::Unknown, "signature", sentence)
}

fn unseen(scene: &Scene<'_>, rule: &str, why: Option<&str>) -> Row {
    let signs = scene
        .jobs()
        .iter()
        .any(|job| release::callee(&job.name) == release::role::CREATE_MANIFEST && !job.is_over());
    let sentence = match why {
        Some(why) => format!("Signatures and attestations could not be looked at: {why}"),
        None if signs => "The image is being signed; then its evidence is looked at.".to_owned(),
        None => "Signatures and attestations were not looked at yet.".to_owned(),
    };
    Row::new(rule, Verdict::Unknown, "signatures not checked", sentence)
        .codes(why.map(|_| NOT_LOOKED.to_owned()))
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
    one_for_all(&mut rows, found);
    good_signer(&mut rows, found, policy);
    good_commit(&mut rows, found, policy, expected);
    half_compared(&mut rows, expected);
    place(&mut rows, found);
    agree(&mut rows, found);
    remarks(&mut rows, found);
    rest(&mut rows, found);
    rows
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

/// A short name as words.
fn spoken(code: &str) -> String {
    code.replace(['-', ':'], " ")
}
