//! octocrab over our own HTTP client: no retry, no cache, no redirect, one `User-Agent`.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use octocrab::{AuthState, OctoBody, Octocrab, OctocrabBuilder};

/// The body of an answer, not yet read.
pub(super) type Body = BoxBody<Bytes, octocrab::Error>;

/// Our HTTP client as the service below octocrab.
#[derive(Debug, Clone)]
struct Wire(reqwest::Client);

impl tower::Service<http::Request<OctoBody>> for Wire {
    type Response = http::Response<reqwest::Body>;
    type Error = reqwest::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, reqwest::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), reqwest::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<OctoBody>) -> Self::Future {
        // Only questions go through here, and they have no body.
        let request = reqwest::Request::try_from(request.map(|_| reqwest::Body::default()));
        let http = self.0.clone();
        Box::pin(async move {
            let answer = http.execute(request?).await;
            answer
                .map(http::Response::from)
                .map_err(reqwest::Error::without_url)
        })
    }
}

/// octocrab with nothing of its own between a request and the wire. Must be called within a runtime.
pub(super) fn octocrab(http: reqwest::Client) -> Octocrab {
    let built: Result<Octocrab, Infallible> = OctocrabBuilder::new_empty()
        .with_service(Wire(http))
        .with_auth(AuthState::None)
        .build();
    match built {
        Ok(crab) => crab,
        Err(never) => match never {},
    }
}
