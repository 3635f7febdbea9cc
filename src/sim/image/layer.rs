//! Layers: small gzipped tar files with nothing in them that depends on the machine or the moment.

use std::io::Write as _;

use bytes::Bytes;
use flate2::{Compression, GzBuilder};
use sha2::Digest as _;

use super::{ImageSpec, Platform};

/// A layer in its two forms.
pub(super) struct Layer {
    /// `sha256:<hex>` of the tar file, as a config lists it.
    pub(super) diff_id: String,
    /// The gzipped tar file.
    pub(super) compressed: Bytes,
    /// What made it, for the image's history.
    pub(super) created_by: String,
}

/// The layer below: the same for all versions of a platform.
pub(super) fn base(platform: &Platform) -> Layer {
    let architecture = &platform.architecture;
    layer(
        format!("ADD rootfs-{architecture}.tar / # buildkit"),
        &[
            Entry::folder("etc/"),
            Entry::file(
                "etc/os-release",
                "ID=tiny\nNAME=\"Tiny Linux\"\nVERSION_ID=3\n",
            ),
            Entry::file("etc/passwd", "root:x:0:0:root:/root:/sbin/nologin\n"),
            Entry::file("etc/machine", &format!("{architecture}\n")),
            Entry::folder("tmp/"),
        ],
    )
}

/// The layer above: the program of this version.
pub(super) fn program(spec: &ImageSpec, platform: &Platform) -> Layer {
    let (name, version) = (&spec.name, &spec.version);
    let script = format!(
        "#!/bin/sh\necho \"{name} {version} on {}\"\n",
        platform.label()
    );
    layer(
        format!("COPY dist/{name} /app/{name} # buildkit"),
        &[
            Entry::folder("app/"),
            Entry::program(&format!("app/{name}"), &script),
            Entry::file("app/VERSION", &format!("{version}\n")),
            Entry::file("app/REVISION", &format!("{}\n", spec.revision)),
        ],
    )
}

struct Entry {
    path: String,
    kind: tar::EntryType,
    mode: u32,
    content: Vec<u8>,
}

impl Entry {
    fn folder(path: &str) -> Self {
        Self::new(path, tar::EntryType::Directory, 0o755, "")
    }

    fn file(path: &str, content: &str) -> Self {
        Self::new(path, tar::EntryType::Regular, 0o644, content)
    }

    fn program(path: &str, content: &str) -> Self {
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

fn layer(created_by: String, entries: &[Entry]) -> Layer {
    let tar = archive(entries);
    Layer {
        diff_id: format!("sha256:{}", hex::encode(sha2::Sha256::digest(&tar))),
        compressed: gzip(&tar),
        created_by,
    }
}

fn archive(entries: &[Entry]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for entry in entries {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(entry.kind);
        header.set_mode(entry.mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(entry.content.len().try_into().unwrap_or(u64::MAX));
        written(archive.append_data(&mut header, &entry.path, entry.content.as_slice()));
    }
    archive.into_inner().unwrap_or_default()
}

/// Gzip without a name or a time in its header.
pub(in crate::sim) fn gzip(bytes: &[u8]) -> Bytes {
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
