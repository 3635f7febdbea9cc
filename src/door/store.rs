//! What is written to disk before anything is sent: the journal, and the bytes of every manifest that goes.

mod bytes;
mod file;
mod lock;

pub use bytes::Kept;
pub use file::{Journal, StoreError};
pub use lock::Lock;

use std::path::{Path, PathBuf};

use crate::domain::digest::Digest;
use crate::domain::journal::{Actor, Entry, Ledger};
use crate::domain::plan::About;

/// The folder of everything that the door writes down.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// The store below the state folder. Nothing is made before something is written.
    pub fn new(state: &Path) -> Self {
        Self {
            folder: state.join("journal"),
        }
    }

    /// Everything that was written down, oldest first. An empty list where nothing ever was.
    pub fn entries(&self) -> Result<Vec<Entry>, StoreError> {
        self.journal().read()
    }

    /// What follows from it.
    pub fn ledger(&self) -> Result<Ledger, StoreError> {
        Ok(Ledger::of(&self.entries()?))
    }

    /// Adds one entry and brings it to the disk before it returns.
    pub fn append(&self, entry: &Entry) -> Result<(), StoreError> {
        self.journal().append(entry)
    }

    /// Keeps a manifest's bytes with their media type, on the disk before it returns.
    pub fn keep(&self, digest: &Digest, kept: &Kept) -> Result<(), StoreError> {
        bytes::write(&self.folder.join("manifests"), digest, kept)
    }

    /// A manifest that was kept; `None`: it never was. Bytes that are not those of the digest are an error.
    pub fn kept(&self, digest: &Digest) -> Result<Option<Kept>, StoreError> {
        bytes::read(&self.folder.join("manifests"), digest)
    }

    /// Holds the release for one plan, until the lock is dropped or the process ends.
    pub fn lock(&self, about: &About, owner: &Actor) -> Result<Lock, StoreError> {
        lock::take(&self.folder.join("locks"), about, owner)
    }

    fn journal(&self) -> Journal {
        Journal::new(self.folder.join("journal.jsonl"))
    }
}
