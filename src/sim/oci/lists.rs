//! Lists: the tags of a repository and the referrers of a digest.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::HeaderName;
use http::header::{CONTENT_TYPE, LINK};
use serde_json::{Value, json};

use super::http::{Call, plain_not_found};
use super::{Digest, Paging, Referrers, Refused};

const FILTERS_APPLIED: HeaderName = HeaderName::from_static("oci-filters-applied");
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// `GET /tags/list?n=&last=`
pub(super) fn tags(call: &Call, name: &str) -> Result<Response, Refused> {
    let state = call.registry.state();
    if !state.store.knows(name) {
        return Err(Refused::NameUnknown);
    }
    let all = state.store.tag_names(name);
    let n = match call.query("n").map(str::parse::<usize>) {
        None => None,
        Some(Ok(n)) => Some(n),
        Some(Err(_)) => return Err(Refused::BadParameter("n")),
    };
    let last = call.query("last").unwrap_or_default();
    match state.behaviour.paging {
        Paging::Whole => Ok(list(name, &unsorted(all))),
        Paging::Links => {
            let (page, more) = cut(all, last, n);
            let next = match (page.last(), n) {
                (Some(last), Some(n)) if more => Some(link(name, n, last)),
                _ => None,
            };
            let body = list(name, &json!(page));
            Ok(match next {
                Some(link) => ([(LINK, link)], body).into_response(),
                None => body,
            })
        }
        Paging::Restarting => {
            let known = all.last().is_some_and(|end| last < end.as_str());
            let from = if known { last } else { "" };
            Ok(list(name, &json!(cut(all, from, n).0)))
        }
    }
}

/// The page after `last`, and whether another one follows.
fn cut(all: Vec<String>, last: &str, n: Option<usize>) -> (Vec<String>, bool) {
    let mut page: Vec<String> = all
        .into_iter()
        .filter(|tag| last.is_empty() || tag.as_str() > last)
        .collect();
    match n {
        Some(n) if n < page.len() => {
            page.truncate(n);
            (page, n > 0)
        }
        _ => (page, false),
    }
}

fn link(name: &str, n: usize, last: &str) -> String {
    format!("</v2/{name}/tags/list?last={last}&n={n}>; rel=\"next\"")
}

/// docker-registry lists tags in no order, and `null` where there is none.
fn unsorted(all: Vec<String>) -> Value {
    if all.is_empty() {
        return Value::Null;
    }
    let (mut odd, mut even) = (Vec::new(), Vec::new());
    for (position, tag) in all.into_iter().enumerate() {
        if position % 2 == 0 {
            &mut even
        } else {
            &mut odd
        }
        .push(tag);
    }
    even.reverse();
    odd.extend(even);
    json!(odd)
}

fn list(name: &str, tags: &Value) -> Response {
    Json(json!({"name": name, "tags": tags})).into_response()
}

/// `GET /referrers/<digest>?artifactType=`
pub(super) fn referrers(call: &Call, name: &str, digest: &str) -> Result<Response, Refused> {
    let state = call.registry.state();
    if state.behaviour.referrers == Referrers::Absent {
        return Ok(plain_not_found());
    }
    let digest = Digest::parse(digest).ok_or(Refused::BadDigest)?;
    let mut found = state.store.referrers(name, &digest);
    let filter = call.query("artifactType").filter(|text| !text.is_empty());
    if let Some(wanted) = filter {
        found.retain(|descriptor| descriptor.artifact_type.as_deref() == Some(wanted));
    }
    let index = json!({
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": found.iter().map(super::Descriptor::to_json).collect::<Vec<_>>(),
    });
    let body = ([(CONTENT_TYPE, INDEX)], index.to_string());
    Ok(match filter {
        Some(_) => ([(FILTERS_APPLIED, "artifactType")], body).into_response(),
        None => body.into_response(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages() {
        let all = || vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
        assert_eq!(
            cut(all(), "", Some(2)),
            (vec!["a".into(), "b".into()], true)
        );
        assert_eq!(cut(all(), "b", Some(2)), (vec!["c".into()], false));
        assert!(!cut(all(), "", Some(3)).1);
        assert_eq!(cut(all(), "", Some(0)), (vec![], false));
        assert_eq!(cut(all(), "aa", None).0.len(), 2);
    }
}
