//! The HTTP face of the registry: paths, and which method means what.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use percent_encoding::percent_decode_str;

use super::auth::{Action, Need};
use super::{
    Digest, Reference, Refused, Registry, auth, blobs, digest, lists, manifests, mischief,
};

/// `Docker-Content-Digest`
pub(super) const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");

/// The most that one request body may hold.
pub(super) const MAX_BLOB: usize = 512 << 20;
/// The most that a manifest may hold; the specification asks for 4 MiB at least.
pub(super) const MAX_MANIFEST: usize = 4 << 20;

impl Registry {
    /// The service: `/v2/…` and `/token`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/v2", any(|| async { Redirect::permanent("/v2/") }))
            .route("/v2/", any(serve))
            .route("/v2/{*rest}", any(serve))
            .route("/token", get(auth::token))
            .with_state(self.clone())
    }

    /// The content network that [`super::BlobDelivery::Redirected`] sends clients to.
    ///
    /// It refuses a request that brings an `Authorization` header, as signed addresses of object stores do.
    pub fn cdn_router(&self) -> Router {
        Router::new()
            .route("/cdn/{digest}", get(blobs::from_cdn))
            .with_state(self.clone())
    }
}

/// A request, taken apart.
pub(super) struct Call {
    pub(super) registry: Registry,
    pub(super) parts: Parts,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Body,
    /// Who asks, where that is known.
    pub(super) user: Option<String>,
}

impl Call {
    /// The first value of a query parameter.
    pub(super) fn query(&self, key: &str) -> Option<&str> {
        let mut pairs = self.query.iter();
        pairs
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    /// The whole body, if it is not larger than this.
    pub(super) async fn take_body(&mut self, limit: usize) -> Result<Bytes, Refused> {
        axum::body::to_bytes(std::mem::take(&mut self.body), limit)
            .await
            .map_err(|_| Refused::TooLarge)
    }
}

/// What a path names.
#[derive(Debug, PartialEq, Eq)]
enum Place<'a> {
    Base,
    Uploads(&'a str),
    Upload(&'a str, &'a str),
    Blob(&'a str, &'a str),
    Manifest(&'a str, &'a str),
    Tags(&'a str),
    Referrers(&'a str, &'a str),
}

/// Reads a path below `/v2/`; names hold slashes, so it is read from its end.
fn place(rest: &str) -> Option<Place<'_>> {
    if rest.is_empty() {
        return Some(Place::Base);
    }
    if let Some(name) = rest.strip_suffix("/tags/list") {
        return Some(Place::Tags(name));
    }
    if let Some(name) = rest
        .strip_suffix("/blobs/uploads/")
        .or_else(|| rest.strip_suffix("/blobs/uploads"))
    {
        return Some(Place::Uploads(name));
    }
    let (before, last) = rest.rsplit_once('/')?;
    if let Some(name) = before.strip_suffix("/blobs/uploads") {
        return Some(Place::Upload(name, last));
    }
    let (name, kind) = before.rsplit_once('/')?;
    match kind {
        "blobs" => Some(Place::Blob(name, last)),
        "manifests" => Some(Place::Manifest(name, last)),
        "referrers" => Some(Place::Referrers(name, last)),
        _ => None,
    }
}

/// What a method does to a place.
fn action(place: &Place<'_>, method: &Method) -> Action {
    match (place, method) {
        (_, &Method::GET | &Method::HEAD) if !matches!(place, Place::Upload(..)) => Action::Pull,
        (Place::Manifest(..) | Place::Blob(..), &Method::DELETE) => Action::Delete,
        _ => Action::Push,
    }
}

async fn serve(State(registry): State<Registry>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = percent_decode_str(parts.uri.path()).decode_utf8_lossy();
    let rest = path.strip_prefix("/v2/").unwrap_or_default().to_owned();
    let target = parts
        .uri
        .path_and_query()
        .map_or("", |target| target.as_str());
    let lies = registry.lies(
        &parts.method,
        target.strip_prefix("/v2/").unwrap_or_default(),
    );
    let rest = mischief::elsewhere(&lies).map_or(rest, str::to_owned);
    let query = parse_query(parts.uri.query());
    let call = Call {
        registry,
        parts,
        query,
        body,
        user: None,
    };
    let mut response = answer(call, &rest).await;
    response
        .headers_mut()
        .insert(API_VERSION, HeaderValue::from_static("registry/2.0"));
    for lie in lies {
        response = lie.tell(response).await;
    }
    response
}

async fn answer(mut call: Call, rest: &str) -> Response {
    let Some(place) = place(rest) else {
        return plain_not_found();
    };
    match admit(&call, &place) {
        Ok(user) => call.user = user,
        Err(refusal) => return *refusal,
    }
    dispatch(call, place)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

/// Asks for what the request needs; a mount also needs to read where the blob comes from.
fn admit(call: &Call, place: &Place<'_>) -> Result<Option<String>, Box<Response>> {
    let action = action(place, &call.parts.method);
    let mut needs: Vec<Need<'_>> = match place {
        Place::Base => Vec::new(),
        Place::Uploads(name)
        | Place::Upload(name, _)
        | Place::Blob(name, _)
        | Place::Manifest(name, _)
        | Place::Tags(name)
        | Place::Referrers(name, _) => vec![(*name, action)],
    };
    if let (Place::Uploads(_), Some(from)) = (place, call.query("from")) {
        needs.push((from, Action::Pull));
    }
    let state = call.registry.state();
    state
        .auth
        .admit(state.behaviour.access, &call.parts.headers, &needs)
}

async fn dispatch(call: Call, place: Place<'_>) -> Result<Response, Refused> {
    let name = match place {
        Place::Base => return Ok(axum::Json(serde_json::json!({})).into_response()),
        Place::Uploads(name)
        | Place::Upload(name, _)
        | Place::Blob(name, _)
        | Place::Manifest(name, _)
        | Place::Tags(name)
        | Place::Referrers(name, _) => name,
    };
    if !digest::is_repository(name) {
        return Err(Refused::BadName);
    }
    let parse_digest = |text: &str| Digest::parse(text).ok_or(Refused::BadDigest);
    match (place, call.parts.method.clone()) {
        (Place::Blob(_, digest), Method::GET | Method::HEAD) => {
            blobs::get(&call, name, &parse_digest(digest)?)
        }
        (Place::Blob(_, digest), Method::DELETE) => {
            blobs::delete(&call, name, &parse_digest(digest)?)
        }
        (Place::Uploads(_), Method::POST) => blobs::begin(call, name).await,
        (Place::Upload(_, id), Method::GET) => blobs::progress(&call, name, id),
        (Place::Upload(_, id), Method::PATCH) => blobs::chunk(call, name, id).await,
        (Place::Upload(_, id), Method::PUT) => blobs::finish(call, name, id).await,
        (Place::Upload(_, id), Method::DELETE) => blobs::cancel(&call, name, id),
        (Place::Manifest(_, reference), method) => {
            let reference = Reference::parse(reference).ok_or(if reference.contains(':') {
                Refused::BadDigest
            } else {
                Refused::BadReference
            })?;
            match method {
                Method::GET | Method::HEAD => manifests::get(&call, name, &reference),
                Method::PUT => manifests::put(call, name, reference).await,
                Method::DELETE => manifests::delete(&call, name, &reference),
                _ => Err(Refused::Unsupported),
            }
        }
        (Place::Tags(_), Method::GET | Method::HEAD) => lists::tags(&call, name),
        (Place::Referrers(_, digest), Method::GET | Method::HEAD) => {
            lists::referrers(&call, name, digest)
        }
        _ => Err(Refused::Unsupported),
    }
}

/// What a router answers for a path it does not know: no JSON.
pub(super) fn plain_not_found() -> Response {
    (StatusCode::NOT_FOUND, "404 page not found\n").into_response()
}

/// The pairs of a query, decoded.
pub(super) fn parse_query(query: Option<&str>) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .into_owned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_from_their_end() {
        assert_eq!(place(""), Some(Place::Base));
        assert_eq!(place("a/b/tags/list"), Some(Place::Tags("a/b")));
        assert_eq!(place("a/blobs/uploads/"), Some(Place::Uploads("a")));
        assert_eq!(place("a/blobs/uploads/7"), Some(Place::Upload("a", "7")));
        assert_eq!(
            place("a/manifests/b/manifests/c"),
            Some(Place::Manifest("a/manifests/b", "c"))
        );
        assert_eq!(place("a/b"), None);
        assert_eq!(place("_catalog"), None);
    }
}
