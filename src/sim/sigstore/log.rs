//! The signature log: entries, signed promises, inclusion proofs and checkpoints.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rcgen::KeyPair;
use serde::Serialize;
use serde_json::{Value, json};

use super::merkle::{self, Hash};
use super::{SignError, log_id, sign};

pub(super) const ADDRESS: &str = "https://rekor.simulated.invalid";
const NAME: &str = "rekor.simulated.invalid";
const TREE: u64 = 1_193_050_959_916_656_506;

/// The log: its key and the hashes of its entries.
pub(super) struct Log {
    key: KeyPair,
    leaves: Vec<Hash>,
}

/// What the log answered to an entry.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    kind: &'static str,
    body: String,
    integrated_time: i64,
    log_id: [u8; 32],
    index: usize,
    promise: Vec<u8>,
    proof: Proof,
}

/// Inclusion in the tree of the moment.
#[derive(Debug, Clone)]
struct Proof {
    root: Hash,
    size: usize,
    hashes: Vec<Hash>,
    checkpoint: String,
}

/// What the signed promise is over; in the alphabetical order of its keys, as RFC 8785 has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Promised<'a> {
    body: &'a str,
    integrated_time: i64,
    #[serde(rename = "logID")]
    log_id: String,
    log_index: usize,
}

impl Log {
    pub(super) fn new(key: KeyPair) -> Self {
        Self {
            key,
            leaves: Vec::new(),
        }
    }

    pub(super) fn key(&self) -> &KeyPair {
        &self.key
    }

    /// Adds an entry with this canonical body.
    pub(super) fn add(
        &mut self,
        kind: &'static str,
        body: &str,
        at: Timestamp,
    ) -> Result<Entry, SignError> {
        let index = self.leaves.len();
        self.leaves.push(merkle::leaf(body.as_bytes()));
        let log_id = log_id(&self.key);
        let body = STANDARD.encode(body);
        let promised = serde_json::to_vec(&Promised {
            body: &body,
            integrated_time: at.as_second(),
            log_id: hex::encode(log_id),
            log_index: index,
        })?;
        Ok(Entry {
            kind,
            promise: sign(&self.key, &promised)?,
            body,
            integrated_time: at.as_second(),
            log_id,
            index,
            proof: self.proof(index)?,
        })
    }

    fn proof(&self, index: usize) -> Result<Proof, SignError> {
        let root = merkle::root(&self.leaves);
        let size = self.leaves.len();
        let note = format!("{NAME} - {TREE}\n{size}\n{}\n", STANDARD.encode(root));
        // The first four bytes of the key's hash tell a reader which key to try.
        let mut signature = log_id(&self.key)
            .first_chunk::<4>()
            .copied()
            .unwrap_or_default()
            .to_vec();
        signature.extend(sign(&self.key, note.as_bytes())?);
        Ok(Proof {
            root,
            size,
            hashes: merkle::path(&self.leaves, index),
            checkpoint: format!("{note}\n\u{2014} {NAME} {}\n", STANDARD.encode(signature)),
        })
    }
}

impl Entry {
    /// The annotation `dev.sigstore.cosign/bundle` of the legacy layout.
    pub(super) fn annotation(&self) -> String {
        json!({
            "SignedEntryTimestamp": STANDARD.encode(&self.promise),
            "Payload": {
                "body": self.body,
                "integratedTime": self.integrated_time,
                "logIndex": self.index,
                "logID": hex::encode(self.log_id),
            },
        })
        .to_string()
    }

    /// The entry as a v0.3 bundle holds it.
    pub(super) fn to_bundle(&self) -> Value {
        let proof = &self.proof;
        let hashes: Vec<String> = proof
            .hashes
            .iter()
            .map(|hash| STANDARD.encode(hash))
            .collect();
        json!({
            "logIndex": self.index.to_string(),
            "logId": {"keyId": STANDARD.encode(self.log_id)},
            "kindVersion": {"kind": self.kind, "version": "0.0.1"},
            "integratedTime": self.integrated_time.to_string(),
            "inclusionPromise": {"signedEntryTimestamp": STANDARD.encode(&self.promise)},
            "inclusionProof": {
                "logIndex": self.index.to_string(),
                "rootHash": STANDARD.encode(proof.root),
                "treeSize": proof.size.to_string(),
                "hashes": hashes,
                "checkpoint": {"envelope": proof.checkpoint},
            },
            "canonicalizedBody": self.body,
        })
    }
}

/// The body of a `hashedrekord` entry, in the order of RFC 8785.
pub(super) fn hashedrekord(payload_hash: &str, signature: &str, certificate_pem: &str) -> String {
    format!(
        "{{\"apiVersion\":\"0.0.1\",\"kind\":\"hashedrekord\",\"spec\":{{\"data\":{{\"hash\":\
         {{\"algorithm\":\"sha256\",\"value\":\"{payload_hash}\"}}}},\"signature\":{{\"content\":\
         \"{signature}\",\"publicKey\":{{\"content\":\"{}\"}}}}}}}}",
        STANDARD.encode(certificate_pem)
    )
}

/// The body of a `dsse` entry, in the order of RFC 8785.
pub(super) fn dsse(
    envelope_hash: &str,
    payload_hash: &str,
    signature: &str,
    certificate_pem: &str,
) -> String {
    format!(
        "{{\"apiVersion\":\"0.0.1\",\"kind\":\"dsse\",\"spec\":{{\"envelopeHash\":\
         {{\"algorithm\":\"sha256\",\"value\":\"{envelope_hash}\"}},\"payloadHash\":\
         {{\"algorithm\":\"sha256\",\"value\":\"{payload_hash}\"}},\"signatures\":[{{\"signature\":\
         \"{signature}\",\"verifier\":\"{}\"}}]}}}}",
        STANDARD.encode(certificate_pem)
    )
}
