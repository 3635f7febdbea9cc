//! Following a redirect to a file, such as a log on a blob host.

use http::StatusCode;
use url::Url;

use super::address::may_lead_to;

/// Redirects that are followed for one file.
const HOPS: usize = 5;

/// Why a redirect was not followed.
#[derive(Debug, thiserror::Error)]
pub enum RedirectError {
    /// No `Location`, or none that is an address.
    #[error("it names no address")]
    NoTarget,
    /// It leads where no server may send us.
    #[error("it leads to {host} over {scheme}, where it must not lead")]
    Refused {
        /// The target's scheme.
        scheme: String,
        /// The target's host; its path may hold a signature and is not told.
        host: String,
    },
    /// More redirects than a file needs.
    #[error("there are more than {HOPS} redirects")]
    TooMany,
    /// A hop could not be made.
    #[error("its address did not answer")]
    Transport(#[source] reqwest::Error),
}

/// Whether a status sends us elsewhere.
pub fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The address that an answer to `from` redirects to, if the server may send us there.
pub fn target(from: &Url, headers: &http::HeaderMap) -> Result<Url, RedirectError> {
    let to = headers
        .get(http::header::LOCATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| from.join(text).ok())
        .ok_or(RedirectError::NoTarget)?;
    if may_lead_to(from, &to) {
        Ok(to)
    } else {
        Err(RedirectError::Refused {
            scheme: super::text::clean(to.scheme()),
            host: super::text::clean(to.host_str().unwrap_or("")),
        })
    }
}

/// Fetches the file that a redirect from `from` leads to, with no credential and no header of the first request.
pub async fn follow(
    http: &reqwest::Client,
    from: &Url,
    headers: &http::HeaderMap,
) -> Result<reqwest::Response, RedirectError> {
    fetch(http, target(from, headers)?).await
}

/// Fetches a file from an address that a server handed out and that was found to be one where it may send us.
pub async fn fetch(
    http: &reqwest::Client,
    mut to: Url,
) -> Result<reqwest::Response, RedirectError> {
    for _ in 0..HOPS {
        let answer = http
            .get(to.clone())
            .send()
            .await
            .map_err(|err| RedirectError::Transport(err.without_url()))?;
        if !is_redirect(answer.status()) {
            return Ok(answer);
        }
        to = target(&to, answer.headers())?;
    }
    Err(RedirectError::TooMany)
}
