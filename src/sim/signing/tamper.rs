//! What somebody with write access to the registry does to a piece after it was signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::sim::sigstore::{Bundle, Layer, SignError};

const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const ENTRY: &str = "dev.sigstore.cosign/bundle";
const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const CHAIN: &str = "dev.sigstore.cosign/chain";

/// One change. What a form does not hold stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tamper {
    /// The signed text says more.
    Payload,
    /// A bit of the signature is flipped.
    Signature,
    /// A bit of the log's promise is flipped.
    Promise,
    /// The log is said to have taken the entry a minute later.
    Time,
    /// The log entry is that of another signature.
    Entry,
    /// The proof's root is another one; bundles only.
    Proof,
    /// A bit of the checkpoint's signature is flipped; bundles only.
    Checkpoint,
    /// The certificate is another one of the same signer.
    Certificate,
    /// The certificate is gone.
    NoCertificate,
    /// The envelope has the same content in other bytes; legacy attestations only.
    Envelope,
}

impl Tamper {
    /// Changes a legacy layer; `other` is one that was signed in the same way.
    pub(super) fn layer(self, layer: &mut Layer, other: &Layer) -> Result<(), SignError> {
        let envelope: Option<Value> = serde_json::from_slice(&layer.bytes)
            .ok()
            .filter(|value: &Value| value.get("payload").is_some());
        match self {
            Self::Payload | Self::Signature => {
                if let Some(mut envelope) = envelope {
                    self.envelope(&mut envelope);
                    layer.bytes = serde_json::to_vec(&envelope)?.into();
                } else if self == Self::Payload {
                    let text = String::from_utf8_lossy(&layer.bytes);
                    let text =
                        text.replace("\"optional\":null", "\"optional\":{\"tested\":\"no\"}");
                    layer.bytes = text.into_bytes().into();
                } else if let Some(signature) = layer.annotations.get_mut(SIGNATURE) {
                    *signature = flipped(signature);
                }
            }
            Self::Promise | Self::Time => {
                if let Some(text) = layer.annotations.get_mut(ENTRY) {
                    let mut entry: Value = serde_json::from_str(text)?;
                    if self == Self::Promise {
                        flip(&mut entry, "/SignedEntryTimestamp");
                    } else if let Some(time) = entry.pointer_mut("/Payload/integratedTime") {
                        *time = json!(time.as_i64().unwrap_or(0) + 60);
                    }
                    *text = entry.to_string();
                }
            }
            Self::Entry => take(layer, other, ENTRY),
            Self::Certificate => take(layer, other, CERTIFICATE),
            Self::NoCertificate => {
                layer.annotations.remove(CERTIFICATE);
                layer.annotations.remove(CHAIN);
            }
            Self::Envelope => {
                if let Some(envelope) = envelope {
                    layer.bytes = serde_json::to_vec_pretty(&envelope)?.into();
                }
            }
            Self::Proof | Self::Checkpoint => {}
        }
        Ok(())
    }

    /// Changes a bundle; `other` is one that was signed in the same way.
    pub(super) fn bundle(self, bundle: &mut Bundle, other: &Bundle) -> Result<(), SignError> {
        const LOGGED: &str = "/verificationMaterial/tlogEntries/0";
        let mut value: Value = serde_json::from_slice(&bundle.json)?;
        let other: Value = serde_json::from_slice(&other.json)?;
        let place = |rest: &str| format!("{LOGGED}{rest}");
        match self {
            Self::Payload | Self::Signature => {
                if let Some(envelope) = value.get_mut("dsseEnvelope") {
                    self.envelope(envelope);
                }
            }
            Self::Promise => flip(&mut value, &place("/inclusionPromise/signedEntryTimestamp")),
            Self::Time => {
                if let Some(time) = value.pointer_mut(&place("/integratedTime")) {
                    let before = time.as_str().and_then(|text| text.parse().ok());
                    let before: i64 = before.unwrap_or(0);
                    *time = json!((before + 60).to_string());
                }
            }
            Self::Entry => replace(&mut value, &other, LOGGED),
            Self::Proof => flip(&mut value, &place("/inclusionProof/rootHash")),
            Self::Checkpoint => {
                if let Some(note) = value.pointer_mut(&place("/inclusionProof/checkpoint/envelope"))
                {
                    let text = note.as_str().unwrap_or_default().trim_end();
                    let (before, signature) = text.rsplit_once(' ').unwrap_or_default();
                    *note = json!(format!("{before} {}\n", flipped(signature)));
                }
            }
            Self::Certificate => {
                replace(&mut value, &other, "/verificationMaterial/certificate");
            }
            Self::NoCertificate => {
                let material = value.get_mut("verificationMaterial");
                if let Some(material) = material.and_then(Value::as_object_mut) {
                    material.remove("certificate");
                }
            }
            Self::Envelope => {}
        }
        bundle.json = serde_json::to_vec(&value)?.into();
        Ok(())
    }

    fn envelope(self, envelope: &mut Value) {
        if self == Self::Signature {
            flip(envelope, "/signatures/0/sig");
            return;
        }
        let payload = envelope.get("payload").and_then(Value::as_str);
        let payload = payload.and_then(|text| STANDARD.decode(text).ok());
        let text = String::from_utf8_lossy(&payload.unwrap_or_default()).into_owned();
        let more = text.replacen(
            "\"predicateType\":",
            "\"tested\":false,\"predicateType\":",
            1,
        );
        if let Some(payload) = envelope.get_mut("payload") {
            *payload = json!(STANDARD.encode(more));
        }
    }
}

fn take(layer: &mut Layer, other: &Layer, name: &str) {
    if let Some(text) = other.annotations.get(name) {
        layer.annotations.insert(name.to_owned(), text.clone());
    }
}

fn replace(value: &mut Value, other: &Value, place: &str) {
    if let (Some(here), Some(there)) = (value.pointer_mut(place), other.pointer(place)) {
        *here = there.clone();
    }
}

fn flip(value: &mut Value, place: &str) {
    if let Some(text) = value.pointer_mut(place) {
        *text = json!(flipped(text.as_str().unwrap_or_default()));
    }
}

/// Base64 with one bit of its content changed.
fn flipped(text: &str) -> String {
    let mut bytes = STANDARD.decode(text).unwrap_or_default();
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    STANDARD.encode(bytes)
}
