//! What clients make of pieces that are judged otherwise here, or not at all.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use sigstore_verify::crypto::parse_certificate_info;
use sigstore_verify::types::{Artifact, Sha256Hash};
use sigstore_verify::{Error, TransparencyLogError, VerificationPolicy};

use super::{Judge, legacy, signer};
use crate::domain::digest::Digest;
use crate::domain::evidence::{Check, Checks, Piece, Place};

/// What holds of a piece whose log entry the verifier does not read and clients do.
///
/// The verifier is given the entry as the next version of its kind. It then checks certificate, time, signature and
/// subject, and stops last at the body of the entry, whose hash and certificate were compared before.
pub(super) fn checks(judge: &Judge, piece: &Piece, subject: &Digest, checks: Checks) -> Checks {
    if piece.place != Place::Att {
        return checks;
    }
    let hash = Sha256Hash::from_hex(subject.hex());
    let (Some(bundle), Ok(hash)) = (legacy::older_attestation(piece), hash) else {
        return checks;
    };
    let policy = VerificationPolicy::any_identity();
    let stopped = judge
        .verifier
        .verify(Artifact::from_digest(hash), &bundle, &policy);
    let info = bundle
        .signing_certificate()
        .and_then(|certificate| parse_certificate_info(certificate).ok());
    match (stopped, info) {
        (Err(Error::TransparencyLog(TransparencyLogError::MalformedEntry(_))), Some(info)) => {
            Checks {
                by_log: Check::Holds,
                subject: Check::Holds,
                signer: Check::of(
                    signer::is_plain(&bundle).is_ok() && signer::fits(judge, &info).is_ok(),
                ),
                ..checks
            }
        }
        (Err(_), Some(_)) => Checks {
            by_log: Check::Fails,
            ..checks
        },
        _ => checks,
    }
}

/// A predicate of SLSA v0.2 as cosign reads it; it refuses the command where this fails.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read for their types alone")]
struct V02<'a> {
    builder: Option<Builder>,
    build_type: Option<String>,
    invocation: Option<Invocation>,
    #[serde(borrow)]
    build_config: Option<&'a RawValue>,
    metadata: Option<Metadata>,
    materials: Option<Vec<Material>>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read for their types alone")]
struct Builder {
    id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read for their types alone")]
struct Invocation {
    config_source: Option<Source>,
    parameters: Option<IgnoredAny>,
    environment: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read for their types alone")]
struct Source {
    uri: Option<String>,
    digest: Option<BTreeMap<String, Option<String>>>,
    entry_point: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read for their types alone")]
struct Metadata {
    build_invocation_id: Option<String>,
    #[serde(rename = "buildInvocationID")]
    own_id: Option<String>,
    build_started_on: Option<jiff::Timestamp>,
    build_finished_on: Option<jiff::Timestamp>,
    completeness: Option<Completeness>,
    reproducible: Option<bool>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read for their types alone")]
struct Completeness {
    parameters: Option<bool>,
    environment: Option<bool>,
    materials: Option<bool>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read for their types alone")]
struct Material {
    uri: Option<String>,
    digest: Option<BTreeMap<String, Option<String>>>,
}

/// Whether cosign can read a predicate of SLSA v0.2; of a field that is there twice it takes the last.
pub(super) fn reads_v02(predicate: Option<&RawValue>) -> bool {
    let Some(predicate) = predicate else {
        return true;
    };
    let last_counts = serde_json::from_str::<serde_json::Value>(predicate.get())
        .and_then(|value| serde_json::to_string(&value));
    last_counts.is_ok_and(|text| serde_json::from_str::<Option<V02<'_>>>(&text).is_ok())
}
