//! The services beside GitHub as the pipeline's jobs use them.

use std::sync::PoisonError;

use jiff::Timestamp;

use super::SimError;
use super::image::{self, ImageSpec, Platform};
use super::oci::{Digest, Registry};
use super::pypi::{Index, sdist, wheel};
use super::sigstore::{
    Attached, BuildFacts, Claims, Existing, Layer, SLSA_V02, SPDX, Sigstore, Subject, slsa_v02,
    spdx,
};
use super::stage::Moment;
use super::world::outside::{Order, Outside};
use super::world::repo::SmallFile;
use super::world::run::Built;

const CALLER: &str = ".github/workflows/release.yml";
const SIGNER: &str = ".github/workflows/prerelease-docker.yml";

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
    fn subject(&self, digest: &str) -> Result<Subject, SimError> {
        let digest = Digest::parse(digest).ok_or_else(|| SimError::Missing {
            what: format!("the digest {digest}"),
        })?;
        Ok(Subject {
            name: format!("docker.io/{}", self.repository),
            digest,
        })
    }

    fn attach(
        &self,
        order: &Order,
        layer: &Layer,
        subject: &Subject,
        what: Attached,
    ) -> Result<(), SimError> {
        // A second signature is kept beside the first; an attestation replaces the one of its kind.
        let existing = match what {
            Attached::Signatures => Existing::Kept,
            Attached::Attestations | Attached::Sbom => Existing::Replaced,
        };
        self.at(order.at, || {
            layer
                .push(
                    &self.registry,
                    &self.repository,
                    &subject.digest,
                    what,
                    existing,
                )
                .map(|_| ())
                .map_err(|error| SimError::refused(&error))
        })
    }
}

fn attempt(order: &Order) -> u32 {
    u32::try_from(order.attempt).unwrap_or(u32::MAX)
}

/// Who signs: the called workflow, in a run of the release workflow.
fn claims(order: &Order) -> Claims {
    let run = (order.run, attempt(order));
    let mut claims = Claims::github(
        &order.repo,
        CALLER,
        SIGNER,
        &order.full_ref,
        &order.sha,
        run,
    );
    claims.trigger.clone_from(&order.event);
    claims
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

    fn sign(&mut self, order: &Order, built: &Built) -> Result<(), SimError> {
        let subject = self.subject(&built.digest)?;
        let layer = self
            .sigstore
            .sign_image(&claims(order), &subject, order.at)
            .map_err(|error| SimError::refused(&error))?;
        self.attach(order, &layer, &subject, Attached::Signatures)
    }

    fn attest(&mut self, order: &Order, built: &Built) -> Result<(), SimError> {
        let facts = BuildFacts {
            repository: order.repo.clone(),
            builder: SIGNER.to_owned(),
            entry_point: CALLER.to_owned(),
            git_ref: order.full_ref.clone(),
            sha: order.sha.clone(),
            run_id: order.run,
            attempt: attempt(order),
            started: order.started,
            finished: order.at,
        };
        let index = self.subject(&built.digest)?;
        let mut statements = vec![(index, SLSA_V02, slsa_v02(&facts))];
        for (arch, digest) in &built.platforms {
            let document = spdx(
                &self.project,
                &order.version,
                &Platform::linux(arch),
                order.at,
            );
            statements.push((self.subject(digest)?, SPDX, document));
        }
        for (subject, kind, predicate) in &statements {
            let layer = self
                .sigstore
                .attest(&claims(order), subject, kind, predicate, order.at)
                .map_err(|error| SimError::refused(&error))?;
            self.attach(order, &layer, subject, Attached::Attestations)?;
        }
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
