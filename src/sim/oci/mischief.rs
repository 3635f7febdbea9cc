//! Lies of a registry: answers that differ from what it holds, one by one or together.
//!
//! A [`Mischief`] says of which requests and what is changed; several of them change the same answer in the order in
//! which they were added. Nothing here is random, so that a case can be told by its table of lies.

use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use http::{HeaderName, HeaderValue, Method, StatusCode};

use super::Registry;
use crate::sim::glob;

/// A lie, and when it is told.
#[derive(Debug, Clone)]
pub struct Mischief {
    path: String,
    method: Option<Method>,
    honest: u32,
    lie: Lie,
}

/// What is changed.
#[derive(Debug, Clone)]
pub enum Lie {
    /// The answer to another request: what lies at this path below `/v2/`.
    AnswerOf(String),
    /// These bytes; what the head says of them stays, but for their length.
    Bytes(Bytes),
    /// These bytes, packed with gzip, and the head says so.
    Packed(Bytes),
    /// Another header, or none.
    Header(HeaderName, Option<HeaderValue>),
    /// This status and an error as registries write it.
    Status(u16),
    /// A redirect to this address, whatever it is.
    Redirect(HeaderValue),
    /// Half of the body, and then the connection ends.
    Cut,
    /// The head, and then a byte now and then without end.
    Drip(Duration),
    /// The head, and then bytes without end.
    Flood,
}

impl Mischief {
    /// A lie in every answer to a request whose path and query below `/v2/` match; `*` stands for any run.
    pub fn on(path: &str, lie: Lie) -> Self {
        Self {
            path: path.to_owned(),
            method: None,
            honest: 0,
            lie,
        }
    }

    /// Only where the method is this one.
    #[must_use]
    pub fn only(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// Only after so many requests that match were answered honestly.
    #[must_use]
    pub fn after(mut self, honest: u32) -> Self {
        self.honest = honest;
        self
    }

    fn strikes(&mut self, method: &Method, target: &str) -> bool {
        let fits = self.method.as_ref().is_none_or(|only| only == method)
            && glob::matches(&self.path, target);
        if fits && self.honest > 0 {
            self.honest -= 1;
            return false;
        }
        fits
    }
}

impl Registry {
    /// Adds a lie, told from the next request on.
    pub fn mislead(&self, mischief: Mischief) {
        self.state().mischief.push(mischief);
    }

    /// The lies that are told in the answer to a request.
    pub(super) fn lies(&self, method: &Method, target: &str) -> Vec<Lie> {
        let mut state = self.state();
        let table = state.mischief.iter_mut();
        table
            .filter_map(|one| one.strikes(method, target).then(|| one.lie.clone()))
            .collect()
    }
}

/// The path that is answered in place of the one asked for.
pub(super) fn elsewhere(lies: &[Lie]) -> Option<&str> {
    lies.iter().find_map(|lie| match lie {
        Lie::AnswerOf(path) => Some(path.as_str()),
        _ => None,
    })
}

impl Lie {
    /// The answer with the lie in it.
    pub(super) async fn tell(self, response: Response) -> Response {
        let (mut parts, body) = response.into_parts();
        let body = match self {
            Self::AnswerOf(_) => body,
            Self::Bytes(bytes) => {
                parts.status = StatusCode::OK;
                parts.headers.remove(CONTENT_LENGTH);
                Body::from(bytes)
            }
            Self::Packed(bytes) => {
                parts.status = StatusCode::OK;
                parts.headers.remove(CONTENT_LENGTH);
                let gzip = HeaderValue::from_static("gzip");
                parts.headers.insert(CONTENT_ENCODING, gzip);
                Body::from(packed(&bytes))
            }
            Self::Header(name, Some(value)) => {
                parts.headers.insert(name, value);
                body
            }
            Self::Header(name, None) => {
                parts.headers.remove(name);
                body
            }
            Self::Status(code) => return refusal(code),
            Self::Redirect(to) => {
                parts.status = StatusCode::TEMPORARY_REDIRECT;
                parts.headers.insert(LOCATION, to);
                parts.headers.remove(CONTENT_LENGTH);
                Body::empty()
            }
            Self::Cut => {
                let whole = axum::body::to_bytes(body, usize::MAX).await;
                let whole = whole.unwrap_or_default();
                parts
                    .headers
                    .insert(CONTENT_LENGTH, HeaderValue::from(whole.len()));
                let half = Some(whole.slice(..whole.len() / 2));
                Body::from_stream(stream::unfold(half, |half| async {
                    // What is there must have been sent before the error ends everything.
                    tokio::task::yield_now().await;
                    let broken = || std::io::Error::from(std::io::ErrorKind::ConnectionReset);
                    match half {
                        Some(half) if half.is_empty() => Some((Err(broken()), None)),
                        Some(half) => Some((Ok(half), Some(Bytes::new()))),
                        None => None,
                    }
                }))
            }
            Self::Drip(pause) => {
                parts.headers.remove(CONTENT_LENGTH);
                endless(Bytes::from_static(b" "), pause)
            }
            Self::Flood => {
                parts.headers.remove(CONTENT_LENGTH);
                endless(Bytes::from(vec![b' '; 64 * 1024]), Duration::ZERO)
            }
        };
        Response::from_parts(parts, body)
    }
}

fn endless(piece: Bytes, pause: Duration) -> Body {
    Body::from_stream(stream::unfold(piece, move |piece| async move {
        tokio::time::sleep(pause).await;
        Some((Ok::<_, std::io::Error>(piece.clone()), piece))
    }))
}

fn packed(bytes: &Bytes) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    // Writing to memory cannot fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

fn refusal(code: u16) -> Response {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = r#"{"errors":[{"code":"UNKNOWN","message":"no"}]}"#;
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}
