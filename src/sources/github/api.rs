//! One question on the wire: credential, conditional request, deadline, bounded body, refusal.

use std::sync::{Mutex, PoisonError};

use http::header::{ACCEPT, AUTHORIZATION, ETAG, HeaderValue, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};
use octocrab::{OctoBody, Octocrab};
use sha2::{Digest as _, Sha256};
use tokio::sync::{OnceCell, Semaphore};
use url::Url;

use crate::domain::fact::{Cost, Failure, FailureKind, Rate};
use crate::domain::time::Timestamp;
use crate::net::{Limits, address, body, failure, redirect};
use crate::secret::Provider;

use super::cache::{Cache, Key, Reply};
use super::refusal::Caller;
use super::{refusal, transport};

/// Name of the service in sentences.
pub(crate) const GITHUB: &str = "GitHub";
/// The version of the interface that is asked for.
pub(crate) const API_VERSION: &str = "2022-11-28";
/// Requests under way at once; GitHub allows a hundred to all programs of a user together.
const IN_FLIGHT: usize = 8;
/// Bytes of answers kept for conditional requests.
const CACHE_BYTES: usize = 8 * 1024 * 1024;
/// Bytes of a refusal that are read.
const REFUSAL_BYTES: usize = 64 * 1024;
/// Redirects that are followed on GitHub's own origin: a renamed repository needs one.
const HOPS: usize = 3;

/// How an answer is to be represented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accept {
    /// JSON.
    Json,
    /// A file's own bytes.
    Raw,
}

impl Accept {
    fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/vnd.github+json",
            Self::Raw => "application/vnd.github.raw+json",
        }
    }
}

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// The address.
    pub(super) url: Url,
    /// The representation.
    pub(super) accept: Accept,
    /// Largest answer that is read, bytes.
    pub(super) limit: usize,
    /// What it is, for sentences: `the jobs of run 42`.
    pub(super) subject: String,
}

/// The connection to GitHub and what is shared by all questions.
pub(super) struct Api {
    root: Url,
    token: Provider,
    limits: Limits,
    permits: Semaphore,
    stack: OnceCell<Stack>,
    cache: Mutex<Cache>,
}

struct Stack {
    crab: Octocrab,
    http: reqwest::Client,
}

impl Api {
    pub(super) fn new(root: Url, token: Provider, limits: Limits) -> Self {
        Self {
            root,
            token,
            limits,
            permits: Semaphore::new(IN_FLIGHT),
            stack: OnceCell::new(),
            cache: Mutex::new(Cache::new(CACHE_BYTES)),
        }
    }

    /// The limits of a request.
    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// An address below the root, each segment encoded.
    ///
    /// `None` where a segment is one that addresses drop or climb with: nothing can be found there.
    pub(super) fn url<'s>(&self, segments: impl IntoIterator<Item = &'s str>) -> Option<Url> {
        let mut url = self.root.clone();
        {
            let mut path = url.path_segments_mut().ok()?;
            path.pop_if_empty();
            for segment in segments {
                if matches!(segment, "" | "." | "..") {
                    return None;
                }
                path.push(segment);
            }
        }
        Some(url)
    }

    async fn stack(&self) -> Result<&Stack, Failure> {
        self.stack
            .get_or_try_init(|| async {
                let http = crate::net::client(&self.limits).map_err(|err| {
                    tracing::warn!(%err, "the HTTP client could not be made");
                    failure::plain(
                        FailureKind::Unreachable,
                        "No secure connection can be made: this machine's certificates cannot be read.",
                        "Install the system's CA certificates (package ca-certificates).",
                    )
                })?;
                Ok(Stack {
                    crab: transport::octocrab(http.clone()),
                    http,
                })
            })
            .await
    }

    async fn caller(&self) -> Caller {
        Caller::of(&self.token).await
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One look: the requests it makes share a moment and a bill.
pub(super) struct Look<'a> {
    api: &'a Api,
    now: Timestamp,
    spent: Mutex<(Cost, Option<Rate>)>,
}

impl<'a> Look<'a> {
    pub(super) fn new(api: &'a Api, now: Timestamp) -> Self {
        Self {
            api,
            now,
            spent: Mutex::default(),
        }
    }

    /// What it has cost, and the budget that is left.
    pub(super) fn spent(&self) -> (Cost, Option<Rate>) {
        *self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The moment of the look.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// The limits of its requests.
    pub(super) fn limits(&self) -> Limits {
        self.api.limits
    }

    /// Whether there is a token, and words about it.
    pub(super) async fn caller(&self) -> Caller {
        self.api.caller().await
    }

    /// Gets an answer and reads it with `parse`; `None`: 404 or 410.
    ///
    /// An answer that GitHub confirms (304) is parsed from what was kept. It is kept only if it parsed.
    pub(super) async fn get<T>(
        &self,
        call: &Call,
        parse: impl Fn(&Reply) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        let caller = self.api.caller().await;
        let _permit = self.permit().await?;
        let whole = self.api.limits.whole;
        match tokio::time::timeout(whole, self.exchange(&caller, call, parse)).await {
            Ok(outcome) => outcome.map_err(|failure| caller.scrub(failure)),
            Err(_) => Err(failure::timeout(GITHUB)),
        }
    }

    /// The same where a 404 is a failure.
    pub(super) async fn must<T>(
        &self,
        call: &Call,
        parse: impl Fn(&Reply) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match self.get(call, parse).await? {
            Some(value) => Ok(value),
            None => Err(refusal::not_found(&self.api.caller().await, &call.subject)),
        }
    }

    /// Sends a question and hands out the answer unread, with the client for where it may redirect to.
    ///
    /// For files: neither conditional nor kept.
    pub(super) async fn open(
        &self,
        call: &Call,
    ) -> Result<(http::Response<transport::Body>, reqwest::Client), Failure> {
        let caller = self.api.caller().await;
        let _permit = self.permit().await?;
        let sent = self.send(&caller, &call.url, call.accept, None);
        let response = match tokio::time::timeout(self.api.limits.whole, sent).await {
            Ok(outcome) => outcome?,
            Err(_) => return Err(failure::timeout(GITHUB)),
        };
        let status = response.status();
        if status.is_success()
            || redirect::is_redirect(status)
            || matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE)
        {
            return Ok((response, self.api.stack().await?.http.clone()));
        }
        Err(self.refused(&caller, call, response).await)
    }

    /// Gets a file from an address that GitHub handed out in an answer to `call`, with no credential.
    pub(super) async fn file(
        &self,
        call: &Call,
        address: &str,
    ) -> Result<reqwest::Response, Failure> {
        let to = Url::parse(address).map_err(|_| failure::malformed(GITHUB, &call.subject))?;
        if !address::may_lead_to(&call.url, &to) {
            let err = redirect::RedirectError::Refused {
                scheme: crate::net::text::clean(to.scheme()),
                host: crate::net::text::clean(to.host_str().unwrap_or("")),
            };
            return Err(failure::redirect(GITHUB, &err));
        }
        let _permit = self.permit().await?;
        let http = &self.api.stack().await?.http;
        redirect::fetch(http, to)
            .await
            .map_err(|err| failure::redirect(GITHUB, &err))
    }

    async fn permit(&self) -> Result<tokio::sync::SemaphorePermit<'a>, Failure> {
        // The semaphore is never closed.
        self.api
            .permits
            .acquire()
            .await
            .map_err(|_| failure::timeout(GITHUB))
    }

    async fn exchange<T>(
        &self,
        caller: &Caller,
        call: &Call,
        parse: impl Fn(&Reply) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        let key = Key {
            token: caller
                .secret
                .as_ref()
                .map(|secret| Sha256::digest(secret.expose().as_bytes()).into()),
            url: call.url.as_str().to_owned(),
            accept: call.accept.media_type(),
        };
        let kept = self.api.cache().get(&key);
        let etag = kept.as_ref().map(|(etag, _)| etag.as_str());
        let response = self.send_on_origin(caller, call, etag).await?;
        let status = response.status();
        match status {
            StatusCode::NOT_MODIFIED => {
                let (_, reply) = kept.ok_or_else(|| failure::malformed(GITHUB, &call.subject))?;
                return parse(&reply).map(Some);
            }
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                self.api.cache().remove(&key);
                return Ok(None);
            }
            _ => return Err(self.refused(caller, call, response).await),
        }
        let (parts, answer) = response.into_parts();
        let reply = Reply {
            body: body::read(answer, call.limit)
                .await
                .map_err(|err| failure::unread(GITHUB, err))?,
            scopes: header(&parts.headers, "x-oauth-scopes").map(str::to_owned),
            next: address::next(&call.url, &parts.headers),
        };
        let value = parse(&reply)?;
        // A file at a commit never changes, so it is asked for once; and a plain file that was cut
        // cannot be told from a whole one.
        if call.accept == Accept::Json
            && let Some(etag) = parts.headers.get(ETAG).and_then(|etag| etag.to_str().ok())
        {
            self.api.cache().keep(key, etag.to_owned(), reply);
        }
        Ok(Some(value))
    }

    /// Follows redirects as long as they stay on GitHub's own origin, where the credential belongs.
    async fn send_on_origin(
        &self,
        caller: &Caller,
        call: &Call,
        etag: Option<&str>,
    ) -> Result<http::Response<transport::Body>, Failure> {
        let mut url = call.url.clone();
        for _ in 0..=HOPS {
            let response = self.send(caller, &url, call.accept, etag).await?;
            if !redirect::is_redirect(response.status()) {
                return Ok(response);
            }
            let to = redirect::target(&url, response.headers())
                .map_err(|err| failure::redirect(GITHUB, &err))?;
            if !address::same_origin(&url, &to) {
                let err = redirect::RedirectError::Refused {
                    scheme: to.scheme().to_owned(),
                    host: to.host_str().unwrap_or("").to_owned(),
                };
                return Err(failure::redirect(GITHUB, &err));
            }
            url = to;
        }
        Err(failure::redirect(GITHUB, &redirect::RedirectError::TooMany))
    }

    async fn send(
        &self,
        caller: &Caller,
        url: &Url,
        accept: Accept,
        etag: Option<&str>,
    ) -> Result<http::Response<transport::Body>, Failure> {
        let mut request = http::Request::get(url.as_str())
            .header(ACCEPT, accept.media_type())
            .header("x-github-api-version", API_VERSION)
            .body(OctoBody::empty())
            .map_err(|err| failure::transport(GITHUB, &err))?;
        let headers = request.headers_mut();
        if let Some(secret) = &caller.secret {
            headers.insert(
                AUTHORIZATION,
                refusal::authorization(secret, &caller.words)?,
            );
        }
        if let Some(etag) = etag.and_then(|etag| HeaderValue::from_str(etag).ok()) {
            headers.insert(IF_NONE_MATCH, etag);
        }
        let stack = self.api.stack().await?;
        // Counted before it is sent: one that gets no answer may have been counted there too.
        self.bill(|(cost, _)| {
            *cost += Cost {
                requests: 1,
                charged: 1,
            };
        });
        let response = stack
            .crab
            .execute(request)
            .await
            .map_err(|err| failure::transport(GITHUB, &err))?;
        let free = response.status() == StatusCode::NOT_MODIFIED && caller.secret.is_some();
        let rate = rate(response.headers());
        self.bill(|(cost, budget)| {
            if free {
                cost.charged = cost.charged.saturating_sub(1);
            }
            *budget = rate.or(*budget);
        });
        Ok(response)
    }

    fn bill(&self, change: impl FnOnce(&mut (Cost, Option<Rate>))) {
        change(&mut self.spent.lock().unwrap_or_else(PoisonError::into_inner));
    }

    async fn refused(
        &self,
        caller: &Caller,
        call: &Call,
        response: http::Response<transport::Body>,
    ) -> Failure {
        let (parts, answer) = response.into_parts();
        let said = body::read(answer, REFUSAL_BYTES).await.unwrap_or_default();
        if parts.status == StatusCode::UNAUTHORIZED {
            // The next question looks the token up again: it may have been renewed meanwhile.
            self.api.token.forget().await;
        }
        let refusal = refusal::Refusal {
            status: parts.status,
            headers: &parts.headers,
            body: &said,
            deed: "read",
            subject: &call.subject,
            rights: refusal::READING,
            caller,
            now: self.now,
        };
        caller.scrub(refusal.explain())
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// The budget that an answer tells; other resources than `core` have budgets of their own.
fn rate(headers: &HeaderMap) -> Option<Rate> {
    if header(headers, "x-ratelimit-resource").is_some_and(|resource| resource != "core") {
        return None;
    }
    Some(Rate {
        limit: header(headers, "x-ratelimit-limit")?.parse().ok()?,
        remaining: header(headers, "x-ratelimit-remaining")?.parse().ok()?,
        reset: header(headers, "x-ratelimit-reset").and_then(failure::unix_time),
    })
}
