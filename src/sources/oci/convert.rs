//! From a registry's bytes to facts: pure, and strict only where a reader could be misled.

use std::collections::HashSet;

use oci_client::annotations::{
    ORG_OPENCONTAINERS_IMAGE_REVISION, ORG_OPENCONTAINERS_IMAGE_VERSION,
};
use oci_client::manifest::{
    IMAGE_CONFIG_MEDIA_TYPE, IMAGE_DOCKER_CONFIG_MEDIA_TYPE, IMAGE_MANIFEST_LIST_MEDIA_TYPE,
    IMAGE_MANIFEST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE,
};

use super::wire;
use crate::domain::artifact::{
    AttestationEntry, ImageConfig, Manifest, ManifestContent, PlatformEntry,
};
use crate::domain::digest::Digest;
use crate::domain::policy::Platform;
use crate::net::text::clean;

/// The annotation by which `BuildKit` marks an attestation in an index.
const REFERENCE_TYPE: &str = "vnd.docker.reference.type";
/// The annotation that names the manifest an attestation speaks of.
const REFERENCE_DIGEST: &str = "vnd.docker.reference.digest";

/// Why bytes are not a manifest or a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConvertError {
    /// No JSON, of another shape, too deep, or with a key given twice.
    #[error("{0}")]
    Json(String),
    /// The answer's type and the one in the manifest differ.
    #[error("it was sent as `{sent}` and calls itself `{written}`")]
    TwoTypes {
        /// `Content-Type`.
        sent: String,
        /// `mediaType`.
        written: String,
    },
    /// Both an index and an image, so that two clients may see different things.
    #[error("it is an index and an image at once")]
    TwoShapes,
    /// Its type says one thing and its content another, or there is no content.
    #[error("it is sent as `{0}` and does not hold what that must hold")]
    NotItsType(String),
    /// A pointer that points to nothing.
    #[error("{0}")]
    Digest(String),
    /// The form that registries made up before images had digests of their own.
    #[error("it is of the old form (schema 1), which says nothing of platforms")]
    Old,
}

impl ConvertError {
    /// Whether the bytes alone are at fault, so that fetching them again gives nothing else.
    pub fn lies_in_content(&self) -> bool {
        match self {
            Self::Json(_) | Self::TwoShapes | Self::Digest(_) => true,
            Self::TwoTypes { .. } | Self::NotItsType(_) | Self::Old => false,
        }
    }
}

/// The type of an index, as the specification of images names it.
pub(super) const INDEX: &str = OCI_IMAGE_INDEX_MEDIA_TYPE;

enum Kind {
    Index,
    Image,
}

fn kind_of(media_type: &str) -> Option<Kind> {
    match media_type {
        OCI_IMAGE_INDEX_MEDIA_TYPE | IMAGE_MANIFEST_LIST_MEDIA_TYPE => Some(Kind::Index),
        OCI_IMAGE_MEDIA_TYPE | IMAGE_MANIFEST_MEDIA_TYPE => Some(Kind::Image),
        _ => None,
    }
}

/// Reads a manifest. `sent` is the answer's `Content-Type`, `digest` that of the bytes.
pub fn manifest(bytes: &[u8], sent: &str, digest: &Digest) -> Result<Manifest, ConvertError> {
    if is_old(sent) {
        return Err(ConvertError::Old);
    }
    let wire: wire::Manifest = json(bytes)?;
    let written = wire.media_type.as_deref().unwrap_or_default();
    // A general type such as `application/json` contradicts nothing.
    if kind_of(sent).is_some() && !written.is_empty() && written != sent {
        return Err(ConvertError::TwoTypes {
            sent: clean(sent),
            written: clean(written),
        });
    }
    let media_type = if kind_of(sent).is_some() || written.is_empty() {
        sent
    } else {
        written
    };
    let has_image = wire.config.is_some() || wire.layers.is_some();
    if wire.manifests.is_some() && has_image {
        return Err(ConvertError::TwoShapes);
    }
    let not_its_type = || ConvertError::NotItsType(clean(media_type));
    let content = match (kind_of(media_type), wire.manifests) {
        (Some(Kind::Index) | None, Some(entries)) => index(entries)?,
        (Some(Kind::Image) | None, None) if has_image => {
            let config = wire.config.ok_or_else(not_its_type)?;
            image(
                wire.artifact_type,
                &config,
                &wire.layers.unwrap_or_default(),
            )?
        }
        _ => return Err(not_its_type()),
    };
    Ok(Manifest {
        digest: digest.clone(),
        media_type: clean(media_type),
        size: bytes.len() as u64,
        content,
    })
}

/// Whether a type is that of an index.
pub(super) fn is_index(media_type: &str) -> bool {
    matches!(kind_of(media_type), Some(Kind::Index))
}

/// Whether a type is of the form that registries made up before images had digests of their own.
pub(super) fn is_old(media_type: &str) -> bool {
    media_type.starts_with("application/vnd.docker.distribution.manifest.v1+")
}

/// The entries of an index that are indexes themselves, by what the index says of them.
pub(super) fn nested(bytes: &[u8]) -> HashSet<Digest> {
    let wire: Option<wire::Manifest> = serde_json::from_slice(bytes).ok();
    wire.and_then(|wire| wire.manifests)
        .unwrap_or_default()
        .iter()
        .filter(|entry| entry.media_type.as_deref().is_some_and(is_index))
        .filter_map(|entry| entry.digest.parse().ok())
        .collect()
}

fn index(entries: Vec<wire::Descriptor>) -> Result<ManifestContent, ConvertError> {
    let mut platforms = Vec::new();
    let mut attestations = Vec::new();
    for entry in entries {
        let digest = parse(&entry.digest)?;
        let platform = entry.platform.as_ref().map_or_else(
            || Platform::new("unknown", "unknown"),
            |wire| {
                platform(
                    wire.os.as_ref(),
                    wire.architecture.as_ref(),
                    wire.variant.as_ref(),
                )
            },
        );
        // The mark alone is not enough: an image that somebody runs must not hide behind it.
        let is_unknown = platform.os == "unknown" && platform.architecture == "unknown";
        if is_unknown && entry.annotation(REFERENCE_TYPE) == Some("attestation-manifest") {
            let of = entry
                .annotation(REFERENCE_DIGEST)
                .and_then(|text| text.parse().ok());
            attestations.push(AttestationEntry { digest, of });
        } else {
            platforms.push(PlatformEntry {
                platform,
                digest,
                size: entry.size.unwrap_or_default(),
            });
        }
    }
    Ok(ManifestContent::Index {
        platforms,
        attestations,
    })
}

fn image(
    artifact_type: Option<String>,
    config: &wire::Descriptor,
    layers: &[wire::Descriptor],
) -> Result<ManifestContent, ConvertError> {
    let config_type = config.media_type.as_deref().unwrap_or_default();
    let is_image_config = matches!(
        config_type,
        IMAGE_CONFIG_MEDIA_TYPE | IMAGE_DOCKER_CONFIG_MEDIA_TYPE
    );
    let foreign_layer = layers
        .iter()
        .filter_map(|layer| layer.media_type.as_deref())
        .find(|media_type| !is_layer(media_type));
    let other = artifact_type
        .filter(|text| !text.is_empty())
        .or_else(|| (!is_image_config).then(|| config_type.to_owned()))
        .or_else(|| foreign_layer.map(str::to_owned));
    if let Some(artifact_type) = other {
        return Ok(ManifestContent::Other {
            artifact_type: clean(&artifact_type),
        });
    }
    for layer in layers {
        parse(&layer.digest)?;
    }
    Ok(ManifestContent::Image {
        config: parse(&config.digest)?,
        layers_size: layers
            .iter()
            .filter_map(|layer| layer.size)
            .fold(0, u64::saturating_add),
        layers: layers.len(),
    })
}

fn is_layer(media_type: &str) -> bool {
    media_type.starts_with("application/vnd.oci.image.layer.")
        || media_type.starts_with("application/vnd.docker.image.rootfs.")
}

/// Reads an image's configuration; `digest` is that of the bytes.
pub fn config(bytes: &[u8], digest: &Digest) -> Result<ImageConfig, ConvertError> {
    let wire: wire::Config = json(bytes)?;
    let labels = wire
        .start
        .and_then(|inner| inner.labels)
        .unwrap_or_default();
    let label = |key: &str| {
        labels
            .get(key)?
            .as_deref()
            .map(clean)
            .filter(|text| !text.is_empty())
    };
    Ok(ImageConfig {
        digest: digest.clone(),
        platform: platform(
            wire.os.as_ref(),
            wire.architecture.as_ref(),
            wire.variant.as_ref(),
        ),
        created: wire.created.and_then(|text| text.parse().ok()),
        revision: label(ORG_OPENCONTAINERS_IMAGE_REVISION),
        version: label(ORG_OPENCONTAINERS_IMAGE_VERSION),
    })
}

/// A platform as written; what is absent or empty is `unknown`.
fn platform(
    os: Option<&String>,
    architecture: Option<&String>,
    variant: Option<&String>,
) -> Platform {
    let word = |text: Option<&String>| {
        text.map(|text| clean(text).chars().take(32).collect::<String>())
            .filter(|text| !text.is_empty())
    };
    Platform {
        os: word(os).unwrap_or_else(|| "unknown".to_owned()),
        architecture: word(architecture).unwrap_or_else(|| "unknown".to_owned()),
        variant: word(variant),
    }
}

fn json<'a, T: serde::Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, ConvertError> {
    serde_json::from_slice(bytes).map_err(|err| ConvertError::Json(clean(&err.to_string())))
}

fn parse(text: &str) -> Result<Digest, ConvertError> {
    text.parse()
        .map_err(|err: crate::domain::digest::NotADigest| {
            ConvertError::Digest(clean(&err.to_string()))
        })
}

#[cfg(test)]
mod tests;
