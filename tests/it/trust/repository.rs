//! A TUF repository on loopback, signed with a key of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use gonogo::evidence::TufRepository;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sigstore_verify::crypto::KeyPair;

use crate::real_registries::server::serve;

/// Long after every test.
pub(super) const LATER: &str = "2999-01-01T00:00:00Z";

/// The one key that signs every role of a repository.
pub(super) struct Signer {
    pair: KeyPair,
    id: String,
    key: Value,
}

impl Signer {
    pub(super) fn new() -> Self {
        let pair = KeyPair::generate_ecdsa_p256().unwrap();
        let pem = pair.public_key_der().unwrap().to_pem();
        Self {
            id: hex::encode(Sha256::digest(pem.as_bytes())),
            key: json!({
                "keytype": "ecdsa",
                "scheme": "ecdsa-sha2-nistp256",
                "keyval": {"public": pem},
            }),
            pair,
        }
    }

    fn signed(&self, signed: &Value) -> Vec<u8> {
        let bytes = sigstore_tuf::canonical_json::to_canonical_bytes(signed).unwrap();
        let signature = self.pair.sign(&bytes).unwrap();
        let signatures = json!([{"keyid": self.id, "sig": hex::encode(signature.as_bytes())}]);
        serde_json::to_vec(&json!({"signed": signed, "signatures": signatures})).unwrap()
    }

    /// The root of its keys, in which other trust begins.
    pub(super) fn root(&self) -> Vec<u8> {
        let role = json!({"keyids": [self.id], "threshold": 1});
        self.signed(&json!({
            "_type": "root",
            "spec_version": "1.0.0",
            "version": 1,
            "expires": LATER,
            "consistent_snapshot": false,
            "keys": {self.id.clone(): self.key},
            "roles": {"root": role, "timestamp": role, "snapshot": role, "targets": role},
        }))
    }

    /// All files of a repository that names this trusted root.
    pub(super) fn files(&self, target: &[u8], version: u64, expires: &str) -> Files {
        let sha256 = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
        let meta = |bytes: &[u8]| json!({"version": version, "length": bytes.len(), "hashes": {"sha256": sha256(bytes)}});
        let role = |kind: &str, expires: &str, more: Value| {
            let mut role = json!({
                "_type": kind,
                "spec_version": "1.0.0",
                "version": version,
                "expires": expires,
            });
            role.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            self.signed(&role)
        };
        let named = json!({"length": target.len(), "hashes": {"sha256": sha256(target)}});
        let targets = role(
            "targets",
            LATER,
            json!({"targets": {"trusted_root.json": named}}),
        );
        let snapshot = role(
            "snapshot",
            LATER,
            json!({"meta": {"targets.json": meta(&targets)}}),
        );
        let timestamp = role(
            "timestamp",
            expires,
            json!({"meta": {"snapshot.json": meta(&snapshot)}}),
        );
        [
            ("/timestamp.json", timestamp),
            ("/snapshot.json", snapshot),
            ("/targets.json", targets),
            ("/targets/trusted_root.json", target.to_vec()),
        ]
        .map(|(name, bytes)| (name.to_owned(), bytes))
        .into()
    }
}

pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// A repository that is served; what it serves can be changed.
pub(super) struct Served {
    pub(super) signer: Signer,
    address: SocketAddr,
    files: Arc<Mutex<Option<Files>>>,
}

impl Served {
    pub(super) async fn start() -> Self {
        let files = Arc::new(Mutex::new(None));
        let answer = async |State(files): State<Arc<Mutex<Option<Files>>>>, uri: Uri| {
            let files: std::sync::MutexGuard<'_, Option<Files>> = files.lock().unwrap();
            match files.as_ref() {
                None => (StatusCode::INTERNAL_SERVER_ERROR, Vec::new()),
                Some(files) => match files.get(uri.path()) {
                    Some(bytes) => (StatusCode::OK, bytes.clone()),
                    None => (StatusCode::NOT_FOUND, Vec::new()),
                },
            }
        };
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&files));
        Self {
            signer: Signer::new(),
            address: serve(router).await,
            files,
        }
    }

    /// From now on it serves these; `None`: nothing but errors.
    pub(super) fn serve(&self, files: Option<Files>) {
        *self.files.lock().unwrap() = files;
    }

    /// What the product knows of it before it asks.
    pub(super) fn known(&self) -> TufRepository {
        TufRepository {
            url: format!("http://{}", self.address),
            root: self.signer.root().into(),
            built_in: TufRepository::public_good().built_in,
        }
    }
}
