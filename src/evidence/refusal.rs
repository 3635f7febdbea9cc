//! From the verifier's error to the problem that a person is told.

use base64::Engine as _;
use sigstore_verify::crypto::{parse_certificate_info, verify_signature};
use sigstore_verify::types::bundle::{KindVersion, TransparencyLogEntry};
use sigstore_verify::types::{Bundle, DerCertificate, SignatureContent, Statement};
use sigstore_verify::{CertificateError, Error, TimestampError};

use super::clip;
use crate::domain::evidence::{Claim, Fault, Problem};

/// What the verifier refused in this bundle.
pub(super) fn problem(error: &Error, bundle: &Bundle, subject: &str) -> Problem {
    let fault = match error {
        Error::SignatureInvalid(_) | Error::Crypto(_) => Fault::SignatureInvalid,
        Error::ArtifactMismatch(detail) if detail.contains("subject") => {
            let found = subjects(bundle);
            return Problem::differs(Claim::SubjectDigest, subject, found.as_deref());
        }
        // It is about something else, by names that are no SHA-256.
        Error::UnsupportedBundle(_)
            if statement(bundle).is_some() && subjects(bundle).is_none() =>
        {
            return Problem::differs(Claim::SubjectDigest, subject, None);
        }
        Error::Certificate(error) => certificate(error, bundle),
        // What does not fit the statement's subjects does not fit what the log holds.
        Error::TransparencyLog(_) | Error::ArtifactMismatch(_) => Fault::LogInvalid,
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
            out_of_time(bundle)
        }
        // The chain is walked at the time of signing, so a certificate that had ended breaks it too.
        CertificateError::ChainInvalid(detail) => {
            if is_outside(bundle) || detail.contains("Expired") || detail.contains("NotValidYet") {
                out_of_time(bundle)
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

/// Why certificate and time do not fit: one of certificate, signature and log entry may be of another signing.
fn out_of_time(bundle: &Bundle) -> Fault {
    let (signature, signed) = match &bundle.content {
        SignatureContent::DsseEnvelope(envelope) => (&envelope.signature.sig, Some(envelope.pae())),
        SignatureContent::MessageSignature(message) => (&message.signature, None),
        _ => return Fault::CertificateExpired,
    };
    let info = bundle
        .signing_certificate()
        .and_then(|certificate| parse_certificate_info(certificate).ok());
    if let (Some(info), Some(signed)) = (&info, &signed) {
        let scheme = info.key_algorithm.default_signing_scheme();
        if verify_signature(&info.public_key, signed, signature, scheme).is_err() {
            return Fault::SignatureInvalid;
        }
    }
    let text = signature.to_base64();
    let is_logged = |entry: &TransparencyLogEntry| {
        // The body of an entry holds the signature as text, whatever the entry's kind; in one kind it is wrapped twice.
        entry.kind_version == KindVersion::IntotoV002
            || String::from_utf8_lossy(entry.canonicalized_body.as_bytes()).contains(&text)
    };
    let entries = &bundle.verification_material.tlog_entries;
    if !entries.iter().all(is_logged) {
        return Fault::LogInvalid;
    }
    // A payload that is signed as it is is not at hand here; that the log saw another certificate says the same.
    if signed.is_none() && !entries.iter().all(|entry| names_certificate(entry, bundle)) {
        return Fault::SignatureInvalid;
    }
    Fault::CertificateExpired
}

/// Whether an entry of the first log's kinds holds the bundle's certificate.
fn names_certificate(entry: &TransparencyLogEntry, bundle: &Bundle) -> bool {
    let Some(certificate) = bundle.signing_certificate() else {
        return false;
    };
    let body: serde_json::Value =
        serde_json::from_slice(entry.canonicalized_body.as_bytes()).unwrap_or_default();
    let Some(text) = body
        .pointer("/spec/signature/publicKey/content")
        .and_then(serde_json::Value::as_str)
    else {
        return true;
    };
    let pem = base64::engine::general_purpose::STANDARD
        .decode(text)
        .unwrap_or_default();
    DerCertificate::from_pem(&String::from_utf8_lossy(&pem))
        .is_ok_and(|logged| logged.as_bytes() == certificate.as_bytes())
}

/// Whether the verifier can read what is signed. Some clients read more: of two equal keys they take the last.
pub(super) fn is_read(bundle: &Bundle) -> bool {
    !matches!(bundle.content, SignatureContent::DsseEnvelope(_)) || statement(bundle).is_some()
}

/// The statement in an envelope, not verified.
fn statement(bundle: &Bundle) -> Option<Statement> {
    let SignatureContent::DsseEnvelope(envelope) = &bundle.content else {
        return None;
    };
    serde_json::from_slice(envelope.payload.as_bytes()).ok()
}

/// The digests that a statement is about, not verified.
fn subjects(bundle: &Bundle) -> Option<String> {
    let statement = statement(bundle)?;
    let digests: Vec<_> = statement
        .subject
        .iter()
        .take(4)
        .filter_map(|subject| serde_json::to_value(&subject.digest).ok())
        .filter_map(|digest| Some(format!("sha256:{}", digest.get("sha256")?.as_str()?)))
        .collect();
    (!digests.is_empty()).then(|| clip(&digests.join(", ")))
}

fn structure(error: &sigstore_verify::bundle::Error) -> Fault {
    use sigstore_verify::bundle::Error as Structure;
    match error {
        Structure::MissingSigningTimeEvidence => Fault::LogMissing,
        Structure::UnsupportedMediaType(_)
        | Structure::UnsupportedVerificationMaterial
        | Structure::CertificateChainNotAllowed(_) => Fault::Malformed,
        // All others are about the log's promise, proof and checkpoint.
        _ => Fault::LogInvalid,
    }
}
