//! The bytes of evidence, as a registry gave them; nothing of them is believed yet.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::Layout;
use crate::domain::artifact::{AttestationEntry, Platform};
use crate::domain::digest::Digest;
use crate::domain::fact::Failure;

/// Where a piece hangs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// A layer of `sha256-<hex>.sig`.
    Sig,
    /// A layer of `sha256-<hex>.att`.
    Att,
    /// A layer of a manifest that refers to the digest.
    Referrer,
    /// GitHub's store of attestations, by digest.
    Github,
}

impl Place {
    /// The layout that the place belongs to.
    pub fn layout(self) -> Layout {
        match self {
            Self::Sig | Self::Att => Layout::Legacy,
            Self::Referrer => Layout::Bundle,
            Self::Github => Layout::Github,
        }
    }
}

/// One layer that may be evidence: bytes of the digest that its descriptor names.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Where it hangs.
    pub place: Place,
    /// Digest of the bytes, recomputed.
    pub digest: Digest,
    /// Annotations of its descriptor (legacy) or of its manifest (bundle); unsigned.
    pub annotations: BTreeMap<String, String>,
    /// The bytes.
    pub bytes: Bytes,
}

/// Something that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    /// It is listed and not there.
    Dangling {
        /// Where it is listed.
        layout: Layout,
        /// What is listed.
        digest: Digest,
    },
    /// The platform's image itself could not be looked at, or is none.
    Unseen {
        /// Why.
        failure: Failure,
    },
    /// The look failed.
    Failed {
        /// Where.
        layout: Layout,
        /// Why.
        failure: Failure,
    },
}

/// All that hangs on one digest.
#[derive(Debug, Clone)]
pub struct Attached {
    /// The digest.
    pub digest: Digest,
    /// What was found.
    pub pieces: Vec<Piece>,
    /// What could not be looked at.
    pub gaps: Vec<Gap>,
}

/// All that hangs on an image and its platforms.
#[derive(Debug, Clone)]
pub struct Collected {
    /// Whether the image is an index of platforms.
    pub is_index: bool,
    /// What hangs on the image's own digest.
    pub whole: Attached,
    /// What hangs on each platform; where the image is no index, on its own digest.
    pub platforms: Vec<(Platform, Attached)>,
    /// Platforms that the index names and the registry does not have.
    pub missing: Vec<(Platform, Digest)>,
    /// `BuildKit`'s attestations inside the index, which nobody signed.
    pub buildkit: Vec<AttestationEntry>,
}

impl Collected {
    /// Adds what another place holds of one platform.
    pub fn add_to_platform(&mut self, digest: &Digest, pieces: Vec<Piece>, gaps: Vec<Gap>) {
        let of_it = self.platforms.iter_mut();
        if let Some((_, attached)) = of_it
            .into_iter()
            .find(|(_, attached)| attached.digest == *digest)
        {
            attached.pieces.extend(pieces);
            attached.gaps.extend(gaps);
        }
    }

    /// Adds what another place holds of the image's own digest.
    pub fn add(&mut self, pieces: Vec<Piece>, gaps: Vec<Gap>) {
        if !self.is_index {
            // An image without an index is its own platform.
            for (_, attached) in &mut self.platforms {
                attached.pieces.extend(pieces.iter().cloned());
                attached.gaps.extend(gaps.iter().cloned());
            }
        }
        self.whole.pieces.extend(pieces);
        self.whole.gaps.extend(gaps);
    }
}
