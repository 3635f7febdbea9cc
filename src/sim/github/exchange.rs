//! One request and its answer, before headers that every answer carries.

use std::fmt::Write as _;

use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::links::Links;

/// A request, taken apart.
pub(super) struct Request {
    pub(super) method: Method,
    /// Decoded segments of the path.
    pub(super) segments: Vec<String>,
    /// Path as it came.
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) links: Links,
    /// Base address of the host that holds logs and files.
    pub(super) blobs: String,
}

impl Request {
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn accepts(&self, part: &str) -> bool {
        self.headers
            .get(http::header::ACCEPT)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.contains(part))
    }

    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// One page of `items`, and the `Link` header where there is more than one.
    pub(super) fn page<T: Clone>(&self, items: &[T]) -> (Vec<T>, Option<String>) {
        let number = |name: &str, default: usize| {
            self.parameter(name)
                .and_then(|text| text.parse::<usize>().ok())
                .filter(|value| *value > 0)
                .unwrap_or(default)
        };
        let size = number("per_page", 30).min(100);
        let page = number("page", 1);
        let pages = items.len().div_ceil(size).max(1);
        let start = (page - 1).saturating_mul(size);
        let shown = items.iter().skip(start).take(size).cloned().collect();
        (shown, self.link(page, pages))
    }

    fn link(&self, page: usize, pages: usize) -> Option<String> {
        let mut parts = Vec::new();
        let mut add = |to: usize, rel: &str| {
            parts.push(format!("<{}>; rel=\"{rel}\"", self.with_page(to)));
        };
        if page > 1 {
            add((page - 1).min(pages), "prev");
        }
        if page < pages {
            add(page + 1, "next");
            add(pages, "last");
        }
        if page > 1 {
            add(1, "first");
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    fn with_page(&self, page: usize) -> String {
        let mut url = format!("{}{}?", self.links.base, self.path);
        for (key, value) in self.query.iter().filter(|(key, _)| key != "page") {
            let value =
                percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
            let _ = write!(url, "{key}={value}&");
        }
        let _ = write!(url, "page={page}");
        url
    }
}

/// Splits and decodes a query string.
pub(super) fn query(text: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

/// Splits and decodes a path.
pub(super) fn segments(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|part| !part.is_empty())
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect()
}

/// What an answer holds.
#[derive(Debug, Clone)]
pub(super) enum Payload {
    Json(Value),
    Bytes(&'static str, Vec<u8>),
    Empty,
}

/// An answer.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) payload: Payload,
    pub(super) headers: Vec<(&'static str, String)>,
    /// Whether it counts against the limit.
    pub(super) free: bool,
}

impl Reply {
    pub(super) fn json(status: u16, value: Value) -> Self {
        Self {
            status,
            payload: Payload::Json(value),
            headers: Vec::new(),
            free: false,
        }
    }

    pub(super) fn ok(value: Value) -> Self {
        Self::json(200, value)
    }

    pub(super) fn empty(status: u16) -> Self {
        Self {
            status,
            payload: Payload::Empty,
            headers: Vec::new(),
            free: false,
        }
    }

    pub(super) fn bytes(kind: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            payload: Payload::Bytes(kind, bytes.into()),
            headers: Vec::new(),
            free: false,
        }
    }

    pub(super) fn redirect(to: String) -> Self {
        let mut reply = Self::empty(302);
        reply.headers.push(("location", to));
        reply
    }

    pub(super) fn error(status: u16, message: &str) -> Self {
        Self::json(
            status,
            json!({
                "message": message,
                "documentation_url": "https://docs.github.com/rest",
                "status": status.to_string(),
            }),
        )
    }

    pub(super) fn not_found() -> Self {
        Self::error(404, "Not Found")
    }

    /// 422 with the field that was wrong.
    pub(super) fn invalid(resource: &str, field: &str, code: &str) -> Self {
        Self::json(
            422,
            json!({
                "message": "Validation Failed",
                "errors": [{"resource": resource, "field": field, "code": code}],
                "documentation_url": "https://docs.github.com/rest",
                "status": "422",
            }),
        )
    }

    pub(super) fn linked(mut self, link: Option<String>) -> Self {
        if let Some(link) = link {
            self.headers.push(("link", link));
        }
        self
    }

    /// A page of a listing that is an object with a count.
    pub(super) fn listing(request: &Request, key: &str, items: &[Value]) -> Self {
        let (shown, link) = request.page(items);
        let mut map = serde_json::Map::new();
        map.insert("total_count".to_owned(), json!(items.len()));
        map.insert(key.to_owned(), Value::Array(shown));
        Self::ok(Value::Object(map)).linked(link)
    }

    /// A page of a listing that is an array.
    pub(super) fn array(request: &Request, items: &[Value]) -> Self {
        let (shown, link) = request.page(items);
        Self::ok(Value::Array(shown)).linked(link)
    }
}
