//! What the pipeline's jobs do to other services: the registry, the signer, the package index.

use bytes::Bytes;
use jiff::Timestamp;

use super::repo::SmallFile;
use super::run::Built;
use crate::sim::SimError;

/// What is built, for whom, by which run.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) repo: String,
    pub(crate) version: String,
    pub(crate) sha: String,
    pub(crate) full_ref: String,
    pub(crate) event: String,
    pub(crate) run: u64,
    pub(crate) attempt: u64,
    /// Whether it is the release that the scenario is about; what is forged is forged in that one alone.
    pub(crate) star: bool,
    /// When the image's build began.
    pub(crate) started: Timestamp,
    /// Now.
    pub(crate) at: Timestamp,
}

/// A bundle that GitHub keeps.
#[derive(Debug, Clone)]
pub(crate) struct Attestation {
    /// The digest that it is about, `sha256:…`.
    pub(crate) digest: String,
    pub(crate) predicate_type: String,
    /// The bundle, as JSON.
    pub(crate) bundle: Bytes,
    pub(crate) delivery: Delivery,
}

/// How GitHub hands out a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// At an address of its own, compressed.
    Address,
    /// In the listing, as it once did.
    Inline,
}

/// The services beside GitHub, as the pipeline's jobs use them.
pub(crate) trait Outside: Send {
    /// Builds one image a platform and their index, and stores them without a tag.
    fn build(&mut self, order: &Order) -> Result<Built, SimError>;
    /// Signs the index.
    fn sign(&mut self, order: &Order, built: &Built) -> Result<(), SimError>;
    /// Attests provenance of the index and one SBOM for each platform; gives what GitHub is to keep.
    fn attest(&mut self, order: &Order, built: &Built) -> Result<Vec<Attestation>, SimError>;
    /// Stores an image that no pipeline built, without a tag; gives the digest of its index.
    fn smuggle(&mut self, order: &Order) -> Result<String, SimError>;
    /// Stores a manifest once more with the same content in other bytes; gives the new digest.
    fn re_encode(&mut self, digest: &str, at: Timestamp) -> Result<String, SimError>;
    /// Points a tag at a digest.
    fn tag(&mut self, tag: &str, digest: &str, at: Timestamp) -> Result<(), SimError>;
    /// Removes a tag; an absent one is no error.
    fn untag(&mut self, tag: &str);
    /// All tags of the image.
    fn tags(&self) -> Vec<String>;
    /// What a tag points to.
    fn resolve(&self, tag: &str) -> Option<String>;
    /// The distributions that a version consists of.
    fn distributions(&self, version: &str) -> Vec<SmallFile>;
    /// Uploads the distributions of a version.
    fn upload(&mut self, version: &str, at: Timestamp) -> Result<(), SimError>;
    /// Deletes a version from the package index.
    fn withdraw(&mut self, version: &str);
    /// How many files the package index holds for a version.
    fn published_files(&self, version: &str) -> usize;
}
