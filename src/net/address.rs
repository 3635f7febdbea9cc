//! Addresses that a server hands out: untrusted until they are shown to stay where they may.

use http::HeaderMap;
use url::{Host, Url};

/// Whether two addresses are of one scheme, host and port.
pub fn same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host() == other.host()
        && one.port_or_known_default() == other.port_or_known_default()
}

/// Whether an address is of this machine itself.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Whether a server at `from` may send us on to `to`, without credentials.
///
/// Anywhere by https, but not into this machine; on a loopback host to the same host, at any port.
pub fn may_lead_to(from: &Url, to: &Url) -> bool {
    if !to.username().is_empty() || to.password().is_some() {
        return false;
    }
    let same_loopback = is_loopback(from) && from.host() == to.host();
    match to.scheme() {
        "https" => same_loopback || !is_loopback(to),
        "http" => same_loopback,
        _ => false,
    }
}

/// The address that a `Link` header gives for `rel`, if it stays on the origin of the page.
pub fn link(page: &Url, headers: &HeaderMap, rel: &str) -> Option<Url> {
    headers
        .get_all(http::header::LINK)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(entries)
        .find(|(_, parameters)| has_rel(parameters, rel))
        .and_then(|(target, _)| page.join(target).ok())
        .filter(|target| {
            same_origin(page, target) && target.username().is_empty() && target.password().is_none()
        })
}

/// What comes after a page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing: it was the last page.
    End,
    /// The next page, on the same origin.
    Page(Url),
    /// There is one, where it must not be asked for.
    Elsewhere,
}

/// What a page's `Link` headers say comes next. A list that goes on where it cannot be followed is not a short list.
pub fn next(page: &Url, headers: &HeaderMap) -> Next {
    let goes_on = headers.get_all(http::header::LINK).iter().any(|value| {
        String::from_utf8_lossy(value.as_bytes())
            .to_ascii_lowercase()
            .contains("next")
    });
    match link(page, headers, "next") {
        Some(next) => Next::Page(next),
        None if goes_on => Next::Elsewhere,
        None => Next::End,
    }
}

/// Each `<target>; parameters` of a header's value.
fn entries(value: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = value;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((target, after)) = after.split_once('>') else {
            break;
        };
        let end = end_of_parameters(after);
        found.push((target.trim(), after.get(..end).unwrap_or("")));
        rest = after.get(end..).unwrap_or("");
    }
    found
}

/// Where the parameters of one entry end: at a comma outside of quotes.
fn end_of_parameters(text: &str) -> usize {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => return at,
            _ => {}
        }
    }
    text.len()
}

fn has_rel(parameters: &str, rel: &str) -> bool {
    parameters.split(';').any(|parameter| {
        parameter.split_once('=').is_some_and(|(name, value)| {
            name.trim().eq_ignore_ascii_case("rel")
                && value
                    .trim()
                    .trim_matches('"')
                    .split_ascii_whitespace()
                    .any(|word| word.eq_ignore_ascii_case(rel))
        })
    })
}

/// The address of something below a root, without query or fragment; each part is escaped.
///
/// `None` where the root is no address that has a path.
pub fn below(root: &Url, path: &[&str]) -> Option<Url> {
    let mut url = root.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.path_segments_mut().ok()?.pop_if_empty().extend(path);
    Some(url)
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a test fails at the line that surprises"
)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn next(page: &str, value: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::LINK, value.parse().unwrap());
        link(&url(page), &headers, "next").map(String::from)
    }

    #[test]
    fn a_link_stays_on_its_origin() {
        let page = "https://api.example/a?page=1";
        assert_eq!(
            next(
                page,
                r#"<https://api.example/a?page=1>; rel="prev", <https://api.example/a?page=2&q=a,b>; rel="next""#
            )
            .as_deref(),
            Some("https://api.example/a?page=2&q=a,b")
        );
        assert_eq!(
            next(page, "</v2/x/tags/list?last=b>; rel=next").as_deref(),
            Some("https://api.example/v2/x/tags/list?last=b")
        );
        for foreign in [
            "<https://evil.example/a>; rel=next",
            "<http://api.example/a>; rel=next",
            "<https://api.example:444/a>; rel=next",
            "<//evil.example/a>; rel=next",
            "<https://api.example@evil.example/a>; rel=next",
            "<https://user:pw@api.example/a>; rel=next",
            "<file:///etc/passwd>; rel=next",
            "<https://api.example/a>; rel=last",
            "<https://api.example/a",
            "nonsense",
        ] {
            assert_eq!(next(page, foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_redirect_goes_by_https_or_stays_on_the_loopback_host() {
        let yes = [
            ("https://api.github.com/x", "https://blob.example/y"),
            ("http://127.0.0.1:1/x", "http://127.0.0.1:2/y"),
            ("http://localhost:1/x", "http://localhost:2/y"),
            ("http://127.0.0.1:1/x", "https://blob.example/y"),
            ("http://[::1]:1/x", "http://[::1]:2/y"),
        ];
        let no = [
            ("https://api.github.com/x", "http://blob.example/y"),
            ("https://api.github.com/x", "http://127.0.0.1:2/y"),
            ("https://api.github.com/x", "https://127.0.0.1:2/y"),
            ("https://api.github.com/x", "https://localhost/y"),
            ("http://127.0.0.1:1/x", "http://127.0.0.2:1/y"),
            ("http://127.0.0.1:1/x", "http://evil.example/y"),
            ("https://api.github.com/x", "file:///etc/passwd"),
            ("https://api.github.com/x", "https://u:p@blob.example/y"),
        ];
        for (from, to) in yes {
            assert!(may_lead_to(&url(from), &url(to)), "{from} -> {to}");
        }
        for (from, to) in no {
            assert!(!may_lead_to(&url(from), &url(to)), "{from} -> {to}");
        }
    }
}
