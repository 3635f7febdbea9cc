//! Layers: small gzipped tar files with nothing in them that depends on the machine or the moment.

use bytes::Bytes;
use sha2::Digest as _;

use super::{ImageSpec, Platform};
use crate::sim::archive::{self, Entry};

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

fn layer(created_by: String, entries: &[Entry]) -> Layer {
    let tar = archive::tar(entries);
    Layer {
        diff_id: format!("sha256:{}", hex::encode(sha2::Sha256::digest(&tar))),
        compressed: archive::gzip(&tar),
        created_by,
    }
}
