//! An image that is released honestly, so that all that is wrong with it is what a case does to it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use bytes::Bytes;
use gonogo::sim::image::{Built, BuiltImage, BuiltPlatform, ImageSpec, Platform, build};
use gonogo::sim::oci::{Digest, Lie, Mischief, Referrers, Registry};
use gonogo::sim::scenario::Scenario;
use gonogo::sim::sigstore::{
    Attached, BuildFacts, Bundle, Claims, Craft, Existing, Layer, Layout, SLSA_V02, SPDX, Signing,
    Sigstore, Subject, legacy_tag, slsa_v02, spdx,
};
use gonogo::sim::{Sim, SimOptions};
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use serde_json::{Value, json};

pub(super) const REPOSITORY: &str = "acme/rocket";
pub(super) const TAG: &str = "prerelease-v1.6.9";
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The name of the digest in an answer's head.
pub(super) const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// The commit of an image that no simulated pipeline built.
pub(super) fn commit() -> String {
    "4f2a9c1e".repeat(5)
}

/// The released image with its registry and its signer.
pub(super) struct World {
    pub(super) sigstore: Sigstore,
    pub(super) registry: Registry,
    pub(super) image: BuiltImage,
    pub(super) address: SocketAddr,
    /// The tag that waits to be released.
    pub(super) tag: String,
    /// The time, which stands still.
    pub(super) now: Timestamp,
    signing: Signing,
    /// The whole world around it, where there is one.
    pub(super) sim: Option<Sim>,
}

impl World {
    /// An image that is not signed yet, in a registry that knows nothing else.
    pub(super) async fn unsigned(referrers: Referrers) -> Self {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let registry = Registry::new(Arc::new(move || now));
        registry.behave(|behaviour| behaviour.referrers = referrers);
        let commit = commit();
        let image = build(&ImageSpec::new("rocket", "1.6.9", &commit, now));
        image.push(&registry, REPOSITORY, &[TAG]).unwrap();
        let (caller, signer) = (
            ".github/workflows/release.yml",
            ".github/workflows/prerelease-docker.yml",
        );
        let git_ref = "refs/tags/v1.6.9";
        Self {
            sigstore: Sigstore::new(now).unwrap(),
            address: serve(registry.router()).await,
            registry,
            image,
            tag: TAG.to_owned(),
            now,
            signing: Signing {
                name: "docker.io/acme/rocket".to_owned(),
                program: "rocket".to_owned(),
                version: "1.6.9".to_owned(),
                claims: Claims::github(REPOSITORY, caller, signer, git_ref, &commit, (4711, 1)),
                facts: BuildFacts {
                    repository: REPOSITORY.to_owned(),
                    builder: signer.to_owned(),
                    entry_point: caller.to_owned(),
                    git_ref: git_ref.to_owned(),
                    sha: commit,
                    run_id: 4711,
                    attempt: 1,
                    started: now,
                    finished: now,
                },
                layout: Layout::Legacy,
            },
            sim: None,
        }
    }

    /// The image that a whole release waits with at its gate, not signed yet; verifiers find their root at `root`.
    pub(super) async fn at_the_gate(referrers: Referrers, root: PathBuf) -> Self {
        let scenario = Scenario::built_in("waiting-gate+nothing-signed").unwrap();
        let mut options = SimOptions::new(scenario).driven();
        options.trusted_root = Some(root);
        let sim = Sim::start(options).await.unwrap();
        while sim.advance_to_next().is_some() {}
        let registry = sim.registry().clone();
        registry.behave(|behaviour| behaviour.referrers = referrers);
        let signing = sim.signing(Layout::Legacy).unwrap();
        let digest = sim.truth().digest.unwrap();
        let mut tags = registry.tags(REPOSITORY).into_iter();
        let tag = tags
            .find(|tag| tag.starts_with("prerelease-v") && tag.ends_with(&signing.facts.sha[..7]));
        Self {
            sigstore: sim.sigstore().clone(),
            image: held(&registry, &digest),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            registry,
            tag: tag.unwrap(),
            now: sim.clock().now(),
            signing,
            sim: Some(sim),
        }
    }

    /// Who signs in honesty.
    pub(super) fn claims(&self) -> Claims {
        self.signing.claims.clone()
    }

    /// Signs all that the pipeline signs, in this layout.
    pub(super) fn sign(&self, layout: Layout) {
        let signing = Signing {
            layout,
            ..self.signing.clone()
        };
        self.sigstore
            .sign_release(&self.registry, REPOSITORY, &self.image, &signing, self.now)
            .unwrap();
    }

    /// Where the image that waits is asked for, below its repository.
    pub(super) fn tagged(&self) -> String {
        format!("manifests/{}", self.tag)
    }

    pub(super) fn index(&self) -> Digest {
        self.image.index.digest.clone()
    }

    /// The digest of the first platform, `linux/amd64`.
    pub(super) fn platform(&self) -> Digest {
        self.image.platforms[0].manifest.digest.clone()
    }

    pub(super) fn subject(&self) -> Subject {
        subject(&self.index())
    }

    pub(super) fn provenance(&self) -> Value {
        slsa_v02(&self.signing.facts)
    }

    /// An SBOM of the platform of this digest; for another one, of the first.
    fn document(&self, digest: &Digest) -> Value {
        let mut platforms = self.image.platforms.iter();
        let built = platforms.find(|built| built.manifest.digest == *digest);
        let built = built.unwrap_or(&self.image.platforms[0]);
        spdx("rocket", &self.signing.version, &built.platform, self.now)
    }

    /// Adds a lie in every answer to requests for this path below the repository.
    ///
    /// Whoever knows the digest that was built asks for that one, so that a lie about the tag is one about both.
    pub(super) fn lie(&self, path: &str, lie: Lie) {
        let path = format!("{REPOSITORY}/{path}");
        if self.sim.is_some() && path.ends_with(&format!("/{}", self.tagged())) {
            let by_digest = format!("{REPOSITORY}/manifests/{}", self.index());
            self.registry.mislead(Mischief::on(&by_digest, lie.clone()));
        }
        self.registry.mislead(Mischief::on(&path, lie));
    }

    /// Makes the registry answer these bytes under a reference, whatever they are; gives their digest.
    ///
    /// Under the tag that waits, they are what the pipeline says that it built.
    pub(super) fn plant(
        &self,
        reference: &str,
        media_type: &str,
        bytes: impl Into<Bytes>,
    ) -> Digest {
        let bytes = bytes.into();
        let digest = Digest::of(&bytes);
        let mut references = vec![reference, digest.as_str()];
        if let Some(sim) = self.sim.as_ref().filter(|_| reference == self.tag) {
            sim.say_built(&digest).unwrap();
            references.push("prerelease");
        }
        for reference in references {
            let path = format!("{REPOSITORY}/manifests/{reference}");
            for lie in [
                Lie::Bytes(bytes.clone()),
                header("content-type", media_type),
                header("docker-content-digest", digest.as_str()),
            ] {
                self.registry.mislead(Mischief::on(&path, lie));
            }
        }
        digest
    }

    /// Serves another index in place of the released one, signed like it: only its content is at issue.
    pub(super) fn release_index(&self, media_type: &str, bytes: impl Into<Bytes>) -> Digest {
        let digest = self.plant(&self.tag, media_type, bytes);
        self.sign_index(&digest);
        digest
    }

    /// Signature and provenance for a digest that the registry need not hold, in the legacy layout.
    pub(super) fn sign_index(&self, digest: &Digest) {
        let signature = self
            .sigstore
            .sign_image(self.claims(), &subject(digest), self.now)
            .unwrap();
        self.hang(&signature, digest, Attached::Signatures);
        let provenance = self
            .sigstore
            .attest(
                self.claims(),
                &subject(digest),
                SLSA_V02,
                &self.provenance(),
                self.now,
            )
            .unwrap();
        self.hang(&provenance, digest, Attached::Attestations);
    }

    /// An honest SBOM of a platform, in the legacy layout.
    pub(super) fn sign_sbom(&self, digest: &Digest) {
        let sbom = self
            .sigstore
            .attest(
                self.claims(),
                &subject(digest),
                SPDX,
                &self.document(digest),
                self.now,
            )
            .unwrap();
        self.hang(&sbom, digest, Attached::Attestations);
    }

    /// Adds a layer to those that hang at a digest.
    pub(super) fn hang(&self, layer: &Layer, digest: &Digest, attached: Attached) {
        layer
            .push(&self.registry, REPOSITORY, digest, attached, Existing::Kept)
            .unwrap();
    }

    /// Just these layers at a digest.
    pub(super) fn only(&self, layers: &[Layer], digest: &Digest, attached: Attached) {
        Layer::push_all(layers, &self.registry, REPOSITORY, digest, attached).unwrap();
    }

    /// Adds a bundle that refers to a digest.
    pub(super) fn refer(&self, bundle: &Bundle, digest: &Digest) -> Digest {
        bundle
            .push(&self.registry, REPOSITORY, digest, self.now)
            .unwrap()
    }

    /// A bundle whose JSON is changed before it is pushed, in place of the honest provenance.
    pub(super) fn refer_changed(&self, change: impl FnOnce(&mut Value)) {
        let mut bundle = self.provenance_bundle(self.claims());
        let mut value: Value = serde_json::from_slice(&bundle.json).unwrap();
        change(&mut value);
        bundle.json = serde_json::to_vec(&value).unwrap().into();
        self.refer(&bundle, &self.index());
    }

    pub(super) fn provenance_bundle(&self, craft: impl Into<Craft>) -> Bundle {
        self.sigstore
            .attest_bundle(
                craft,
                &self.subject(),
                SLSA_V02,
                &self.provenance(),
                self.now,
            )
            .unwrap()
    }

    pub(super) fn provenance_layer(&self, craft: impl Into<Craft>) -> Layer {
        self.sigstore
            .attest(
                craft,
                &self.subject(),
                SLSA_V02,
                &self.provenance(),
                self.now,
            )
            .unwrap()
    }

    /// Signature and SBOMs as bundles, and no provenance.
    pub(super) fn sign_all_but_provenance(&self) {
        let signature = self
            .sigstore
            .sign_image_bundle(self.claims(), &self.subject(), self.now)
            .unwrap();
        self.refer(&signature, &self.index());
        for built in &self.image.platforms {
            let digest = &built.manifest.digest;
            let document = spdx("rocket", &self.signing.version, &built.platform, self.now);
            let sbom = self
                .sigstore
                .attest_bundle(self.claims(), &subject(digest), SPDX, &document, self.now)
                .unwrap();
            self.refer(&sbom, digest);
        }
    }

    /// The manifest under a legacy tag, as JSON.
    pub(super) fn legacy(&self, digest: &Digest, attached: Attached) -> Value {
        let manifest = self
            .registry
            .manifest(REPOSITORY, &legacy_tag(digest, attached))
            .unwrap();
        serde_json::from_slice(&manifest.bytes).unwrap()
    }

    /// The same after a change, planted in its place.
    pub(super) fn change_legacy(
        &self,
        digest: &Digest,
        attached: Attached,
        change: impl FnOnce(&mut Value),
    ) {
        let mut value = self.legacy(digest, attached);
        change(&mut value);
        let tag = legacy_tag(digest, attached);
        self.plant(&tag, MANIFEST, value.to_string());
    }
}

/// The image of this digest, as a registry holds it.
fn held(registry: &Registry, digest: &str) -> BuiltImage {
    let built = |digest: &str| {
        let manifest = registry.manifest(REPOSITORY, digest).unwrap();
        Built {
            media_type: manifest.media_type,
            digest: Digest::of(&manifest.bytes),
            bytes: manifest.bytes,
        }
    };
    let index = built(digest);
    let value: Value = serde_json::from_slice(&index.bytes).unwrap();
    let entries = value["manifests"].as_array().unwrap().iter();
    let platforms = entries.map(|entry| BuiltPlatform {
        platform: Platform::linux(entry["platform"]["architecture"].as_str().unwrap()),
        manifest: built(entry["digest"].as_str().unwrap()),
        attestation: None,
    });
    BuiltImage {
        platforms: platforms.collect(),
        index,
        blobs: BTreeMap::new(),
    }
}

pub(super) fn subject(digest: &Digest) -> Subject {
    Subject {
        name: "docker.io/acme/rocket".to_owned(),
        digest: digest.clone(),
    }
}

/// A lie about one header.
pub(super) fn header(name: &'static str, value: &str) -> Lie {
    let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
    Lie::Header(HeaderName::from_static(name), Some(value))
}

/// An index with these entries.
pub(super) fn index_of(entries: &[Value]) -> String {
    json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).to_string()
}

/// An index's entry for a platform.
pub(super) fn entry(digest: &Digest, platform: &Value) -> Value {
    json!({"mediaType": MANIFEST, "digest": digest.as_str(), "size": 1000, "platform": platform})
}

/// A descriptor with annotations, as the layers of a legacy manifest are.
pub(super) fn descriptor(layer: &Layer, annotations: &BTreeMap<String, Value>) -> Value {
    json!({
        "mediaType": layer.media_type,
        "digest": Digest::of(&layer.bytes).as_str(),
        "size": layer.bytes.len(),
        "annotations": annotations,
    })
}

/// Serves a router on a free port of loopback until the test's runtime ends.
pub(super) async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}
