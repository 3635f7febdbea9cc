//! What evidence must say to count.

use serde::{Deserialize, Serialize};

use crate::domain::policy::IdentityPattern;

/// What must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A signature over the image.
    Signature,
    /// Provenance of the image.
    Provenance,
    /// An SBOM of each platform.
    Sbom,
}

impl Subject {
    /// What the recipe asks for where nothing else is said.
    pub const ALL: [Self; 3] = [Self::Signature, Self::Provenance, Self::Sbom];
}

/// Who must have signed, and what it must be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// The issuer, exactly.
    pub issuer: String,
    /// The identity's pattern, held from its start.
    pub identity: IdentityPattern,
    /// `OWNER/NAME` that the certificate must name: without it a stranger could call the signing workflow.
    /// `None` only where the signer is no workflow.
    pub repository: Option<String>,
    /// The workflow that the run must have started with, as `.github/workflows/release.yml`.
    pub entry_point: Option<String>,
    /// The commit that the provenance must name.
    pub commit: Option<String>,
    /// The run that the provenance must name, as `ID-ATTEMPT` or `ID`.
    pub run: Option<String>,
    /// The ref that was built.
    pub git_ref: Option<String>,
    /// Types of SBOM statements that count.
    pub sbom_types: Vec<String>,
    /// What must be there.
    pub required: Vec<Subject>,
}

impl Recipe {
    /// The statement type of SPDX documents, as `cosign --type spdxjson` asks for it.
    pub const SPDX: &str = "https://spdx.dev/Document";
    /// The statement type of `CycloneDX` documents.
    pub const CYCLONEDX: &str = "https://cyclonedx.org/bom";

    /// The statement type of SLSA provenance, first form.
    pub const SLSA_V02: &str = "https://slsa.dev/provenance/v0.2";
    /// The statement type of SLSA provenance, second form.
    pub const SLSA_V1: &str = "https://slsa.dev/provenance/v1";

    /// A recipe that asks for everything, of this signer.
    pub fn of(issuer: impl Into<String>, identity: IdentityPattern) -> Self {
        Self {
            issuer: issuer.into(),
            identity,
            repository: None,
            entry_point: None,
            commit: None,
            run: None,
            git_ref: None,
            sbom_types: vec![Self::SPDX.to_owned()],
            required: Subject::ALL.to_vec(),
        }
    }

    /// Whether this must be there.
    pub fn requires(&self, subject: Subject) -> bool {
        self.required.contains(&subject)
    }

    /// Whether an SBOM statement of this type counts.
    pub fn accepts_sbom(&self, predicate_type: &str) -> bool {
        self.sbom_types.iter().any(|known| known == predicate_type)
    }
}
