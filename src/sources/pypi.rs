//! What a Python package index holds of one version.

use std::sync::Arc;

use http::header::{ACCEPT, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::sync::Mutex;
use url::Url;

use crate::domain::artifact::PypiVersion;
use crate::domain::fact::{Ask, Fact, Failure, FailureKind};
use crate::domain::policy::PypiName;
use crate::domain::time::Timestamp;
use crate::net::registry::Meter;
use crate::net::{Limits, address, body, failure, redirect};
use crate::sources::Answer;

mod filename;
pub mod legacy;
pub mod simple;

use simple::Listing;

/// The service as it is called in sentences.
const SERVICE: &str = "The package index";
/// The listing in JSON; the index may answer with HTML all the same.
const SIMPLE_JSON: &str = "application/vnd.pypi.simple.v1+json";
/// Largest listing that is read, bytes.
const LARGEST: usize = 32 * 1024 * 1024;
/// Redirects that are followed, such as one to the project's proper name.
const HOPS: usize = 3;

/// A project on an index.
#[derive(Debug, Clone)]
pub struct PypiAccess {
    /// The project.
    pub project: PypiName,
    /// Root of the index; `/simple/` and `/pypi/` lie below it.
    pub url: Url,
}

/// Looks at one project of an index. No credential is ever sent.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    access: PypiAccess,
    last: Mutex<Option<Kept>>,
}

/// The last listing that had a validator.
#[derive(Debug, Clone)]
struct Kept {
    etag: HeaderValue,
    listing: Arc<Listing>,
}

/// An answer, read to its end.
struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: bytes::Bytes,
}

impl Client {
    /// A client for one project; `http` is [`crate::net::client`].
    pub fn new(http: reqwest::Client, access: PypiAccess) -> Self {
        Self {
            http,
            access,
            last: Mutex::default(),
        }
    }

    /// Answers [`Ask::Pypi`].
    pub async fn look(&self, ask: &Ask, now: Timestamp) -> Answer {
        let mut meter = Meter::default();
        let outcome = match ask {
            Ask::Pypi(version) => self.version(version, now, &mut meter).await.map(Fact::Pypi),
            _ => Err(failure::plain(
                FailureKind::Unexpected,
                "The package index was asked what it cannot know.",
                "Please report this.",
            )),
        };
        Answer {
            outcome,
            cost: meter.cost,
            rate: meter.rate,
        }
    }

    async fn version(
        &self,
        version: &str,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<PypiVersion, Failure> {
        let url = self.address(&["simple", &self.access.project.normalized(), ""])?;
        let kept = self.last.lock().await.clone();
        let validator = kept.as_ref().map(|kept| &kept.etag);
        let reply = self.get(&url, SIMPLE_JSON, validator, meter).await?;
        let listing = match (reply.status, kept) {
            (StatusCode::NOT_FOUND, _) => return Ok(self.absent(version)),
            (StatusCode::NOT_MODIFIED, Some(kept)) => kept.listing,
            (StatusCode::OK, _) if is_json(&reply.headers) => {
                let listing = simple::read(&reply.body, &self.access.project)
                    .map_err(|err| failure::json(SERVICE, "a listing of files", &err))?;
                let listing = Arc::new(listing);
                *self.last.lock().await = reply.headers.get(ETAG).map(|etag| Kept {
                    etag: etag.clone(),
                    listing: Arc::clone(&listing),
                });
                listing
            }
            (StatusCode::OK, _) => return self.second_look(version, now, meter).await,
            _ => return Err(refused(&reply, now)),
        };
        Ok(PypiVersion {
            project: self.access.project.as_str().to_owned(),
            version: version.to_owned(),
            project_exists: true,
            files: listing.files_of(version),
            newest_other: listing.newest_but(version),
        })
    }

    /// For an index whose listing is HTML: the older interface, a document for each version.
    async fn second_look(
        &self,
        version: &str,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<PypiVersion, Failure> {
        let name = self.access.project.normalized();
        let malformed = || {
            failure::plain(
                FailureKind::Malformed,
                "The package index lists files in HTML only and has no JSON beside it.",
                "Set `[pypi] url` to an index that knows the listing in JSON (PEP 691).",
            )
        };
        let of_project = self.address(&["pypi", &name, "json"])?;
        let reply = self
            .get(&of_project, "application/json", None, meter)
            .await?;
        let project = match reply.status {
            StatusCode::OK if is_json(&reply.headers) => {
                legacy::read(&reply.body).map_err(|_| malformed())?
            }
            StatusCode::OK | StatusCode::NOT_FOUND => return Err(malformed()),
            _ => return Err(refused(&reply, now)),
        };
        let mut found = PypiVersion {
            project: self.access.project.as_str().to_owned(),
            version: version.to_owned(),
            project_exists: true,
            files: project.files_of(version),
            newest_other: project.newest_but(version),
        };
        if found.files.is_empty() {
            // The project's document may list its newest version alone.
            let of_version = self.address(&["pypi", &name, version, "json"])?;
            let reply = self
                .get(&of_version, "application/json", None, meter)
                .await?;
            match reply.status {
                StatusCode::OK if is_json(&reply.headers) => {
                    let document = legacy::read(&reply.body).map_err(|_| malformed())?;
                    found.files = document.files_of(version);
                }
                StatusCode::OK => return Err(malformed()),
                StatusCode::NOT_FOUND => {}
                _ => return Err(refused(&reply, now)),
            }
        }
        Ok(found)
    }

    fn absent(&self, version: &str) -> PypiVersion {
        PypiVersion {
            project: self.access.project.as_str().to_owned(),
            version: version.to_owned(),
            project_exists: false,
            files: Vec::new(),
            newest_other: None,
        }
    }

    /// Gets a document, over a redirect or two: there is no credential that could leak.
    async fn get(
        &self,
        url: &Url,
        accept: &'static str,
        etag: Option<&HeaderValue>,
        meter: &mut Meter,
    ) -> Result<Reply, Failure> {
        let mut url = url.clone();
        for _ in 0..=HOPS {
            let mut builder = self
                .http
                .get(url.clone())
                .timeout(Limits::default().whole)
                .header(ACCEPT, accept);
            if let Some(etag) = etag {
                builder = builder.header(IF_NONE_MATCH, etag);
            }
            let answer = match builder.send().await {
                Ok(answer) => answer,
                Err(err) => {
                    meter.count(None, None);
                    return Err(failure::transport(SERVICE, &err));
                }
            };
            meter.count(Some(answer.status()), None);
            if redirect::is_redirect(answer.status()) {
                url = redirect::target(&url, answer.headers())
                    .map_err(|err| failure::redirect(SERVICE, &err))?;
                continue;
            }
            let status = answer.status();
            let headers = answer.headers().clone();
            let body = body::read(reqwest::Body::from(answer), LARGEST).await;
            let body = if status.is_success() {
                body.map_err(|err| failure::unread(SERVICE, err))?
            } else {
                body.unwrap_or_default()
            };
            return Ok(Reply {
                status,
                headers,
                body,
            });
        }
        Err(failure::redirect(
            SERVICE,
            &redirect::RedirectError::TooMany,
        ))
    }

    /// An address below the index's root.
    fn address(&self, path: &[&str]) -> Result<Url, Failure> {
        address::below(&self.access.url, path).ok_or_else(|| {
            failure::plain(
                FailureKind::Unreachable,
                "The package index's address is not one of HTTP.",
                "Set `[pypi] url`; `gonogo config show --origin` prints it.",
            )
        })
    }
}

fn refused(reply: &Reply, now: Timestamp) -> Failure {
    // Its errors are pages for people; the status says enough.
    failure::status(SERVICE, reply.status, &reply.headers, "", now)
}

/// Whether the answer is JSON, plain or of the listing's own type.
fn is_json(headers: &HeaderMap) -> bool {
    let essence = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split(';').next())
        .map(|text| text.trim().to_ascii_lowercase())
        .unwrap_or_default();
    essence == "application/json"
        || (essence.starts_with("application/vnd.pypi.simple.") && essence.ends_with("+json"))
}
