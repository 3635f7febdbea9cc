//! What a tag points to for a moment where its registry removes no tag alone: an empty index of its own, which is then
//! removed with the tag.
//!
//! Only to take back a tag that was made here, and only where the registry was seen to remove whole manifests: one that
//! removes nothing would keep it.

use crate::domain::digest::Digest;

/// Its media type.
pub const MEDIA_TYPE: &str = "application/vnd.oci.image.index.v1+json";

/// Its bytes: those of each tag are others, so that no two tags share one.
pub fn bytes(tag: &str) -> Vec<u8> {
    let index = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": MEDIA_TYPE,
        "manifests": [],
        "annotations": {
            "org.opencontainers.image.description": format!("stands for the tag {tag}, which is being removed"),
        },
    });
    index.to_string().into_bytes()
}

/// Its digest.
pub fn digest(tag: &str) -> Digest {
    Digest::of(&bytes(tag))
}
