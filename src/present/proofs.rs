//! What is proved of an image in three cells: signature, provenance, SBOMs.

use super::evidence::{ask, expected, sign_of_report};
use super::role::{Role, Sign};
use crate::domain::digest::Digest;
use crate::domain::evidence::{SubjectReport, SubjectVerdict, Verification};
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
    let reports = || found.sboms.iter().map(|one| &one.report);
    let good = reports()
        .filter(|report| report.verdict == SubjectVerdict::Valid)
        .count();
    let worst = reports().max_by_key(|report| match sign_of_report(report) {
        Sign::Done => 0,
        Sign::Warning => 1,
        Sign::Unknown => 2,
        _ if report.verdict == SubjectVerdict::Absent => 3,
        _ => 4,
    });
    let mut sbom = worst.map_or(Cell::of(Sign::Absent), |report| cell(report, is_built));
    if found.sboms.len() > 1 && (good > 0 || sbom.sign != Sign::Absent) {
        sbom.text = format!("{good}/{}", found.sboms.len());
    }
    if !found.index_sboms.is_empty() && is_built {
        sbom.sign = Sign::Failed;
        sbom.role = Role::Bad;
    }
    Cells {
        signature: cell(&found.signature, is_built),
        provenance: cell(&found.provenance, is_built),
        sbom,
    }
}

/// Of an image that is out for long, nobody must add what was never there; what is there and wrong is as bad as ever.
fn cell(report: &SubjectReport, is_built: bool) -> Cell {
    match report.verdict {
        SubjectVerdict::Absent if !is_built => Cell::of(Sign::Absent),
        _ => Cell::of(sign_of_report(report)),
    }
}
