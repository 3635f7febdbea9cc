//! Signatures and attestations in both layouts.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::Digest as _;

use super::authority::Leaf;
use super::{Claims, SignError, Sigstore, log, sign};
use crate::sim::oci::Digest;

const IN_TOTO: &str = "application/vnd.in-toto+json";
pub(super) const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// What a bundle that is a signature of an image states.
const SIGN_PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";

/// What is signed: a manifest, and the name of the repository it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Such as `docker.io/acme/rocket`; only the digest is ever compared.
    pub name: String,
    /// The digest of the manifest.
    pub digest: Digest,
}

/// A layer of a `.sig` or `.att` manifest: the legacy layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Its media type.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Bytes,
    /// The annotations of its descriptor, which hold signature, certificate and log entry.
    pub annotations: BTreeMap<String, String>,
}

/// A v0.3 bundle: the layout of referrers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The bundle, as JSON.
    pub json: Bytes,
    /// The predicate type of the statement in it.
    pub predicate_type: String,
}

/// A DSSE envelope as cosign 2 uploads it; the order of the keys is part of what is logged.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LegacyEnvelope<'a> {
    payload_type: &'a str,
    payload: &'a str,
    signatures: [LegacyEnvelopeSignature<'a>; 1],
}

#[derive(Serialize)]
struct LegacyEnvelopeSignature<'a> {
    keyid: &'a str,
    sig: &'a str,
}

/// A DSSE envelope as a bundle's log entry hashes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BundleEnvelope<'a> {
    payload: &'a str,
    payload_type: &'a str,
    signatures: [BundleEnvelopeSignature<'a>; 1],
}

#[derive(Serialize)]
struct BundleEnvelopeSignature<'a> {
    sig: &'a str,
}

/// A statement whose envelope is signed but not logged yet.
struct Signed {
    leaf: Leaf,
    statement: Vec<u8>,
    payload: String,
    signature: String,
}

impl Sigstore {
    /// A signature of an image, as `cosign sign` of cosign 2 makes it.
    pub fn sign_image(
        &self,
        claims: &Claims,
        subject: &Subject,
        at: Timestamp,
    ) -> Result<Layer, SignError> {
        // Exact bytes: verifiers compare the digest of this text.
        let payload = format!(
            "{{\"critical\":{{\"identity\":{{\"docker-reference\":{}}},\"image\":\
             {{\"docker-manifest-digest\":\"{}\"}},\"type\":\"cosign container image signature\"}},\
             \"optional\":null}}",
            json!(subject.name),
            subject.digest
        );
        let leaf = self.inner.authority.issue(claims, at)?;
        let signature = STANDARD.encode(sign(&leaf.key, payload.as_bytes())?);
        let body = log::hashedrekord(&sha256(payload.as_bytes()), &signature, &leaf.pem);
        let entry = self.log().add("hashedrekord", &body, at)?;
        let mut annotations = self.annotations(&leaf, &entry);
        annotations.insert("dev.cosignproject.cosign/signature".to_owned(), signature);
        Ok(Layer {
            media_type: "application/vnd.dev.cosign.simplesigning.v1+json".to_owned(),
            bytes: payload.into(),
            annotations,
        })
    }

    /// An attestation, as `cosign attest` of cosign 2 makes it.
    pub fn attest(
        &self,
        claims: &Claims,
        subject: &Subject,
        predicate_type: &str,
        predicate: &Value,
        at: Timestamp,
    ) -> Result<Layer, SignError> {
        let statement = statement(subject, predicate_type, predicate);
        let signed = self.sign_statement(claims, &statement, at)?;
        let envelope = serde_json::to_vec(&LegacyEnvelope {
            payload_type: IN_TOTO,
            payload: &signed.payload,
            signatures: [LegacyEnvelopeSignature {
                keyid: "",
                sig: &signed.signature,
            }],
        })?;
        let entry = self.log_statement(&signed, &envelope, at)?;
        let mut annotations = self.annotations(&signed.leaf, &entry);
        annotations.insert("predicateType".to_owned(), predicate_type.to_owned());
        // The signature is in the envelope; cosign leaves an empty annotation all the same.
        let empty = String::new();
        annotations.insert("dev.cosignproject.cosign/signature".to_owned(), empty);
        Ok(Layer {
            media_type: "application/vnd.dsse.envelope.v1+json".to_owned(),
            bytes: envelope.into(),
            annotations,
        })
    }

    /// A signature of an image in the bundle layout: a statement that says no more than that it was signed.
    pub fn sign_image_bundle(
        &self,
        claims: &Claims,
        subject: &Subject,
        at: Timestamp,
    ) -> Result<Bundle, SignError> {
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"digest": {"sha256": subject.digest.hex()}}],
            "predicateType": SIGN_PREDICATE,
            "predicate": {},
        });
        self.bundle_statement(claims, SIGN_PREDICATE, &statement, at)
    }

    /// An attestation in the bundle layout.
    pub fn attest_bundle(
        &self,
        claims: &Claims,
        subject: &Subject,
        predicate_type: &str,
        predicate: &Value,
        at: Timestamp,
    ) -> Result<Bundle, SignError> {
        let statement = statement(subject, predicate_type, predicate);
        self.bundle_statement(claims, predicate_type, &statement, at)
    }

    fn bundle_statement(
        &self,
        claims: &Claims,
        predicate_type: &str,
        statement: &Value,
        at: Timestamp,
    ) -> Result<Bundle, SignError> {
        let signed = self.sign_statement(claims, statement, at)?;
        let envelope = serde_json::to_vec(&BundleEnvelope {
            payload: &signed.payload,
            payload_type: IN_TOTO,
            signatures: [BundleEnvelopeSignature {
                sig: &signed.signature,
            }],
        })?;
        let entry = self.log_statement(&signed, &envelope, at)?;
        let bundle = json!({
            "mediaType": BUNDLE,
            "verificationMaterial": {
                "certificate": {"rawBytes": STANDARD.encode(&signed.leaf.der)},
                "tlogEntries": [entry.to_bundle()],
            },
            "dsseEnvelope": {
                "payload": signed.payload,
                "payloadType": IN_TOTO,
                "signatures": [{"sig": signed.signature}],
            },
        });
        Ok(Bundle {
            json: serde_json::to_vec(&bundle)?.into(),
            predicate_type: predicate_type.to_owned(),
        })
    }

    fn sign_statement(
        &self,
        claims: &Claims,
        statement: &Value,
        at: Timestamp,
    ) -> Result<Signed, SignError> {
        let leaf = self.inner.authority.issue(claims, at)?;
        let statement = serde_json::to_vec(statement)?;
        let signature = STANDARD.encode(sign(&leaf.key, &pae(IN_TOTO, &statement))?);
        Ok(Signed {
            leaf,
            payload: STANDARD.encode(&statement),
            statement,
            signature,
        })
    }

    fn log_statement(
        &self,
        signed: &Signed,
        envelope: &[u8],
        at: Timestamp,
    ) -> Result<log::Entry, SignError> {
        let body = log::dsse(
            &sha256(envelope),
            &sha256(&signed.statement),
            &signed.signature,
            &signed.leaf.pem,
        );
        self.log().add("dsse", &body, at)
    }

    fn annotations(&self, leaf: &Leaf, entry: &log::Entry) -> BTreeMap<String, String> {
        [
            ("bundle", entry.annotation()),
            ("certificate", leaf.pem.clone()),
            ("chain", self.inner.authority.chain_pem()),
        ]
        .into_iter()
        .map(|(name, value)| (format!("dev.sigstore.cosign/{name}"), value))
        .collect()
    }
}

fn statement(subject: &Subject, predicate_type: &str, predicate: &Value) -> Value {
    json!({
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": predicate_type,
        "subject": [{"name": subject.name, "digest": {"sha256": subject.digest.hex()}}],
        "predicate": predicate,
    })
}

/// What a DSSE signature is over.
fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let (type_length, length) = (payload_type.len(), payload.len());
    let mut bytes = format!("DSSEv1 {type_length} {payload_type} {length} ").into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(sha2::Sha256::digest(bytes))
}
