//! The services beside GitHub as the pipeline's jobs use them.

use std::sync::PoisonError;

use jiff::Timestamp;

use super::SimError;
use super::image::{self, ImageSpec, Platform};
use super::oci::{Digest, Registry};
use super::pypi::{Index, sdist, wheel};
use super::stage::Moment;
use super::world::outside::{Order, Outside};
use super::world::repo::SmallFile;
use super::world::run::Built;

/// The registry, the signer and the package index of one simulated release.
pub(crate) struct Services {
    pub(crate) registry: Registry,
    /// The image's repository in the registry.
    pub(crate) repository: String,
    pub(crate) index: Index,
    /// The project's name on the index.
    pub(crate) project: String,
    pub(crate) moment: Moment,
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

impl Outside for Services {
    fn build(&mut self, order: &Order) -> Result<Built, SimError> {
        let mut spec = ImageSpec::new("rocket", &order.version, &order.sha, order.at);
        spec.source = format!("https://github.com/{}", order.repo);
        spec.platforms = vec![Platform::linux("amd64"), Platform::linux("arm64")];
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

    fn sign(&mut self, _order: &Order, _built: &Built) -> Result<(), SimError> {
        Ok(())
    }

    fn attest(&mut self, _order: &Order, _built: &Built) -> Result<(), SimError> {
        Ok(())
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

    fn published_files(&self, version: &str) -> usize {
        self.index.files(&self.project, version).len()
    }
}
