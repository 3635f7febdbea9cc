//! What the pipeline's jobs do to other services: the registry, the signer, the package index.

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
    /// When the image's build began.
    pub(crate) started: Timestamp,
    /// Now.
    pub(crate) at: Timestamp,
}

/// The services beside GitHub, as the pipeline's jobs use them.
pub(crate) trait Outside: Send {
    /// Builds one image a platform and their index, and stores them without a tag.
    fn build(&mut self, order: &Order) -> Result<Built, SimError>;
    /// Signs the index.
    fn sign(&mut self, order: &Order, built: &Built) -> Result<(), SimError>;
    /// Attests provenance of the index and one SBOM for each platform.
    fn attest(&mut self, order: &Order, built: &Built) -> Result<(), SimError>;
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
    /// How many files the package index holds for a version.
    fn published_files(&self, version: &str) -> usize;
}
