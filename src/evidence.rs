//! Signatures and attestations: bytes in, verdict out. Pure and synchronous.
//!
//! Every decision about trust is made by `sigstore-verify` with a trusted root of `sigstore-trust-root`; no
//! cryptography stands here. What is added is comparing: whose identity, which digest, which run, and the two rules
//! that the library leaves to its callers (the hash of a legacy envelope, and the version of a bundle).
//!
//! ```text
//! Collected (bytes) -> item::judge, one piece each -> report::of, the whole image -> Verification
//! ```

mod ahead;
mod bundle;
mod elsewhere;
mod findings;
mod gaps;
mod item;
mod legacy;
mod provenance;
mod refusal;
mod report;
mod sbom;
mod signer;
mod statement;
mod strict;
mod trust;
mod twins;

pub use ahead::Ahead;
pub use trust::{Trust, TufRepository};

use std::sync::Arc;

use regex::Regex;
use sigstore_verify::Verifier;

use crate::domain::evidence::{
    Attached, Collected, Item, Recipe, SbomSummary, TrustOrigin, TrustRoot, Verification,
};

/// Why nothing can be judged at all.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The trusted root cannot be used.
    #[error("the trusted root cannot be used: {0}")]
    Root(String),
    /// The file of the trusted root cannot be read.
    #[error("the trusted root {0} cannot be read: {1}")]
    Unread(String, String),
    /// The identity's pattern is none.
    #[error("the identity's pattern is no regular expression: {0}")]
    Pattern(#[from] regex::Error),
}

/// Judges evidence with one trusted root by one recipe; make it once and use it often.
pub struct Judge {
    verifier: Arc<Verifier>,
    root: TrustRoot,
    recipe: Recipe,
    identity: Regex,
}

impl std::fmt::Debug for Judge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Judge")
            .field("root", &self.root)
            .field("recipe", &self.recipe)
            .finish_non_exhaustive()
    }
}

impl Judge {
    /// Trusts the public good instance of Sigstore, as it was when this program was built.
    pub fn of_public_good(recipe: Recipe) -> Result<Self, TrustError> {
        Self::by(trust::Good::built_in()?, recipe)
    }

    /// Trusts what a `trusted_root.json` holds.
    pub fn of_root(json: &str, recipe: Recipe) -> Result<Self, TrustError> {
        Self::by(trust::Good::of(json, TrustOrigin::Given)?, recipe)
    }

    fn by(good: trust::Good, recipe: Recipe) -> Result<Self, TrustError> {
        Ok(Self {
            verifier: good.verifier,
            root: good.root,
            identity: recipe.identity.compile()?,
            recipe,
        })
    }

    /// Whom it trusts.
    pub fn root(&self) -> &TrustRoot {
        &self.root
    }

    /// What the verdict is measured by.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// Judges an image with all that hangs on it.
    pub fn judge(&self, collected: &Collected) -> Verification {
        report::of(self, collected, |attached, is_whole| {
            self.items(attached, is_whole)
        })
    }

    /// Judges each piece that hangs on one digest.
    fn items(&self, attached: &Attached, is_whole: bool) -> Vec<Item> {
        attached
            .pieces
            .iter()
            .map(|piece| item::judge(self, piece, &attached.digest, is_whole))
            .collect()
    }
}

/// What an SBOM lists, by the type of its statement; `None`: it cannot be read.
pub fn read_sbom(predicate_type: &str, predicate: &[u8]) -> Option<SbomSummary> {
    sbom::read(predicate_type, serde_json::from_slice(predicate).ok())
}

/// The first characters of a text of others, for a sentence.
fn clip(text: &str) -> String {
    text.chars().take(300).collect()
}
