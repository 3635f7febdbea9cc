//! From an error or a status to a failure that a person can act on.
//!
//! Nothing that could hold a secret goes into a sentence: no address (its query may be signed), no header.

use std::error::Error;

use http::{HeaderMap, StatusCode};

use super::body::{self, BodyError};
use super::redirect::RedirectError;
use super::text::clean;
use crate::domain::fact::{Failure, FailureKind};
use crate::domain::time::Timestamp;

/// Advice where nothing can be done but to wait.
const WAIT: &str = "It is asked again by itself.";

/// A failure without a word on when to ask again.
pub fn plain(kind: FailureKind, what: impl Into<String>, advice: impl Into<String>) -> Failure {
    Failure {
        kind,
        what: what.into(),
        advice: advice.into(),
        retry_at: None,
    }
}

/// The service gave no complete answer in the time allowed.
pub fn timeout(service: &str) -> Failure {
    plain(
        FailureKind::Timeout,
        format!("{service} did not answer in time."),
        WAIT,
    )
}

/// No answer at all: an error of the transport.
pub fn transport(service: &str, err: &(dyn Error + 'static)) -> Failure {
    if body::is_timeout(err) {
        return timeout(service);
    }
    let root = body::causes(err)
        .last()
        .map(|root| clean(&root.to_string()))
        .unwrap_or_default();
    let is_built_wrong = body::causes(err).any(|err| {
        err.downcast_ref::<reqwest::Error>()
            .is_some_and(reqwest::Error::is_builder)
    });
    if is_built_wrong {
        return plain(
            FailureKind::Unreachable,
            format!("The request to {service} could not be made."),
            "Check the address in the configuration; `gonogo config show --origin` prints it.",
        );
    }
    let why = if root.is_empty() || root.contains("://") {
        String::new()
    } else {
        format!(": {root}")
    };
    plain(
        FailureKind::Unreachable,
        format!("{service} cannot be reached{why}."),
        "Check the network, and the address in the configuration. It is asked again by itself.",
    )
}

/// A body that could not be read.
pub fn unread(service: &str, err: BodyError) -> Failure {
    match err {
        BodyError::Cut => plain(
            FailureKind::CutBody,
            format!("The answer of {service} ended too early, so it is not used."),
            WAIT,
        ),
        BodyError::Stalled => timeout(service),
        BodyError::TooLarge(limit) => plain(
            FailureKind::TooLarge,
            format!(
                "The answer of {service} is larger than {} MiB and was not read.",
                (limit / (1024 * 1024)).max(1)
            ),
            "This is more than the service should send; see what stands between it and here.",
        ),
    }
}

/// An answer that is not what the interface says.
pub fn malformed(service: &str, what: &str) -> Failure {
    plain(
        FailureKind::Malformed,
        format!(
            "{service} answered with something else than {}.",
            clean(what)
        ),
        "If it lasts: check that the configured address is the service's interface, and no proxy answers for it.",
    )
}

/// JSON that could not be read: cut where it ends too early, else malformed.
pub fn json(service: &str, what: &str, err: &serde_json::Error) -> Failure {
    if err.is_eof() {
        unread(service, BodyError::Cut)
    } else {
        malformed(service, what)
    }
}

/// A redirect that was not followed.
pub fn redirect(service: &str, err: &RedirectError) -> Failure {
    match err {
        RedirectError::Transport(err) => transport(service, err),
        other => plain(
            FailureKind::Unexpected,
            format!("A redirect of {service} was not followed: {other}."),
            "Check that the configured address is the service's own.",
        ),
    }
}

/// An answer whose status is no success. `said` is what the server wrote about it, raw.
pub fn status(
    service: &str,
    status: StatusCode,
    headers: &HeaderMap,
    said: &str,
    now: Timestamp,
) -> Failure {
    let code = status.as_u16();
    let kind = match code {
        401 => FailureKind::Unauthorized,
        403 => FailureKind::Forbidden,
        404 | 410 => FailureKind::NotFound,
        408 => FailureKind::Timeout,
        409 => FailureKind::Conflict,
        413 => FailureKind::TooLarge,
        429 => FailureKind::RateLimited,
        500..=599 => FailureKind::Server,
        _ => FailureKind::Unexpected,
    };
    let reason = status.canonical_reason().unwrap_or("an unknown status");
    let said = clean(said);
    let quoted = if said.is_empty() {
        String::new()
    } else {
        format!(": \"{said}\"")
    };
    let advice = match kind {
        FailureKind::Unauthorized => "Check the credential that is configured for it.",
        FailureKind::Forbidden => "Check what the configured credential may do.",
        FailureKind::NotFound => "Check the names in the configuration.",
        _ => WAIT,
    };
    Failure {
        kind,
        what: format!("{service} answered {code} {reason}{quoted}."),
        advice: advice.to_owned(),
        retry_at: retry_at(headers, now),
    }
}

/// Longest time for which a service may silence us: more is a mistake, and must not outlast a working day.
const LONGEST_WAIT: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// When the service wants to be asked again: `Retry-After` (seconds or a date), else `X-Retry-After` (Unix time).
///
/// At most a day from now.
pub fn retry_at(headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    text("retry-after")
        .and_then(|value| match value.parse::<u64>() {
            Ok(seconds) => Some(crate::domain::time::after(
                now,
                std::time::Duration::from_secs(seconds),
            )),
            Err(_) => http_date(value),
        })
        .or_else(|| text("x-retry-after").and_then(unix_time))
        .map(|at| at.min(crate::domain::time::after(now, LONGEST_WAIT)))
}

/// A moment given in seconds since 1970.
pub fn unix_time(text: &str) -> Option<Timestamp> {
    Timestamp::from_second(text.trim().parse().ok()?).ok()
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text)
        .ok()
        .map(|date| date.timestamp())
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a test fails at the line that surprises"
)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn the_word_on_when_to_ask_again_is_read_in_each_form() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let at = |pairs: &[(&'static str, &str)]| {
            retry_at(&headers(pairs), now).map(|at| at.to_string())
        };
        assert_eq!(
            at(&[("retry-after", "60")]).as_deref(),
            Some("2026-01-01T00:01:00Z")
        );
        assert_eq!(
            at(&[("retry-after", "Thu, 01 Jan 2026 00:02:00 GMT")]).as_deref(),
            Some("2026-01-01T00:02:00Z")
        );
        assert_eq!(
            at(&[("x-retry-after", "1767225780")]).as_deref(),
            Some("2026-01-01T00:03:00Z")
        );
        assert_eq!(
            at(&[("retry-after", "99999999999999999")]),
            Some("2026-01-02T00:00:00Z".to_owned()),
            "for a day, not for good"
        );
        assert_eq!(at(&[("retry-after", "soon")]), None);
        assert_eq!(at(&[]), None);
    }

    #[test]
    fn what_the_server_wrote_is_cleaned_and_clipped() {
        let now = Timestamp::UNIX_EPOCH;
        let failure = status(
            "GitHub",
            StatusCode::BAD_GATEWAY,
            &HeaderMap::new(),
            "\u{1b}]0;owned\u{7} <html>\n",
            now,
        );
        assert_eq!(failure.kind, FailureKind::Server);
        assert_eq!(
            failure.what,
            "GitHub answered 502 Bad Gateway: \"]0;owned <html>\"."
        );
    }
}
