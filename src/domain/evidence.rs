//! What speaks for an image: signatures and attestations, what they claim, and what is wrong with them.

mod checks;
mod collected;
pub mod cosign;
mod expected;
mod predicate;
mod problem;
mod recipe;
mod sbom;
mod trust;

pub use checks::{Check, Checks, Form};
pub use collected::{Attached, Collected, Gap, Piece, Place};
pub use cosign::ClientView;
pub use expected::Expected;
pub use predicate::Predicate;
pub use problem::{Claim, Fault, Problem, Remark};
pub use recipe::{Recipe, Subject};
pub use sbom::{Direction, Package, PackageDiff, SbomSummary, VersionChange};
pub use trust::{TrustOrigin, TrustRoot};

use serde::{Deserialize, Serialize};

use super::artifact::{AttestationEntry, Platform};
use super::digest::Digest;
use super::time::Timestamp;

/// Where clients look for evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// Tags named after the digest: `sha256-<hex>.sig` and `.att`.
    Legacy,
    /// Sigstore bundles that refer to the digest.
    Bundle,
    /// Sigstore bundles in GitHub's store of attestations, where clients of the registry do not look.
    Github,
}

/// What a piece of evidence is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// That somebody vouches for the image.
    Signature,
    /// How it was built.
    Provenance,
    /// What is in it.
    Sbom,
    /// Anything else, such as the result of a scan.
    Other,
}

/// What is found of one piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemVerdict {
    /// Cryptography, identity and fields hold.
    Valid,
    /// Something does not.
    Invalid,
    /// It is of a form that cannot be judged here; others may be able to.
    Unsupported,
}

/// One piece of evidence, judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What it is about, by what stands in it.
    pub kind: Kind,
    /// Where it was found.
    pub layout: Layout,
    /// Digest of its bytes.
    pub digest: Digest,
    /// What is found.
    pub verdict: ItemVerdict,
    /// What is wrong, most important first; empty where it is valid.
    pub problems: Vec<Problem>,
    /// What to know all the same.
    pub remarks: Vec<Remark>,
    /// The type of the statement, as far as it could be read; none in a `.sig`.
    pub predicate_type: Option<String>,
    /// What the certificate claims, where it was verified.
    pub claims: Option<Claims>,
    /// What a valid SBOM lists.
    pub sbom: Option<SbomSummary>,
    /// The digest that it hangs on.
    #[serde(default)]
    pub on: Option<Digest>,
    /// What holds of it, part by part.
    #[serde(default)]
    pub checks: Checks,
    /// What its statement says, where the signature holds.
    #[serde(default)]
    pub predicate: Option<Predicate>,
}

/// What a verified certificate and its log entry say.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Claims {
    /// Who signed (SAN): the workflow, or an e-mail address.
    pub identity: Option<String>,
    /// Who vouches for that identity.
    pub issuer: Option<String>,
    /// `OWNER/NAME` of the run's repository (1.5).
    pub repository: Option<String>,
    /// The commit (1.13, else 1.3).
    pub commit: Option<String>,
    /// The ref (1.14, else 1.6).
    pub git_ref: Option<String>,
    /// The run's address (1.21).
    pub run: Option<String>,
    /// The workflow that the run started with (1.18).
    pub workflow: Option<String>,
    /// The event that started it (1.20, else 1.2).
    pub trigger: Option<String>,
    /// Whose machine it ran on (1.11).
    pub runner: Option<String>,
    /// The environment (1.23).
    pub environment: Option<String>,
    /// The entry's number in the log.
    pub log_index: Option<u64>,
    /// The verified times of signing, in the order of their sources.
    pub times: Vec<Timestamp>,
}

/// What is found of one subject: the signature, the provenance, or one platform's SBOM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectVerdict {
    /// At least one item is valid.
    Valid,
    /// There are items of the kind and none is valid.
    Invalid,
    /// There is none of the kind.
    Absent,
    /// What is there cannot be judged here.
    Unsupported,
    /// Nothing valid was seen, and not everything could be looked at.
    Unknown,
}

/// One subject with all that was found for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectReport {
    /// What is found.
    pub verdict: SubjectVerdict,
    /// The items, in the order in which they were found.
    pub items: Vec<Item>,
}

impl SubjectReport {
    /// The type of the first valid statement, else of the first one.
    pub fn predicate_type(&self) -> Option<&str> {
        let valid = |item: &&Item| item.verdict == ItemVerdict::Valid;
        self.items
            .iter()
            .find(valid)
            .or(self.items.first())
            .and_then(|item| item.predicate_type.as_deref())
    }
}

/// The SBOM of one platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformReport {
    /// The platform.
    pub platform: Platform,
    /// The digest of its manifest.
    pub digest: Digest,
    /// What is found.
    pub report: SubjectReport,
}

impl PlatformReport {
    /// What the newest valid SBOM lists; one that does not hold is never read.
    pub fn sbom(&self) -> Option<&SbomSummary> {
        if self.report.verdict != SubjectVerdict::Valid {
            return None;
        }
        let time = |item: &&Item| {
            let times = item.claims.as_ref().map(|claims| claims.times.as_slice());
            times.unwrap_or_default().iter().max().copied()
        };
        self.report
            .items
            .iter()
            .filter(|item| item.verdict == ItemVerdict::Valid && item.sbom.is_some())
            .max_by_key(time)
            .and_then(|item| item.sbom.as_ref())
    }
}

/// One sentence for a person, with a short name for a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The short name, such as `identity-mismatch`.
    pub code: String,
    /// The sentence.
    pub sentence: String,
}

/// What is found of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything that is required is there and valid.
    Verified,
    /// Something required is absent or wrong.
    Refused,
    /// Something required could not be looked at or judged.
    Unknown,
}

/// An image with all that speaks for it or against it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// The digest that was judged.
    pub digest: Digest,
    /// What is found.
    pub verdict: Verdict,
    /// The signature over the image.
    pub signature: SubjectReport,
    /// The provenance of the image.
    pub provenance: SubjectReport,
    /// The SBOM of each platform, in the order of the index.
    pub sboms: Vec<PlatformReport>,
    /// SBOMs at the index, which mislead.
    pub index_sboms: Vec<Item>,
    /// What is there beside.
    pub others: Vec<Item>,
    /// Why it is refused or unknown.
    pub reasons: Vec<Finding>,
    /// What to know all the same.
    pub warnings: Vec<Finding>,
    /// `BuildKit`'s attestations inside the index, which nobody signed.
    #[serde(default)]
    pub buildkit: Vec<AttestationEntry>,
    /// Digests at which not everything could be looked at.
    #[serde(default)]
    pub unseen: Vec<Digest>,
    /// What cosign would say of each subject.
    #[serde(default)]
    pub clients: Vec<ClientView>,
}

/// A platform as a reader expects it: `linux/arm64` has no other variant than `v8`.
pub fn platform_name(platform: &Platform) -> String {
    match platform.variant.as_deref() {
        Some("v8") if platform.architecture == "arm64" => {
            format!("{}/{}", platform.os, platform.architecture)
        }
        _ => platform.to_string(),
    }
}

/// The beginning of a sentence; a name such as `linux/arm64` stays as it is.
pub fn capital(text: &str) -> String {
    let first = text.split([' ', ':', ',']).next().unwrap_or_default();
    if first.contains('/') {
        return text.to_owned();
    }
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}
