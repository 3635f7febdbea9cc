//! From one repository into another: an image with everything that it is made of, under the same digests.
//!
//! Nothing of it can be seen under any tag before a later step puts one there, so what is left half-way does no harm.

use http::{Method, StatusCode};
use serde::Deserialize;

use super::registry::Registry;
use crate::domain::digest::Digest;
use crate::domain::fact::{Failure, FailureKind};
use crate::domain::time::Timestamp;
use crate::door::Sent;
use crate::net::registry::{Lost, Meter, Payload, RawManifest, Reference, Submission, Submitted};
use crate::net::{address, failure};

/// Bytes of a blob that are sent at once.
const PIECE: usize = 8 * 1024 * 1024;
/// Manifests of one image, its index included.
const MOST_MANIFESTS: usize = 256;

/// The parts of a manifest that have to be there before it.
#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    manifests: Vec<Descriptor>,
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    digest: Digest,
    media_type: Option<String>,
}

impl Descriptor {
    /// Layers whose licence forbids to push them are fetched from elsewhere by whoever runs the image.
    fn is_foreign(&self) -> bool {
        let media_type = self.media_type.as_deref().unwrap_or_default();
        media_type.contains("nondistributable") || media_type.contains("foreign.diff")
    }
}

impl Registry {
    /// Brings an image in from another repository.
    pub(in crate::door) async fn bring(
        &self,
        from: &Self,
        digest: &Digest,
        now: Timestamp,
    ) -> Sent {
        match self.manifests(from, digest, now).await {
            // Its parts first: a registry takes no manifest whose parts it lacks.
            Ok(manifests) => {
                for raw in manifests.iter().rev() {
                    match self.bring_one(from, raw, now).await {
                        Sent::Accepted(_) => {}
                        other => return other,
                    }
                }
                Sent::Accepted(Some(format!("{} manifests", manifests.len())))
            }
            Err(failure) => Sent::Refused(failure),
        }
    }

    /// The manifest and all that it lists, each behind what lists it.
    async fn manifests(
        &self,
        from: &Self,
        digest: &Digest,
        now: Timestamp,
    ) -> Result<Vec<RawManifest>, Failure> {
        let mut found: Vec<RawManifest> = Vec::new();
        let mut ahead = std::collections::VecDeque::from([digest.clone()]);
        while let Some(next) = ahead.pop_front() {
            if found.iter().any(|raw| raw.digest == next) {
                continue;
            }
            if found.len() >= MOST_MANIFESTS {
                return Err(failure::malformed(from.service(), "an image of few parts"));
            }
            let raw = from.get(Reference::Digest(&next), now).await?;
            let raw = raw.ok_or_else(|| {
                failure::plain(
                    FailureKind::NotFound,
                    format!(
                        "{} lacks {}, which is part of the image.",
                        from.image(),
                        next.short()
                    ),
                    "It cannot be copied whole: look at the repository it comes from.",
                )
            })?;
            let wire = parts(from, &raw)?;
            ahead.extend(wire.manifests.into_iter().map(|part| part.digest));
            found.push(raw);
        }
        Ok(found)
    }

    async fn bring_one(&self, from: &Self, raw: &RawManifest, now: Timestamp) -> Sent {
        match self.head(Reference::Digest(&raw.digest), now).await {
            Ok(Some(_)) => return Sent::Accepted(None),
            Ok(None) => {}
            Err(failure) => return Sent::Refused(failure),
        }
        let wire = match parts(from, raw) {
            Ok(wire) => wire,
            Err(failure) => return Sent::Refused(failure),
        };
        for blob in wire.config.into_iter().chain(wire.layers) {
            if blob.is_foreign() {
                continue;
            }
            if let Err(lost) = self.bring_blob(from, &blob.digest, now).await {
                // A blob without a manifest is nothing that anybody sees.
                return Sent::Refused(lost.into_failure());
            }
        }
        self.put(Reference::Digest(&raw.digest), raw, now).await
    }

    async fn bring_blob(&self, from: &Self, digest: &Digest, now: Timestamp) -> Result<(), Lost> {
        let mut meter = Meter::default();
        let asked = Submission {
            method: Method::HEAD,
            path: &["blobs", digest.as_str()],
            query: &[],
            body: None,
            scope: self.core().push_scope(),
        };
        if self
            .core()
            .submit(asked, now, &mut meter)
            .await?
            .status
            .is_success()
        {
            return Ok(());
        }
        let upload = self.begin(from, digest, now).await?;
        let Some(location) = upload else {
            return Ok(());
        };
        self.upload(from, digest, location, now).await
    }

    /// Mounts the blob where both repositories lie in one registry; else gives where to upload it.
    async fn begin(
        &self,
        from: &Self,
        digest: &Digest,
        now: Timestamp,
    ) -> Result<Option<String>, Lost> {
        let is_near = address::same_origin(self.core().url_of_all(), from.core().url_of_all());
        let other = from.image().path();
        let mount = [("mount", digest.as_str()), ("from", other)];
        let begin = Submission {
            method: Method::POST,
            path: &["blobs", "uploads", ""],
            query: if is_near { &mount } else { &[] },
            body: None,
            scope: if is_near {
                self.core().mount_scope(other)
            } else {
                self.core().push_scope()
            },
        };
        let answer = self
            .core()
            .submit(begin, now, &mut Meter::default())
            .await?;
        match answer.status {
            StatusCode::CREATED => Ok(None),
            StatusCode::ACCEPTED => location(self, &answer).map(Some),
            _ => Err(refusal(answer)),
        }
    }

    async fn upload(
        &self,
        from: &Self,
        digest: &Digest,
        mut there: String,
        now: Timestamp,
    ) -> Result<(), Lost> {
        let mut meter = Meter::default();
        let opened = from.core().open_blob(digest, now, &mut meter).await;
        let mut pieces = opened.map_err(Lost::Unsent)?;
        let mut waiting = bytes::BytesMut::new();
        loop {
            let piece = pieces.next().await;
            let piece = piece.map_err(|err| Lost::Unsent(failure::unread(from.service(), err)))?;
            let is_end = piece.is_none();
            waiting.extend_from_slice(&piece.unwrap_or_default());
            if (waiting.len() >= PIECE || is_end) && !waiting.is_empty() {
                let part = Submission {
                    method: Method::PATCH,
                    path: &[],
                    query: &[],
                    body: Some(Payload {
                        bytes: waiting.split().freeze(),
                        media_type: "application/octet-stream".to_owned(),
                    }),
                    scope: self.core().push_scope(),
                };
                let answer = self.core().submit_there(&there, part, now, &mut meter);
                let answer = answer.await?;
                if answer.status != StatusCode::ACCEPTED {
                    return Err(refusal(answer));
                }
                there = location(self, &answer)?;
            }
            if is_end {
                break;
            }
        }
        let end = Submission {
            method: Method::PUT,
            path: &[],
            query: &[("digest", digest.as_str())],
            body: None,
            scope: self.core().push_scope(),
        };
        let answer = self.core().submit_there(&there, end, now, &mut meter);
        let answer = answer.await?;
        // The registry hashes what it got: other bytes than those of the digest are refused.
        match answer.status {
            StatusCode::CREATED => Ok(()),
            _ => Err(refusal(answer)),
        }
    }
}

fn parts(from: &Registry, raw: &RawManifest) -> Result<Wire, Failure> {
    serde_json::from_slice(&raw.bytes)
        .map_err(|err| failure::json(from.service(), "a manifest", &err))
}

fn location(registry: &Registry, answer: &Submitted) -> Result<String, Lost> {
    let value = answer.headers.get(http::header::LOCATION);
    let text = value.and_then(|value| value.to_str().ok());
    text.map(str::to_owned).ok_or_else(|| {
        Lost::Unsent(failure::malformed(
            registry.service(),
            "where to send a blob",
        ))
    })
}

fn refusal(answer: Submitted) -> Lost {
    let is_refusal = answer.status.is_client_error();
    if is_refusal {
        Lost::Unsent(answer.failure)
    } else {
        Lost::Sent(answer.failure)
    }
}
