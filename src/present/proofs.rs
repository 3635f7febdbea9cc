//! What is proved of an image in three cells: signature, provenance, SBOMs.

use super::evidence::{ask, expected, sign_of_subject};
use super::role::{Role, Sign};
use crate::domain::digest::Digest;
use crate::domain::evidence::{SubjectVerdict, Verification};
use crate::domain::fact::{Ask, ImageId};
use crate::domain::outlook::Outlook;
use crate::domain::snapshot::Snapshot;

/// What is known of the evidence of a tag's image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proofs {
    /// There is no image, so there is no evidence.
    NoImage,
    /// Which image it is is not known.
    Unseen,
    /// It was not looked at yet.
    Unasked(Ask),
    /// It could not be looked at, and never was.
    Failed(Ask),
    /// The registry has no such image any more.
    Gone,
    /// It was judged.
    Judged(Cells),
}

/// The three cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cells {
    /// The signature over the image.
    pub signature: Cell,
    /// Its provenance.
    pub provenance: Cell,
    /// The SBOMs of its platforms.
    pub sbom: Cell,
}

/// A sign, what stands behind it, and what its colour means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The sign.
    pub sign: Sign,
    /// `2/2`; empty where the sign says it all.
    pub text: String,
    /// The colour's meaning.
    pub role: Role,
}

impl Cell {
    /// A sign alone, in its own colour.
    pub fn of(sign: Sign) -> Self {
        Self {
            sign,
            text: String::new(),
            role: sign.role(),
        }
    }
}

/// What is proved of an image of this digest.
pub fn of(snapshot: &Snapshot, outlook: &Outlook, image: &ImageId, digest: &Digest) -> Proofs {
    let expected = expected(outlook, image, digest);
    let observed = snapshot.evidence_of(image, digest, &expected);
    match observed.map(|observed| (observed.value(), observed.failure())) {
        Some((Some(Some(found)), _)) => {
            let built = outlook.digests.get(image);
            let is_built = built.is_some_and(|built| built.value == *digest);
            Proofs::Judged(cells(found, is_built))
        }
        Some((Some(None), _)) => Proofs::Gone,
        Some((None, Some(_))) => Proofs::Failed(ask(outlook, image, digest)),
        Some((None, None)) | None => Proofs::Unasked(ask(outlook, image, digest)),
    }
}

fn cells(found: &Verification, is_built: bool) -> Cells {
    let valid = |verdict: SubjectVerdict| verdict == SubjectVerdict::Valid;
    let subject = |verdict| cell(verdict, is_built);
    let good = found
        .sboms
        .iter()
        .filter(|one| valid(one.report.verdict))
        .count();
    let worst =
        found
            .sboms
            .iter()
            .map(|one| one.report.verdict)
            .max_by_key(|verdict| match verdict {
                SubjectVerdict::Valid => 0,
                SubjectVerdict::Unsupported | SubjectVerdict::Unknown => 1,
                SubjectVerdict::Absent => 2,
                SubjectVerdict::Invalid => 3,
            });
    let mut sbom = subject(worst.unwrap_or(SubjectVerdict::Absent));
    if found.sboms.len() > 1 && (good > 0 || sbom.sign != Sign::Absent) {
        sbom.text = format!("{good}/{}", found.sboms.len());
    }
    if !found.index_sboms.is_empty() && is_built {
        sbom.sign = Sign::Failed;
        sbom.role = Role::Bad;
    }
    Cells {
        signature: subject(found.signature.verdict),
        provenance: subject(found.provenance.verdict),
        sbom,
    }
}

/// Of an image that is out for long, nobody must add what was never there; what is there and wrong is as bad as ever.
fn cell(verdict: SubjectVerdict, is_built: bool) -> Cell {
    match verdict {
        SubjectVerdict::Absent if !is_built => Cell::of(Sign::Absent),
        verdict => Cell::of(sign_of_subject(verdict)),
    }
}
