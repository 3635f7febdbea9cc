//! What changes a registry, as far as it is the same for every change: sent once, and whatever came of it.

use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use super::exchange::{Lost, Payload, Request};
use super::said::{self, Said};
use super::token::{Known, Scope};
use super::{LARGEST_PAGE, Meter, Registry};
use crate::domain::digest::Digest;
use crate::domain::fact::{Failure, FailureKind};
use crate::domain::time::Timestamp;
use crate::net::body::Pieces;
use crate::net::{address, failure, redirect};

/// Largest layer that is copied, bytes.
const LARGEST_BLOB: usize = 64 * 1024 * 1024 * 1024;

/// A request that may change something.
#[derive(Debug)]
pub struct Submission<'a> {
    /// What is done.
    pub method: Method,
    /// Where, below `/v2/<repository>/`.
    pub path: &'a [&'a str],
    /// The query.
    pub query: &'a [(&'a str, &'a str)],
    /// What is sent along.
    pub body: Option<Payload>,
    /// The rights that it needs.
    pub scope: Scope,
}

/// An answer, whatever it says.
#[derive(Debug)]
pub struct Submitted {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// What it says of an error.
    pub said: Said,
    /// The failure that it is, if it is no success.
    pub failure: Failure,
}

impl Submitted {
    /// The digest that the answer names; `None` where it names none that can be read.
    pub fn digest(&self) -> Option<Digest> {
        let value = self.headers.get("docker-content-digest")?;
        value.to_str().ok()?.trim().parse().ok()
    }
}

impl Registry {
    /// Sends a request once; where the pass has ended, which the registry says before it does anything, once more.
    pub async fn submit(
        &self,
        submission: Submission<'_>,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<Submitted, Lost> {
        let mut url = self.url(submission.path).map_err(Lost::Unsent)?;
        if !submission.query.is_empty() {
            url.query_pairs_mut().extend_pairs(submission.query);
        }
        self.submit_to(&url, submission, now, meter).await
    }

    /// Goes on where the registry said, if that is on its own origin.
    pub async fn submit_there(
        &self,
        location: &str,
        submission: Submission<'_>,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<Submitted, Lost> {
        let there = self.access.registry_url.join(location).ok();
        let there = there.filter(|url| address::same_origin(url, &self.access.registry_url));
        let mut url: Url = there.ok_or_else(|| {
            Lost::Unsent(failure::malformed(
                self.service(),
                "an upload on its own address",
            ))
        })?;
        url.query_pairs_mut().extend_pairs(submission.query);
        self.submit_to(&url, submission, now, meter).await
    }

    async fn submit_to(
        &self,
        url: &Url,
        submission: Submission<'_>,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<Submitted, Lost> {
        let request = Request {
            method: submission.method,
            url,
            accept: Some("application/json"),
            limit: LARGEST_PAGE,
            body: submission.body,
        };
        let reply = self
            .send_as(&submission.scope, &request, now, meter)
            .await?;
        Ok(Submitted {
            said: said::read(&reply.body),
            failure: said::refused_change(
                self.service(),
                self.image(),
                reply.status,
                &reply.headers,
                &reply.body,
                &reply.who,
                now,
            ),
            status: reply.status,
            headers: reply.headers,
        })
    }

    /// A blob, to be read piece by piece; nobody has hashed it yet. It may lie with another host, which gets no
    /// credential.
    pub async fn open_blob(
        &self,
        digest: &Digest,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<Pieces<reqwest::Body>, Failure> {
        let url = self.url(&["blobs", digest.as_str()])?;
        let look = Request {
            method: Method::HEAD,
            url: &url,
            accept: Some("*/*"),
            limit: 0,
            body: None,
        };
        // The look lets us in; what it let in with is still good for what follows.
        let looked = self.send(&look, now, meter).await?;
        if !looked.status.is_success() && !redirect::is_redirect(looked.status) {
            return Err(self.refused(&looked, now));
        }
        let pass = self.entrances.of(&self.scope).enter().await?.pass();
        let mut asked = self.http.get(url.clone()).timeout(self.limits.download);
        if let Some(header) = pass.header {
            asked = asked.header(AUTHORIZATION, header);
        }
        let mut answer = self.counted(asked.send().await, meter)?;
        if redirect::is_redirect(answer.status()) {
            let followed = redirect::follow(&self.http, &url, answer.headers()).await;
            answer = followed.map_err(|err| failure::redirect(self.service(), &err))?;
        }
        if answer.status() != StatusCode::OK {
            let reply = self.read(answer, LARGEST_PAGE, pass.who).await?;
            return Err(self.refused(&reply, now));
        }
        Ok(Pieces::new(reqwest::Body::from(answer), LARGEST_BLOB))
    }

    /// The scope to push to this repository and to read another of the same registry.
    pub fn mount_scope(&self, from: &str) -> Scope {
        Scope::mount(self.image().path(), from)
    }

    /// The scope to push to this repository.
    pub fn push_scope(&self) -> Scope {
        Scope::push(self.image().path())
    }

    /// The scope to remove from this repository.
    pub fn delete_scope(&self) -> Scope {
        Scope::delete(self.image().path())
    }

    /// What a token for these rights would allow in this repository, by its own word. Nothing is changed by asking.
    ///
    /// `None`: the registry gives no tokens, or they do not tell.
    pub async fn granted(
        &self,
        scope: &Scope,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<Option<std::collections::BTreeSet<String>>, Failure> {
        let url = self.url(&["tags", "list"])?;
        let entrance = self.entrances.of(scope);
        let is_known = !entrance.enter().await?.is_unasked();
        if !is_known {
            let request = Request {
                method: Method::GET,
                url: &url,
                accept: Some("application/json"),
                limit: LARGEST_PAGE,
                body: None,
            };
            let reply = self.send_as(scope, &request, now, meter).await;
            match reply {
                Ok(_) => {}
                // Without a token nobody can tell what it would allow.
                Err(lost) => {
                    let failure = lost.into_failure();
                    return match failure.kind {
                        FailureKind::NoCredential => Ok(None),
                        _ => Err(failure),
                    };
                }
            }
        }
        let slot = entrance.enter().await?;
        Ok(match &slot.known {
            Known::Bearer { token, .. } => token.granted(self.image().path()),
            Known::Unasked | Known::Open | Known::Basic(_) => None,
        })
    }
}
