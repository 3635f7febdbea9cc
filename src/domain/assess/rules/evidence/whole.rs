//! What is said of the image as a whole: who signed, which commit, whether the layouts agree, and what else to know.

use super::{
    COMMIT, DUPLICATES, LAYOUTS, NOTES, PROVENANCE, SBOM_PLACE, SIGNATURE, SIGNER, base, reasons,
    sentence, spoken,
};
use crate::domain::assess::{Row, Verdict};
use crate::domain::evidence::{
    Claims, Expected, ItemVerdict, Layout, SubjectVerdict, Verdict as Proved, Verification,
};
use crate::domain::policy::Policy;

/// What is valid is of the workflow that must sign: that is what valid means, and here it is said.
pub(super) fn good_signer(rows: &mut Vec<Row>, found: &Verification, policy: &Policy) {
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
    } else if policy.exceptions.contains_key(SIGNATURE) {
        rows.push(Row::new(
            SIGNER,
            Verdict::Unknown,
            "signer not known",
            "Nothing that holds says who made the image.",
        ));
    }
}

/// What is valid names the commit that was released.
///
/// Where the user does without provenance, the certificate of the signature must name it.
pub(super) fn good_commit(
    rows: &mut Vec<Row>,
    found: &Verification,
    policy: &Policy,
    expected: &Expected,
) {
    let Some(commit) = expected.commit.as_ref() else {
        return;
    };
    if rows.iter().any(|row| row.id == COMMIT) {
        return;
    }
    let title = || format!("from {}", commit.short());
    if found.provenance.verdict == SubjectVerdict::Valid {
        rows.push(Row::new(
            COMMIT,
            Verdict::Go,
            title(),
            format!("Provenance names {commit}, the released commit."),
        ));
    } else if policy.exceptions.contains_key(PROVENANCE) {
        rows.push(match first_claim(found, |claims| claims.commit.clone()) {
            Some(named) if named.eq_ignore_ascii_case(commit.as_str()) => Row::new(
                COMMIT,
                Verdict::Go,
                title(),
                format!("The signer's certificate names {commit}, the released commit."),
            ),
            Some(named) => Row::new(
                COMMIT,
                Verdict::NoGo,
                "signed for another commit",
                format!(
                    "The signer's certificate names the commit {named}, and {commit} is released."
                ),
            )
            .remedy("Do not approve. Release the commit that was tested."),
            None => Row::new(
                COMMIT,
                Verdict::Unknown,
                "commit not known",
                "Nothing that holds says which commit the image was built from.",
            ),
        });
    }
}

/// Without the attempt that built the image, provenance is compared with the run alone.
pub(super) fn half_compared(rows: &mut [Row], expected: &Expected) {
    if expected.run.is_none() || expected.attempt.is_some() {
        return;
    }
    for row in rows.iter_mut().filter(|row| row.id == PROVENANCE) {
        if row.verdict == Verdict::Go {
            *row = Row::new(
                PROVENANCE,
                Verdict::Unknown,
                "attempt not known",
                "Provenance names this run; which attempt built the image is not known, so it could not be compared.",
            );
        }
    }
}

fn first_claim<T>(found: &Verification, claim: impl Fn(&Claims) -> Option<T>) -> Option<T> {
    let items = found.signature.items.iter().chain(&found.provenance.items);
    items
        .filter(|item| item.verdict == ItemVerdict::Valid)
        .find_map(|item| claim(item.claims.as_ref()?))
}

pub(super) fn place(rows: &mut Vec<Row>, found: &Verification) {
    for reason in reasons(found, "sbom-on-index") {
        rows.push(
            Row::new(
                SBOM_PLACE,
                Verdict::NoGo,
                "SBOM on the index misleads",
                sentence(reason),
            )
            .remedy("Attest each platform's SBOM at its own digest, and remove this one.")
            .codes([reason.code.clone()]),
        );
    }
}

/// Whether the layouts agree; where there is one alone, which clients can verify.
pub(super) fn agree(rows: &mut Vec<Row>, found: &Verification) {
    let before = rows.len();
    for reason in reasons(found, "layouts-differ") {
        let row = Row::new(LAYOUTS, Verdict::NoGo, "layouts differ", sentence(reason));
        let told = found.reasons.iter().map(|reason| reason.code.clone());
        rows.push(
            row.remedy(
                "Remove the bad bundles: clients that look for bundles first refuse this image.",
            )
            .codes(told),
        );
    }
    if rows.len() > before {
        return;
    }
    let warned = found
        .warnings
        .iter()
        .filter(|warning| base(warning) == "layouts-differ");
    for warning in warned {
        let row = Row::new(LAYOUTS, Verdict::Warn, "layouts differ", sentence(warning));
        rows.push(row.codes([warning.code.clone()]));
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
pub(super) fn remarks(rows: &mut Vec<Row>, found: &Verification) {
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
        rows.push(
            row.about(warning.code.clone())
                .codes([warning.code.clone()]),
        );
    }
}

/// What is refused or unknown for a reason that no row tells yet: it is never lost.
pub(super) fn rest(rows: &mut Vec<Row>, found: &Verification) {
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
            Row::new(SIGNATURE, verdict, spoken(&reason.code), sentence(reason))
                .about(reason.code.clone())
                .codes([reason.code.clone()])
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
