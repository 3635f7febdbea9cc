//! One question and its answer: let in with the pass that is known, and the answer read in bounded memory.
//!
//! What is asked may change something: then it matters whether a failure came before or after it was sent.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use super::entry::Who;
use super::token::{Known, Pass, Scope};
use super::{Meter, Registry, said};
use crate::domain::fact::Failure;
use crate::domain::time::Timestamp;
use crate::net::{body, failure, redirect};

/// Largest error text that is read, bytes.
const LARGEST_ERROR: usize = 64 * 1024;

/// A request that can be sent once more with another pass.
pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) url: &'a Url,
    pub(super) accept: Option<&'static str>,
    /// Largest body of a success, bytes.
    pub(super) limit: usize,
    /// What is sent along.
    pub(super) body: Option<Payload>,
}

/// Bytes that are sent along, and what they are.
#[derive(Debug, Clone)]
pub struct Payload {
    /// The bytes.
    pub bytes: Bytes,
    /// Their media type.
    pub media_type: String,
}

/// Why there is no answer, and whether the registry may have acted all the same.
#[derive(Debug)]
pub enum Lost {
    /// It was never sent: no connection, or nobody let us in.
    Unsent(Failure),
    /// It was sent, and what came of it is not known.
    Sent(Failure),
}

impl Lost {
    /// What went wrong, whether it was sent or not.
    pub fn into_failure(self) -> Failure {
        match self {
            Self::Unsent(failure) | Self::Sent(failure) => failure,
        }
    }
}

/// An answer, read to its end.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Who asked, for the sentence of a refusal.
    pub(super) who: Who,
}

impl Registry {
    /// Sends a request with the pass that the registry wants, and once more where the pass had ended.
    pub(super) async fn send(
        &self,
        request: &Request<'_>,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<Reply, Failure> {
        let sent = self.send_as(&self.scope, request, now, meter).await;
        sent.map_err(Lost::into_failure)
    }

    /// The same with the rights that are named.
    pub(super) async fn send_as(
        &self,
        scope: &Scope,
        request: &Request<'_>,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<Reply, Lost> {
        let entrance = self.entrances.of(scope);
        let mut slot = entrance.enter().await.map_err(Lost::Unsent)?;
        let mut is_fresh = true;
        let was_unasked = slot.is_unasked();
        if was_unasked && *scope != self.scope {
            // What looks found out holds here too: what changes something is then sent once, with all it needs.
            let entered = self.enter_as_elsewhere(&mut slot, scope, now, meter).await;
            if let Err(failure) = entered {
                self.entrances.found(&Known::Unasked);
                return Err(Lost::Unsent(entrance.failed(&mut slot, failure)));
            }
        }
        if slot.is_unasked() {
            // The first request finds out what the registry asks for; the others wait for that here.
            let reply = match self.once(request, Pass::default(), meter).await {
                Ok(reply) => reply,
                Err(Lost::Unsent(failure)) => {
                    return Err(Lost::Unsent(entrance.failed(&mut slot, failure)));
                }
                Err(Lost::Sent(failure)) => {
                    return Err(Lost::Sent(entrance.failed(&mut slot, failure)));
                }
            };
            if reply.status != StatusCode::UNAUTHORIZED {
                slot.set(Known::Open, Who::Unasked);
                return Ok(reply);
            }
            let answered = self.answer(&mut slot, &reply, scope, now, meter).await;
            answered.map_err(|failure| Lost::Unsent(entrance.failed(&mut slot, failure)))?;
            self.entrances.found(&slot.known);
        } else if slot.has_ended(now) {
            let renewed = self.renew(&mut slot, scope, now, meter).await;
            renewed.map_err(|failure| Lost::Unsent(entrance.failed(&mut slot, failure)))?;
        } else {
            is_fresh = was_unasked;
        }
        let pass = slot.pass();
        drop(slot);
        let generation = pass.generation;
        let reply = self.once(request, pass, meter).await?;
        if reply.status != StatusCode::UNAUTHORIZED {
            return Ok(reply);
        }
        // A 401 is an answer: nothing was done.
        let mut slot = entrance.enter().await.map_err(Lost::Unsent)?;
        if is_fresh {
            slot.give_up(generation);
            self.entrances.found(&Known::Unasked);
            return Ok(reply);
        }
        if slot.is_newest(generation) {
            let answered = self.answer(&mut slot, &reply, scope, now, meter).await;
            answered.map_err(|failure| Lost::Unsent(entrance.failed(&mut slot, failure)))?;
        }
        let pass = slot.pass();
        drop(slot);
        self.once(request, pass, meter).await
    }

    /// Sends a request and reads its answer. A blob may lie with another host, which gets no credential.
    async fn once(
        &self,
        request: &Request<'_>,
        pass: Pass,
        meter: &mut Meter,
    ) -> Result<Reply, Lost> {
        let mut builder = self
            .http
            .request(request.method.clone(), request.url.clone())
            .timeout(self.limits.whole);
        if let Some(accept) = request.accept {
            builder = builder.header(ACCEPT, accept);
        }
        if let Some(header) = pass.header {
            builder = builder.header(AUTHORIZATION, header);
        }
        if let Some(payload) = &request.body {
            builder = builder
                .header(CONTENT_TYPE, payload.media_type.as_str())
                .body(payload.bytes.clone());
        }
        let sent = builder.send().await;
        let is_unsent = sent
            .as_ref()
            .is_err_and(|err| err.is_connect() || err.is_builder());
        let answer = self.counted(sent, meter).map_err(|failure| {
            if is_unsent {
                Lost::Unsent(failure)
            } else {
                Lost::Sent(failure)
            }
        })?;
        let is_blob = request.accept.is_none() && request.method == Method::GET;
        let answer = if is_blob && redirect::is_redirect(answer.status()) {
            let followed = redirect::follow(&self.http, request.url, answer.headers()).await;
            let followed =
                followed.map_err(|err| Lost::Sent(failure::redirect(self.service(), &err)))?;
            meter.count(Some(followed.status()), None);
            followed
        } else {
            answer
        };
        let read = self.read(answer, request.limit, pass.who).await;
        read.map_err(Lost::Sent)
    }

    pub(super) fn counted(
        &self,
        sent: Result<reqwest::Response, reqwest::Error>,
        meter: &mut Meter,
    ) -> Result<reqwest::Response, Failure> {
        let answer = sent.map_err(|err| {
            meter.count(None, None);
            failure::transport(self.service(), &err)
        })?;
        meter.count(Some(answer.status()), said::rate(answer.headers()));
        Ok(answer)
    }

    pub(super) async fn read(
        &self,
        answer: reqwest::Response,
        limit: usize,
        who: Who,
    ) -> Result<Reply, Failure> {
        let status = answer.status();
        let headers = answer.headers().clone();
        let body = reqwest::Body::from(answer);
        let body = if status.is_success() {
            body::read(body, limit)
                .await
                .map_err(|err| failure::unread(self.service(), err))?
        } else {
            // What cannot be read of an error's text is only missed in its sentence.
            body::read(body, LARGEST_ERROR).await.unwrap_or_default()
        };
        Ok(Reply {
            status,
            headers,
            body,
            who,
        })
    }
}
