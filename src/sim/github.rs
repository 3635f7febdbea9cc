//! GitHub's API: REST with its headers, and as much GraphQL as `gh` asks for.

mod attestations;
pub(crate) mod blob;
mod exchange;
mod graphql;
mod limits;
mod links;
mod repository;
mod routes;
mod runs;
mod write;

use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;

use self::exchange::{Payload, Reply, Request, query, segments};
use self::limits::{Budget, Limits, Resource};
use self::links::Links;
use super::stage::Stage;
use super::world::repo::hex_sha256;

/// The most that a request body may hold.
const MAX_BODY: usize = 1 << 20;
/// Smaller answers are not worth compressing.
const SMALLEST_GZIP: usize = 1000;

/// The service.
#[derive(Clone)]
pub(crate) struct GitHub {
    inner: Arc<Inner>,
}

struct Inner {
    stage: Stage,
    token: String,
    scopes: String,
    blobs: String,
    limits: Mutex<Limits>,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    Anonymous,
    Known,
    Refused,
}

impl GitHub {
    /// `token` is the only one that is known; `blobs` is the base address of the storage host.
    pub(crate) fn new(stage: Stage, token: &str, scopes: &str, blobs: &str, hourly: u64) -> Self {
        Self {
            inner: Arc::new(Inner {
                stage,
                token: token.to_owned(),
                scopes: scopes.to_owned(),
                blobs: blobs.to_owned(),
                limits: Mutex::new(Limits::new(hourly)),
            }),
        }
    }

    pub(crate) fn router(self) -> Router {
        Router::new().fallback(serve).with_state(self)
    }

    fn caller(&self, headers: &HeaderMap) -> Caller {
        let Some(value) = headers.get(header::AUTHORIZATION) else {
            return Caller::Anonymous;
        };
        let token = value.to_str().ok().and_then(|value| {
            let (kind, token) = value.split_once(' ')?;
            let known = kind.eq_ignore_ascii_case("bearer") || kind.eq_ignore_ascii_case("token");
            known.then_some(token.trim())
        });
        if token == Some(self.inner.token.as_str()) {
            Caller::Known
        } else {
            Caller::Refused
        }
    }

    /// The request's answer, and the moment of it.
    fn answer(&self, request: &Request, caller: Caller) -> (Reply, Timestamp) {
        self.inner.stage.with(|world| {
            let known = caller == Caller::Known;
            let path: Vec<&str> = request.segments.iter().map(String::as_str).collect();
            let reply = match path.as_slice() {
                _ if caller == Caller::Refused => Reply::error(401, "Bad credentials"),
                ["rate_limit"] => {
                    let mut limits = self.limits();
                    let mut reply = Reply::ok(limits.overview(known, world.now));
                    reply.free = true;
                    reply
                }
                ["graphql"] if request.method != Method::POST => Reply::not_found(),
                ["graphql"] if !known => {
                    Reply::error(401, "This endpoint requires you to be authenticated.")
                }
                ["graphql"] => graphql::answer(world, request),
                _ => routes::answer(world, request, known),
            };
            (reply, world.now)
        })
    }

    fn limits(&self) -> std::sync::MutexGuard<'_, Limits> {
        self.inner
            .limits
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(State(github): State<GitHub>, request: axum::extract::Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let base = base(&parts);
    let path = parts.uri.path().to_owned();
    let head = parts.method == Method::HEAD;
    let (owner, name) = github
        .inner
        .stage
        .repo
        .split_once('/')
        .unwrap_or((github.inner.stage.repo.as_str(), ""));
    let request = Request {
        method: if head { Method::GET } else { parts.method },
        segments: segments(&path),
        query: query(parts.uri.query().unwrap_or_default()),
        headers: parts.headers,
        body: body.to_vec(),
        links: Links {
            base,
            owner: owner.to_owned(),
            name: name.to_owned(),
        },
        blobs: github.inner.blobs.clone(),
        path,
    };
    let caller = github.caller(&request.headers);
    let resource = match request.segments.first().map(String::as_str) {
        Some("search") => Resource::Search,
        Some("graphql") => Resource::Graphql,
        _ => Resource::Core,
    };
    let now = github.inner.stage.now();
    let known = caller == Caller::Known;
    let before = github.limits().charge(known, resource, 0, now);
    let free = request
        .segments
        .first()
        .is_some_and(|first| first == "rate_limit");
    if caller != Caller::Refused && before.remaining() == 0 && !free {
        let reply = Reply::error(403, "API rate limit exceeded for this user.");
        let reply = Rendered::new(&request, reply);
        return github.finish(&request, reply, caller, resource, before, head);
    }
    let (reply, now) = github.answer(&request, caller);
    let reply = Rendered::new(&request, reply).unless_known(&request);
    let cost = u64::from(!(reply.free || caller == Caller::Refused));
    let budget = github.limits().charge(known, resource, cost, now);
    github.finish(&request, reply, caller, resource, budget, head)
}

/// The base by which a request came: its absolute form if it has one (through a proxy), else its host.
fn base(parts: &http::request::Parts) -> String {
    if let Some(authority) = parts.uri.authority() {
        return format!("{}://{authority}", parts.uri.scheme_str().unwrap_or("http"));
    }
    let host = parts
        .headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok());
    format!("http://{}", host.unwrap_or("localhost"))
}

/// An answer as it goes out: its bytes are made once, for the validator and for the body.
struct Rendered {
    status: u16,
    kind: &'static str,
    bytes: Vec<u8>,
    headers: Vec<(&'static str, String)>,
    etag: Option<String>,
    free: bool,
}

impl Rendered {
    fn new(request: &Request, reply: Reply) -> Self {
        let (kind, bytes) = match reply.payload {
            Payload::Json(value) => (
                "application/json; charset=utf-8",
                value.to_string().into_bytes(),
            ),
            Payload::Bytes(kind, bytes) => (kind, bytes),
            Payload::Empty => ("", Vec::new()),
        };
        let cacheable = reply.status == 200 && request.method == Method::GET && !kind.is_empty();
        Self {
            status: reply.status,
            etag: cacheable.then(|| format!("W/\"{}\"", hex_sha256(&bytes))),
            kind,
            bytes,
            headers: reply.headers,
            free: reply.free,
        }
    }

    /// The 304 in place of this answer, if the client has it already.
    fn unless_known(mut self, request: &Request) -> Self {
        let asked = request
            .headers
            .get(header::IF_NONE_MATCH)
            .and_then(|value| value.to_str().ok());
        let (Some(asked), Some(etag)) = (asked, &self.etag) else {
            return self;
        };
        let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        if asked.split(',').any(|one| strong(one) == strong(etag)) {
            self.status = 304;
            self.kind = "";
            self.bytes = Vec::new();
            self.free = true;
        }
        self
    }
}

impl GitHub {
    fn finish(
        &self,
        request: &Request,
        reply: Rendered,
        caller: Caller,
        resource: Resource,
        budget: Budget,
        head: bool,
    ) -> Response {
        let mut headers = HeaderMap::new();
        let mut set = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        set("server", "github.com");
        set("x-github-request-id", "51E0:51E0:51E0:51E0");
        set("x-github-media-type", "github.v3; format=json");
        set("x-github-api-version-selected", "2022-11-28");
        set("x-ratelimit-limit", &budget.limit.to_string());
        set("x-ratelimit-remaining", &budget.remaining().to_string());
        set("x-ratelimit-used", &budget.used.to_string());
        set("x-ratelimit-reset", &budget.reset.as_second().to_string());
        set("x-ratelimit-resource", resource.word());
        if caller == Caller::Known {
            set("x-oauth-scopes", &self.inner.scopes);
            set("x-accepted-oauth-scopes", "");
        }
        if let Some(etag) = &reply.etag {
            set("etag", etag);
            set("cache-control", "private, max-age=60, s-maxage=60");
            set(
                "vary",
                "Accept, Authorization, Cookie, X-GitHub-OTP,Accept-Encoding",
            );
        }
        for (name, value) in &reply.headers {
            set(name, value);
        }
        if !reply.kind.is_empty() {
            set("content-type", reply.kind);
        }
        let accepts_gzip = request
            .headers
            .get(header::ACCEPT_ENCODING)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.contains("gzip"));
        let packed = (accepts_gzip && reply.bytes.len() >= SMALLEST_GZIP)
            .then(|| gzip(&reply.bytes))
            .flatten();
        if packed.is_some() {
            set("content-encoding", "gzip");
        }
        let body = packed.unwrap_or(reply.bytes);
        if head {
            set("content-length", &body.len().to_string());
        }
        let mut response = Response::new(if head {
            Body::empty()
        } else {
            Body::from(body)
        });
        *response.status_mut() =
            StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        *response.headers_mut() = headers;
        response
    }
}

fn gzip(body: &[u8]) -> Option<Vec<u8>> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(body).ok()?;
    packer.finish().ok()
}

fn plain(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
