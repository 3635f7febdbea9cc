//! TUF's files on disk: read within bounds, and written only when all of a refresh held.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sigstore_tuf::{FileStore, MetadataStore};

/// Largest file that is read, bytes: what the framework allows for metadata.
const LARGEST: u64 = 5_000_000;

/// A folder of TUF's files, and over it what a refresh brought.
#[derive(Debug, Clone)]
pub(super) struct Staged {
    folder: Option<PathBuf>,
    fresh: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

impl Staged {
    pub(super) fn over(folder: Option<&Path>) -> Self {
        Self {
            folder: folder.map(Path::to_owned),
            fresh: Arc::default(),
        }
    }

    /// Writes what a refresh brought, one file at a time; each is written whole or not at all, for this user alone.
    pub(super) fn commit(&self) -> sigstore_tuf::Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let disk = FileStore::new(folder);
        let fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        fresh
            .iter()
            .try_for_each(|(name, bytes)| disk.store(name, bytes))
    }
}

impl MetadataStore for Staged {
    fn load(&self, name: &str) -> sigstore_tuf::Result<Option<Vec<u8>>> {
        let fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = fresh.get(name) {
            return Ok(Some(bytes.clone()));
        }
        let stays = Path::new(name)
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        let Some(path) = self
            .folder
            .as_ref()
            .filter(|_| stays)
            .map(|folder| folder.join(name))
        else {
            return Ok(None);
        };
        let read = || -> std::io::Result<Vec<u8>> {
            let mut bytes = Vec::new();
            let mut file = std::fs::File::open(&path)?.take(LARGEST + 1);
            if file.read_to_end(&mut bytes)? as u64 > LARGEST {
                return Err(std::io::Error::other("it is too large"));
            }
            Ok(bytes)
        };
        match read() {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(sigstore_tuf::Error::io(format!("reading {name}"), error)),
        }
    }

    fn store(&self, name: &str, bytes: &[u8]) -> sigstore_tuf::Result<()> {
        self.fresh
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }
}
