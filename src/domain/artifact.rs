//! What the registries and the package index hold.

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::time::Timestamp;

/// A platform of an image, `linux/amd64` or `linux/arm/v7`.
pub use super::policy::Platform;

/// What a tag of a registry points to at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagState {
    /// The tag.
    pub tag: String,
    /// The digest it resolves to; `None`: there is no such tag.
    pub digest: Option<Digest>,
}

/// A manifest by its digest: an index or the manifest of one platform. Its bytes were hashed by us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Digest of the exact bytes.
    pub digest: Digest,
    /// Media type, as the registry answered it.
    pub media_type: String,
    /// Length of the bytes.
    pub size: u64,
    /// What is in it.
    pub content: ManifestContent,
}

/// What a manifest holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ManifestContent {
    /// A multi-platform index (or a Docker manifest list).
    Index {
        /// The images, in the order of the index.
        platforms: Vec<PlatformEntry>,
        /// `BuildKit`'s attestation manifests, which are no platform.
        attestations: Vec<AttestationEntry>,
    },
    /// One platform's image.
    Image {
        /// The image configuration's digest.
        config: Digest,
        /// Sum of the compressed layers, bytes.
        layers_size: u64,
        /// How many layers.
        layers: usize,
    },
    /// Something else that is kept in a registry, such as a signature.
    Other {
        /// Its artifact type or configuration media type.
        artifact_type: String,
    },
}

/// One platform's entry in an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformEntry {
    /// The platform.
    pub platform: Platform,
    /// Digest of that platform's manifest.
    pub digest: Digest,
    /// Its size, bytes.
    pub size: u64,
}

/// A `BuildKit` attestation manifest in an index: platform `unknown/unknown`, pointing at a sibling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttestationEntry {
    /// Digest of the attestation manifest.
    pub digest: Digest,
    /// The sibling it speaks of, where it says.
    pub of: Option<Digest>,
}

/// The part of an image's configuration that a release is judged by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageConfig {
    /// Digest of the configuration.
    pub digest: Digest,
    /// The platform it says it is for.
    pub platform: Platform,
    /// When the image was made.
    pub created: Option<Timestamp>,
    /// Label `org.opencontainers.image.revision`.
    pub revision: Option<String>,
    /// Label `org.opencontainers.image.version`.
    pub version: Option<String>,
}

/// A tag as Docker Hub's own API lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubTag {
    /// The tag.
    pub name: String,
    /// When it was pushed last.
    pub pushed_at: Option<Timestamp>,
    /// Sum of all its platforms, bytes.
    pub size: Option<u64>,
}

/// What the package index holds for one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PypiVersion {
    /// The project.
    pub project: String,
    /// The version asked for.
    pub version: String,
    /// Whether the project exists at all.
    pub project_exists: bool,
    /// Its files; empty: the version is not there.
    pub files: Vec<PypiFile>,
    /// The newest other version that the index lists, by version order.
    pub newest_other: Option<String>,
}

impl PypiVersion {
    /// Whether the index holds any file of the version.
    pub fn is_there(&self) -> bool {
        !self.files.is_empty()
    }
}

/// A file of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PypiFile {
    /// Its name, never reusable.
    pub filename: String,
    /// SHA-256, hexadecimal, where the index says.
    pub sha256: Option<String>,
    /// Its size, bytes.
    pub size: Option<u64>,
    /// When it was uploaded.
    pub uploaded_at: Option<Timestamp>,
    /// Yanked, with the reason given (often empty).
    pub yanked: Option<String>,
}
