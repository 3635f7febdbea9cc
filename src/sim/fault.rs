//! Faults on demand: a table shared by all services, looked at before each request is answered.

mod bodies;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderName, HeaderValue};
use serde::Deserialize;
use sha2::Digest as _;
use tokio::sync::Notify;

use super::requests::Service;
use super::{Now, glob};

/// What goes wrong, where, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Fault {
    /// The service that misbehaves.
    pub service: Service,
    /// How it misbehaves.
    pub kind: Kind,
    /// Only requests whose path and query match: a part of it, or all of it where the pattern has a `*`.
    #[serde(default)]
    pub path: Option<String>,
    /// Only requests with this method.
    #[serde(default)]
    pub method: Option<String>,
    /// How many requests are struck; without it, all until it is lifted.
    #[serde(default)]
    pub times: Option<u32>,
}

/// How a service misbehaves.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Never answers; the connection stays open until the client leaves or the fault is lifted.
    Timeout,
    /// Closes the connection without a byte of an answer.
    Reset,
    /// Does what was asked, then closes the connection without a byte of an answer.
    LostAnswer,
    /// The right head, half of the body, and then the connection is closed.
    CutBody,
    /// The right head, and a body that ends in the middle; its length is right.
    MalformedJson,
    /// The right answer with another `Docker-Content-Digest`.
    WrongDigest,
    /// An answer of the right length in which one character is another one.
    WrongBytes,
    /// A status with a body in the service's own style.
    Status {
        /// The status.
        code: u16,
        /// Seconds until the client may come back; said as the service says it.
        #[serde(default, rename = "retry-after")]
        retry_after: Option<u32>,
    },
    /// The right answer, late.
    Latency {
        /// Milliseconds of real time.
        ms: u64,
    },
}

impl Fault {
    /// A fault of every request to a service.
    pub fn new(service: Service, kind: Kind) -> Self {
        Self {
            service,
            kind,
            path: None,
            method: None,
            times: None,
        }
    }

    /// A status without a word on when to come back.
    pub fn status(service: Service, code: u16) -> Self {
        Self::new(
            service,
            Kind::Status {
                code,
                retry_after: None,
            },
        )
    }

    /// Only for paths that match.
    #[must_use]
    pub fn on(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    /// Only for one method.
    #[must_use]
    pub fn only(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only so many times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    fn strikes(&self, service: Service, request: &Request) -> bool {
        let target = request
            .uri()
            .path_and_query()
            .map_or("/", |target| target.as_str());
        self.service == service
            && self.times != Some(0)
            && self
                .method
                .as_deref()
                .is_none_or(|method| method.eq_ignore_ascii_case(request.method().as_str()))
            && self.path.as_deref().is_none_or(|pattern| {
                if pattern.contains('*') {
                    glob::matches(pattern, target)
                } else {
                    target.contains(pattern)
                }
            })
    }
}

/// Names a fault in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FaultId(u64);

/// The table; clones share it.
#[derive(Clone)]
pub struct Faults {
    inner: Arc<Inner>,
}

struct Inner {
    now: Now,
    table: Mutex<Table>,
    lifted: Notify,
}

#[derive(Default)]
struct Table {
    next: u64,
    entries: Vec<Entry>,
}

struct Entry {
    id: FaultId,
    fault: Fault,
    struck: u64,
}

impl Faults {
    /// An empty table.
    pub fn new(now: Now) -> Self {
        Self {
            inner: Arc::new(Inner {
                now,
                table: Mutex::default(),
                lifted: Notify::new(),
            }),
        }
    }

    /// Adds a fault. Where several match a request, the oldest strikes.
    pub fn add(&self, fault: Fault) -> FaultId {
        let mut table = self.table();
        let id = FaultId(table.next);
        table.next += 1;
        table.entries.push(Entry {
            id,
            fault,
            struck: 0,
        });
        id
    }

    /// Takes a fault away; requests that hang are cut off.
    pub fn lift(&self, id: FaultId) {
        self.table().entries.retain(|entry| entry.id != id);
        self.inner.lifted.notify_waiters();
    }

    /// Takes all faults away; requests that hang are cut off.
    pub fn clear(&self) {
        self.table().entries.clear();
        self.inner.lifted.notify_waiters();
    }

    /// How often a fault has struck, while it is in the table.
    pub fn struck(&self, id: FaultId) -> u64 {
        let table = self.table();
        let mut entries = table.entries.iter();
        entries
            .find(|entry| entry.id == id)
            .map_or(0, |entry| entry.struck)
    }

    /// Lets the faults of this service strike the requests to this router.
    pub fn wrap(&self, service: Service, router: Router) -> Router {
        let faults = self.clone();
        router.layer(middleware::from_fn(move |request: Request, next: Next| {
            let faults = faults.clone();
            async move {
                match faults.take(service, &request) {
                    None => next.run(request).await,
                    Some((id, kind)) => faults.strike(service, id, &kind, request, next).await,
                }
            }
        }))
    }

    fn take(&self, service: Service, request: &Request) -> Option<(FaultId, Kind)> {
        let mut table = self.table();
        let mut entries = table.entries.iter_mut();
        let entry = entries.find(|entry| entry.fault.strikes(service, request))?;
        entry.struck += 1;
        if let Some(times) = &mut entry.fault.times {
            *times = times.saturating_sub(1);
        }
        Some((entry.id, entry.fault.kind.clone()))
    }

    fn holds(&self, id: FaultId) -> bool {
        self.table().entries.iter().any(|entry| entry.id == id)
    }

    async fn strike(
        &self,
        service: Service,
        id: FaultId,
        kind: &Kind,
        request: Request,
        next: Next,
    ) -> Response {
        match kind {
            Kind::Timeout => {
                self.until_lifted(id).await;
                reset()
            }
            Kind::Reset => reset(),
            Kind::LostAnswer => {
                next.run(request).await;
                reset()
            }
            Kind::Status { code, retry_after } => {
                let now = (self.inner.now)();
                bodies::status(service, *code, *retry_after, now, &request)
            }
            Kind::Latency { ms } => {
                tokio::time::sleep(Duration::from_millis(*ms)).await;
                next.run(request).await
            }
            Kind::CutBody => altered(next.run(request).await, Alteration::Cut).await,
            Kind::MalformedJson => altered(next.run(request).await, Alteration::Half).await,
            Kind::WrongBytes => altered(next.run(request).await, Alteration::OneCharacter).await,
            Kind::WrongDigest => wrong_digest(next.run(request).await),
        }
    }

    async fn until_lifted(&self, id: FaultId) {
        loop {
            let lifted = self.inner.lifted.notified();
            tokio::pin!(lifted);
            // Registered before the look, so that a lift in between is not missed.
            lifted.as_mut().enable();
            if !self.holds(id) {
                return;
            }
            lifted.await;
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.inner
            .table
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.table();
        f.debug_list()
            .entries(table.entries.iter().map(|entry| &entry.fault))
            .finish()
    }
}

fn broken() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::ConnectionReset, "simulated fault")
}

/// An answer whose body fails at once: the server closes the connection before the head is written.
fn reset() -> Response {
    let failing = futures_util::stream::once(async { Err::<Bytes, _>(broken()) });
    Body::from_stream(failing).into_response()
}

enum Alteration {
    Cut,
    Half,
    OneCharacter,
}

async fn altered(response: Response, alteration: Alteration) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
        return reset();
    };
    if bytes.is_empty() {
        // The answer to a HEAD, or a 304: there is nothing to spoil, and the head must stay true.
        return Response::from_parts(parts, Body::empty());
    }
    let half = bytes.slice(..bytes.len() / 2);
    let (length, body) = match alteration {
        Alteration::Cut => (bytes.len(), cut_after(half)),
        Alteration::Half => {
            let half = if half.is_empty() {
                Bytes::from_static(b"{")
            } else {
                half
            };
            (half.len(), Body::from(half))
        }
        Alteration::OneCharacter => (bytes.len(), Body::from(one_other(&bytes))),
    };
    parts
        .headers
        .insert(CONTENT_LENGTH, HeaderValue::from(length));
    Response::from_parts(parts, body)
}

/// A body that gives these bytes and then fails.
fn cut_after(bytes: Bytes) -> Body {
    Body::from_stream(futures_util::stream::unfold(Some(bytes), |left| async {
        match left {
            Some(bytes) if !bytes.is_empty() => Some((Ok(bytes), Some(Bytes::new()))),
            Some(_) => {
                // The server must have sent what it has before the error ends everything.
                tokio::task::yield_now().await;
                Some((Err(broken()), None))
            }
            None => None,
        }
    }))
}

/// The same bytes but for one: a digit where there is one, so that JSON stays JSON.
fn one_other(bytes: &Bytes) -> Vec<u8> {
    let mut other = bytes.to_vec();
    let digit = other.iter().rposition(|byte| (b'1'..=b'8').contains(byte));
    let position = digit.unwrap_or(other.len() / 2);
    if let Some(byte) = other.get_mut(position) {
        *byte = if digit.is_some() {
            *byte + 1
        } else {
            *byte ^ 1
        };
    }
    other
}

fn wrong_digest(mut response: Response) -> Response {
    let name = HeaderName::from_static("docker-content-digest");
    let other = hex::encode(sha2::Sha256::digest(b"something else"));
    if let Ok(value) = HeaderValue::from_str(&format!("sha256:{other}")) {
        response.headers_mut().insert(name, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_character_is_another_one_and_json_stays_json() {
        let before = Bytes::from_static(br#"{"size": 1234, "x": "a"}"#);
        let after = one_other(&before);
        assert_eq!(after.len(), before.len());
        assert_ne!(after, before);
        assert!(serde_json::from_slice::<serde_json::Value>(&after).is_ok());
        assert_ne!(one_other(&Bytes::from_static(b"abc")), b"abc");
    }

    #[test]
    fn a_fault_is_read_from_a_scenario() {
        let fault: Fault = toml::from_str(
            "service = \"docker-hub\"\ntimes = 2\nkind = { status = { code = 429, retry-after = 5 } }",
        )
        .unwrap();
        let expected = Fault::new(
            Service::DockerHub,
            Kind::Status {
                code: 429,
                retry_after: Some(5),
            },
        );
        assert_eq!(fault, expected.times(2));
        let fault: Fault = toml::from_str("service = \"pypi\"\nkind = \"cut-body\"").unwrap();
        assert_eq!(fault.kind, Kind::CutBody);
        let fault: Fault = toml::from_str("service = \"github\"\nkind = \"lost-answer\"").unwrap();
        assert_eq!(fault.kind, Kind::LostAnswer);
    }
}
