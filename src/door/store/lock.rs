//! One plan at a time for one release on one machine.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use super::StoreError;
use crate::domain::digest::Digest;
use crate::domain::journal::Actor;
use crate::domain::plan::About;

/// Bytes of an owner that are read.
const LARGEST: u64 = 4096;

/// A release that is held; whoever drops it lets it go, and so does the end of the process.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Takes the lock of a release, or says who has it.
pub(super) fn take(folder: &Path, about: &About, owner: &Actor) -> Result<Lock, StoreError> {
    super::bytes::make_folder(folder)?;
    // Without a version the run is what is changed.
    let release = match (&about.version, about.run) {
        (Some(version), _) => format!("{} {version}", about.repo),
        (None, Some(run)) => format!("{} run {run}", about.repo),
        (None, None) => about.repo.to_string(),
    };
    // Versions come from tags, which may hold anything: a hash is a name that no folder minds.
    let name = Digest::of(release.as_bytes());
    let path = folder.join(format!("{}.lock", name.hex()));
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let opened = options.open(&path);
    let mut file = opened.map_err(|error| StoreError::disk("opened", &path, error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let _ = (&mut file).take(LARGEST).read_to_string(&mut text);
            let mut owner: String = text.chars().filter(|c| !c.is_control()).collect();
            if owner.is_empty() {
                "by another process".clone_into(&mut owner);
            }
            return Err(StoreError::Locked { owner });
        }
        Err(TryLockError::Error(error)) => return Err(StoreError::disk("locked", &path, error)),
    }
    let words = format!(
        "by {} on {}, process {}, {release}",
        owner.login.as_deref().unwrap_or(&owner.user),
        owner.host,
        owner.process
    );
    let told = file.set_len(0).and_then(|()| {
        file.rewind()?;
        file.write_all(words.as_bytes())
    });
    told.map_err(|error| StoreError::disk("written", &path, error))?;
    Ok(Lock { _file: file })
}
