//! A server that answers as a test tells it, and remembers what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use gonogo::domain::fact::{Ask, Fact, Failure, ImageId};
use gonogo::domain::time::Timestamp;
use gonogo::secret::{Credential, Login, Provider, Secret};
use gonogo::sources::Answer;
use gonogo::sources::oci::{Client, RegistryAccess};
use http::header::AUTHORIZATION;

/// One request as it came.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: http::HeaderMap,
    pub(super) body: String,
}

impl Seen {
    pub(super) fn authorization(&self) -> Option<&str> {
        self.header(AUTHORIZATION.as_str())
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// A server on loopback.
#[derive(Clone)]
pub(super) struct Stub {
    pub(super) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Stub {
    /// Answers every request with what this function makes of it.
    pub(super) async fn new(answer: impl Fn(&Seen) -> Response + Send + Sync + 'static) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let answer = Arc::new(answer);
        let log = Arc::clone(&seen);
        let router = Router::new().fallback(move |request: Request| {
            let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
            async move {
                let (parts, body) = request.into_parts();
                let body = to_bytes(body, 1 << 20).await.unwrap();
                let seen = Seen {
                    method: parts.method.to_string(),
                    target: parts.uri.path_and_query().unwrap().to_string(),
                    headers: parts.headers,
                    body: String::from_utf8(body.to_vec()).unwrap(),
                };
                log.lock().unwrap().push(seen.clone());
                answer(&seen)
            }
        });
        Self {
            address: serve(router).await,
            seen,
        }
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The targets of all requests, in order of arrival.
    pub(super) fn targets(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.target).collect()
    }
}

/// Serves a router on a free port of loopback until the test's runtime ends.
pub(super) async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        axum::serve(listener, router).await.unwrap();
    });
    address
}

pub(super) fn noon() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(super) fn http() -> reqwest::Client {
    gonogo::net::client(&gonogo::net::Limits::default()).unwrap()
}

/// An answer with these headers.
pub(super) fn respond(status: u16, headers: &[(&str, &str)], body: impl Into<Body>) -> Response {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.into()).unwrap()
}

pub(super) fn json(value: &serde_json::Value) -> Response {
    respond(
        200,
        &[("content-type", "application/json")],
        value.to_string(),
    )
}

pub(super) fn password(username: &str, password: &str) -> Provider<Login> {
    Provider::fixed(Credential::Present {
        value: Login::Basic {
            username: username.to_owned(),
            password: Secret::new(password).unwrap(),
        },
        from: "the test".to_owned(),
    })
}

pub(super) fn nobody() -> Provider<Login> {
    Provider::fixed(Credential::Missing {
        todo: "Log in first.".to_owned(),
    })
}

/// The image that all registry tests look at, at this address.
pub(super) fn registry(address: SocketAddr, credentials: Provider<Login>) -> Client {
    let access = RegistryAccess {
        image: image().0.parse().unwrap(),
        registry_url: format!("http://{address}").parse().unwrap(),
        credentials,
    };
    Client::new(http(), access)
}

pub(super) fn image() -> ImageId {
    ImageId("registry.example/acme/rocket".to_owned())
}

pub(super) fn tag(tag: &str) -> Ask {
    Ask::Tag(image(), tag.to_owned())
}

pub(super) async fn look(client: &Client, ask: &Ask) -> Answer {
    client.look(ask, noon()).await
}

pub(super) async fn fact(client: &Client, ask: &Ask) -> Fact {
    let outcome = look(client, ask).await.outcome;
    outcome.unwrap_or_else(|failure| panic!("{ask:?}: {failure:?}"))
}

pub(super) async fn failure(client: &Client, ask: &Ask) -> Failure {
    look(client, ask).await.outcome.expect_err("a failure")
}
