//! Manifests that go away, kept by their digests.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use super::StoreError;
use crate::domain::digest::Digest;

/// A manifest's bytes and the media type under which they were served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The media type.
    pub media_type: String,
    /// The bytes.
    pub bytes: bytes::Bytes,
}

/// Writes it beside the others, whole or not at all: first the media type on a line, then the bytes.
pub(super) fn write(folder: &Path, digest: &Digest, kept: &Kept) -> Result<(), StoreError> {
    let path = folder.join(digest.hex());
    if path.exists() && read(folder, digest).is_ok_and(|found| found.is_some()) {
        return Ok(());
    }
    make_folder(folder)?;
    let temporary = folder.join(format!("{}.{}", digest.hex(), std::process::id()));
    let media_type: String = kept
        .media_type
        .chars()
        .filter(|c| !c.is_control())
        .collect();
    let written = (|| {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        let mut file = options.open(&temporary)?;
        file.write_all(media_type.as_bytes())?;
        file.write_all(b"\n")?;
        file.write_all(&kept.bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, &path)
    })();
    written.map_err(|error| StoreError::disk("written", &path, error))?;
    sync_folder(folder)
}

/// What was kept under a digest.
pub(super) fn read(folder: &Path, digest: &Digest) -> Result<Option<Kept>, StoreError> {
    let path = folder.join(digest.hex());
    let whole = match std::fs::read(&path) {
        Ok(whole) => bytes::Bytes::from(whole),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::disk("read", &path, error)),
    };
    let spoiled = || StoreError::Spoiled {
        digest: digest.clone(),
    };
    let end = whole.iter().position(|byte| *byte == b'\n');
    let end = end.ok_or_else(spoiled)?;
    let kept = Kept {
        media_type: String::from_utf8_lossy(&whole.slice(..end)).into_owned(),
        bytes: whole.slice(end + 1..),
    };
    if digest.matches(&kept.bytes) {
        Ok(Some(kept))
    } else {
        Err(spoiled())
    }
}

/// Makes a folder that only its owner can enter.
pub(super) fn make_folder(folder: &Path) -> Result<(), StoreError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let made = builder.create(folder);
    made.map_err(|error| StoreError::disk("made", folder, error))
}

/// Brings the names in a folder to the disk.
pub(super) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    let synced = File::open(folder).and_then(|file| file.sync_all());
    synced.map_err(|error| StoreError::disk("brought to the disk", folder, error))
}
