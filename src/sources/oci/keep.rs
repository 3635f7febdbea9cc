//! Evidence that was looked at before: its bytes, never what was found of them.
//!
//! Only an image that was judged good is kept, and for an hour at most: what was absent or refused is looked for anew
//! each time, and whatever is kept is judged again, by the trusted root and the recipe of the day.

use std::sync::Arc;

use super::evidence::Tally;
use super::{Client, convert};
use crate::domain::artifact::ManifestContent;
use crate::domain::digest::Digest;
use crate::domain::evidence::{Attached, Collected, Piece, Place};
use crate::domain::time::Timestamp;
use crate::net::registry::{Meter, RawManifest, Reference};

mod store;

pub use store::Keep;
use store::{Hung, Kept, KeptPlace, Listing};

/// Whether evidence of a moment ago will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// What was kept within the hour will do, if the registry still has the image.
    Known,
    /// The registry is asked for everything.
    Fresh,
}

impl Client {
    /// Keeps evidence there between two looks, and takes it from there.
    #[must_use]
    pub fn with_keep(mut self, keep: Keep) -> Self {
        self.keep = Some(keep);
        self
    }

    /// Keeps what was collected, for [`Freshness::Known`]. To be called with what was judged good only; what has gaps
    /// is not kept. Writes to the disk.
    pub fn keep(&self, collected: &Collected, collected_at: Timestamp) {
        let Some(keep) = &self.keep else {
            return;
        };
        let each = || {
            std::iter::once(&collected.whole).chain(collected.platforms.iter().map(|(_, at)| at))
        };
        if !collected.missing.is_empty() || each().any(|attached| !attached.gaps.is_empty()) {
            return;
        }
        let digest = &collected.whole.digest;
        // They are at hand unless so much was looked at since that they had to make room.
        let Some(raw) = self.raw.peek(digest) else {
            return;
        };
        let mut blobs = vec![(digest, &raw.bytes)];
        let config = config_of(&raw);
        let configured = config
            .as_ref()
            .map(|config| (config, self.pieces.peek(config)));
        match &configured {
            Some((config, Some(bytes))) => blobs.push((config, bytes)),
            Some((_, None)) => return,
            None => {}
        }
        let mut attached = Vec::new();
        for on in each() {
            let mut pieces = Vec::new();
            for piece in &on.pieces {
                if let Some(place) = kept_place(piece.place) {
                    blobs.push((&piece.digest, &piece.bytes));
                    pieces.push(Kept {
                        place,
                        digest: piece.digest.clone(),
                        annotations: piece.annotations.clone(),
                    });
                }
            }
            attached.push(Hung {
                digest: on.digest.clone(),
                pieces,
            });
        }
        let listing = Listing::new(collected_at, raw.media_type.clone(), attached);
        let (url, image) = (self.registry.url_of_all(), self.registry.image());
        if let Err(error) = keep.store(url, image, digest, &listing, blobs.into_iter()) {
            tracing::warn!("evidence could not be kept: {error}");
        }
    }

    /// What is kept of an image, once the registry has said that it is still there: by one request, or by none where
    /// nothing is kept. `None`: look at everything.
    pub(super) async fn known(
        &self,
        reference: Reference<'_>,
        tally: &Tally<'_>,
    ) -> Option<(Collected, Timestamp)> {
        let keep = self.keep.clone()?;
        let now = tally.now;
        let (url, image) = (self.registry.url_of_all(), self.registry.image());
        let may_be_kept = match reference {
            Reference::Tag(_) => keep.knows_any(url, image),
            Reference::Digest(digest) => keep.listing(url, image, digest, now).is_some(),
        };
        if !may_be_kept {
            return None;
        }
        let mut meter = Meter::default();
        let resolved = self.registry.resolve(reference, now, &mut meter).await;
        tally.add(meter);
        // Whatever is wrong with the answer, the whole look tells it better.
        let digest = resolved.ok()??;
        if matches!(reference, Reference::Digest(asked) if *asked != digest) {
            return None;
        }
        let (url, image) = (url.clone(), image.clone());
        let read = move || {
            let listing = keep.listing(&url, &image, &digest, now)?;
            let collected = read(&keep, &listing, &digest, now)?;
            Some((collected, listing.collected_at))
        };
        tokio::task::spawn_blocking(read).await.ok()?
    }
}

/// An image from what is kept of it. What it consists of is read from its own manifest, whose digest the registry told.
fn read(keep: &Keep, listing: &Listing, digest: &Digest, now: Timestamp) -> Option<Collected> {
    let bytes = keep.bytes(digest, now)?;
    let manifest = convert::manifest(&bytes, &listing.media_type, digest).ok()?;
    let attached = |digest: &Digest| -> Option<Attached> {
        let hung = listing.attached.iter().find(|on| on.digest == *digest)?;
        let pieces = hung.pieces.iter().map(|piece| {
            Some(Piece {
                place: match piece.place {
                    KeptPlace::Sig => Place::Sig,
                    KeptPlace::Att => Place::Att,
                    KeptPlace::Referrer => Place::Referrer,
                },
                digest: piece.digest.clone(),
                annotations: piece.annotations.clone(),
                bytes: keep.bytes(&piece.digest, now)?,
            })
        });
        Some(Attached {
            digest: digest.clone(),
            pieces: pieces.collect::<Option<_>>()?,
            gaps: Vec::new(),
        })
    };
    let whole = attached(digest)?;
    match manifest.content {
        ManifestContent::Index {
            platforms,
            attestations,
        } => {
            let platforms = platforms
                .into_iter()
                .map(|entry| Some((entry.platform, attached(&entry.digest)?)));
            Some(Collected {
                is_index: true,
                platforms: platforms.collect::<Option<_>>()?,
                whole,
                missing: Vec::new(),
                buildkit: attestations,
            })
        }
        ManifestContent::Image { config, .. } => {
            let bytes = keep.bytes(&config, now)?;
            let platform = convert::config(&bytes, &config).ok()?.platform;
            Some(Collected {
                is_index: false,
                platforms: vec![(platform, whole.clone())],
                whole,
                missing: Vec::new(),
                buildkit: Vec::new(),
            })
        }
        ManifestContent::Other { .. } => None,
    }
}

/// The configuration of one platform's manifest, which says whose it is.
fn config_of(raw: &Arc<RawManifest>) -> Option<Digest> {
    let manifest = convert::manifest(&raw.bytes, &raw.media_type, &raw.digest).ok()?;
    match manifest.content {
        ManifestContent::Image { config, .. } => Some(config),
        ManifestContent::Index { .. } | ManifestContent::Other { .. } => None,
    }
}

/// Where a piece hung, if it was in the registry.
fn kept_place(place: Place) -> Option<KeptPlace> {
    match place {
        Place::Sig => Some(KeptPlace::Sig),
        Place::Att => Some(KeptPlace::Att),
        Place::Referrer => Some(KeptPlace::Referrer),
        Place::Github => None,
    }
}
