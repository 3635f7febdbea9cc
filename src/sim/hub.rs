//! Docker Hub's own API over a simulated registry: tag lists with dates, and the only way to delete a tag there.

mod tags;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Path, RawQuery, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::header::{AUTHORIZATION, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::oci::{Access, Action, Registry, User};

/// How long a token is valid, in real time.
const TOKEN_LIFE: Duration = Duration::from_secs(600);
/// Tokens that are kept at most.
const MAX_TOKENS: usize = 10_000;

/// How Docker Hub's API behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HubOptions {
    /// Requests in one window; more get 429 with `X-Retry-After`.
    pub limit: u32,
    /// Length of the window in seconds of the world's clock.
    pub window_seconds: u32,
    /// What a delete without the right to it gets.
    pub lacking_delete: LackingDelete,
}

impl Default for HubOptions {
    fn default() -> Self {
        Self {
            limit: 600,
            window_seconds: 60,
            lacking_delete: LackingDelete::Forbidden,
        }
    }
}

/// What a delete without the right to it gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LackingDelete {
    /// 403
    #[default]
    Forbidden,
    /// 500 around the registry's own 401, as it was seen in the field.
    WrappedError,
}

#[derive(Clone)]
struct Hub {
    registry: Registry,
    options: HubOptions,
    state: Arc<Mutex<HubState>>,
}

#[derive(Default)]
struct HubState {
    /// User and end of validity, in real time, by token.
    tokens: BTreeMap<String, (String, Timestamp)>,
    window_began: Option<Timestamp>,
    used: u32,
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}

/// The service, over the same tags and users as the registry.
pub fn router(registry: Registry, options: HubOptions) -> Router {
    let hub = Hub {
        registry,
        options,
        state: Arc::default(),
    };
    let mut router = Router::new()
        .route("/v2/auth/token", post(log_in))
        .route("/v2/users/login", post(old_log_in))
        .route("/v2/users/login/", post(old_log_in));
    for base in [
        "/v2/namespaces/{namespace}/repositories/{repository}",
        "/v2/repositories/{namespace}/{repository}",
    ] {
        for slash in ["", "/"] {
            let list = format!("{base}/tags{slash}");
            let one = format!("{base}/tags/{{tag}}{slash}");
            router = router.route(&list, get(tag_list));
            router = if base.starts_with("/v2/repositories") {
                router.route(&one, get(one_tag).delete(delete_tag))
            } else {
                router.route(&one, get(one_tag))
            };
        }
    }
    router
        .fallback(|| async { not_found(&json!({})) })
        .layer(middleware::from_fn_with_state(hub.clone(), limited))
        .with_state(hub)
}

impl Hub {
    fn state(&self) -> MutexGuard<'_, HubState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn token_for(&self, user: &User) -> String {
        let now = Timestamp::now();
        let mut state = self.state();
        state.tokens.retain(|_, (_, expires)| *expires > now);
        if state.tokens.len() >= MAX_TOKENS {
            state.tokens.clear();
        }
        let token = super::oci::random_token();
        let expires = now.checked_add(TOKEN_LIFE).unwrap_or(Timestamp::MAX);
        state
            .tokens
            .insert(token.clone(), (user.name().to_owned(), expires));
        token
    }

    /// Who asks: nobody, or the user of a valid token. A bad token is refused, not ignored.
    fn caller(&self, headers: &HeaderMap) -> Result<Option<User>, Box<Response>> {
        let Some(value) = headers.get(AUTHORIZATION) else {
            return Ok(None);
        };
        let token = value.to_str().ok().and_then(|value| {
            value
                .strip_prefix("Bearer ")
                .or_else(|| value.strip_prefix("JWT "))
        });
        let name = token.and_then(|token| {
            let state = self.state();
            let (name, expires) = state.tokens.get(token)?;
            (*expires > Timestamp::now()).then(|| name.clone())
        });
        match name.and_then(|name| self.registry.user(&name)) {
            Some(user) => Ok(Some(user)),
            None => Err(Box::new(bad_credentials())),
        }
    }

    /// Whether the caller may see the tags; strangers do not even learn that a private repository exists.
    fn may_read(&self, headers: &HeaderMap) -> Result<(), Box<Response>> {
        let public = match self.registry.behaviour().access {
            Access::Open => true,
            Access::Basic => false,
            Access::Token { anonymous_pull, .. } => anonymous_pull,
        };
        match self.caller(headers)? {
            Some(user) if user.may(Action::Pull) => Ok(()),
            Some(_) => Err(Box::new(forbidden())),
            None if public => Ok(()),
            None => Err(Box::new(not_found(&json!({})))),
        }
    }

    /// Counts a request; the allowance that is left, the end of the window, and whether it is refused.
    fn count(&self) -> (u32, i64, bool) {
        let now = self.registry.now();
        let length = i64::from(self.options.window_seconds);
        let mut state = self.state();
        let began = match state.window_began {
            Some(began) if now.as_second() - began.as_second() < length => began,
            _ => {
                state.used = 0;
                *state.window_began.insert(now)
            }
        };
        let refused = state.used >= self.options.limit;
        state.used = state.used.saturating_add(1);
        let left = self.options.limit.saturating_sub(state.used);
        (left, began.as_second().saturating_add(length), refused)
    }
}

/// Adds the rate limit's headers, or refuses.
async fn limited(State(hub): State<Hub>, request: Request, next: Next) -> Response {
    let (left, reset, refused) = hub.count();
    let mut response = if refused {
        let body = Json(json!({"detail": "Rate limit exceeded", "error": false}));
        (StatusCode::TOO_MANY_REQUESTS, body).into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: i64| {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    };
    set("x-ratelimit-limit", i64::from(hub.options.limit));
    set("x-ratelimit-remaining", i64::from(left));
    set("x-ratelimit-reset", reset);
    if refused {
        // The moment, not the wait.
        set("x-retry-after", reset);
    }
    response
}

#[derive(Deserialize)]
struct LogIn {
    #[serde(alias = "username")]
    identifier: String,
    #[serde(alias = "password")]
    secret: String,
}

/// `POST /v2/auth/token`
async fn log_in(State(hub): State<Hub>, Json(log_in): Json<LogIn>) -> Response {
    match hub.registry.log_in(&log_in.identifier, &log_in.secret) {
        Some(user) => Json(json!({"access_token": hub.token_for(&user)})).into_response(),
        None => bad_credentials(),
    }
}

/// `POST /v2/users/login`, deprecated
async fn old_log_in(State(hub): State<Hub>, Json(log_in): Json<LogIn>) -> Response {
    match hub.registry.log_in(&log_in.identifier, &log_in.secret) {
        Some(user) => Json(json!({"token": hub.token_for(&user)})).into_response(),
        None => bad_credentials(),
    }
}

/// `GET …/tags`
async fn tag_list(
    State(hub): State<Hub>,
    Path((namespace, repository)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if let Err(refusal) = hub.may_read(&headers) {
        return *refusal;
    }
    let name = format!("{namespace}/{repository}");
    if !hub.registry.repositories().contains(&name) {
        return not_found(&json!({"namespace": namespace, "repository": repository}));
    }
    let address = format!(
        "http://{}/v2/namespaces/{namespace}/repositories/{repository}/tags",
        host(&headers)
    );
    match tags::page(&hub.registry, &name, query.as_deref(), &address) {
        Some(page) => Json(page).into_response(),
        None => not_found(&json!({"namespace": namespace, "repository": repository})),
    }
}

/// `GET …/tags/<tag>`
async fn one_tag(
    State(hub): State<Hub>,
    Path((namespace, repository, tag)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    if let Err(refusal) = hub.may_read(&headers) {
        return *refusal;
    }
    if let Some(body) = tags::one(&hub.registry, &format!("{namespace}/{repository}"), &tag) {
        return Json(body).into_response();
    }
    not_found(&json!({"namespace": namespace, "repository": repository, "tag": tag}))
}

/// `DELETE /v2/repositories/<namespace>/<repository>/tags/<tag>/`
async fn delete_tag(
    State(hub): State<Hub>,
    Path((namespace, repository, tag)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let user = match hub.caller(&headers) {
        Ok(Some(user)) => user,
        Ok(None) => return bad_credentials(),
        Err(refusal) => return *refusal,
    };
    if !user.may(Action::Delete) {
        return match hub.options.lacking_delete {
            LackingDelete::Forbidden => forbidden(),
            LackingDelete::WrappedError => wrapped_error(&namespace, &repository),
        };
    }
    let name = format!("{namespace}/{repository}");
    if hub.registry.is_immutable(&tag) {
        let message = format!("tag {tag} is immutable and cannot be deleted");
        return (
            StatusCode::BAD_REQUEST,
            Json(json!({"message": message, "errinfo": {}})),
        )
            .into_response();
    }
    if hub.registry.delete_tag(&name, &tag) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        not_found(&json!({"namespace": namespace, "repository": repository, "tag": tag}))
    }
}

fn bad_credentials() -> Response {
    let detail = "Incorrect authentication credentials";
    (StatusCode::UNAUTHORIZED, Json(json!({"detail": detail}))).into_response()
}

fn forbidden() -> Response {
    let body = json!({
        "detail": "access to the resource is forbidden with personal access token",
        "message": "access to the resource is forbidden with personal access token",
        "errinfo": {},
    });
    (StatusCode::FORBIDDEN, Json(body)).into_response()
}

fn wrapped_error(namespace: &str, repository: &str) -> Response {
    let inner = json!({"errors": [{
        "code": "UNAUTHORIZED",
        "message": "authentication required",
        "detail": [{
            "Type": "repository",
            "Name": format!("{namespace}/{repository}"),
            "Action": "delete",
        }],
    }]});
    let body = json!({"message": format!("httperror 401: {inner}"), "errinfo": {}});
    (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
}

fn not_found(what: &Value) -> Response {
    let body = json!({"message": "httperror 404: object not found", "errinfo": what});
    (StatusCode::NOT_FOUND, Json(body)).into_response()
}

fn host(headers: &HeaderMap) -> &str {
    headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or("localhost")
}
