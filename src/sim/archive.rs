//! Archives with nothing in them that depends on the machine or the moment.

use std::io::Write as _;

use bytes::Bytes;
use flate2::{Compression, GzBuilder};

/// 1980-01-02T00:00:00Z: zip files, which some of these are turned into, know no earlier year.
const MOMENT: u64 = 315_619_200;

/// A file or folder of an archive.
pub(super) struct Entry {
    path: String,
    kind: tar::EntryType,
    mode: u32,
    content: Vec<u8>,
}

impl Entry {
    /// A folder; its path ends with a slash.
    pub(super) fn folder(path: &str) -> Self {
        Self::new(path, tar::EntryType::Directory, 0o755, "")
    }

    /// A plain file.
    pub(super) fn file(path: &str, content: &str) -> Self {
        Self::new(path, tar::EntryType::Regular, 0o644, content)
    }

    /// A file that can be run.
    pub(super) fn program(path: &str, content: &str) -> Self {
        Self::new(path, tar::EntryType::Regular, 0o755, content)
    }

    fn new(path: &str, kind: tar::EntryType, mode: u32, content: &str) -> Self {
        Self {
            path: path.to_owned(),
            kind,
            mode,
            content: content.as_bytes().to_vec(),
        }
    }
}

/// A tar file of these entries, owned by root and dated 1980.
pub(super) fn tar(entries: &[Entry]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for entry in entries {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(entry.kind);
        header.set_mode(entry.mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(MOMENT);
        header.set_size(entry.content.len().try_into().unwrap_or(u64::MAX));
        written(archive.append_data(&mut header, &entry.path, entry.content.as_slice()));
    }
    archive.into_inner().unwrap_or_default()
}

/// Gzip without a name or a time in its header.
pub(super) fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), Compression::new(6));
    written(encoder.write_all(bytes));
    encoder.finish().unwrap_or_default().into()
}

/// Writing to memory fails only for a path that no archive can hold; the digest then tells.
fn written(result: std::io::Result<()>) {
    if let Err(error) = result {
        tracing::error!(%error, "a simulated archive lacks an entry");
    }
}
