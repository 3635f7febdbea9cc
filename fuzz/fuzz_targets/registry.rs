//! Any bytes as a manifest or an image's configuration: refused, or facts about exactly these bytes.
#![no_main]

use gonogo::domain::digest::Digest;
use gonogo::sources::oci::convert;
use libfuzzer_sys::fuzz_target;

/// What a registry may say the bytes are.
const TYPES: [&str; 5] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/json",
];

fuzz_target!(|bytes: &[u8]| {
    let digest = Digest::of(bytes);
    for media_type in TYPES {
        if let Ok(manifest) = convert::manifest(bytes, media_type, &digest) {
            assert_eq!(manifest.digest, digest);
            assert_eq!(manifest.size, bytes.len() as u64);
            assert!(!manifest.media_type.chars().any(char::is_control));
        }
    }
    if let Ok(config) = convert::config(bytes, &digest) {
        assert_eq!(config.digest, digest);
    }
});
