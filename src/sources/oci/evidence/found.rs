//! What the places around an image give.

use crate::domain::digest::Digest;
use crate::domain::evidence::{Gap, Layout, Piece};
use crate::domain::fact::Failure;

/// On what a piece hangs.
#[derive(Clone, Copy)]
pub(super) struct On<'a> {
    pub(super) digest: &'a Digest,
    /// Whether that is the image's own digest.
    pub(super) is_whole: bool,
}

/// What one place gave.
#[derive(Default)]
pub(super) struct Found {
    pub(super) pieces: Vec<Piece>,
    pub(super) gaps: Vec<Gap>,
}

impl Found {
    pub(super) fn failed(layout: Layout, failure: Failure) -> Self {
        Self {
            pieces: Vec::new(),
            gaps: vec![Gap::Failed { layout, failure }],
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.pieces.extend(other.pieces);
        self.gaps.extend(other.gaps);
    }
}
