//! Real multi-arch images, made on the fly: the same specification gives the same bytes.
//!
//! Manifests are indented on purpose, so that whoever parses and re-encodes one gets another digest.

mod layer;
mod wire;

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;

use super::oci::{Digest, Refused, Registry};
use wire::{Descriptor, media};

/// What image to make.
#[derive(Debug, Clone)]
pub struct ImageSpec {
    /// The program's name, such as `rocket`; the content of the layers.
    pub name: String,
    /// The label `org.opencontainers.image.version`.
    pub version: String,
    /// The label `org.opencontainers.image.revision`: the full commit.
    pub revision: String,
    /// The label `org.opencontainers.image.source`: the repository's address.
    pub source: String,
    /// When it was built.
    pub created: Timestamp,
    /// For which platforms.
    pub platforms: Vec<Platform>,
    /// Which media types the manifests have.
    pub format: Format,
    /// Whether `BuildKit`'s attestation manifests are in the index.
    pub attestations: Attestations,
}

/// An operating system and an architecture.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Platform {
    /// `linux`
    pub os: String,
    /// `amd64`, `arm64`, …
    pub architecture: String,
    /// `v7`, `v8`, …
    pub variant: Option<String>,
}

impl Platform {
    /// Linux on an architecture.
    pub fn linux(architecture: &str) -> Self {
        Self {
            os: "linux".to_owned(),
            architecture: architecture.to_owned(),
            variant: None,
        }
    }

    /// `linux/amd64`, with the variant behind where there is one.
    pub fn label(&self) -> String {
        let base = format!("{}/{}", self.os, self.architecture);
        match &self.variant {
            Some(variant) => format!("{base}/{variant}"),
            None => base,
        }
    }
}

/// Which media types the manifests have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// OCI index and image manifests.
    #[default]
    Oci,
    /// Docker manifest list and schema 2 manifests.
    Docker,
}

/// Whether `BuildKit`'s attestation manifests are in the index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Attestations {
    /// None.
    #[default]
    Absent,
    /// One a platform, under the platform `unknown/unknown`.
    InIndex,
}

impl ImageSpec {
    /// An OCI image for amd64 and arm64 without attestations in its index.
    pub fn new(name: &str, version: &str, revision: &str, created: Timestamp) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            revision: revision.to_owned(),
            source: format!("https://github.com/acme/{name}"),
            created,
            platforms: vec![Platform::linux("amd64"), Platform::linux("arm64")],
            format: Format::Oci,
            attestations: Attestations::Absent,
        }
    }
}

/// A manifest and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// Its media type.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its bytes.
    pub bytes: Bytes,
}

/// The image of one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltPlatform {
    /// Which one.
    pub platform: Platform,
    /// Its manifest.
    pub manifest: Built,
    /// Its `BuildKit` attestation manifest.
    pub attestation: Option<Built>,
}

/// A whole image, in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltImage {
    /// The index over all platforms.
    pub index: Built,
    /// The platforms in the order of the index.
    pub platforms: Vec<BuiltPlatform>,
    /// Configs and layers.
    pub blobs: BTreeMap<Digest, Bytes>,
}

impl BuiltImage {
    /// Puts everything into a repository and points these tags at the index.
    pub fn push(
        &self,
        registry: &Registry,
        repository: &str,
        tags: &[&str],
    ) -> Result<Digest, Refused> {
        for platform in &self.platforms {
            self.push_platform(registry, repository, &platform.platform, &[])?;
        }
        put(registry, repository, &self.index, tags)
    }

    /// Puts one platform's image into a repository and points these tags at it; `None` where the image lacks it.
    pub fn push_platform(
        &self,
        registry: &Registry,
        repository: &str,
        platform: &Platform,
        tags: &[&str],
    ) -> Result<Option<Digest>, Refused> {
        for bytes in self.blobs.values() {
            registry.put_blob(repository, bytes.clone());
        }
        let mut platforms = self.platforms.iter();
        let Some(built) = platforms.find(|built| built.platform == *platform) else {
            return Ok(None);
        };
        if let Some(attestation) = &built.attestation {
            put(registry, repository, attestation, &[])?;
        }
        put(registry, repository, &built.manifest, tags).map(Some)
    }
}

fn put(
    registry: &Registry,
    repository: &str,
    manifest: &Built,
    tags: &[&str],
) -> Result<Digest, Refused> {
    let (reference, media_type) = (manifest.digest.as_str(), &manifest.media_type);
    let digest =
        registry.put_manifest(repository, reference, media_type, manifest.bytes.clone())?;
    for tag in tags {
        registry.tag(repository, tag, &digest)?;
    }
    Ok(digest)
}

/// Makes an image.
pub fn build(spec: &ImageSpec) -> BuiltImage {
    let mut blobs = BTreeMap::new();
    let platforms: Vec<BuiltPlatform> = spec
        .platforms
        .iter()
        .map(|platform| build_platform(spec, platform, &mut blobs))
        .collect();
    let children = platforms.iter().map(|built| {
        let child = Descriptor::of(&built.manifest);
        child.on(wire::Platform::from(&built.platform))
    });
    // BuildKit lists its attestations after all the images.
    let attestations = platforms.iter().filter_map(|built| {
        let attestation = Descriptor::of(built.attestation.as_ref()?);
        Some(
            attestation
                .on(wire::Platform::unknown())
                .annotated(
                    "vnd.docker.reference.digest",
                    built.manifest.digest.as_str(),
                )
                .annotated("vnd.docker.reference.type", "attestation-manifest"),
        )
    });
    let index = wire::Index {
        schema_version: 2,
        media_type: media::index(spec.format),
        manifests: children.chain(attestations).collect(),
    };
    BuiltImage {
        index: built(media::index(spec.format), &index),
        platforms,
        blobs,
    }
}

fn build_platform(
    spec: &ImageSpec,
    platform: &Platform,
    blobs: &mut BTreeMap<Digest, Bytes>,
) -> BuiltPlatform {
    let layers = [layer::base(platform), layer::program(spec, platform)];
    let config = wire::Config::new(spec, platform, &layers);
    let config = keep(blobs, media::config(spec.format), wire::compact(&config));
    let layers = layers
        .into_iter()
        .map(|layer| keep(blobs, media::layer(spec.format), layer.compressed))
        .collect();
    let manifest = built(
        media::manifest(spec.format),
        &wire::Manifest {
            schema_version: 2,
            media_type: media::manifest(spec.format),
            config,
            layers,
        },
    );
    let attestation = match spec.attestations {
        Attestations::Absent => None,
        Attestations::InIndex => Some(build_attestation(spec, platform, &manifest, blobs)),
    };
    BuiltPlatform {
        platform: platform.clone(),
        manifest,
        attestation,
    }
}

/// The attestation manifest that `BuildKit` adds for one platform: an in-toto statement in place of a layer.
fn build_attestation(
    spec: &ImageSpec,
    platform: &Platform,
    manifest: &Built,
    blobs: &mut BTreeMap<Digest, Bytes>,
) -> Built {
    let statement = wire::compact(&wire::buildkit_statement(spec, platform, &manifest.digest));
    let config = wire::Config::of_attestation(&statement);
    let config = keep(blobs, media::config(Format::Oci), wire::compact(&config));
    let layer = keep(blobs, media::IN_TOTO, statement)
        .annotated("in-toto.io/predicate-type", wire::BUILDKIT_PREDICATE);
    built(
        media::manifest(Format::Oci),
        &wire::Manifest {
            schema_version: 2,
            media_type: media::manifest(Format::Oci),
            config,
            layers: vec![layer],
        },
    )
}

fn keep(blobs: &mut BTreeMap<Digest, Bytes>, media_type: &'static str, bytes: Bytes) -> Descriptor {
    let digest = Digest::of(&bytes);
    let descriptor = Descriptor::new(media_type, &digest, bytes.len());
    blobs.insert(digest, bytes);
    descriptor
}

fn built(media_type: &'static str, manifest: &impl serde::Serialize) -> Built {
    let bytes = wire::indented(manifest);
    Built {
        media_type: media_type.to_owned(),
        digest: Digest::of(&bytes),
        bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> ImageSpec {
        let created = "2026-03-01T12:00:00Z".parse().unwrap();
        ImageSpec::new("rocket", "1.6.9", &"a".repeat(40), created)
    }

    #[test]
    fn the_same_specification_gives_the_same_bytes() {
        assert_eq!(build(&spec()), build(&spec()));
        let mut other = spec();
        other.version = "1.7.0".to_owned();
        assert_ne!(build(&spec()).index.digest, build(&other).index.digest);
    }

    #[test]
    fn attestations_point_at_their_platforms() {
        let image = build(&ImageSpec {
            attestations: Attestations::InIndex,
            ..spec()
        });
        let index: serde_json::Value = serde_json::from_slice(&image.index.bytes).unwrap();
        let entries = index["manifests"].as_array().unwrap();
        assert_eq!(entries.len(), 4);
        for (built, entry) in image.platforms.iter().zip(&entries[2..]) {
            let attestation = built.attestation.as_ref().unwrap();
            assert_eq!(entry["digest"], attestation.digest.as_str());
            assert_eq!(entry["platform"]["os"], "unknown");
            assert_eq!(entry["platform"]["architecture"], "unknown");
            let annotations = &entry["annotations"];
            assert_eq!(
                annotations["vnd.docker.reference.type"],
                "attestation-manifest"
            );
            let child = &annotations["vnd.docker.reference.digest"];
            assert_eq!(child, built.manifest.digest.as_str());
        }
    }

    #[test]
    fn encoding_again_would_show() {
        let index = build(&spec()).index;
        let value: serde_json::Value = serde_json::from_slice(&index.bytes).unwrap();
        for again in [
            serde_json::to_vec(&value),
            serde_json::to_vec_pretty(&value),
        ] {
            assert_ne!(Digest::of(&again.unwrap()), index.digest);
        }
    }
}
