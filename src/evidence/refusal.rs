//! From the verifier's error to the problem that a person is told.

use sigstore_verify::crypto::parse_certificate_info;
use sigstore_verify::types::{Bundle, SignatureContent};
use sigstore_verify::{CertificateError, Error, TimestampError};

use super::clip;
use crate::domain::evidence::{Claim, Fault, Problem};

/// What the verifier refused in this bundle.
pub(super) fn problem(error: &Error, bundle: &Bundle, subject: &str) -> Problem {
    let fault = match error {
        Error::SignatureInvalid(_) | Error::Crypto(_) => Fault::SignatureInvalid,
        Error::ArtifactMismatch(_) => {
            return match &bundle.content {
                SignatureContent::DsseEnvelope(_) => {
                    Problem::differs(Claim::SubjectDigest, subject, Some("another digest"))
                }
                _ => Problem::broken(Fault::SignatureInvalid, ""),
            };
        }
        Error::Certificate(error) => certificate(error, bundle),
        Error::TransparencyLog(_) => Fault::LogInvalid,
        Error::Timestamp(TimestampError::NoVerifiedTimestamp(_)) => Fault::TimeMissing,
        Error::Timestamp(_) => Fault::TimeInvalid,
        Error::UnsupportedArtifact(_) | Error::UnsupportedBundle(_) => Fault::Unsupported,
        Error::Bundle(error) => structure(error),
        _ => Fault::Malformed,
    };
    Problem::broken(fault, clip(&error.to_string()))
}

fn certificate(error: &CertificateError, bundle: &Bundle) -> Fault {
    match error {
        CertificateError::Sct(detail) => {
            if detail.contains("missing") || detail.contains("no SCT") {
                Fault::SctMissing
            } else {
                Fault::SctInvalid
            }
        }
        CertificateError::Expired { .. } | CertificateError::NotYetValid { .. } => {
            Fault::CertificateExpired
        }
        // The chain is walked at the time of signing, so a certificate that had ended breaks it too.
        CertificateError::ChainInvalid(detail) => {
            if is_outside(bundle) || detail.contains("Expired") || detail.contains("NotValidYet") {
                Fault::CertificateExpired
            } else {
                Fault::UntrustedAuthority
            }
        }
        CertificateError::NoValidAuthority { .. } => Fault::UntrustedAuthority,
        _ => Fault::CertificateMalformed,
    }
}

/// Whether the log took the entry outside of the certificate's own minutes.
fn is_outside(bundle: &Bundle) -> bool {
    let Some(info) = bundle
        .signing_certificate()
        .and_then(|certificate| parse_certificate_info(certificate).ok())
    else {
        return false;
    };
    bundle
        .verification_material
        .tlog_entries
        .iter()
        .filter_map(|entry| entry.integrated_time)
        .any(|time| time < info.not_before || time > info.not_after)
}

fn structure(error: &sigstore_verify::bundle::Error) -> Fault {
    use sigstore_verify::bundle::Error as Structure;
    match error {
        Structure::MissingSigningTimeEvidence => Fault::LogMissing,
        Structure::MissingInclusionProof(_) | Structure::MissingInclusionPromise(_) => {
            Fault::LogInvalid
        }
        _ => Fault::Malformed,
    }
}
