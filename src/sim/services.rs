//! The services beside GitHub as the pipeline's jobs use them.

use std::sync::PoisonError;

use jiff::Timestamp;

use super::SimError;
use super::forgery::Forgery;
use super::image::{self, ImageSpec, Platform};
use super::oci::{Digest, Registry};
use super::pypi::{Index, sdist, wheel};
use super::signing::{Draft, Item, Shelf, What};
use super::sigstore::Sigstore;
use super::stage::Moment;
use super::world::outside::{Attestation, Order, Outside};
use super::world::repo::SmallFile;
use super::world::run::Built;

/// The registry, the signer and the package index of one simulated release.
pub(crate) struct Services {
    pub(crate) registry: Registry,
    /// The image's repository in the registry.
    pub(crate) repository: String,
    pub(crate) sigstore: Sigstore,
    pub(crate) index: Index,
    /// The project's name on the index.
    pub(crate) project: String,
    pub(crate) moment: Moment,
    /// What is not as the pipeline would have it.
    pub(crate) forged: Vec<&'static Forgery>,
}

impl Services {
    fn at<T>(&self, at: Timestamp, work: impl FnOnce() -> T) -> T {
        let set = |value| {
            *self.moment.lock().unwrap_or_else(PoisonError::into_inner) = value;
        };
        set(Some(at));
        let out = work();
        set(None);
        out
    }
}

impl Services {
    fn image(&self, order: &Order, revision: &str) -> Result<Built, SimError> {
        let mut spec = ImageSpec::new("rocket", &order.version, revision, order.at);
        spec.source = format!("https://github.com/{}", order.repo);
        let is_left_out = |architecture: &str| {
            let mut forged = self.forged.iter().filter(|_| order.star);
            forged.any(|forgery| forgery.leaves_out(architecture))
        };
        let architectures = ["amd64", "arm64"].into_iter();
        spec.platforms = architectures
            .filter(|architecture| !is_left_out(architecture))
            .map(Platform::linux)
            .collect();
        let image = image::build(&spec);
        self.at(order.at, || {
            image
                .push(&self.registry, &self.repository, &[])
                .map_err(|refused| SimError::refused(&refused))
        })?;
        let platforms = image
            .platforms
            .iter()
            .map(|built| {
                let arch = built.platform.architecture.clone();
                (arch, built.manifest.digest.as_str().to_owned())
            })
            .collect();
        Ok(Built {
            digest: image.index.digest.as_str().to_owned(),
            platforms,
            attempt: order.attempt,
        })
    }

    /// Signs the pieces that `wanted` picks; gives what GitHub is to keep.
    fn put(
        &self,
        order: &Order,
        built: &Built,
        wanted: impl Fn(&Item) -> bool,
    ) -> Result<Vec<Attestation>, SimError> {
        let refused = |error| SimError::refused(&error);
        let name = format!("docker.io/{}", self.repository);
        let mut draft = Draft::honest(order, built, &name, &self.project).map_err(refused)?;
        if order.star {
            for forgery in &self.forged {
                forgery.sign(&mut draft);
            }
        }
        let place = Shelf {
            sigstore: &self.sigstore,
            registry: &self.registry,
            repository: &self.repository,
        };
        let mut kept = Vec::new();
        for item in draft.items.iter().filter(|item| wanted(item)) {
            let put = self.at(order.at, || place.put(item, order.at));
            kept.extend(put.map_err(refused)?);
        }
        Ok(kept)
    }
}

impl Outside for Services {
    fn build(&mut self, order: &Order) -> Result<Built, SimError> {
        self.image(order, &order.sha)
    }

    fn sign(&mut self, order: &Order, built: &Built) -> Result<(), SimError> {
        self.put(order, built, |item| item.what == What::Signature)
            .map(|_| ())
    }

    fn attest(&mut self, order: &Order, built: &Built) -> Result<Vec<Attestation>, SimError> {
        self.put(order, built, |item| item.what != What::Signature)
    }

    fn smuggle(&mut self, order: &Order) -> Result<String, SimError> {
        Ok(self.image(order, "of-nobody-knows-where")?.digest)
    }

    fn re_encode(&mut self, digest: &str, at: Timestamp) -> Result<String, SimError> {
        let missing = || SimError::Missing {
            what: format!("the manifest {digest}"),
        };
        let manifest = self.registry.manifest(&self.repository, digest);
        let manifest = manifest.ok_or_else(missing)?;
        let value: serde_json::Value =
            serde_json::from_slice(&manifest.bytes).map_err(|_| missing())?;
        let bytes = value.to_string().into_bytes();
        let again = Digest::of(&bytes);
        self.at(at, || {
            let (reference, kind) = (again.as_str(), &manifest.media_type);
            self.registry
                .put_manifest(&self.repository, reference, kind, bytes)
                .map_err(|refused| SimError::refused(&refused))
        })?;
        Ok(again.as_str().to_owned())
    }

    fn tag(&mut self, tag: &str, digest: &str, at: Timestamp) -> Result<(), SimError> {
        let digest = Digest::parse(digest).ok_or_else(|| SimError::Missing {
            what: format!("the digest {digest}"),
        })?;
        self.at(at, || {
            self.registry
                .tag(&self.repository, tag, &digest)
                .map_err(|refused| SimError::refused(&refused))
        })
    }

    fn untag(&mut self, tag: &str) {
        self.registry.delete_tag(&self.repository, tag);
    }

    fn tags(&self) -> Vec<String> {
        self.registry.tags(&self.repository)
    }

    fn resolve(&self, tag: &str) -> Option<String> {
        let digest = self.registry.resolve(&self.repository, tag)?;
        Some(digest.as_str().to_owned())
    }

    fn distributions(&self, version: &str) -> Vec<SmallFile> {
        [wheel(&self.project, version), sdist(&self.project, version)]
            .into_iter()
            .map(|dist| SmallFile::new(&dist.filename, dist.bytes.to_vec()))
            .collect()
    }

    fn upload(&mut self, version: &str, at: Timestamp) -> Result<(), SimError> {
        self.at(at, || {
            self.index
                .release(&self.project, version)
                .map_err(|refused| SimError::refused(&refused))
        })
    }

    fn withdraw(&mut self, version: &str) {
        self.index.delete(&self.project, version);
    }

    fn published_files(&self, version: &str) -> usize {
        self.index.files(&self.project, version).len()
    }
}
