//! The legacy layout: a layer with its annotations, put into the form that the verifier takes.
//!
//! The form is a bundle of version 0.1, because that version is content with the log's promise; version 0.3 would
//! ask for a proof that the annotations do not hold.

use std::borrow::Cow;

use base64::Engine as _;
use serde::Deserialize;
use serde_json::json;
use sigstore_verify::rekor::LogEntry;
use sigstore_verify::types::bundle::{
    CertificateContent, KindVersion, MediaType, MessageSignature, SignatureContent,
    VerificationMaterial, VerificationMaterialContent,
};
use sigstore_verify::types::{Bundle, DerCertificate, SignatureBytes};

use super::bundle::Envelope;
use super::{clip, strict};
use crate::domain::digest::Digest;
use crate::domain::evidence::{Claim, Fault, Piece, Problem};

const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const BUNDLE: &str = "dev.sigstore.cosign/bundle";
/// What every signed payload calls itself.
const PAYLOAD_TYPE: &str = "cosign container image signature";

/// The log entry as the annotation holds it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Annotation {
    signed_entry_timestamp: String,
    payload: serde_json::Value,
}

/// The parts of an entry's body that are read here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    kind: String,
    api_version: String,
    #[serde(default)]
    spec: serde_json::Value,
}

/// A layer of a `.sig`, as a bundle; its artifact is the layer's bytes.
pub(super) fn signature(piece: &Piece) -> Result<Bundle, Problem> {
    let (material, _) = material(piece)?;
    let text = piece.annotations.get(SIGNATURE).map_or("", String::as_str);
    let signature = SignatureBytes::from_base64(text)
        .map_err(|error| Problem::broken(Fault::SignatureInvalid, clip(&error.to_string())))?;
    let content = SignatureContent::MessageSignature(MessageSignature::new(signature));
    Ok(Bundle::new(MediaType::Bundle0_1, material, content))
}

/// A layer of an `.att`, as a bundle; its artifact is the digest that it must be about. And whether the log saw these
/// bytes: the verifier compares the payload alone, cosign the whole envelope.
pub(super) fn attestation(piece: &Piece) -> Result<(Bundle, Result<(), Problem>), Problem> {
    let (material, body) = material(piece)?;
    let logged = envelope_hash(piece, &body);
    let envelope = Envelope::open(&piece.bytes).map_err(|error| {
        // Bytes that the log did not see were changed since; what they were is then beside the point.
        logged
            .clone()
            .err()
            .unwrap_or_else(|| Problem::broken(Fault::Malformed, clip(&error)))
    })?;
    let content = SignatureContent::DsseEnvelope(envelope);
    Ok((Bundle::new(MediaType::Bundle0_1, material, content), logged))
}

fn envelope_hash(piece: &Piece, body: &Body) -> Result<(), Problem> {
    if body.kind != "dsse" {
        return Ok(());
    }
    let logged = body
        .spec
        .pointer("/envelopeHash/value")
        .and_then(serde_json::Value::as_str);
    if logged == Some(&*sha256(piece)) {
        Ok(())
    } else {
        Err(Problem::broken(
            Fault::LogInvalid,
            "the entry is of an envelope with other bytes",
        ))
    }
}

/// The SHA-256 of a piece: its digest, unless that is of another algorithm.
fn sha256(piece: &Piece) -> Cow<'_, str> {
    match piece.digest.algorithm() {
        "sha256" => Cow::Borrowed(piece.digest.hex()),
        _ => Cow::Owned(Digest::of(&piece.bytes).hex().to_owned()),
    }
}

/// An attestation whose entry is of the oldest form for statements, put as an entry of the next: the verifier checks
/// all of it but the entry's body, which it then cannot read.
pub(super) fn older_attestation(piece: &Piece) -> Option<Bundle> {
    let (material, body) = material_as(piece, Some(KindVersion::IntotoV002)).ok()?;
    if (body.kind.as_str(), body.api_version.as_str()) != ("intoto", "0.0.1") {
        return None;
    }
    let text = |pointer: &str| body.spec.pointer(pointer)?.as_str();
    let hash = text("/content/hash/value")?;
    let pem = base64::engine::general_purpose::STANDARD
        .decode(text("/publicKey")?)
        .ok()?;
    let logged = DerCertificate::from_pem(std::str::from_utf8(&pem).ok()?).ok()?;
    let own = DerCertificate::from_pem(annotation(piece, CERTIFICATE)?).ok()?;
    let is_same = hash == sha256(piece) && logged.as_bytes() == own.as_bytes();
    let envelope = Envelope::open(&piece.bytes).ok()?;
    let content = SignatureContent::DsseEnvelope(envelope);
    is_same.then(|| Bundle::new(MediaType::Bundle0_1, material, content))
}

fn material(piece: &Piece) -> Result<(VerificationMaterial, Body), Problem> {
    material_as(piece, None)
}

fn material_as(
    piece: &Piece,
    kind: Option<KindVersion>,
) -> Result<(VerificationMaterial, Body), Problem> {
    let not_keyless = || Problem::broken(Fault::NotKeyless, "");
    let pem = annotation(piece, CERTIFICATE).ok_or_else(not_keyless)?;
    let log = annotation(piece, BUNDLE).ok_or_else(|| Problem::broken(Fault::LogMissing, ""))?;
    let certificate = DerCertificate::from_pem(pem)
        .map_err(|error| Problem::broken(Fault::CertificateMalformed, clip(&error.to_string())))?;
    let invalid = |error: &dyn std::fmt::Display| {
        Problem::broken(Fault::LogInvalid, clip(&error.to_string()))
    };
    if let Some(why) = strict::fault(log.as_bytes()) {
        return Err(invalid(&why));
    }
    let annotation: Annotation = serde_json::from_str(log).map_err(|error| invalid(&error))?;
    let mut entry = annotation.payload;
    let Some(fields) = entry.as_object_mut() else {
        return Err(invalid(&"it is no entry"));
    };
    fields.insert(
        "verification".to_owned(),
        json!({"signedEntryTimestamp": annotation.signed_entry_timestamp}),
    );
    let entry: LogEntry = serde_json::from_value(entry).map_err(|error| invalid(&error))?;
    let body: Body =
        serde_json::from_slice(entry.body.as_bytes()).map_err(|error| invalid(&error))?;
    let own = json!({"kind": body.kind, "version": body.api_version});
    let kind: KindVersion = match kind {
        Some(kind) => kind,
        None => serde_json::from_value(own)
            .map_err(|_| unsupported_entry(&body.kind, &body.api_version))?,
    };
    let entry = entry
        .to_bundle_entry(kind)
        .map_err(|error| invalid(&error))?;
    let content = VerificationMaterialContent::Certificate(CertificateContent::new(certificate));
    let material = VerificationMaterial::new(content).with_tlog_entries(vec![entry]);
    Ok((material, body))
}

/// The problem of an entry whose kind the verifier does not know.
pub(super) fn unsupported_entry(kind: &str, version: &str) -> Problem {
    let detail = format!("unsupported entry kind {kind} {version}");
    Problem::broken(Fault::Unsupported, clip(&detail))
}

fn annotation<'a>(piece: &'a Piece, key: &str) -> Option<&'a str> {
    piece
        .annotations
        .get(key)
        .map(String::as_str)
        .filter(|text| !text.trim().is_empty())
}

/// What a signed payload is about.
#[derive(Deserialize)]
struct Payload {
    critical: Critical,
}

#[derive(Deserialize)]
struct Critical {
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: String,
}

/// Whether a payload with a good signature is about this digest. Its reference names the host that signed, and is
/// not compared.
pub(super) fn is_about(piece: &Piece, subject: &Digest) -> Result<(), Problem> {
    let found = payload(piece)?.image.digest;
    if found == subject.as_str() {
        return Ok(());
    }
    let found = clip(&found);
    Err(Problem::differs(
        Claim::ImageDigest,
        subject.as_str(),
        Some(&found),
    ))
}

/// Whether a signed payload is what it must call itself.
pub(super) fn is_payload(piece: &Piece) -> Result<(), Problem> {
    let found = payload(piece)?.kind;
    if found == PAYLOAD_TYPE {
        return Ok(());
    }
    let found = clip(&found);
    Err(Problem::differs(
        Claim::PayloadType,
        PAYLOAD_TYPE,
        Some(&found),
    ))
}

fn payload(piece: &Piece) -> Result<Critical, Problem> {
    let payload: Payload = serde_json::from_slice(&piece.bytes)
        .map_err(|error| Problem::broken(Fault::Malformed, clip(&error.to_string())))?;
    Ok(payload.critical)
}
