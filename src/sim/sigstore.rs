//! A tiny Sigstore that signs for real: a certificate authority, a certificate log and a signature log.
//!
//! What it makes verifies against [`Sigstore::trusted_root_json`] and against no other root.

mod authority;
mod claims;
mod craft;
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
pub use craft::{Craft, Logging, Name, Party, Receipt, Signer};
pub use make::{
    BUNDLE, Bundle, IN_TOTO, Layer, SIGN_PREDICATE, Subject, simple_signing, statement,
};
pub use predicate::{BuildFacts, SLSA_V1, SLSA_V02, SPDX, slsa_v1, slsa_v02, spdx};
pub use publish::{Attached, Existing, Layout, Signing, legacy_tag};

use authority::Authority;
use log::Log;

/// The media type of a trust root.
const ROOT: &str = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";

/// The services of one simulated world; clones share them. The keys are new in each.
#[derive(Clone)]
pub struct Sigstore {
    inner: Arc<Inner>,
}

struct Inner {
    authority: Authority,
    log: Mutex<Log>,
    /// An authority and a log that the trust root does not know.
    strangers: (Authority, Mutex<Log>),
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
                strangers: (
                    Authority::new(since)?,
                    Mutex::new(Log::new(KeyPair::generate()?)),
                ),
                since,
            }),
        })
    }

    /// The trust root that verifiers need, as the file `trusted_root.json`.
    pub fn trusted_root_json(&self) -> String {
        self.root_until(None)
    }

    /// A trust root without any key in it.
    pub fn empty_root_json() -> String {
        json!({
            "mediaType": ROOT,
            "tlogs": [],
            "certificateAuthorities": [],
            "ctlogs": [],
            "timestampAuthorities": [],
        })
        .to_string()
    }

    /// The trust root whose keys all end at this moment.
    pub fn root_until(&self, end: Option<Timestamp>) -> String {
        let mut valid = json!({"start": self.inner.since.to_string()});
        if let (Some(end), Some(valid)) = (end, valid.as_object_mut()) {
            valid.insert("end".to_owned(), json!(end.to_string()));
        }
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
            "mediaType": ROOT,
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
        held(&self.inner.log)
    }

    fn authority(&self, party: Party) -> &Authority {
        match party {
            Party::Ours => &self.inner.authority,
            Party::Stranger => &self.inner.strangers.0,
        }
    }

    /// The log in which something signed so is entered; `None` where it is not entered at all.
    fn log_of(&self, logging: Logging) -> Option<MutexGuard<'_, Log>> {
        match logging {
            Logging::Ours => Some(self.log()),
            Logging::Stranger => Some(held(&self.inner.strangers.1)),
            Logging::Nowhere => None,
        }
    }
}

fn held(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
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
