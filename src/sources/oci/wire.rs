//! Manifests and configurations as they are written: whatever may be absent or null may.
//!
//! A key that is there twice is refused by the reader: other clients may take the other value.

use std::collections::BTreeMap;

use serde::Deserialize;

/// An index, a manifest, or what claims to be either.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    pub(super) media_type: Option<String>,
    pub(super) artifact_type: Option<String>,
    pub(super) manifests: Option<Vec<Descriptor>>,
    pub(super) config: Option<Descriptor>,
    pub(super) layers: Option<Vec<Descriptor>>,
    pub(super) annotations: Option<BTreeMap<String, Option<String>>>,
}

/// A pointer to other content.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    pub(super) media_type: Option<String>,
    pub(super) digest: String,
    #[serde(default)]
    pub(super) size: Option<u64>,
    pub(super) platform: Option<Platform>,
    pub(super) annotations: Option<BTreeMap<String, Option<String>>>,
}

impl Descriptor {
    /// An annotation's value.
    pub(super) fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.as_ref()?.get(key)?.as_deref()
    }
}

/// The platform of an index's entry.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Platform {
    pub(super) os: Option<String>,
    pub(super) architecture: Option<String>,
    pub(super) variant: Option<String>,
}

/// An image's configuration, as far as it is looked at.
#[derive(Debug, Deserialize)]
pub(super) struct Config {
    pub(super) os: Option<String>,
    pub(super) architecture: Option<String>,
    pub(super) variant: Option<String>,
    pub(super) created: Option<String>,
    #[serde(rename = "config")]
    pub(super) start: Option<Inner>,
}

/// The part of a configuration that a container is started with.
#[derive(Debug, Deserialize)]
pub(super) struct Inner {
    #[serde(rename = "Labels")]
    pub(super) labels: Option<BTreeMap<String, Option<String>>>,
}
