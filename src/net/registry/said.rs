//! What a registry says beside its data: its budget, and why it refuses.

use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::entry::Who;
use super::failure;
use crate::domain::fact::{Failure, FailureKind, Rate};
use crate::domain::policy::ImageRepository;
use crate::domain::time::Timestamp;
use crate::net::text::clean;

/// The text of an error, read as far as it can be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// The codes of the distribution specification, such as `NAME_UNKNOWN`.
    codes: Vec<String>,
    /// The message, or the first words of a text; raw.
    pub message: String,
}

impl Said {
    /// Whether this code is among those given.
    pub fn is(&self, code: &str) -> bool {
        self.codes
            .iter()
            .any(|known| known.eq_ignore_ascii_case(code))
    }

    /// Whether it says that a right is lacking, whatever the status says.
    pub fn lacks_right(&self) -> bool {
        let text = self.message.to_ascii_lowercase().replace('\\', "");
        self.is("UNAUTHORIZED")
            || self.is("DENIED")
            || (text.contains("401") && text.contains("unauthorized"))
            || text.contains("unauthorized: ")
            || text.contains("\"action\":")
    }
}

/// Reads an error's body: the specification's JSON, JSON of another shape, or text. HTML is left out.
pub fn read(body: &[u8]) -> Said {
    #[derive(Deserialize)]
    struct Wire {
        #[serde(default)]
        errors: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        code: Option<String>,
        message: Option<String>,
    }
    #[derive(Deserialize)]
    struct Other {
        message: Option<String>,
        details: Option<String>,
        detail: Option<String>,
        error: Option<String>,
    }
    if let Ok(Wire { errors }) = serde_json::from_slice(body)
        && !errors.is_empty()
    {
        let message = errors.iter().find_map(|entry| entry.message.clone());
        return Said {
            codes: errors.into_iter().filter_map(|entry| entry.code).collect(),
            message: message.unwrap_or_default(),
        };
    }
    if let Ok(other) = serde_json::from_slice::<Other>(body) {
        let message = [other.message, other.details, other.detail, other.error];
        return Said {
            codes: Vec::new(),
            message: message.into_iter().flatten().next().unwrap_or_default(),
        };
    }
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start();
    let is_page = text.starts_with('<');
    Said {
        codes: Vec::new(),
        message: if is_page {
            String::new()
        } else {
            text.chars().take(1000).collect()
        },
    }
}

/// The budget of pulls, from `ratelimit-limit: 100;w=21600` and its sibling.
pub fn rate(headers: &HeaderMap) -> Option<Rate> {
    let number = |name: &str| -> Option<u64> {
        let text = headers.get(name)?.to_str().ok()?;
        text.split([';', ',']).next()?.trim().parse().ok()
    };
    Some(Rate {
        limit: number("ratelimit-limit")?,
        remaining: number("ratelimit-remaining")?,
        // The window slides: no moment is told at which it ends.
        reset: None,
    })
}

/// The failure that an answer without success is.
pub(super) fn refusal(
    service: &str,
    image: &ImageRepository,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    who: &Who,
    now: Timestamp,
) -> Failure {
    let said = read(body);
    let base = failure::status(service, status, headers, &said.message, now);
    // Docker Hub wraps a refusal of its own back end into a 500.
    let kind = if status == StatusCode::INTERNAL_SERVER_ERROR && said.lacks_right() {
        FailureKind::Forbidden
    } else {
        base.kind
    };
    match (kind, who) {
        (FailureKind::Unauthorized, Who::Anonymous { todo }) => Failure {
            kind: FailureKind::NoCredential,
            what: format!(
                "{service} shows {image} to nobody without a login: it is private, or there is no such image."
            ),
            advice: todo.clone(),
            ..base
        },
        (FailureKind::Unauthorized, Who::Named { username, from }) => Failure {
            what: format!(
                "{service} refused the credential of {} for {image}.",
                clean(username)
            ),
            advice: format!(
                "It came from {}: check that it has not ended and that it may read this image.",
                clean(from)
            ),
            ..base
        },
        (FailureKind::Forbidden, _) => Failure {
            kind: FailureKind::Forbidden,
            what: format!("{service} does not allow to read {image}. {}", base.what),
            advice: match who {
                Who::Named { username, .. } => format!(
                    "Give {} the right to read it, or use another credential.",
                    clean(username)
                ),
                Who::Anonymous { todo } => todo.clone(),
                Who::Unasked => base.advice,
            },
            retry_at: base.retry_at,
        },
        (FailureKind::NotFound, _) => Failure {
            what: format!("{service} does not have what was asked of {image}."),
            advice: "Check the image's `repository` and `registry_url` in the configuration."
                .to_owned(),
            ..base
        },
        (FailureKind::RateLimited, Who::Anonymous { todo }) => Failure {
            advice: format!("It is asked again later. With a login the limit is higher: {todo}"),
            ..base
        },
        _ => base,
    }
}

/// The failure that an answer to a change is, where it is no success.
pub(super) fn refused_change(
    service: &str,
    image: &ImageRepository,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    who: &Who,
    now: Timestamp,
) -> Failure {
    let said = read(body);
    let base = failure::status(service, status, headers, &said.message, now);
    let lacks = status == StatusCode::INTERNAL_SERVER_ERROR && said.lacks_right();
    let kind = if lacks {
        FailureKind::Forbidden
    } else {
        base.kind
    };
    match (kind, who) {
        (FailureKind::Unauthorized, Who::Anonymous { todo }) => Failure {
            kind: FailureKind::NoCredential,
            what: format!("{service} lets nobody change {image} without a login."),
            advice: todo.clone(),
            ..base
        },
        (FailureKind::Unauthorized | FailureKind::Forbidden, Who::Named { username, from }) => {
            Failure {
                kind,
                what: format!(
                    "{service} does not let {} do this to {image}: {}",
                    clean(username),
                    base.what
                ),
                advice: format!(
                    "The credential came from {}: give it the right, or use another.",
                    clean(from)
                ),
                ..base
            }
        }
        _ => Failure { kind, ..base },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refuse(status: u16, body: &str, who: &Who) -> Failure {
        refusal(
            "Docker Hub",
            &"docker.io/acme/rocket".parse().unwrap(),
            StatusCode::from_u16(status).unwrap(),
            &HeaderMap::new(),
            body.as_bytes(),
            who,
            Timestamp::UNIX_EPOCH,
        )
    }

    #[test]
    fn errors_are_read_in_each_form() {
        let spec = read(br#"{"errors":[{"code":"NAME_UNKNOWN","message":"repository name not known","detail":{"name":"x"}}]}"#);
        assert!(spec.is("NAME_UNKNOWN"));
        assert_eq!(spec.message, "repository name not known");
        assert_eq!(read(br#"{"detail":"nope"}"#).message, "nope");
        assert_eq!(
            read(b"404 page not found\n").message,
            "404 page not found\n"
        );
        assert_eq!(read(b" <!doctype html>").message, "");
        assert_eq!(read(br#"{"errors":null}"#).message, "");
    }

    #[test]
    fn a_refusal_in_a_server_error_is_one_of_rights() {
        let body = r#"{"errors":[{"code":"UNKNOWN","message":"401 Unauthorized: \"Action\":\"delete\""}]}"#;
        assert_eq!(
            refuse(500, body, &Who::Unasked).kind,
            FailureKind::Forbidden
        );
        assert_eq!(refuse(500, "boom", &Who::Unasked).kind, FailureKind::Server);
        assert_eq!(refuse(503, body, &Who::Unasked).kind, FailureKind::Server);
    }

    #[test]
    fn a_401_says_whether_a_credential_was_shown() {
        let todo = "Run `docker login`.".to_owned();
        let without = refuse(401, "", &Who::Anonymous { todo: todo.clone() });
        assert_eq!(
            (without.kind, without.advice),
            (FailureKind::NoCredential, todo)
        );
        let who = Who::Named {
            username: "alice\u{1b}[2J".to_owned(),
            from: "the variable X".to_owned(),
        };
        let with = refuse(401, "", &who);
        assert_eq!(with.kind, FailureKind::Unauthorized);
        assert!(with.what.contains("alice [2J"), "{}", with.what);
    }

    #[test]
    fn the_budget_is_read_from_both_headers_or_not_at_all() {
        let headers = |limit: &str, remaining: &str| -> HeaderMap {
            [
                ("ratelimit-limit", limit),
                ("ratelimit-remaining", remaining),
            ]
            .into_iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
        };
        let rate = rate(&headers("100;w=21600", " 76 ;w=21600")).unwrap();
        assert_eq!((rate.limit, rate.remaining, rate.reset), (100, 76, None));
        assert_eq!(super::rate(&headers("many", "76")), None);
        assert_eq!(super::rate(&HeaderMap::new()), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes).is("DENIED");
            let _ = refusal(
                "r",
                &"r.example/a".parse().unwrap(),
                StatusCode::INTERNAL_SERVER_ERROR,
                &HeaderMap::new(),
                &bytes,
                &Who::Unasked,
                Timestamp::UNIX_EPOCH,
            );
        }
    }
}
