//! What GitHub keeps of attestations of a digest, as bundles; nothing of them is believed here.
//!
//! The list names a bundle's address rather than hold it (since 2026 in every version of the interface); what lies
//! there is packed as one raw Snappy block. It is on another host, which gets no credential of ours.

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::digest::Digest;
use crate::domain::evidence::{Gap, Layout, Piece, Place};
use crate::domain::fact::{Cost, Failure, FailureKind, Rate};
use crate::domain::time::Timestamp;
use crate::net::address::Next;
use crate::net::{body, failure};

use super::Client;
use super::api::{Call, GITHUB, Look};

/// The host behind a bundle's address, in sentences.
const STORE: &str = "GitHub's store of attestations";
/// Largest bundle that is read, bytes, packed and unpacked.
const LARGEST_BUNDLE: usize = 64 * 1024 * 1024;
/// Largest page of the list, bytes: bundles may stand in it.
const LARGEST_PAGE: usize = 64 * 1024 * 1024;
/// Bytes of all bundles of one digest.
const MOST_BYTES: usize = 128 * 1024 * 1024;
/// Bundles of one digest that are looked at.
const MOST_BUNDLES: usize = 128;
/// Pages of the list that are read.
const MOST_PAGES: usize = 16;
/// Bundles fetched at once.
const AT_ONCE: usize = 4;
/// A Snappy block holds at most this many bytes for each of its own: 64 in a copy of 3.
const SNAPPY_RATIO: usize = 22;

/// What GitHub holds of a digest, and what it cost to look.
#[derive(Debug)]
pub struct Attestations {
    /// The bundles.
    pub pieces: Vec<Piece>,
    /// What could not be looked at.
    pub gaps: Vec<Gap>,
    /// What it cost.
    pub cost: Cost,
    /// GitHub's budget after it.
    pub rate: Option<Rate>,
}

#[derive(Deserialize)]
struct Page {
    attestations: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    bundle: Option<Box<RawValue>>,
    #[serde(default)]
    bundle_url: Option<String>,
}

impl Client {
    /// The attestations that the repository has of a digest. What cannot be looked at is a gap, never absent.
    pub async fn attestations(&self, digest: &Digest, now: Timestamp) -> Attestations {
        let look = Look::new(&self.api, now);
        let (entries, failure) = self.listed(&look, digest).await;
        let mut gaps: Vec<Gap> = failure.into_iter().map(gap).collect();
        let mut pieces = Vec::new();
        let mut held = 0_usize;
        let opened = entries.into_iter().map(|(call, entry)| {
            let look = &look;
            async move { opened(look, &call, entry).await }
        });
        let mut opened = futures_util::stream::iter(opened).buffered(AT_ONCE);
        while let Some(one) = opened.next().await {
            match one {
                Ok(bytes) => {
                    held = held.saturating_add(bytes.len());
                    if held > MOST_BYTES {
                        gaps.push(gap(too_many("bytes of attestations", held)));
                        break;
                    }
                    pieces.push(Piece {
                        place: Place::Github,
                        digest: Digest::of(&bytes),
                        annotations: BTreeMap::new(),
                        bytes,
                    });
                }
                Err(failure) => gaps.push(gap(failure)),
            }
        }
        drop(opened);
        let (cost, rate) = look.spent();
        Attestations {
            pieces,
            gaps,
            cost,
            rate,
        }
    }

    /// The entries of the list with the page that named them, and why there are not more.
    async fn listed(
        &self,
        look: &Look<'_>,
        digest: &Digest,
    ) -> (Vec<(Call, Entry)>, Option<Failure>) {
        let mut entries = Vec::new();
        let failure = self.pages(look, digest, &mut entries).await.err();
        (entries, failure)
    }

    async fn pages(
        &self,
        look: &Look<'_>,
        digest: &Digest,
        entries: &mut Vec<(Call, Entry)>,
    ) -> Result<(), Failure> {
        let subject = format!("the attestations of {}", digest.short());
        let mut call = self.call(
            &["attestations", digest.as_str()],
            &[("per_page", "100")],
            &subject,
        )?;
        call.limit = LARGEST_PAGE;
        let mut seen = HashSet::new();
        for _ in 0..MOST_PAGES {
            seen.insert(call.url.clone());
            let got = look
                .get(&call, |reply| {
                    let page: Page = serde_json::from_slice(&reply.body)
                        .map_err(|err| failure::json(GITHUB, &call.subject, &err))?;
                    Ok((page.attestations, reply.next.clone()))
                })
                .await?;
            // GitHub answers 404 where it has none.
            let Some((found, next)) = got else {
                return Ok(());
            };
            entries.extend(found.into_iter().map(|entry| (call.clone(), entry)));
            if entries.len() > MOST_BUNDLES {
                let failure = too_many("attestations", entries.len());
                entries.truncate(MOST_BUNDLES);
                return Err(failure);
            }
            match next {
                Next::End => return Ok(()),
                Next::Page(url) if !seen.contains(&url) => call.url = url,
                Next::Page(_) => {
                    return Err(failure::malformed(
                        GITHUB,
                        "a list of attestations that ends",
                    ));
                }
                Next::Elsewhere => {
                    return Err(failure::malformed(
                        GITHUB,
                        "a next page of attestations on its own address",
                    ));
                }
            }
        }
        Err(too_many("pages of attestations", MOST_PAGES))
    }
}

/// The bytes of a bundle, from the list itself or from where it lies.
async fn opened(look: &Look<'_>, call: &Call, entry: Entry) -> Result<Bytes, Failure> {
    if let Some(bundle) = entry.bundle {
        return Ok(Bytes::from(String::from(Box::<str>::from(bundle))));
    }
    let Some(address) = entry.bundle_url else {
        return Err(failure::malformed(
            GITHUB,
            "an attestation with a bundle or with its address",
        ));
    };
    let reading = async {
        let file = look.file(call, &address).await?;
        let status = file.status();
        if status != StatusCode::OK {
            let refused = failure::status(STORE, status, file.headers(), "", look.now());
            return Err(Failure {
                // No credential of ours was shown there, so none can be at fault.
                kind: match refused.kind {
                    FailureKind::Unauthorized | FailureKind::Forbidden => FailureKind::Unexpected,
                    kind => kind,
                },
                advice:
                    "The address of an attestation is good for a short time; it is asked for again."
                        .to_owned(),
                ..refused
            });
        }
        let packed = body::read(reqwest::Body::from(file), LARGEST_BUNDLE)
            .await
            .map_err(|err| failure::unread(STORE, err))?;
        unpacked(packed)
    };
    match tokio::time::timeout(look.limits().download, reading).await {
        Ok(outcome) => outcome,
        Err(_) => Err(failure::timeout(STORE)),
    }
}

/// The bundle in a file: as it is where it is JSON, else out of a Snappy block.
fn unpacked(packed: Bytes) -> Result<Bytes, Failure> {
    // The first byte of a block says how long it is; a block that begins like JSON would be too short for a bundle.
    if matches!(packed.first(), Some(b'{' | b' ' | b'\t' | b'\r' | b'\n')) {
        return Ok(packed);
    }
    let not_packed = |_| failure::malformed(STORE, "an attestation");
    let size = snap::raw::decompress_len(&packed).map_err(not_packed)?;
    if size > LARGEST_BUNDLE {
        return Err(failure::unread(
            STORE,
            body::BodyError::TooLarge(LARGEST_BUNDLE),
        ));
    }
    // A block that announces more than it can hold is not given the room.
    if size > packed.len().saturating_mul(SNAPPY_RATIO) {
        return Err(failure::malformed(STORE, "an attestation"));
    }
    snap::raw::Decoder::new()
        .decompress_vec(&packed)
        .map(Bytes::from)
        .map_err(not_packed)
}

fn gap(failure: Failure) -> Gap {
    Gap::Failed {
        layout: Layout::Github,
        failure,
    }
}

fn too_many(what: &str, count: usize) -> Failure {
    failure::plain(
        FailureKind::TooLarge,
        format!("GitHub has too many {what} of one digest to look at them all ({count})."),
        "See who made them.",
    )
}
