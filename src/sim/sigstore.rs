//! A tiny Sigstore that signs for real: a certificate authority, a certificate log and a signature log.
//!
//! What it makes verifies against [`Sigstore::trusted_root_json`] and against no other root.

mod authority;
mod claims;
mod log;
mod make;
mod merkle;
mod predicate;
mod publish;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use rcgen::{KeyPair, PublicKeyData as _, SigningKey as _};
use serde_json::{Value, json};
use sha2::Digest as _;

pub use claims::Claims;
pub use make::{Bundle, Layer, Subject};
pub use predicate::{BuildFacts, SLSA_V02, SPDX, slsa_v02, spdx};
pub use publish::{Attached, Existing, Layout, Signing, legacy_tag};

use authority::Authority;
use log::Log;

/// The services of one simulated world; clones share them. The keys are new in each.
#[derive(Clone)]
pub struct Sigstore {
    inner: Arc<Inner>,
}

struct Inner {
    authority: Authority,
    log: Mutex<Log>,
    /// From when on all keys are trusted.
    since: Timestamp,
}

/// Why something could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// No key or certificate could be made.
    #[error("the simulated certificate authority failed")]
    Certificate(#[from] rcgen::Error),
    /// A certificate could not be read back.
    #[error("a certificate of the simulated authority cannot be read")]
    Der(#[from] x509_cert::der::Error),
    /// Something could not be written as JSON.
    #[error("a signed document cannot be encoded")]
    Json(#[from] serde_json::Error),
    /// The registry did not take what was signed.
    #[error("the registry refused a signature")]
    Registry(#[from] super::oci::Refused),
    /// There is nothing under this digest to attach to.
    #[error("the registry does not hold the manifest that was signed")]
    NoSubject,
}

impl Sigstore {
    /// New services, trusted from a year before `start` on, so that a world may have a past.
    ///
    /// Signing times must not lie before that, nor in the future of whoever verifies.
    pub fn new(start: Timestamp) -> Result<Self, SignError> {
        let year = SignedDuration::from_hours(366 * 24);
        let since = start.checked_sub(year).unwrap_or(Timestamp::UNIX_EPOCH);
        Ok(Self {
            inner: Arc::new(Inner {
                authority: Authority::new(since)?,
                log: Mutex::new(Log::new(KeyPair::generate()?)),
                since,
            }),
        })
    }

    /// The trust root that verifiers need, as the file `trusted_root.json`.
    pub fn trusted_root_json(&self) -> String {
        let valid = json!({"start": self.inner.since.to_string()});
        let key = |key: &KeyPair, address: &str| {
            let spki = key.subject_public_key_info();
            json!({
                "baseUrl": address,
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": STANDARD.encode(&spki),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": valid,
                },
                "logId": {"keyId": STANDARD.encode(log_id(key))},
            })
        };
        let authority = &self.inner.authority;
        let chain: Vec<Value> = authority
            .chain()
            .into_iter()
            .map(|der| json!({"rawBytes": STANDARD.encode(der)}))
            .collect();
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [key(self.log().key(), log::ADDRESS)],
            "certificateAuthorities": [{
                "subject": {
                    "organization": authority::ORGANIZATION,
                    "commonName": authority::ROOT_NAME,
                },
                "uri": authority::ADDRESS,
                "certChain": {"certificates": chain},
                "validFor": valid,
            }],
            "ctlogs": [key(authority.ct_key(), authority::CT_ADDRESS)],
            "timestampAuthorities": [],
        })
        .to_string()
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.inner
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Sigstore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sigstore")
            .field("since", &self.inner.since)
            .finish_non_exhaustive()
    }
}

/// The name of a log: the SHA-256 of its public key.
fn log_id(key: &KeyPair) -> [u8; 32] {
    sha2::Sha256::digest(key.subject_public_key_info()).into()
}

/// An ECDSA signature over these bytes, in DER.
fn sign(key: &KeyPair, bytes: &[u8]) -> Result<Vec<u8>, SignError> {
    Ok(key.sign(bytes)?)
}
