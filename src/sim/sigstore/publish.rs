//! Putting signatures and attestations where clients look for them.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Digest as _;

use super::make::BUNDLE;
use super::{BuildFacts, Bundle, Claims, Layer, SLSA_V02, SPDX, SignError, Sigstore, Subject};
use super::{slsa_v02, spdx};
use crate::sim::image::BuiltImage;
use crate::sim::oci::{Digest, Referrers, Registry};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// What hangs at a digest in the legacy layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attached {
    /// Signatures: `.sig`
    Signatures,
    /// Attestations: `.att`
    Attestations,
    /// Unsigned SBOMs, which older pipelines attached: `.sbom`
    Sbom,
}

/// Which layout a pipeline writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Layout {
    /// Tags `.sig` and `.att` (cosign 2).
    #[default]
    Legacy,
    /// Bundles as referrers (cosign 3).
    Bundles,
    /// Both.
    Both,
}

/// What happens to attestations of the same predicate type that are there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Existing {
    /// They go, as with `--replace`.
    #[default]
    Replaced,
    /// They stay, and the new one is added.
    Kept,
}

/// The tag under which the legacy layout keeps what hangs at a digest.
pub fn legacy_tag(digest: &Digest, attached: Attached) -> String {
    let suffix = match attached {
        Attached::Signatures => "sig",
        Attached::Attestations => "att",
        Attached::Sbom => "sbom",
    };
    format!("sha256-{}.{suffix}", digest.hex())
}

impl Layer {
    /// Hangs the layer at a digest; gives the digest of the new manifest.
    pub fn push(
        &self,
        registry: &Registry,
        repository: &str,
        to: &Digest,
        attached: Attached,
        existing: Existing,
    ) -> Result<Digest, SignError> {
        let held = existing_layers(registry, repository, &legacy_tag(to, attached));
        let own = self.annotations.get("predicateType");
        let kept = held.into_iter().filter(|layer| {
            let held = layer.pointer("/annotations/predicateType");
            existing == Existing::Kept || held.and_then(Value::as_str) != own.map(String::as_str)
        });
        let mut layers: Vec<Value> = kept.collect();
        layers.push(self.descriptor(registry, repository));
        put_layers(registry, repository, to, attached, &layers)
    }

    fn descriptor(&self, registry: &Registry, repository: &str) -> Value {
        json!({
            "mediaType": self.media_type,
            "size": self.bytes.len(),
            "digest": registry.put_blob(repository, self.bytes.clone()).as_str(),
            "annotations": self.annotations,
        })
    }

    /// Hangs just these layers at a digest, in place of what hung there.
    pub fn push_all(
        layers: &[Self],
        registry: &Registry,
        repository: &str,
        to: &Digest,
        attached: Attached,
    ) -> Result<Digest, SignError> {
        let layers: Vec<Value> = layers
            .iter()
            .map(|layer| layer.descriptor(registry, repository))
            .collect();
        put_layers(registry, repository, to, attached, &layers)
    }
}

fn put_layers(
    registry: &Registry,
    repository: &str,
    to: &Digest,
    attached: Attached,
    layers: &[Value],
) -> Result<Digest, SignError> {
    let diff_ids: Vec<&Value> = layers
        .iter()
        .filter_map(|layer| layer.get("digest"))
        .collect();
    let config = serde_json::to_vec(&json!({
        "architecture": "",
        "created": "0001-01-01T00:00:00Z",
        "history": diff_ids.iter().map(|_| json!({"created": "0001-01-01T00:00:00Z"})).collect::<Vec<_>>(),
        "os": "",
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "config": {},
    }))?;
    let manifest = serde_json::to_vec(&json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {
            "mediaType": CONFIG,
            "size": config.len(),
            "digest": registry.put_blob(repository, config).as_str(),
        },
        "layers": layers,
    }))?;
    let tag = legacy_tag(to, attached);
    Ok(registry.put_manifest(repository, &tag, MANIFEST, manifest)?)
}

fn existing_layers(registry: &Registry, repository: &str, tag: &str) -> Vec<Value> {
    let manifest = registry.manifest(repository, tag);
    let manifest: Option<Value> =
        manifest.and_then(|manifest| serde_json::from_slice(&manifest.bytes).ok());
    let layers = manifest
        .as_ref()
        .and_then(|manifest| manifest.get("layers"));
    layers
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default()
}

impl Bundle {
    /// Makes the bundle a referrer of a manifest; gives the digest of the new manifest.
    ///
    /// Where the registry has no referrers API, the fallback tag is kept as clients do it.
    pub fn push(
        &self,
        registry: &Registry,
        repository: &str,
        to: &Digest,
        at: Timestamp,
    ) -> Result<Digest, SignError> {
        let subject = registry
            .manifest(repository, to.as_str())
            .ok_or(SignError::NoSubject)?;
        let empty = Bytes::from_static(b"{}");
        let manifest = serde_json::to_vec(&json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": BUNDLE,
            "config": {
                "mediaType": EMPTY,
                "size": empty.len(),
                "digest": registry.put_blob(repository, empty).as_str(),
                "artifactType": BUNDLE,
            },
            "layers": [{
                "mediaType": BUNDLE,
                "size": self.json.len(),
                "digest": registry.put_blob(repository, self.json.clone()).as_str(),
            }],
            "subject": {
                "mediaType": subject.media_type,
                "size": subject.bytes.len(),
                "digest": to.as_str(),
            },
            "annotations": {
                "org.opencontainers.image.created": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                "dev.sigstore.bundle.content": "dsse-envelope",
                "dev.sigstore.bundle.predicateType": self.predicate_type,
            },
        }))?;
        let own = hex::encode(sha2::Sha256::digest(&manifest));
        let size = manifest.len();
        let reference = format!("sha256:{own}");
        let digest = registry.put_manifest(repository, &reference, MANIFEST, manifest)?;
        if registry.behaviour().referrers == Referrers::Absent {
            add_to_fallback(registry, repository, to, &digest, size)?;
        }
        Ok(digest)
    }
}

fn add_to_fallback(
    registry: &Registry,
    repository: &str,
    subject: &Digest,
    referrer: &Digest,
    size: usize,
) -> Result<(), SignError> {
    let tag = format!("sha256-{}", subject.hex());
    let held = registry.manifest(repository, &tag);
    let held: Option<Value> = held.and_then(|index| serde_json::from_slice(&index.bytes).ok());
    let manifests = held.as_ref().and_then(|index| index.get("manifests"));
    let mut manifests = manifests
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    manifests.push(json!({
        "mediaType": MANIFEST,
        "size": size,
        "digest": referrer.as_str(),
        "artifactType": BUNDLE,
    }));
    let index = serde_json::to_vec(&json!({
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": manifests,
    }))?;
    registry.put_manifest(repository, &tag, INDEX, index)?;
    Ok(())
}

/// A build whose image is to be signed, as its pipeline knows it.
#[derive(Debug, Clone)]
pub struct Signing {
    /// The repository as the statements call it, such as `docker.io/acme/rocket`.
    pub name: String,
    /// The program in the image, for the SBOMs.
    pub program: String,
    /// Its version.
    pub version: String,
    /// Who signs.
    pub claims: Claims,
    /// What the provenance says.
    pub facts: BuildFacts,
    /// Where the results go.
    pub layout: Layout,
}

impl Sigstore {
    /// Signs all that the pipeline signs after a build: the index, its provenance, and an SBOM of each platform.
    pub fn sign_release(
        &self,
        registry: &Registry,
        repository: &str,
        image: &BuiltImage,
        signing: &Signing,
        at: Timestamp,
    ) -> Result<(), SignError> {
        let to = |digest: &Digest| Subject {
            name: signing.name.clone(),
            digest: digest.clone(),
        };
        let claims = &signing.claims;
        let index = to(&image.index.digest);
        let mut attestations = vec![(index.clone(), SLSA_V02, slsa_v02(&signing.facts))];
        for built in &image.platforms {
            let document = spdx(&signing.program, &signing.version, &built.platform, at);
            attestations.push((to(&built.manifest.digest), SPDX, document));
        }
        if signing.layout != Layout::Bundles {
            self.sign_image(claims, &index, at)?.push(
                registry,
                repository,
                &index.digest,
                Attached::Signatures,
                Existing::Kept,
            )?;
            for (subject, kind, predicate) in &attestations {
                self.attest(claims, subject, kind, predicate, at)?.push(
                    registry,
                    repository,
                    &subject.digest,
                    Attached::Attestations,
                    Existing::Replaced,
                )?;
            }
        }
        if signing.layout != Layout::Legacy {
            self.sign_image_bundle(claims, &index, at)?.push(
                registry,
                repository,
                &index.digest,
                at,
            )?;
            for (subject, kind, predicate) in &attestations {
                self.attest_bundle(claims, subject, kind, predicate, at)?
                    .push(registry, repository, &subject.digest, at)?;
            }
        }
        Ok(())
    }
}
