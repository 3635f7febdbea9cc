//! An image that is released honestly, so that all that is wrong with it is what a case does to it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use bytes::Bytes;
use gonogo::sim::Now;
use gonogo::sim::image::{BuiltImage, ImageSpec, build};
use gonogo::sim::oci::{Digest, Lie, Mischief, Referrers, Registry};
use gonogo::sim::sigstore::{
    Attached, BuildFacts, Bundle, Claims, Craft, Existing, Layer, Layout, SLSA_V02, SPDX, Signing,
    Sigstore, Subject, legacy_tag, slsa_v02, spdx,
};
use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};

pub(super) const REPOSITORY: &str = "acme/rocket";
pub(super) const TAG: &str = "prerelease-v1.6.9";
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The name of the digest in an answer's head.
pub(super) const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// A clock that stands still.
pub(super) fn noon() -> Now {
    Arc::new(|| "2026-03-01T12:00:00Z".parse().expect("a time"))
}

pub(super) fn commit() -> String {
    "4f2a9c1e".repeat(5)
}

pub(super) fn claims() -> Claims {
    Claims::github(
        "acme/rocket",
        ".github/workflows/release.yml",
        ".github/workflows/prerelease-docker.yml",
        "refs/tags/v1.6.9",
        &commit(),
        (4711, 1),
    )
}

pub(super) fn facts() -> BuildFacts {
    BuildFacts {
        repository: "acme/rocket".to_owned(),
        builder: ".github/workflows/prerelease-docker.yml".to_owned(),
        entry_point: ".github/workflows/release.yml".to_owned(),
        git_ref: "refs/tags/v1.6.9".to_owned(),
        sha: commit(),
        run_id: 4711,
        attempt: 1,
        started: noon()(),
        finished: noon()(),
    }
}

/// The released image with its registry and its signer.
pub(super) struct World {
    pub(super) sigstore: Sigstore,
    pub(super) registry: Registry,
    pub(super) image: BuiltImage,
    pub(super) address: SocketAddr,
}

impl World {
    /// An image that is not signed yet.
    pub(super) async fn unsigned(referrers: Referrers) -> Self {
        let (sigstore, registry) = (Sigstore::new(noon()()).unwrap(), Registry::new(noon()));
        registry.behave(|behaviour| behaviour.referrers = referrers);
        let image = build(&ImageSpec::new("rocket", "1.6.9", &commit(), noon()()));
        image.push(&registry, REPOSITORY, &[TAG]).unwrap();
        let address = serve(registry.router()).await;
        Self {
            sigstore,
            registry,
            image,
            address,
        }
    }

    /// Signs all that the pipeline signs, in this layout.
    pub(super) fn sign(&self, layout: Layout) {
        let signing = Signing {
            name: "docker.io/acme/rocket".to_owned(),
            program: "rocket".to_owned(),
            version: "1.6.9".to_owned(),
            claims: claims(),
            facts: facts(),
            layout,
        };
        self.sigstore
            .sign_release(&self.registry, REPOSITORY, &self.image, &signing, noon()())
            .unwrap();
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

    pub(super) fn provenance() -> Value {
        slsa_v02(&facts())
    }

    /// An SBOM of the platform of this digest; for another one, of the first.
    fn document(&self, digest: &Digest) -> Value {
        let mut platforms = self.image.platforms.iter();
        let built = platforms.find(|built| built.manifest.digest == *digest);
        let built = built.unwrap_or(&self.image.platforms[0]);
        spdx("rocket", "1.6.9", &built.platform, noon()())
    }

    /// Adds a lie in every answer to requests for this path below the repository.
    pub(super) fn lie(&self, path: &str, lie: Lie) {
        self.registry
            .mislead(Mischief::on(&format!("{REPOSITORY}/{path}"), lie));
    }

    /// Makes the registry answer these bytes under a reference, whatever they are; gives their digest.
    pub(super) fn plant(
        &self,
        reference: &str,
        media_type: &str,
        bytes: impl Into<Bytes>,
    ) -> Digest {
        let bytes = bytes.into();
        let digest = Digest::of(&bytes);
        for reference in [reference, digest.as_str()] {
            let path = format!("manifests/{reference}");
            self.lie(&path, Lie::Bytes(bytes.clone()));
            self.lie(&path, header("content-type", media_type));
            self.lie(&path, header("docker-content-digest", digest.as_str()));
        }
        digest
    }

    /// Serves another index in place of the released one, signed like it: only its content is at issue.
    pub(super) fn release_index(&self, media_type: &str, bytes: impl Into<Bytes>) -> Digest {
        let digest = self.plant(TAG, media_type, bytes);
        self.sign_index(&digest);
        digest
    }

    /// Signature and provenance for a digest that the registry need not hold, in the legacy layout.
    pub(super) fn sign_index(&self, digest: &Digest) {
        let signature = self
            .sigstore
            .sign_image(claims(), &subject(digest), noon()())
            .unwrap();
        self.hang(&signature, digest, Attached::Signatures);
        let provenance = self
            .sigstore
            .attest(
                claims(),
                &subject(digest),
                SLSA_V02,
                &Self::provenance(),
                noon()(),
            )
            .unwrap();
        self.hang(&provenance, digest, Attached::Attestations);
    }

    /// An honest SBOM of a platform, in the legacy layout.
    pub(super) fn sign_sbom(&self, digest: &Digest) {
        let sbom = self
            .sigstore
            .attest(
                claims(),
                &subject(digest),
                SPDX,
                &self.document(digest),
                noon()(),
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
            .push(&self.registry, REPOSITORY, digest, noon()())
            .unwrap()
    }

    /// A bundle whose JSON is changed before it is pushed, in place of the honest provenance.
    pub(super) fn refer_changed(&self, change: impl FnOnce(&mut Value)) {
        let mut bundle = self.provenance_bundle(claims());
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
                &Self::provenance(),
                noon()(),
            )
            .unwrap()
    }

    pub(super) fn provenance_layer(&self, craft: impl Into<Craft>) -> Layer {
        self.sigstore
            .attest(
                craft,
                &self.subject(),
                SLSA_V02,
                &Self::provenance(),
                noon()(),
            )
            .unwrap()
    }

    /// Signature and SBOMs as bundles, and no provenance.
    pub(super) fn sign_all_but_provenance(&self) {
        let signature = self
            .sigstore
            .sign_image_bundle(claims(), &self.subject(), noon()())
            .unwrap();
        self.refer(&signature, &self.index());
        for built in &self.image.platforms {
            let digest = &built.manifest.digest;
            let document = spdx("rocket", "1.6.9", &built.platform, noon()());
            let sbom = self
                .sigstore
                .attest_bundle(claims(), &subject(digest), SPDX, &document, noon()())
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
