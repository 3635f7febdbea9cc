//! What a refusal of GitHub means, and what to do about it.

use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;

use crate::domain::fact::{Failure, FailureKind};
use crate::domain::time::{Timestamp, after};
use crate::net::failure;
use crate::net::text::clean;
use crate::secret::{Credential, Provider, Secret};

use super::api::GITHUB;

/// What a token needs for everything that is read.
pub(crate) const READING: &str = "a fine-grained token with read access to Actions, Contents and Deployments, or a classic one with the scope `repo`";
/// How long to be silent where GitHub asks to slow down and gives no time.
const SILENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// How long a budget lasts.
const WINDOW: std::time::Duration = std::time::Duration::from_secs(60 * 60);

/// Whose request it is.
pub(crate) struct Caller {
    /// The token; `None` without one.
    pub(crate) secret: Option<Secret>,
    /// Where it came from, or what to do to have one.
    pub(crate) words: String,
}

impl Caller {
    /// Whoever this provider knows.
    pub(crate) async fn of(token: &Provider) -> Self {
        match token.get().await {
            Credential::Present { value, from } => Self {
                secret: Some(value),
                words: from,
            },
            Credential::Missing { todo } => Self {
                secret: None,
                words: todo,
            },
        }
    }

    /// A refusal must not repeat what the server may have echoed.
    pub(crate) fn scrub(&self, mut failure: Failure) -> Failure {
        if let Some(secret) = &self.secret {
            failure.what = crate::net::text::without(&failure.what, secret.expose());
            failure.advice = crate::net::text::without(&failure.advice, secret.expose());
        }
        failure
    }
}

/// An answer that is no success.
pub(crate) struct Refusal<'a> {
    /// Its status.
    pub(crate) status: StatusCode,
    /// Its headers.
    pub(crate) headers: &'a HeaderMap,
    /// Its body, as far as it was read.
    pub(crate) body: &'a [u8],
    /// What was asked to be done with it: `read`.
    pub(crate) deed: &'a str,
    /// What was asked for.
    pub(crate) subject: &'a str,
    /// What a token needs for it.
    pub(crate) rights: &'a str,
    /// Who asked.
    pub(crate) caller: &'a Caller,
    /// When.
    pub(crate) now: Timestamp,
}

#[derive(Deserialize)]
struct Said {
    message: Option<String>,
}

impl Refusal<'_> {
    /// The failure that it is.
    pub(crate) fn explain(&self) -> Failure {
        match self.status.as_u16() {
            401 => self.unauthorized(),
            403 | 429 if self.is_about_rate() => self.rate_limited(),
            403 => self.forbidden(),
            _ => failure::status(GITHUB, self.status, self.headers, &self.message(), self.now),
        }
    }

    /// GitHub's own words; nothing where a proxy answered with a page.
    fn message(&self) -> String {
        serde_json::from_slice::<Said>(self.body)
            .ok()
            .and_then(|said| said.message)
            .map(|message| clean(&message))
            .unwrap_or_default()
    }

    fn quoted(&self) -> String {
        let message = self.message();
        if message.is_empty() {
            String::new()
        } else {
            format!(": \"{message}\"")
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        let value = self.headers.get(name)?.to_str().ok()?.trim();
        (!value.is_empty()).then_some(value)
    }

    fn budget_is_spent(&self) -> bool {
        self.header("x-ratelimit-remaining") == Some("0")
    }

    fn is_about_rate(&self) -> bool {
        let message = self.message().to_ascii_lowercase();
        self.status == StatusCode::TOO_MANY_REQUESTS
            || self.budget_is_spent()
            || self.headers.contains_key("retry-after")
            || message.contains("rate limit")
            || message.contains("abuse detection")
    }

    fn rate_limited(&self) -> Failure {
        let spent = self.budget_is_spent();
        // GitHub's windows last an hour; what lies beyond two is not believed.
        let latest = after(self.now, 2 * WINDOW);
        let reset = self
            .header("x-ratelimit-reset")
            .and_then(failure::unix_time)
            .filter(|reset| spent && *reset <= latest);
        let retry_at = failure::retry_at(self.headers, self.now)
            .or(reset)
            .unwrap_or_else(|| after(self.now, SILENCE));
        let what = match self
            .header("x-ratelimit-limit")
            .and_then(|limit| limit.parse::<u64>().ok())
            .filter(|_| spent)
        {
            Some(limit) => {
                format!("GitHub's budget of {limit} requests is spent until {retry_at}.")
            }
            None => format!(
                "GitHub asks to slow down until {retry_at}{}.",
                self.quoted()
            ),
        };
        Failure {
            kind: FailureKind::RateLimited,
            what,
            advice: match self.caller.secret {
                Some(_) => {
                    "Nothing is asked until then. Other programs with the same account share the budget."
                        .to_owned()
                }
                None => format!(
                    "Without a token GitHub allows 60 requests an hour for this network address. {}",
                    self.caller.words
                ),
            },
            retry_at: Some(retry_at),
        }
    }

    fn unauthorized(&self) -> Failure {
        match self.caller.secret {
            Some(_) => failure::plain(
                FailureKind::Unauthorized,
                format!(
                    "GitHub refused the token of {}{}.",
                    self.caller.words,
                    self.quoted()
                ),
                format!(
                    "It has ended, was revoked, or is for another host. Log in again with `gh auth login`, or make {}.",
                    self.rights
                ),
            ),
            None => failure::plain(
                FailureKind::Unauthorized,
                format!(
                    "GitHub wants a token for {}, and none is configured.",
                    clean(self.subject)
                ),
                self.caller.words.clone(),
            ),
        }
    }

    fn forbidden(&self) -> Failure {
        let (deed, subject) = (self.deed, clean(self.subject));
        if self.caller.secret.is_none() {
            return failure::plain(
                FailureKind::Forbidden,
                format!(
                    "GitHub does not show {subject} without a token{}.",
                    self.quoted()
                ),
                self.caller.words.clone(),
            );
        }
        let from = &self.caller.words;
        if self.header("x-github-sso").is_some() {
            return failure::plain(
                FailureKind::Forbidden,
                format!(
                    "The organisation wants single sign-on, and the token of {from} is not authorised for it, so it may not {deed} {subject}."
                ),
                "In GitHub's settings, under the token, choose \"Configure SSO\" and authorise it for the organisation.",
            );
        }
        failure::plain(
            FailureKind::Forbidden,
            format!(
                "The token of {from} may not {deed} {subject}{}.",
                self.quoted()
            ),
            self.wanted(),
        )
    }

    /// The rights that GitHub says it wants, by the kind of token.
    fn wanted(&self) -> String {
        if let Some(permissions) = self.header("x-accepted-github-permissions") {
            let ways: Vec<String> = permissions
                .split(';')
                .map(|way| clean(way).replace('=', ": "))
                .filter(|way| !way.is_empty())
                .collect();
            return format!(
                "Give the token this permission on the repository: {}.",
                ways.join(", or ")
            );
        }
        match self.header("x-accepted-oauth-scopes") {
            Some(scopes) => format!(
                "It needs one of these scopes: {}; it has: {}.",
                clean(scopes),
                self.header("x-oauth-scopes")
                    .map_or_else(|| "none".to_owned(), clean)
            ),
            None => format!("Use {}.", self.rights),
        }
    }
}

/// A 404 where something must be.
pub(crate) fn not_found(caller: &Caller, subject: &str) -> Failure {
    let private = match caller.secret {
        Some(_) => format!(
            "A private repository answers this way too, where the token of {} may not see it.",
            caller.words
        ),
        None => format!(
            "A private repository answers this way too, without a token. {}",
            caller.words
        ),
    };
    failure::plain(
        FailureKind::NotFound,
        format!("GitHub does not find {}.", clean(subject)),
        format!("Check `repo` and `pipeline` in the configuration. {private}"),
    )
}

/// A question that only a token can answer.
pub(crate) fn no_token(caller: &Caller) -> Failure {
    failure::plain(
        FailureKind::NoCredential,
        "No token for GitHub is configured: public repositories can be watched, with 60 requests an hour.",
        caller.words.clone(),
    )
}

/// The header that carries a token.
pub(crate) fn authorization(secret: &Secret, from: &str) -> Result<HeaderValue, Failure> {
    secret.to_header("Bearer").map_err(|err| {
        failure::plain(
            FailureKind::NoCredential,
            format!("The token of {from} cannot be used: {err}."),
            "Copy the token again, without anything around it.",
        )
    })
}
