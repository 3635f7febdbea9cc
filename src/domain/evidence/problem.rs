//! What is wrong with a piece of evidence, and what to know of it all the same.

use serde::{Deserialize, Serialize};

/// Why a piece does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Problem {
    /// It says something else than it must.
    Differs {
        /// What it says it of.
        claim: Claim,
        /// What it must say.
        expected: String,
        /// What it says; `None`: nothing.
        found: Option<String>,
    },
    /// It cannot be trusted.
    Broken {
        /// In what way.
        fault: Fault,
        /// More, for a person; may be empty.
        detail: String,
    },
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// The certificate's identity.
    Identity,
    /// The certificate's issuer.
    Issuer,
    /// The certificate's repository.
    Repository,
    /// The digest in a signed payload.
    ImageDigest,
    /// The type in a signed payload.
    PayloadType,
    /// The digest that a statement is about.
    SubjectDigest,
    /// Who built, in the provenance.
    Builder,
    /// What the run started with, in the provenance.
    EntryPoint,
    /// The repository, in the provenance.
    ProvenanceRepository,
    /// The commit, in the provenance.
    ProvenanceCommit,
    /// The run, in the provenance.
    ProvenanceRun,
    /// The ref, in the provenance.
    ProvenanceRef,
    /// The certificate's commit, against that of the provenance.
    CertificateCommit,
    /// The certificate's run, against that of the provenance.
    CertificateRun,
    /// The certificate's ref, against what was asked for.
    CertificateRef,
}

impl Claim {
    /// A short name for scripts.
    pub fn code(self) -> &'static str {
        match self {
            Self::Identity => "identity-mismatch",
            Self::Issuer => "issuer-mismatch",
            Self::Repository => "repository-mismatch",
            Self::ImageDigest => "digest-mismatch",
            Self::PayloadType => "payload-type",
            Self::SubjectDigest => "subject-mismatch",
            Self::Builder => "provenance-builder",
            Self::EntryPoint => "provenance-entry-point",
            Self::ProvenanceRepository => "provenance-repository",
            Self::ProvenanceCommit => "provenance-commit",
            Self::ProvenanceRun => "provenance-run",
            Self::ProvenanceRef => "provenance-ref",
            Self::CertificateCommit => "certificate-commit",
            Self::CertificateRun => "certificate-run",
            Self::CertificateRef => "certificate-ref",
        }
    }

    fn subject(self) -> &'static str {
        match self {
            Self::Identity => "identity mismatch: it is signed by",
            Self::Issuer => "issuer mismatch: the identity is vouched for by",
            Self::Repository => "repository mismatch: it was signed in a run of",
            Self::ImageDigest => "digest mismatch: the signed payload names",
            Self::PayloadType => "payload type: the signed payload calls itself",
            Self::SubjectDigest => "subject mismatch: the statement is about",
            Self::Builder => "provenance builder: builder.id is",
            Self::EntryPoint => "provenance entry point: the run started with",
            Self::ProvenanceRepository => "provenance repository: it was built from",
            Self::ProvenanceCommit => "provenance commit: it names",
            Self::ProvenanceRun => "provenance run: it names",
            Self::ProvenanceRef => "provenance ref: it names",
            Self::CertificateCommit => "certificate commit: the certificate was issued for",
            Self::CertificateRun => "certificate run: the certificate was issued in",
            Self::CertificateRef => "certificate ref: the certificate was issued for",
        }
    }
}

/// In what way a piece cannot be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// There is no certificate: signed with a key, or with nothing.
    NotKeyless,
    /// No entry in a transparency log.
    LogMissing,
    /// The entry, its promise or its proof does not hold.
    LogInvalid,
    /// No trusted time of signing.
    TimeMissing,
    /// A time stamp does not hold.
    TimeInvalid,
    /// The certificate was never logged.
    SctMissing,
    /// The certificate's log stamp does not hold.
    SctInvalid,
    /// The certificate is of another authority.
    UntrustedAuthority,
    /// It was signed outside of the certificate's minutes.
    CertificateExpired,
    /// The certificate cannot be read.
    CertificateMalformed,
    /// The signature does not fit the bytes.
    SignatureInvalid,
    /// It is not of the form that it must have.
    Malformed,
    /// It is of a form that cannot be judged here.
    Unsupported,
}

impl Fault {
    /// A short name for scripts.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotKeyless => "not-keyless",
            Self::LogMissing => "tlog-missing",
            Self::LogInvalid => "tlog-invalid",
            Self::TimeMissing => "time-missing",
            Self::TimeInvalid => "time-invalid",
            Self::SctMissing => "sct-missing",
            Self::SctInvalid => "sct-invalid",
            Self::UntrustedAuthority => "untrusted-ca",
            Self::CertificateExpired => "certificate-expired",
            Self::CertificateMalformed => "certificate-malformed",
            Self::SignatureInvalid => "signature-invalid",
            Self::Malformed => "malformed",
            Self::Unsupported => "unsupported",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::NotKeyless => {
                "not keyless: there is no certificate, so nobody can tell who signed it"
            }
            Self::LogMissing => {
                "tlog missing: no entry in a transparency log proves when it was signed"
            }
            Self::LogInvalid => "tlog invalid: the entry in the transparency log does not hold",
            Self::TimeMissing => "time missing: nothing trusted says when it was signed",
            Self::TimeInvalid => "time invalid: its time stamp does not hold",
            Self::SctMissing => "SCT missing: the certificate was never logged",
            Self::SctInvalid => "SCT invalid: the stamp of the certificate's log does not hold",
            Self::UntrustedAuthority => {
                "untrusted CA: the certificate is of an authority outside the trusted root"
            }
            Self::CertificateExpired => {
                "certificate expired: it was signed outside of the certificate's minutes"
            }
            Self::CertificateMalformed => "certificate malformed: it cannot be read",
            Self::SignatureInvalid => "signature invalid: it does not fit the signed bytes",
            Self::Malformed => "malformed: it is not of the form that it must have",
            Self::Unsupported => "unsupported: it is of a form that cannot be judged here",
        }
    }
}

impl Problem {
    /// A fault with more to say.
    pub fn broken(fault: Fault, detail: impl Into<String>) -> Self {
        Self::Broken {
            fault,
            detail: detail.into(),
        }
    }

    /// A difference.
    pub fn differs(claim: Claim, expected: impl Into<String>, found: Option<&str>) -> Self {
        Self::Differs {
            claim,
            expected: expected.into(),
            found: found.map(str::to_owned),
        }
    }

    /// A short name for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Differs { claim, .. } => claim.code(),
            Self::Broken { fault, .. } => fault.code(),
        }
    }

    /// Whether it only says that it cannot be judged here.
    pub fn is_unsupported(&self) -> bool {
        matches!(
            self,
            Self::Broken {
                fault: Fault::Unsupported,
                ..
            }
        )
    }

    /// What is wrong, as a part of a sentence without its end; words of others in it are as they came.
    pub fn words(&self) -> String {
        match self {
            Self::Differs {
                claim,
                expected,
                found,
            } => {
                let found = found.as_deref().unwrap_or("nothing");
                match claim {
                    Claim::Identity => {
                        let expected = spoken(expected);
                        format!("{} {found}, not {expected}", claim.subject())
                    }
                    _ => format!("{} {found}, not {expected}", claim.subject()),
                }
            }
            Self::Broken { fault, detail } if detail.is_empty() => fault.words().to_owned(),
            Self::Broken { fault, detail } => format!("{} ({detail})", fault.words()),
        }
    }
}

/// An identity's pattern as a person reads it: without its anchor and its escapes.
fn spoken(pattern: &str) -> String {
    pattern
        .trim_start_matches('^')
        .chars()
        .filter(|c| *c != '\\')
        .collect()
}

/// What to know of a valid piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Remark {
    /// It was signed on a machine of the repository's owner.
    SelfHosted,
    /// The provenance claims to be complete in these parts, which the builder cannot know.
    Completeness(Vec<String>),
    /// The SBOM lists no package.
    SbomEmpty,
    /// The SBOM is of another architecture.
    SbomOtherArchitecture(String),
    /// The SBOM is of no form that can be read here.
    SbomUnread,
}

impl Remark {
    /// A short name for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::SelfHosted => "self-hosted-runner",
            Self::Completeness(_) => "completeness",
            Self::SbomEmpty => "sbom-empty",
            Self::SbomOtherArchitecture(_) => "sbom-other-arch",
            Self::SbomUnread => "sbom-unread",
        }
    }

    /// What to know, as a part of a sentence without its end.
    pub fn words(&self) -> String {
        match self {
            Self::SelfHosted => {
                "it was signed on a self-hosted runner, which its owner controls".to_owned()
            }
            Self::Completeness(parts) => format!(
                "it claims completeness of {}, which this builder cannot know",
                parts.join(", ")
            ),
            Self::SbomEmpty => "the SBOM is empty: it lists no package".to_owned(),
            Self::SbomOtherArchitecture(arch) => {
                format!("the SBOM lists packages of another architecture, {arch}")
            }
            Self::SbomUnread => "what the SBOM lists could not be read".to_owned(),
        }
    }
}
