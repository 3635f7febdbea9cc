//! Trust in a checkout's `.gonogo.toml`: a pin of its bytes, void as soon as they change.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::error::ConfigError;
use super::{Environment, checkout, files};

/// The name of a checkout's configuration file.
pub(super) const CHECKOUT_FILE: &str = ".gonogo.toml";

/// What was pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// The file.
    pub path: PathBuf,
    /// The SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
}

/// Trusts the `.gonogo.toml` of the checkout around the working folder, as it is now.
pub fn trust(env: &Environment) -> Result<Pinned, ConfigError> {
    let root = checkout::root(&env.cwd).ok_or(ConfigError::NothingToTrust)?;
    let path = root.join(CHECKOUT_FILE);
    let text = files::read_plain_if_there(&path)?.ok_or(ConfigError::NothingToTrust)?;
    let pinned = Pinned {
        path: canonical(&path),
        sha256: sha256(&text),
    };
    let store = store(&env.paths.state);
    let mut pins = read(&store);
    pins.insert(pinned.path.display().to_string(), pinned.sha256.clone());
    write(&store, &pins).map_err(|source| ConfigError::TrustNotKept {
        path: store,
        source,
    })?;
    Ok(pinned)
}

/// Whether exactly this text was trusted for this file.
pub(super) fn is_trusted(state: &Path, path: &Path, text: &str) -> bool {
    read(&store(state)).get(&canonical(path).display().to_string()) == Some(&sha256(text))
}

fn store(state: &Path) -> PathBuf {
    state.join("trust.json")
}

fn canonical(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// The pins by path; a store that cannot be read trusts nothing.
fn read(store: &Path) -> BTreeMap<String, String> {
    files::read_if_there(store)
        .ok()
        .flatten()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}

/// Writes beside the store and renames, so that a crash leaves the old pins or the new ones.
fn write(store: &Path, pins: &BTreeMap<String, String>) -> std::io::Result<()> {
    let folder = store.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let beside = folder.join(format!("trust.json.{}", std::process::id()));
    let mut file = std::fs::File::create(&beside)?;
    file.write_all(serde_json::to_string_pretty(pins)?.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, store)
}
