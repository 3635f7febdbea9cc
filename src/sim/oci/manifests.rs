//! Manifests: bytes in, the same bytes out.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;

use super::behaviour::{Allowance, Pull};
use super::http::{CONTENT_DIGEST, Call, MAX_MANIFEST};
use super::store::Manifest;
use super::{Deletes, Digest, Reference, Referrers, Refused, error};

const OCI_SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
const OCI_TAG: HeaderName = HeaderName::from_static("oci-tag");

/// `GET` and `HEAD /manifests/<reference>`
pub(super) fn get(call: &Call, name: &str, reference: &Reference) -> Result<Response, Refused> {
    let pull = if call.parts.method == Method::HEAD {
        Pull::Free
    } else {
        Pull::Counted
    };
    let now = call.registry.now();
    let mut state = call.registry.state();
    let allowance = state
        .behaviour
        .pull_limit
        .map(|limit| state.pulls.take(limit, pull, now));
    if let Some(seconds) = allowance.and_then(|allowance| allowance.refused_for) {
        // Docker Hub answers in plain text, not in the JSON of the specification.
        let text = "You have reached your unauthenticated pull rate limit.\n";
        let after = [(RETRY_AFTER, seconds.to_string())];
        let refusal = (StatusCode::TOO_MANY_REQUESTS, after, text);
        return Ok(with_allowance(refusal.into_response(), allowance));
    }
    let found = state
        .store
        .find(name, reference)
        .ok_or(Refused::ManifestUnknown)?;
    let manifest = match negotiate(&call.parts.headers, &found) {
        Negotiated::AsItIs => found,
        Negotiated::Child(digest) if matches!(reference, Reference::Tag(_)) => state
            .store
            .manifest(name, &digest)
            .ok_or(Refused::ManifestUnknown)?,
        Negotiated::Child(_) | Negotiated::NotAcceptable => {
            return Ok(error::body(
                StatusCode::NOT_FOUND,
                "MANIFEST_UNKNOWN",
                "manifest found, but the Accept header does not support its media type",
                Value::Null,
            ));
        }
    };
    if let (Pull::Counted, Reference::Tag(tag)) = (pull, reference) {
        state.store.note_pull(name, tag, now);
    }
    drop(state);
    let headers = [
        (CONTENT_TYPE, manifest.media_type),
        (CONTENT_LENGTH, manifest.bytes.len().to_string()),
        (CONTENT_DIGEST, manifest.digest.to_string()),
    ];
    let body = match pull {
        Pull::Free => Body::empty(),
        Pull::Counted => Body::from(manifest.bytes),
    };
    Ok(with_allowance((headers, body).into_response(), allowance))
}

fn with_allowance(mut response: Response, allowance: Option<Allowance>) -> Response {
    let Some(allowance) = allowance else {
        return response;
    };
    let window = allowance.limit.window_seconds;
    for (name, count) in [
        ("ratelimit-limit", allowance.limit.pulls),
        ("ratelimit-remaining", allowance.remaining),
    ] {
        if let Ok(value) = HeaderValue::from_str(&format!("{count};w={window}")) {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    response.headers_mut().insert(
        HeaderName::from_static("docker-ratelimit-source"),
        HeaderValue::from_static("127.0.0.1"),
    );
    response
}

enum Negotiated {
    AsItIs,
    Child(Digest),
    NotAcceptable,
}

/// What a client that names its media types gets, as docker-registry 2.8 does it.
///
/// The trap: who accepts a single Docker manifest but no manifest list gets the amd64 child, under another digest.
fn negotiate(headers: &HeaderMap, manifest: &Manifest) -> Negotiated {
    let accepted: Vec<&str> = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|range| range.split(';').next())
        .map(str::trim)
        .filter(|range| !range.is_empty())
        .collect();
    let takes = |media_type: &str| accepted.contains(&media_type);
    if accepted.is_empty() || takes("*/*") || takes("application/*") || takes(&manifest.media_type)
    {
        return Negotiated::AsItIs;
    }
    if manifest.media_type == "application/vnd.docker.distribution.manifest.list.v2+json"
        && takes("application/vnd.docker.distribution.manifest.v2+json")
    {
        return amd64_child(&manifest.bytes).map_or(Negotiated::NotAcceptable, Negotiated::Child);
    }
    Negotiated::NotAcceptable
}

fn amd64_child(list: &Bytes) -> Option<Digest> {
    let list: Value = serde_json::from_slice(list).ok()?;
    let children = list.get("manifests")?.as_array()?;
    let child = children.iter().find(|child| {
        child.pointer("/platform/os") == Some(&Value::from("linux"))
            && child.pointer("/platform/architecture") == Some(&Value::from("amd64"))
    })?;
    Digest::parse(child.get("digest")?.as_str()?)
}

/// `PUT /manifests/<reference>`; by digest also with `?tag=`, which newer drafts of the specification have
pub(super) async fn put(
    mut call: Call,
    name: &str,
    reference: Reference,
) -> Result<Response, Refused> {
    let bytes = call.take_body(MAX_MANIFEST).await?;
    let media_type = call
        .header(&CONTENT_TYPE)
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_owned())
        .filter(|value| !value.is_empty())
        .ok_or(Refused::ManifestInvalid("no Content-Type"))?;
    let mut tags: Vec<String> = Vec::new();
    if let Reference::Tag(tag) = &reference {
        tags.push(tag.clone());
    } else {
        let asked = call.query.iter().filter(|(key, _)| key == "tag");
        for (_, tag) in asked {
            if !super::digest::is_tag(tag) {
                return Err(Refused::BadReference);
            }
            tags.push(tag.clone());
        }
    }
    // `PUT /manifests/<tag>?digest=` names the digest to keep the manifest under.
    let kept_under = match (&reference, call.query("digest")) {
        (Reference::Tag(_), Some(digest)) => {
            Reference::Digest(Digest::parse(digest).ok_or(Refused::BadDigest)?)
        }
        _ => reference.clone(),
    };
    let at = call.registry.now();
    let mut state = call.registry.state();
    let coming = match &kept_under {
        Reference::Digest(digest) => digest.clone(),
        Reference::Tag(_) => Digest::of(&bytes),
    };
    for tag in &tags {
        let moved = state
            .store
            .tagged(name, tag)
            .is_some_and(|held| held.digest != coming);
        if moved && state.behaviour.is_immutable(tag) {
            return Err(Refused::TagImmutable);
        }
    }
    let manifest = state
        .store
        .put_manifest(name, &kept_under, &media_type, bytes)?;
    for tag in &tags {
        let pusher = call.user.clone();
        state.store.tag(name, tag, &manifest.digest, at, pusher);
    }
    let mut headers = HeaderMap::new();
    let mut add = |name: HeaderName, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.append(name, value);
        }
    };
    add(
        LOCATION,
        format!("/v2/{name}/manifests/{}", manifest.digest),
    );
    add(CONTENT_DIGEST, manifest.digest.to_string());
    if let (Some(subject), Referrers::Served) = (&manifest.subject, state.behaviour.referrers) {
        add(OCI_SUBJECT, subject.to_string());
    }
    if matches!(reference, Reference::Digest(_)) {
        for tag in tags {
            add(OCI_TAG, tag);
        }
    }
    Ok((StatusCode::CREATED, headers).into_response())
}

/// `DELETE /manifests/<reference>`
pub(super) fn delete(call: &Call, name: &str, reference: &Reference) -> Result<Response, Refused> {
    let mut state = call.registry.state();
    let gone = match (reference, state.behaviour.deletes) {
        (_, Deletes::Refused) | (Reference::Tag(_), Deletes::DigestsOnlyUnsupported) => {
            return Err(Refused::Unsupported);
        }
        (Reference::Tag(_), Deletes::DigestsOnly) => return Err(Refused::BadDigest),
        (Reference::Tag(tag), Deletes::TagsAndDigests) => {
            if state.behaviour.is_immutable(tag) {
                return Err(Refused::TagImmutable);
            }
            state.store.delete_tag(name, tag)
        }
        (Reference::Digest(digest), _) => {
            let tags = state.store.tags_of(name, digest);
            if tags.iter().any(|tag| state.behaviour.is_immutable(tag)) {
                return Err(Refused::TagImmutable);
            }
            state.store.delete_manifest(name, digest)
        }
    };
    if gone {
        Ok(StatusCode::ACCEPTED.into_response())
    } else {
        Err(Refused::ManifestUnknown)
    }
}
