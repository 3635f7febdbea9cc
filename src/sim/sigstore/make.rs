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
use super::{Craft, SignError, Signer, Sigstore, log, sign};
use crate::sim::oci::Digest;

/// The payload type of an in-toto statement.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";
/// The media type of a v0.3 bundle, and the artifact type of the manifest around it.
pub const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// What a bundle that is a signature of an image states.
pub const SIGN_PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";

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
    hash: String,
    payload: String,
    signature: String,
}

impl Sigstore {
    /// A signature of an image, as `cosign sign` of cosign 2 makes it.
    pub fn sign_image(
        &self,
        craft: impl Into<Craft>,
        subject: &Subject,
        at: Timestamp,
    ) -> Result<Layer, SignError> {
        self.sign_raw(craft, simple_signing(subject).as_bytes(), at)
    }

    /// The same over any payload, whatever it says.
    pub fn sign_raw(
        &self,
        craft: impl Into<Craft>,
        payload: &[u8],
        at: Timestamp,
    ) -> Result<Layer, SignError> {
        let craft = craft.into();
        let leaf = self.authority(craft.authority).issue(&craft, at)?;
        let signature = STANDARD.encode(sign(&leaf.key, payload)?);
        let body = log::hashedrekord(&sha256(payload), &signature, &leaf.pem);
        let entry = self.enter(&craft, "hashedrekord", &body, at)?;
        let mut annotations = self.annotations(&craft, &leaf, entry.as_ref());
        annotations.insert("dev.cosignproject.cosign/signature".to_owned(), signature);
        Ok(Layer {
            media_type: "application/vnd.dev.cosign.simplesigning.v1+json".to_owned(),
            bytes: Bytes::copy_from_slice(payload),
            annotations,
        })
    }

    /// An attestation, as `cosign attest` of cosign 2 makes it.
    pub fn attest(
        &self,
        craft: impl Into<Craft>,
        subject: &Subject,
        predicate_type: &str,
        predicate: &Value,
        at: Timestamp,
    ) -> Result<Layer, SignError> {
        let statement = serde_json::to_vec(&statement(subject, predicate_type, predicate))?;
        self.attest_raw(craft, IN_TOTO, &statement, predicate_type, at)
    }

    /// The same over any payload, whatever it is; the predicate type goes into the annotation alone.
    pub fn attest_raw(
        &self,
        craft: impl Into<Craft>,
        payload_type: &str,
        payload: &[u8],
        predicate_type: &str,
        at: Timestamp,
    ) -> Result<Layer, SignError> {
        let craft = craft.into();
        let signed = self.seal(&craft, payload_type, payload, at)?;
        let envelope = serde_json::to_vec(&LegacyEnvelope {
            payload_type,
            payload: &signed.payload,
            signatures: [LegacyEnvelopeSignature {
                keyid: "",
                sig: &signed.signature,
            }],
        })?;
        let entry = self.enter_envelope(&craft, &signed, &envelope, at)?;
        let mut annotations = self.annotations(&craft, &signed.leaf, entry.as_ref());
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
        craft: impl Into<Craft>,
        subject: &Subject,
        at: Timestamp,
    ) -> Result<Bundle, SignError> {
        let statement = serde_json::to_vec(&json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"digest": {"sha256": subject.digest.hex()}}],
            "predicateType": SIGN_PREDICATE,
            "predicate": {},
        }))?;
        self.bundle_raw(craft, IN_TOTO, &statement, SIGN_PREDICATE, at)
    }

    /// An attestation in the bundle layout.
    pub fn attest_bundle(
        &self,
        craft: impl Into<Craft>,
        subject: &Subject,
        predicate_type: &str,
        predicate: &Value,
        at: Timestamp,
    ) -> Result<Bundle, SignError> {
        let statement = serde_json::to_vec(&statement(subject, predicate_type, predicate))?;
        self.bundle_raw(craft, IN_TOTO, &statement, predicate_type, at)
    }

    /// A bundle over any payload, whatever it is; the predicate type goes into the annotation alone.
    pub fn bundle_raw(
        &self,
        craft: impl Into<Craft>,
        payload_type: &str,
        payload: &[u8],
        predicate_type: &str,
        at: Timestamp,
    ) -> Result<Bundle, SignError> {
        let craft = craft.into();
        let signed = self.seal(&craft, payload_type, payload, at)?;
        let envelope = serde_json::to_vec(&BundleEnvelope {
            payload: &signed.payload,
            payload_type,
            signatures: [BundleEnvelopeSignature {
                sig: &signed.signature,
            }],
        })?;
        let entry = self.enter_envelope(&craft, &signed, &envelope, at)?;
        let entries: Vec<Value> = entry.iter().map(log::Entry::to_bundle).collect();
        let mut material = match signed.leaf.signer {
            Signer::Certificate => {
                json!({"certificate": {"rawBytes": STANDARD.encode(&signed.leaf.der)}})
            }
            Signer::KeyPair => json!({"publicKey": {"hint": sha256(&signed.leaf.der)}}),
        };
        if let Some(material) = material.as_object_mut() {
            material.insert("tlogEntries".to_owned(), entries.into());
        }
        let bundle = json!({
            "mediaType": BUNDLE,
            "verificationMaterial": material,
            "dsseEnvelope": {
                "payload": signed.payload,
                "payloadType": payload_type,
                "signatures": [{"sig": signed.signature}],
            },
        });
        Ok(Bundle {
            json: serde_json::to_vec(&bundle)?.into(),
            predicate_type: predicate_type.to_owned(),
        })
    }

    fn seal(
        &self,
        craft: &Craft,
        payload_type: &str,
        payload: &[u8],
        at: Timestamp,
    ) -> Result<Signed, SignError> {
        let leaf = self.authority(craft.authority).issue(craft, at)?;
        let signature = STANDARD.encode(sign(&leaf.key, &pae(payload_type, payload))?);
        Ok(Signed {
            leaf,
            payload: STANDARD.encode(payload),
            hash: sha256(payload),
            signature,
        })
    }

    fn enter_envelope(
        &self,
        craft: &Craft,
        signed: &Signed,
        envelope: &[u8],
        at: Timestamp,
    ) -> Result<Option<log::Entry>, SignError> {
        let body = log::dsse(
            &sha256(envelope),
            &signed.hash,
            &signed.signature,
            &signed.leaf.pem,
        );
        self.enter(craft, "dsse", &body, at)
    }

    fn enter(
        &self,
        craft: &Craft,
        kind: &'static str,
        body: &str,
        at: Timestamp,
    ) -> Result<Option<log::Entry>, SignError> {
        let at = craft.logged_at.unwrap_or(at);
        self.log_of(craft.log)
            .map(|mut log| log.add(kind, body, at))
            .transpose()
    }

    fn annotations(
        &self,
        craft: &Craft,
        leaf: &Leaf,
        entry: Option<&log::Entry>,
    ) -> BTreeMap<String, String> {
        let is_certified = leaf.signer == Signer::Certificate;
        let chain = || self.authority(craft.authority).chain_pem();
        [
            ("bundle", entry.map(log::Entry::annotation)),
            ("certificate", is_certified.then(|| leaf.pem.clone())),
            ("chain", is_certified.then(chain)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((format!("dev.sigstore.cosign/{name}"), value?)))
        .collect()
    }
}

/// What a signature in the legacy layout is over. Exact bytes: verifiers compare the digest of this text.
pub fn simple_signing(subject: &Subject) -> String {
    format!(
        "{{\"critical\":{{\"identity\":{{\"docker-reference\":{}}},\"image\":\
         {{\"docker-manifest-digest\":\"{}\"}},\"type\":\"cosign container image signature\"}},\
         \"optional\":null}}",
        json!(subject.name),
        subject.digest
    )
}

/// An in-toto statement as cosign 2 writes it.
pub fn statement(subject: &Subject, predicate_type: &str, predicate: &Value) -> Value {
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
