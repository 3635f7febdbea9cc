//! One repository of a registry, for writing: raw manifests by tag or digest, each sent once.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};

use http::{Method, StatusCode};

use crate::domain::digest::Digest;
use crate::domain::fact::{Failure, FailureKind};
use crate::domain::policy::{ImageRepository, Tag};
use crate::domain::time::Timestamp;
use crate::door::Sent;
use crate::net::registry::{
    Lost, Meter, Payload, RawManifest, Reference, Registry as Core, RegistryAccess, Submission,
    Submitted,
};
use crate::net::{Limits, failure};

/// Manifests that are remembered between a look and what is done after it.
const REMEMBERED: usize = 64;
/// Pages of one list of tags that are read.
const MOST_PAGES: usize = 100;

/// The client.
#[derive(Debug)]
pub(in crate::door) struct Registry {
    core: Core,
    remembered: Mutex<BTreeMap<Digest, RawManifest>>,
    /// What each tag pointed to when it was last looked up here.
    seen: Mutex<BTreeMap<String, Option<Digest>>>,
}

/// What came of asking a registry to remove something.
#[derive(Debug)]
pub(in crate::door) enum Removed {
    /// It is gone.
    Gone,
    /// The registry says that there is no such thing.
    Absent(Failure),
    /// This registry does not remove such a thing: it says so, and has changed nothing.
    NotSo(Failure),
    /// Anything else.
    Else(Sent),
}

impl Registry {
    /// A client; making one costs nothing.
    pub(in crate::door) fn new(
        http: reqwest::Client,
        access: RegistryAccess,
        limits: Limits,
    ) -> Self {
        let core = Core::new(http, access).with_limits(limits).for_pushing();
        Self {
            core,
            remembered: Mutex::default(),
            seen: Mutex::default(),
        }
    }

    /// The image's repository.
    pub(in crate::door) fn image(&self) -> &ImageRepository {
        self.core.image()
    }

    /// The registry as it is called in sentences.
    pub(in crate::door) fn service(&self) -> &str {
        self.core.service()
    }

    /// The core, for what is moved between two repositories.
    pub(super) fn core(&self) -> &Core {
        &self.core
    }

    /// The digest of a reference, asked now; `None`: there is none.
    pub(in crate::door) async fn head(
        &self,
        reference: Reference<'_>,
        now: Timestamp,
    ) -> Result<Option<Digest>, Failure> {
        let mut meter = Meter::default();
        let found = self.core.resolve(reference, now, &mut meter).await?;
        if let Reference::Tag(tag) = reference {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.insert(tag.as_str().to_owned(), found.clone());
        }
        Ok(found)
    }

    /// What a tag pointed to when it was last looked up here: right before whatever is done about it.
    #[allow(
        clippy::option_option,
        reason = "not looked up and not there are two answers, as in the outlook"
    )]
    pub(in crate::door) fn last_seen(&self, tag: &Tag) -> Option<Option<Digest>> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(tag.as_str()).cloned()
    }

    /// A manifest's bytes, asked now and remembered; `None`: there is none.
    pub(in crate::door) async fn get(
        &self,
        reference: Reference<'_>,
        now: Timestamp,
    ) -> Result<Option<RawManifest>, Failure> {
        let mut meter = Meter::default();
        let found = self.core.manifest(reference, now, &mut meter).await?;
        if let Some(raw) = &found {
            let mut remembered = self.remembered();
            if remembered.len() >= REMEMBERED {
                remembered.clear();
            }
            remembered.insert(raw.digest.clone(), raw.clone());
        }
        Ok(found)
    }

    /// A manifest that was read before in this session: bytes of a digest never change.
    pub(in crate::door) fn known(&self, digest: &Digest) -> Option<RawManifest> {
        self.remembered().get(digest).cloned()
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, BTreeMap<Digest, RawManifest>> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Every tag that is listed now. A list that cannot be read to its end is no list.
    pub(in crate::door) async fn tags(&self, now: Timestamp) -> Result<Vec<Tag>, Failure> {
        let (mut tags, mut seen) = (Vec::new(), HashSet::new());
        let mut page = None;
        for _ in 0..MOST_PAGES {
            let mut meter = Meter::default();
            let got = self.core.tags(page.as_ref(), now, &mut meter).await?;
            let mut is_repeated = false;
            for name in got.tags {
                is_repeated |= !seen.insert(name.clone());
                // What cannot be a tag cannot be looked up: then nobody knows what else has a digest.
                let tag = name.parse::<Tag>();
                tags.push(tag.map_err(|_| failure::malformed(self.service(), "a list of tags"))?);
            }
            match got.next {
                Some(next) if !is_repeated => page = Some(next),
                _ => return Ok(tags),
            }
        }
        Err(failure::plain(
            FailureKind::TooLarge,
            format!(
                "{} lists more tags of {} than can be read, so it is not known which share a manifest.",
                self.service(),
                self.image()
            ),
            "Remove tags that nobody needs.",
        ))
    }

    /// Puts a manifest's exact bytes under a tag or its digest.
    pub(in crate::door) async fn put(
        &self,
        reference: Reference<'_>,
        raw: &RawManifest,
        now: Timestamp,
    ) -> Sent {
        let name = name_of(reference);
        let submission = Submission {
            method: Method::PUT,
            path: &["manifests", &name],
            query: &[],
            body: Some(Payload {
                bytes: raw.bytes.clone(),
                media_type: raw.media_type.clone(),
            }),
            scope: self.core.push_scope(),
        };
        let mut meter = Meter::default();
        let answer = match self.core.submit(submission, now, &mut meter).await {
            Ok(answer) => answer,
            Err(lost) => return lost_of(lost),
        };
        if !matches!(answer.status, StatusCode::CREATED | StatusCode::OK) {
            return self.refused_put(&name, answer);
        }
        match answer.digest() {
            Some(digest) if digest != raw.digest => Sent::Unknown(failure::plain(
                FailureKind::WrongDigest,
                format!(
                    "{} took the bytes of {} for `{name}` and says that it holds {} now.",
                    self.service(),
                    raw.digest.short(),
                    digest.short()
                ),
                "Look at what the tag points to before anything else is done.",
            )),
            // Without the header the look that follows tells.
            Some(_) | None => Sent::Accepted(None),
        }
    }

    fn refused_put(&self, name: &str, answer: Submitted) -> Sent {
        let is_right = matches!(
            answer.failure.kind,
            FailureKind::Unauthorized | FailureKind::Forbidden
        );
        let failure = if is_right {
            Failure {
                advice: format!(
                    "It needs a token that may push to {} (scope `{}`).",
                    self.image(),
                    self.core.push_scope().as_str()
                ),
                ..answer.failure
            }
        } else if answer.said.is("MANIFEST_BLOB_UNKNOWN") || answer.said.is("BLOB_UNKNOWN") {
            Failure {
                what: format!(
                    "{} does not hold all that `{name}` would point to. {}",
                    self.service(),
                    answer.failure.what
                ),
                advice: "Something of the image was removed: it has to be copied again first."
                    .to_owned(),
                ..answer.failure
            }
        } else {
            Failure {
                advice: advice(&answer, "Nothing was changed; see what the registry says."),
                ..answer.failure
            }
        };
        settled(answer.status, failure)
    }

    /// Asks the registry to remove a tag, or a manifest with all its tags.
    pub(in crate::door) async fn remove(
        &self,
        reference: Reference<'_>,
        now: Timestamp,
    ) -> Removed {
        let name = name_of(reference);
        let submission = Submission {
            method: Method::DELETE,
            path: &["manifests", &name],
            query: &[],
            body: None,
            scope: self.core.delete_scope(),
        };
        let mut meter = Meter::default();
        let answer = match self.core.submit(submission, now, &mut meter).await {
            Ok(answer) => answer,
            Err(lost) => return Removed::Else(lost_of(lost)),
        };
        match answer.status {
            StatusCode::OK | StatusCode::ACCEPTED | StatusCode::NO_CONTENT => Removed::Gone,
            StatusCode::NOT_FOUND => Removed::Absent(answer.failure),
            StatusCode::BAD_REQUEST if answer.said.is("TAG_INVALID") => {
                Removed::Else(Sent::Refused(answer.failure))
            }
            StatusCode::BAD_REQUEST
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::NOT_IMPLEMENTED => Removed::NotSo(answer.failure),
            _ => {
                let lacks_right = matches!(
                    answer.failure.kind,
                    FailureKind::Unauthorized | FailureKind::Forbidden | FailureKind::NoCredential
                );
                let advice = if lacks_right {
                    format!(
                        "Removing needs a token with the action `delete` (scope `{}`); nothing else is removed before it has one.",
                        self.core.delete_scope().as_str()
                    )
                } else {
                    advice(&answer, "Nothing was removed; see what the registry says.")
                };
                let failure = Failure {
                    advice,
                    ..answer.failure
                };
                // A refusal that is wrapped into a server error is a refusal all the same.
                Removed::Else(if lacks_right {
                    Sent::Refused(failure)
                } else {
                    settled(answer.status, failure)
                })
            }
        }
    }
}

fn name_of(reference: Reference<'_>) -> String {
    match reference {
        Reference::Tag(tag) => tag.as_str().to_owned(),
        Reference::Digest(digest) => digest.as_str().to_owned(),
    }
}

/// What to do about an answer that is no success.
fn advice(answer: &Submitted, otherwise: &str) -> String {
    match answer.failure.kind {
        FailureKind::RateLimited => match answer.failure.retry_at {
            Some(at) => {
                format!("Nothing was changed. It takes requests again at {at}: resume then.")
            }
            None => "Nothing was changed. Wait, and resume.".to_owned(),
        },
        FailureKind::Conflict => {
            "Nothing was changed: somebody else is at it. Look, and plan again.".to_owned()
        }
        FailureKind::Server | FailureKind::Timeout => {
            "It may have been done all the same: look before anything else.".to_owned()
        }
        _ => otherwise.to_owned(),
    }
}

/// What an answer that is no success says of the world: whoever refuses has changed nothing, whoever breaks may have.
pub(super) fn settled(status: StatusCode, failure: Failure) -> Sent {
    let is_refusal = status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT;
    if is_refusal {
        Sent::Refused(failure)
    } else {
        Sent::Unknown(failure)
    }
}

/// What no answer says of the world.
pub(super) fn lost_of(lost: Lost) -> Sent {
    match lost {
        Lost::Unsent(failure) => Sent::Refused(Failure {
            advice: format!("Nothing was sent. {}", failure.advice),
            ..failure
        }),
        Lost::Sent(failure) => Sent::Unknown(Failure {
            advice: "It may have been done all the same: look before anything else.".to_owned(),
            ..failure
        }),
    }
}
