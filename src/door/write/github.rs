//! GitHub's interface, for writing: one try, no retry, no redirect, nothing kept.

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{Method, StatusCode};
use serde_json::Value;
use tokio::sync::OnceCell;
use url::Url;

use crate::domain::fact::{Failure, FailureKind};
use crate::domain::time::Timestamp;
use crate::net::{body, failure, redirect};
use crate::sources::github::GithubAccess;
use crate::sources::github::api::{API_VERSION, GITHUB};
use crate::sources::github::refusal::{self, Caller, Refusal};

/// Bytes of an answer that are read; a review answers with a handful of deployments.
const ANSWER_BYTES: usize = 1024 * 1024;
/// What is said where nobody knows whether something arrived.
const LOOK: &str = "It is not sent a second time: look at what is there now.";
/// What is said where it certainly did not.
const UNCHANGED: &str = "Nothing was changed.";

/// The client.
#[derive(Debug)]
pub(in crate::door) struct Github {
    access: GithubAccess,
    http: OnceCell<reqwest::Client>,
}

/// One change that is asked for.
#[derive(Debug)]
pub(in crate::door) struct Change<'a> {
    /// POST or PATCH.
    pub(in crate::door) method: Method,
    /// Its address below the repository's.
    pub(in crate::door) below: &'a [&'a str],
    /// What is sent; `None`: the interface takes nothing.
    pub(in crate::door) body: Option<Value>,
    /// What is done, for sentences: `cancel`.
    pub(in crate::door) deed: &'a str,
    /// To what: `run 42`.
    pub(in crate::door) subject: String,
    /// What a token needs for it.
    pub(in crate::door) rights: &'a str,
}

/// What came of asking.
#[derive(Debug)]
pub(in crate::door) enum Answered {
    /// It is done; what GitHub said beside it, where that can be read.
    Accepted(Option<Value>),
    /// It was refused, or never sent: nothing was changed.
    Refused(Failure),
    /// Nobody knows.
    Unknown(Failure),
}

impl Github {
    /// A client; making one costs nothing.
    pub(in crate::door) fn new(access: GithubAccess) -> Self {
        Self {
            access,
            http: OnceCell::new(),
        }
    }

    /// Asks for one change, once.
    pub(in crate::door) async fn change(&self, change: &Change<'_>, now: Timestamp) -> Answered {
        let caller = Caller::of(&self.access.token).await;
        let answered = match self.request(change, &caller).await {
            Ok((http, request)) => self.sent(&http, request, change, &caller, now).await,
            Err(failure) => Answered::Refused(failure),
        };
        match answered {
            Answered::Accepted(said) => Answered::Accepted(said),
            Answered::Refused(failure) => Answered::Refused(caller.scrub(failure)),
            Answered::Unknown(failure) => Answered::Unknown(caller.scrub(failure)),
        }
    }

    /// The request, with the credential: it goes to the interface's own address alone.
    async fn request(
        &self,
        change: &Change<'_>,
        caller: &Caller,
    ) -> Result<(reqwest::Client, reqwest::Request), Failure> {
        let Some(secret) = &caller.secret else {
            return Err(failure::plain(
                FailureKind::NoCredential,
                format!(
                    "No token for GitHub is configured, so nobody may {} {}.",
                    change.deed, change.subject
                ),
                caller.words.clone(),
            ));
        };
        let authorization = refusal::authorization(secret, &caller.words)?;
        let url = self.address(change.below).ok_or_else(|| {
            failure::plain(
                FailureKind::NotFound,
                format!(
                    "There is no address at which to {} {}.",
                    change.deed, change.subject
                ),
                "Check `github.api_url` and `pipeline` in the configuration.",
            )
        })?;
        let http = self
            .http
            .get_or_try_init(|| async { crate::net::client(&self.access.limits) })
            .await
            .map_err(|err| {
                tracing::warn!(%err, "the HTTP client could not be made");
                failure::plain(
                    FailureKind::Unreachable,
                    "No secure connection can be made: this machine's certificates cannot be read.",
                    "Install the system's CA certificates (package ca-certificates).",
                )
            })?;
        let request = http
            .request(change.method.clone(), url)
            .header(ACCEPT, "application/vnd.github+json")
            .header("x-github-api-version", API_VERSION)
            .header(AUTHORIZATION, authorization);
        let request = match &change.body {
            Some(body) => request
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_string()),
            // An empty body has a length, which a proxy may ask for.
            None => request.body(""),
        };
        let request = request
            .build()
            .map_err(|err| failure::transport(GITHUB, &err.without_url()))?;
        Ok((http.clone(), request))
    }

    /// An address below the repository's, each segment encoded; `None` where a segment would climb.
    fn address(&self, below: &[&str]) -> Option<Url> {
        let mut url = self.access.api_url.clone();
        {
            let mut path = url.path_segments_mut().ok()?;
            path.pop_if_empty();
            let repo = &self.access.repo;
            for segment in ["repos", repo.owner(), repo.name()].iter().chain(below) {
                if matches!(*segment, "" | "." | "..") {
                    return None;
                }
                path.push(segment);
            }
        }
        Some(url)
    }

    async fn sent(
        &self,
        http: &reqwest::Client,
        request: reqwest::Request,
        change: &Change<'_>,
        caller: &Caller,
        now: Timestamp,
    ) -> Answered {
        let whole = self.access.limits.whole;
        let response = match tokio::time::timeout(whole, http.execute(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(err)) => return not_answered(&err.without_url()),
            Err(_) => return Answered::Unknown(told(failure::timeout(GITHUB), LOOK)),
        };
        let status = response.status();
        let response = http::Response::from(response);
        let (parts, answer) = response.into_parts();
        if status.is_success() {
            // The status says that it is done, whatever becomes of the words.
            let said = tokio::time::timeout(whole, body::read(answer, ANSWER_BYTES)).await;
            let said = said.ok().and_then(Result::ok);
            return Answered::Accepted(said.and_then(|said| serde_json::from_slice(&said).ok()));
        }
        let said = tokio::time::timeout(whole, body::read(answer, ANSWER_BYTES)).await;
        let said = said.ok().and_then(Result::ok).unwrap_or_default();
        if status == StatusCode::UNAUTHORIZED {
            // The next change looks the token up again: it may have been renewed meanwhile.
            self.access.token.forget().await;
        }
        if redirect::is_redirect(status) {
            return Answered::Refused(failure::plain(
                FailureKind::Unexpected,
                format!(
                    "GitHub answered {} to the wish to {} {}: the repository has another name now, and no change follows it there.",
                    status.as_u16(),
                    change.deed,
                    change.subject
                ),
                "Nothing was changed. Put the new name into `repo` in the configuration.",
            ));
        }
        if status == StatusCode::NOT_FOUND || status == StatusCode::GONE {
            return Answered::Refused(refusal::not_found(caller, &change.subject));
        }
        let refusal = Refusal {
            status,
            headers: &parts.headers,
            body: &said,
            deed: change.deed,
            subject: &change.subject,
            rights: change.rights,
            caller,
            now,
        };
        let failure = refusal.explain();
        match status.as_u16() {
            401 | 403 => Answered::Refused(failure),
            408 => Answered::Unknown(told(failure, LOOK)),
            429 => Answered::Refused(told(failure, "Nothing was changed. Try again after that.")),
            400..=499 => Answered::Refused(told(failure, UNCHANGED)),
            _ => Answered::Unknown(told(failure, LOOK)),
        }
    }
}

/// No answer: where no connection came about nothing was sent either.
fn not_answered(err: &reqwest::Error) -> Answered {
    let failure = failure::transport(GITHUB, err);
    if err.is_connect() || err.is_builder() {
        let advice =
            "Nothing was changed. Check the network, and the address in the configuration.";
        return Answered::Refused(told(failure, advice));
    }
    Answered::Unknown(told(failure, LOOK))
}

/// The same failure with advice for a change: it is not asked for again by itself.
fn told(mut failure: Failure, advice: &str) -> Failure {
    advice.clone_into(&mut failure.advice);
    failure
}
