//! Indexes, manifests and configs as JSON, in the key order of the real tools.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::Digest as _;

use super::layer::Layer;
use super::{Built, ImageSpec};
use crate::sim::oci::Digest;

/// The predicate type of `BuildKit`'s provenance.
pub(super) const BUILDKIT_PREDICATE: &str = "https://slsa.dev/provenance/v0.2";

/// Media types of both families.
pub(super) mod media {
    use super::super::Format;

    pub(in super::super) const IN_TOTO: &str = "application/vnd.in-toto+json";

    pub(in super::super) fn index(format: Format) -> &'static str {
        match format {
            Format::Oci => "application/vnd.oci.image.index.v1+json",
            Format::Docker => "application/vnd.docker.distribution.manifest.list.v2+json",
        }
    }

    pub(in super::super) fn manifest(format: Format) -> &'static str {
        match format {
            Format::Oci => "application/vnd.oci.image.manifest.v1+json",
            Format::Docker => "application/vnd.docker.distribution.manifest.v2+json",
        }
    }

    pub(in super::super) fn config(format: Format) -> &'static str {
        match format {
            Format::Oci => "application/vnd.oci.image.config.v1+json",
            Format::Docker => "application/vnd.docker.container.image.v1+json",
        }
    }

    pub(in super::super) fn layer(format: Format) -> &'static str {
        match format {
            Format::Oci => "application/vnd.oci.image.layer.v1.tar+gzip",
            Format::Docker => "application/vnd.docker.image.rootfs.diff.tar.gzip",
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Index {
    pub(super) schema_version: u8,
    pub(super) media_type: &'static str,
    pub(super) manifests: Vec<Descriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    pub(super) schema_version: u8,
    pub(super) media_type: &'static str,
    pub(super) config: Descriptor,
    pub(super) layers: Vec<Descriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    media_type: String,
    digest: String,
    size: usize,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<Platform>,
}

#[derive(Serialize)]
pub(super) struct Platform {
    architecture: String,
    os: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<String>,
}

impl Platform {
    /// What `BuildKit` writes for its attestations, so that nobody runs them.
    pub(super) fn unknown() -> Self {
        Self {
            architecture: "unknown".to_owned(),
            os: "unknown".to_owned(),
            variant: None,
        }
    }
}

impl From<&super::Platform> for Platform {
    fn from(platform: &super::Platform) -> Self {
        Self {
            architecture: platform.architecture.clone(),
            os: platform.os.clone(),
            variant: platform.variant.clone(),
        }
    }
}

impl Descriptor {
    pub(super) fn new(media_type: &str, digest: &Digest, size: usize) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest: digest.to_string(),
            size,
            annotations: BTreeMap::new(),
            platform: None,
        }
    }

    pub(super) fn of(manifest: &Built) -> Self {
        Self::new(&manifest.media_type, &manifest.digest, manifest.bytes.len())
    }

    pub(super) fn on(mut self, platform: Platform) -> Self {
        self.platform = Some(platform);
        self
    }

    pub(super) fn annotated(mut self, key: &'static str, value: &str) -> Self {
        self.annotations.insert(key, value.to_owned());
        self
    }
}

/// An image config.
#[derive(Serialize)]
pub(super) struct Config {
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    architecture: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<String>,
    os: String,
    #[serde(rename = "config")]
    run: RunConfig,
    rootfs: RootFs,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    history: Vec<History>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct RunConfig {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    env: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entrypoint: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    working_dir: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
struct RootFs {
    r#type: &'static str,
    diff_ids: Vec<String>,
}

#[derive(Serialize)]
struct History {
    created: String,
    created_by: String,
}

impl Config {
    pub(super) fn new(spec: &ImageSpec, platform: &super::Platform, layers: &[Layer]) -> Self {
        let created = spec.created.to_string();
        let labels = BTreeMap::from([
            ("org.opencontainers.image.created", created.clone()),
            ("org.opencontainers.image.revision", spec.revision.clone()),
            ("org.opencontainers.image.source", spec.source.clone()),
            ("org.opencontainers.image.title", spec.name.clone()),
            ("org.opencontainers.image.version", spec.version.clone()),
        ]);
        Self {
            created: Some(created.clone()),
            architecture: platform.architecture.clone(),
            variant: platform.variant.clone(),
            os: platform.os.clone(),
            run: RunConfig {
                env: vec!["PATH=/app:/usr/bin:/bin".to_owned()],
                entrypoint: vec![format!("/app/{}", spec.name)],
                working_dir: "/app".to_owned(),
                labels,
            },
            rootfs: RootFs {
                r#type: "layers",
                diff_ids: layers.iter().map(|layer| layer.diff_id.clone()).collect(),
            },
            history: layers
                .iter()
                .map(|layer| History {
                    created: created.clone(),
                    created_by: layer.created_by.clone(),
                })
                .collect(),
        }
    }

    pub(super) fn of_attestation(statement: &[u8]) -> Self {
        let diff_id = format!("sha256:{}", hex::encode(sha2::Sha256::digest(statement)));
        Self {
            created: None,
            architecture: "unknown".to_owned(),
            variant: None,
            os: "unknown".to_owned(),
            run: RunConfig::default(),
            rootfs: RootFs {
                r#type: "layers",
                diff_ids: vec![diff_id],
            },
            history: Vec::new(),
        }
    }
}

/// `BuildKit`'s minimal provenance about one platform's manifest.
pub(super) fn buildkit_statement(
    spec: &ImageSpec,
    platform: &super::Platform,
    manifest: &Digest,
) -> Value {
    json!({
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": BUILDKIT_PREDICATE,
        "subject": [{
            "name": format!("pkg:docker/{}@{}?platform={}", spec.name, spec.version, platform.label()),
            "digest": {"sha256": manifest.hex()},
        }],
        "predicate": {
            "builder": {"id": ""},
            "buildType": "https://mobyproject.org/buildkit@v1",
            "materials": [],
            "invocation": {
                "configSource": {"entryPoint": "Dockerfile"},
                "parameters": {"frontend": "dockerfile.v0"},
                "environment": {"platform": platform.label()},
            },
            "metadata": {
                "buildStartedOn": spec.created.to_string(),
                "completeness": {"parameters": true, "environment": true, "materials": false},
                "reproducible": false,
            },
        },
    })
}

/// JSON as a config blob has it.
pub(super) fn compact(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).map_or_else(|error| failed(&error), Bytes::from)
}

/// JSON as Docker indents it: by three blanks, which no encoder of JSON does by default.
pub(super) fn indented(value: &impl Serialize) -> Bytes {
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"   ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    match value.serialize(&mut serializer) {
        Ok(()) => bytes.into(),
        Err(error) => failed(&error),
    }
}

/// These types have only string keys, so that encoding them cannot fail.
fn failed(error: &serde_json::Error) -> Bytes {
    tracing::error!(%error, "a simulated manifest could not be encoded");
    Bytes::new()
}
