//! Collects what hangs on an image: the legacy tags of its digest, and what refers to it by either way.
//!
//! Both layouts and both ways to referrers are looked at each time: an image is never called unsigned because one
//! look failed or one list was empty. Only bytes are brought; what they are worth is not judged here.
//!
//! The looks run side by side and are nested deeply, so each is boxed: together they would not fit on a stack.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{join, join_all};

mod found;
mod tally;

use found::{Found, On};
pub use tally::Arrival;
pub(super) use tally::Tally;

use super::{Client, Freshness, convert, wire};
use crate::domain::artifact::{Manifest, ManifestContent};
use crate::domain::digest::Digest;
use crate::domain::evidence::{Attached, Collected, Gap, Layout, Piece, Place};
use crate::domain::fact::{Cost, Failure, FailureKind, Rate};
use crate::domain::policy::{Platform, Tag};
use crate::domain::time::Timestamp;
use crate::net::address::Next;
use crate::net::registry::{Meter, RawManifest, Reference};
use crate::net::{body, failure};

/// Largest attestation that is read, bytes.
const LARGEST_PIECE: usize = 64 * 1024 * 1024;
/// Layers of one manifest, and referrers of one digest, that are looked at.
const MOST_PIECES: usize = 128;
/// Bytes of all that hangs on one image.
const MOST_BYTES: u64 = 256 * 1024 * 1024;
/// Pages of one list of referrers that are read.
const MOST_PAGES: usize = 16;
/// Platforms of one image that are looked at.
const MOST_PLATFORMS: usize = 64;
/// Requests for manifests under way at once.
const AT_ONCE: usize = 12;
/// Room for layers that are being read, mebibytes: at least that of the largest.
const ROOM: usize = 96;
/// How long a look at everything that hangs on one image may take, whatever the registry does.
const LONGEST: Duration = Duration::from_secs(300);
/// How the media type of a bundle begins.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";

/// An image with what hangs on it, and what it cost to look.
#[derive(Debug)]
pub struct Gathered {
    /// What was found; `None`: there is no such image.
    pub outcome: Result<Option<Collected>, Failure>,
    /// What it cost.
    pub cost: Cost,
    /// The registry's budget after it.
    pub rate: Option<Rate>,
    /// When it was found.
    pub collected_at: Timestamp,
    /// Whether it is what was kept, or what the registry says now.
    pub freshness: Freshness,
}

impl Client {
    /// Everything that hangs on an image and its platforms.
    pub async fn evidence(
        &self,
        reference: Reference<'_>,
        freshness: Freshness,
        now: Timestamp,
    ) -> Gathered {
        self.evidence_told(reference, freshness, now, &|_, _, _| {})
            .await
    }

    /// The same, where somebody is told of each piece that the registry sends, as it comes.
    pub async fn evidence_told(
        &self,
        reference: Reference<'_>,
        freshness: Freshness,
        now: Timestamp,
        arrived: Arrival<'_>,
    ) -> Gathered {
        let tally = Tally::new(now, arrived);
        let known = match freshness {
            Freshness::Known => Box::pin(self.known(reference, &tally)).await,
            Freshness::Fresh => None,
        };
        let (outcome, collected_at, freshness) = if let Some((collected, at)) = known {
            (Ok(Some(collected)), at, Freshness::Known)
        } else {
            let collecting = Box::pin(self.collect(reference, &tally));
            let late = |_| Err(failure::timeout(self.registry.service()));
            let outcome = tokio::time::timeout(LONGEST, collecting).await;
            let outcome = outcome.unwrap_or_else(late);
            (outcome, now, Freshness::Fresh)
        };
        let meter = tally.sum();
        Gathered {
            outcome,
            cost: meter.cost,
            rate: meter.rate,
            collected_at,
            freshness,
        }
    }

    async fn collect(
        &self,
        reference: Reference<'_>,
        tally: &Tally<'_>,
    ) -> Result<Option<Collected>, Failure> {
        let Some(raw) = self.fetch(reference, tally).await? else {
            return Ok(None);
        };
        // Whoever keeps the evidence keeps this with it.
        let remembered = async { Ok(Some((raw.clone(), raw.bytes.len()))) };
        self.raw.get_or_fetch(&raw.digest, remembered).await?;
        let manifest: Manifest = convert::manifest(&raw.bytes, &raw.media_type, &raw.digest)
            .map_err(|why| self.unreadable(&raw, &why))?;
        let digest = &raw.digest;
        let whole = On {
            digest,
            is_whole: true,
        };
        match manifest.content {
            ManifestContent::Index {
                platforms,
                attestations,
            } => {
                let nested = convert::nested(&raw.bytes);
                if platforms.len() > MOST_PLATFORMS {
                    return Err(too_many("platforms", platforms.len()));
                }
                let each = platforms.iter().map(|entry| async {
                    let on = On {
                        digest: &entry.digest,
                        is_whole: false,
                    };
                    let hanging = Box::pin(self.hanging(on, tally));
                    join(hanging, Box::pin(self.exists(&entry.digest, tally))).await
                });
                let whole = Box::pin(self.hanging(whole, tally));
                // Platforms first: theirs are the longest pieces.
                let (each, whole) = join(join_all(each), whole).await;
                let (mut found, mut missing) = (Vec::new(), Vec::new());
                for (entry, (mut attached, exists)) in platforms.into_iter().zip(each) {
                    match exists {
                        Ok(true) if nested.contains(&entry.digest) => {
                            let failure = no_image(&entry.digest, "an index");
                            attached.gaps.push(Gap::Unseen { failure });
                        }
                        Ok(true) => {}
                        Ok(false) => missing.push((entry.platform.clone(), entry.digest)),
                        Err(failure) => attached.gaps.push(Gap::Unseen { failure }),
                    }
                    found.push((entry.platform, attached));
                }
                Ok(Some(Collected {
                    is_index: true,
                    whole,
                    platforms: found,
                    missing,
                    buildkit: attestations,
                }))
            }
            ManifestContent::Image { config, .. } => {
                let whole = Box::pin(self.hanging(whole, tally));
                let platform = Box::pin(self.platform(&config, tally));
                let (whole, platform) = join(whole, platform).await;
                let platform = platform?;
                Ok(Some(Collected {
                    is_index: false,
                    platforms: vec![(platform, whole.clone())],
                    whole,
                    missing: Vec::new(),
                    buildkit: Vec::new(),
                }))
            }
            ManifestContent::Other { artifact_type } => Err(failure::plain(
                FailureKind::Malformed,
                format!(
                    "{} is no image: it is of type {artifact_type}.",
                    digest.short()
                ),
                "Name the image itself, not what hangs on it.",
            )),
        }
    }

    async fn platform(&self, config: &Digest, tally: &Tally<'_>) -> Result<Platform, Failure> {
        let bytes = self.bytes(config, super::LARGEST_MANIFEST, tally).await?;
        let read = convert::config(&bytes, config);
        let read =
            read.map_err(|_| failure::malformed(self.registry.service(), "a configuration"))?;
        Ok(read.platform)
    }

    /// Everything that hangs on one digest. A `.sig` is only looked for on the image itself.
    async fn hanging(&self, on: On<'_>, tally: &Tally<'_>) -> Attached {
        let legacy = async {
            let signature = async {
                if on.is_whole {
                    Box::pin(self.tagged(on, "sig", Place::Sig, tally)).await
                } else {
                    Found::default()
                }
            };
            let attestation = Box::pin(self.tagged(on, "att", Place::Att, tally));
            let (mut found, attestation) = join(signature, attestation).await;
            found.add(attestation);
            found
        };
        let (mut found, bundles) = join(legacy, Box::pin(self.referring(on, tally))).await;
        found.add(bundles);
        Attached {
            digest: on.digest.clone(),
            pieces: found.pieces,
            gaps: found.gaps,
        }
    }

    /// The layers of a legacy tag.
    async fn tagged(&self, on: On<'_>, ending: &str, place: Place, tally: &Tally<'_>) -> Found {
        let Some(tag) = tag_of(on.digest, Some(ending)) else {
            return Found::default();
        };
        let manifest = match self.fetch(Reference::Tag(&tag), tally).await {
            Ok(Some(raw)) => self.opened(&raw),
            Ok(None) => return Found::default(),
            Err(failure) => Err(failure),
        };
        let layers = manifest.and_then(|manifest| match (manifest.layers, manifest.manifests) {
            (Some(layers), None) => Ok(layers),
            _ => Err(failure::malformed(
                self.registry.service(),
                &format!("a manifest of layers under {ending}", ending = tag.as_str()),
            )),
        });
        match layers {
            Ok(layers) => Box::pin(self.layers(on, layers, place, None, tally)).await,
            Err(failure) => Found::failed(Layout::Legacy, failure),
        }
    }

    /// The bundles that refer to a digest, by the registry's list and by the tag that stands in for it.
    async fn referring(&self, on: On<'_>, tally: &Tally<'_>) -> Found {
        let listed = Box::pin(self.listed(on.digest, tally));
        let tagged = Box::pin(self.fallback(on.digest, tally));
        let (listed, tagged) = join(listed, tagged).await;
        let mut found = Found::default();
        let mut referrers = Vec::new();
        for (list, failure) in [listed, tagged] {
            referrers.extend(list);
            if let Some(failure) = failure {
                found.add(Found::failed(Layout::Bundle, failure));
            }
        }
        let mut seen = HashSet::new();
        referrers.retain(|digest| seen.insert(digest.clone()));
        if referrers.len() > MOST_PIECES {
            let failure = too_many("referrers", referrers.len());
            found.add(Found::failed(Layout::Bundle, failure));
            referrers.truncate(MOST_PIECES);
        }
        let opened = referrers
            .iter()
            .map(|referrer| Box::pin(self.referrer(on, referrer, tally)));
        for one in join_all(opened).await {
            found.add(one);
        }
        found
    }

    /// What the registry lists, and why that may not be all.
    async fn listed(&self, digest: &Digest, tally: &Tally<'_>) -> (Vec<Digest>, Option<Failure>) {
        let mut referrers = Vec::new();
        let failure = Box::pin(self.pages(digest, &mut referrers, tally)).await;
        (referrers, failure.err())
    }

    async fn pages(
        &self,
        digest: &Digest,
        referrers: &mut Vec<Digest>,
        tally: &Tally<'_>,
    ) -> Result<(), Failure> {
        let mut page = None;
        let mut seen = HashSet::new();
        for _ in 0..MOST_PAGES {
            let mut meter = Meter::default();
            let got = self
                .registry
                .referrers(digest, page.as_ref(), tally.now, &mut meter)
                .await;
            tally.add(meter);
            let Some(got) = got? else {
                return Ok(());
            };
            referrers.extend(self.entries(&got.index)?);
            page = match got.next {
                Next::End => return Ok(()),
                Next::Page(_) if referrers.len() > MOST_PIECES => {
                    return Err(too_many("referrers", referrers.len()));
                }
                Next::Page(next) if seen.insert(next.clone()) => Some(next),
                Next::Page(_) => {
                    let what = "a list of referrers that ends";
                    return Err(failure::malformed(self.registry.service(), what));
                }
                Next::Elsewhere => {
                    let what = "a next page of referrers on its own address";
                    return Err(failure::malformed(self.registry.service(), what));
                }
            };
        }
        Err(too_many("pages of referrers", MOST_PAGES))
    }

    /// What the tag lists that stands in for the registry's own list, and why that may not be all.
    async fn fallback(&self, digest: &Digest, tally: &Tally<'_>) -> (Vec<Digest>, Option<Failure>) {
        let Some(tag) = tag_of(digest, None) else {
            return (Vec::new(), None);
        };
        let listed = match self.fetch(Reference::Tag(&tag), tally).await {
            Ok(Some(raw)) => self.entries(&raw.bytes),
            Ok(None) => Ok(Vec::new()),
            Err(failure) => Err(failure),
        };
        match listed {
            Ok(listed) => (listed, None),
            Err(failure) => (Vec::new(), Some(failure)),
        }
    }

    fn entries(&self, index: &[u8]) -> Result<Vec<Digest>, Failure> {
        let what = "a list of referrers";
        let wire: wire::Manifest = serde_json::from_slice(index)
            .map_err(|error| failure::json(self.registry.service(), what, &error))?;
        // An image in place of a list is no empty list; an empty list may be left out.
        if wire.config.is_some() || wire.layers.is_some() {
            return Err(failure::malformed(self.registry.service(), what));
        }
        wire.manifests
            .unwrap_or_default()
            .into_iter()
            .map(|entry| {
                let digest = entry.digest.parse();
                digest.map_err(|_| failure::malformed(self.registry.service(), what))
            })
            .collect()
    }

    /// The bundles in one referrer. What the list says of its type is not believed, clients write it differently; nor
    /// what it refers to, which stands in the signed statement.
    async fn referrer(&self, on: On<'_>, referrer: &Digest, tally: &Tally<'_>) -> Found {
        let manifest = match self.fetch(Reference::Digest(referrer), tally).await {
            Ok(Some(raw)) => self.opened(&raw),
            Ok(None) => {
                return Found {
                    pieces: Vec::new(),
                    gaps: vec![Gap::Dangling {
                        layout: Layout::Bundle,
                        digest: referrer.clone(),
                    }],
                };
            }
            Err(failure) => Err(failure),
        };
        let manifest = match manifest {
            Ok(manifest) => manifest,
            Err(failure) => return Found::failed(Layout::Bundle, failure),
        };
        let layers = manifest
            .layers
            .unwrap_or_default()
            .into_iter()
            .filter(|layer| {
                let media_type = layer.media_type.as_deref().unwrap_or_default();
                media_type.starts_with(BUNDLE)
            })
            .collect();
        let annotations = texts(manifest.annotations);
        let layers = self.layers(on, layers, Place::Referrer, Some(&annotations), tally);
        Box::pin(layers).await
    }

    fn opened(&self, raw: &RawManifest) -> Result<wire::Manifest, Failure> {
        serde_json::from_slice(&raw.bytes)
            .map_err(|error| failure::json(self.registry.service(), "a manifest", &error))
    }

    /// The bytes of layers, each with its own annotations or those of its manifest.
    async fn layers(
        &self,
        on: On<'_>,
        mut layers: Vec<wire::Descriptor>,
        place: Place,
        annotations: Option<&BTreeMap<String, String>>,
        tally: &Tally<'_>,
    ) -> Found {
        let mut found = Found::default();
        if layers.len() > MOST_PIECES {
            let failure = too_many("layers", layers.len());
            found.add(Found::failed(place.layout(), failure));
            layers.truncate(MOST_PIECES);
        }
        let fetched = layers.into_iter().map(|layer| async move {
            let digest: Digest = layer
                .digest
                .parse()
                .map_err(|_| failure::malformed(self.registry.service(), "a layer's digest"))?;
            let piece = match self.piece(&digest, layer.size, tally).await {
                Ok(bytes) => Piece {
                    place,
                    digest,
                    annotations: annotations
                        .cloned()
                        .unwrap_or_else(|| texts(layer.annotations)),
                    bytes,
                },
                Err(failure) if failure.kind == FailureKind::NotFound => return Ok(Err(digest)),
                Err(failure) => return Err(failure),
            };
            (tally.arrived)(&piece, on.digest, on.is_whole);
            Ok(Ok(piece))
        });
        for one in join_all(fetched).await {
            match one {
                Ok(Ok(piece)) => found.pieces.push(piece),
                Ok(Err(digest)) => found.gaps.push(Gap::Dangling {
                    layout: place.layout(),
                    digest,
                }),
                Err(failure) => found.add(Found::failed(place.layout(), failure)),
            }
        }
        found
    }

    async fn exists(&self, digest: &Digest, tally: &Tally<'_>) -> Result<bool, Failure> {
        let mut meter = Meter::default();
        let headed = self
            .registry
            .head(Reference::Digest(digest), tally.now, &mut meter)
            .await;
        tally.add(meter);
        match headed? {
            Some(headed) if convert::is_index(&headed.media_type) => {
                Err(no_image(digest, "an index"))
            }
            Some(headed) if convert::is_old(&headed.media_type) => {
                Err(no_image(digest, "of the old form (schema 1)"))
            }
            headed => Ok(headed.is_some()),
        }
    }

    async fn fetch(
        &self,
        reference: Reference<'_>,
        tally: &Tally<'_>,
    ) -> Result<Option<RawManifest>, Failure> {
        let fetch = async {
            let _permit = tally.requests.acquire().await;
            let mut meter = Meter::default();
            let asked = self.registry.manifest(reference, tally.now, &mut meter);
            let raw = Box::pin(asked).await;
            tally.add(meter);
            raw
        };
        match reference {
            Reference::Tag(_) => fetch.await,
            Reference::Digest(digest) => {
                let sized = async { Ok(fetch.await?.map(|raw| (raw.clone(), raw.bytes.len()))) };
                let found = self.raw.get_or_fetch(digest, sized).await?;
                Ok(found.map(|raw| (*raw).clone()))
            }
        }
    }

    /// A layer, in the room that its descriptor asks for and no more.
    async fn piece(
        &self,
        digest: &Digest,
        size: Option<u64>,
        tally: &Tally<'_>,
    ) -> Result<Bytes, Failure> {
        let limit = size.map_or(LARGEST_PIECE, |size| {
            usize::try_from(size).unwrap_or(usize::MAX)
        });
        if limit > LARGEST_PIECE {
            let service = self.registry.service();
            return Err(failure::unread(
                service,
                body::BodyError::TooLarge(LARGEST_PIECE),
            ));
        }
        // Counted before it is fetched, so that what is too much is not fetched at all.
        if !tally.takes(limit as u64) {
            return Err(too_many("bytes of evidence", limit));
        }
        let other_size = || {
            let what = "a layer of the size that its manifest names";
            failure::malformed(self.registry.service(), what)
        };
        match self.bytes(digest, limit, tally).await {
            Ok(bytes) if size.is_some() && bytes.len() != limit => Err(other_size()),
            Err(why) if why.kind == FailureKind::TooLarge && limit < LARGEST_PIECE => {
                Err(other_size())
            }
            bytes => bytes,
        }
    }

    async fn bytes(
        &self,
        digest: &Digest,
        limit: usize,
        tally: &Tally<'_>,
    ) -> Result<Bytes, Failure> {
        let found = self
            .pieces
            .get_or_fetch(digest, async {
                let room = u32::try_from(limit >> 20).unwrap_or(u32::MAX);
                let _room = tally.room.acquire_many(room.saturating_add(1)).await;
                let _permit = tally.requests.acquire().await;
                let mut meter = Meter::default();
                let asked = self.registry.blob(digest, limit, tally.now, &mut meter);
                let bytes = Box::pin(asked).await;
                tally.add(meter);
                let bytes = bytes?;
                let size = bytes.len();
                Ok(Some((bytes, size)))
            })
            .await?;
        Ok(found.map(|bytes| (*bytes).clone()).unwrap_or_default())
    }
}

/// The tag that stands for a digest: `sha256-<hex>`, with an ending or without. A SHA-512 digest is too long for one.
fn tag_of(digest: &Digest, ending: Option<&str>) -> Option<Tag> {
    let base = digest.as_str().replacen(':', "-", 1);
    match ending {
        Some(ending) => format!("{base}.{ending}").parse().ok(),
        None => base.parse().ok(),
    }
}

fn texts(annotations: Option<BTreeMap<String, Option<String>>>) -> BTreeMap<String, String> {
    annotations
        .unwrap_or_default()
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .collect()
}

/// A platform's entry in an index that leads to something else than an image.
fn no_image(digest: &Digest, what: &str) -> Failure {
    failure::plain(
        FailureKind::Malformed,
        format!(
            "{} stands for a platform and is {what}, so clients may run what nobody looked at.",
            digest.short()
        ),
        "Look at the build that pushed it.",
    )
}

fn too_many(what: &str, count: usize) -> Failure {
    failure::plain(
        FailureKind::TooLarge,
        format!("There are too many {what} to look at them all ({count})."),
        "See who pushed them, and remove what nobody needs.",
    )
}
