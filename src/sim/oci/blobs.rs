//! Blobs: reading with ranges, and the three ways of uploading.

use std::ops::Range;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, AUTHORIZATION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, LOCATION, RANGE,
};
use http::{HeaderMap, HeaderName, Method, StatusCode};

use super::http::{CONTENT_DIGEST, Call, MAX_BLOB};
use super::{Access, BlobDelivery, Digest, Refused, Registry};

const UPLOAD_UUID: HeaderName = HeaderName::from_static("docker-upload-uuid");

/// `GET` and `HEAD /blobs/<digest>`
pub(super) fn get(call: &Call, name: &str, digest: &Digest) -> Result<Response, Refused> {
    let state = call.registry.state();
    let bytes = state.store.blob(name, digest).ok_or(Refused::BlobUnknown)?;
    if call.parts.method == Method::HEAD {
        let headers = [
            (CONTENT_LENGTH, bytes.len().to_string()),
            (CONTENT_TYPE, "application/octet-stream".to_owned()),
            (ACCEPT_RANGES, "bytes".to_owned()),
            (CONTENT_DIGEST, digest.to_string()),
        ];
        return Ok((headers, Body::empty()).into_response());
    }
    if let BlobDelivery::Redirected(base) = &state.behaviour.blobs {
        let target = format!("{}/cdn/{digest}", base.trim_end_matches('/'));
        return Ok((StatusCode::TEMPORARY_REDIRECT, [(LOCATION, target)]).into_response());
    }
    drop(state);
    Ok(part(&bytes, digest, &call.parts.headers))
}

/// `GET /cdn/<digest>`: bytes for whoever knows the address, but not for who shows a credential.
pub(super) async fn from_cdn(
    State(registry): State<Registry>,
    Path(digest): Path<String>,
    headers: HeaderMap,
) -> Response {
    if headers.contains_key(AUTHORIZATION) {
        let body = "<?xml version=\"1.0\"?><Error><Code>InvalidArgument</Code>\
            <Message>Only one auth mechanism allowed</Message></Error>";
        let kind = [(CONTENT_TYPE, "application/xml")];
        return (StatusCode::BAD_REQUEST, kind, body).into_response();
    }
    let found = Digest::parse(&digest).and_then(|digest| {
        let bytes = registry.state().store.blob_anywhere(&digest)?;
        Some((digest, bytes))
    });
    match found {
        None => StatusCode::NOT_FOUND.into_response(),
        Some((digest, bytes)) => part(&bytes, &digest, &headers),
    }
}

/// The bytes, or the range of them that was asked for.
fn part(bytes: &Bytes, digest: &Digest, headers: &HeaderMap) -> Response {
    let common = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (ACCEPT_RANGES, "bytes".to_owned()),
        (CONTENT_DIGEST, digest.to_string()),
    ];
    let length = bytes.len();
    let asked = headers.get(RANGE).and_then(|range| range.to_str().ok());
    match asked.map(|range| byte_range(range, length)) {
        None | Some(Asked::Everything) => (common, bytes.clone()).into_response(),
        Some(Asked::Nothing) => (
            StatusCode::RANGE_NOT_SATISFIABLE,
            [(CONTENT_RANGE, format!("bytes */{length}"))],
            Refused::RangeNotSatisfiable.to_string(),
        )
            .into_response(),
        Some(Asked::Part(range)) => {
            let last = range.end.saturating_sub(1);
            let content_range = format!("bytes {}-{last}/{length}", range.start);
            let slice = bytes.slice(range);
            let status = StatusCode::PARTIAL_CONTENT;
            (status, common, [(CONTENT_RANGE, content_range)], slice).into_response()
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Everything,
    Part(Range<usize>),
    Nothing,
}

/// Reads a `Range` header; what is no single byte range is ignored, as RFC 9110 allows.
fn byte_range(header: &str, length: usize) -> Asked {
    let Some((first, last)) = header
        .strip_prefix("bytes=")
        .and_then(|range| range.trim().split_once('-'))
    else {
        return Asked::Everything;
    };
    let range = match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Ok(first), Err(_)) if last.is_empty() => first..length,
        (Err(_), Ok(suffix)) if first.is_empty() => length.saturating_sub(suffix)..length,
        _ => return Asked::Everything,
    };
    if range.start >= range.end {
        Asked::Nothing
    } else {
        Asked::Part(range)
    }
}

/// `DELETE /blobs/<digest>`
pub(super) fn delete(call: &Call, name: &str, digest: &Digest) -> Result<Response, Refused> {
    let mut state = call.registry.state();
    if state.behaviour.deletes == super::Deletes::Refused {
        return Err(Refused::Unsupported);
    }
    if state.store.delete_blob(name, digest) {
        Ok(StatusCode::ACCEPTED.into_response())
    } else {
        Err(Refused::BlobUnknown)
    }
}

/// `POST /blobs/uploads/`: a mount, a whole blob at once, or the start of an upload.
pub(super) async fn begin(mut call: Call, name: &str) -> Result<Response, Refused> {
    if let Some(mount) = call.query("mount") {
        let digest = Digest::parse(mount).ok_or(Refused::BadDigest)?;
        if mounted(&call, name, &digest) {
            return Ok(created(name, &digest));
        }
        return Ok(upload_begun(&call, name));
    }
    let Some(digest) = call.query("digest") else {
        return Ok(upload_begun(&call, name));
    };
    let digest = Digest::parse(digest).ok_or(Refused::BadDigest)?;
    let bytes = call.take_body(MAX_BLOB).await?;
    if !digest.matches(&bytes) {
        return Err(Refused::DigestMismatch);
    }
    let mut state = call.registry.state();
    state.store.put_blob(name, digest.clone(), bytes);
    Ok(created(name, &digest))
}

/// Takes a blob over from another repository; without `from` only where anyone may read everything.
fn mounted(call: &Call, name: &str, digest: &Digest) -> bool {
    let mut state = call.registry.state();
    let found = match call.query("from") {
        Some(from) => state.store.blob(from, digest),
        None if state.behaviour.access == Access::Open => state.store.blob_anywhere(digest),
        None => None,
    };
    match found {
        Some(bytes) => {
            state.store.put_blob(name, digest.clone(), bytes);
            true
        }
        None => false,
    }
}

fn upload_begun(call: &Call, name: &str) -> Response {
    let id = call.registry.state().store.begin_upload(name);
    (StatusCode::ACCEPTED, at(name, &id, 0)).into_response()
}

/// `GET /blobs/uploads/<id>`
pub(super) fn progress(call: &Call, name: &str, id: &str) -> Result<Response, Refused> {
    let held = call.registry.state().store.uploaded(name, id)?;
    Ok((StatusCode::NO_CONTENT, at(name, id, held)).into_response())
}

/// `PATCH /blobs/uploads/<id>`
pub(super) async fn chunk(mut call: Call, name: &str, id: &str) -> Result<Response, Refused> {
    if let Some(misfit) = misfit(&call, name, id)? {
        return Ok(misfit);
    }
    let bytes = call.take_body(MAX_BLOB).await?;
    let mut state = call.registry.state();
    let held = state.store.append(name, id, &bytes, MAX_BLOB)?;
    Ok((StatusCode::ACCEPTED, at(name, id, held)).into_response())
}

/// `PUT /blobs/uploads/<id>?digest=`, with or without a last chunk
pub(super) async fn finish(mut call: Call, name: &str, id: &str) -> Result<Response, Refused> {
    let digest = call
        .query("digest")
        .and_then(Digest::parse)
        .ok_or(Refused::BadDigest)?;
    if let Some(misfit) = misfit(&call, name, id)? {
        return Ok(misfit);
    }
    let bytes = call.take_body(MAX_BLOB).await?;
    let mut state = call.registry.state();
    state.store.append(name, id, &bytes, MAX_BLOB)?;
    state.store.finish(name, id, &digest)?;
    Ok(created(name, &digest))
}

/// `DELETE /blobs/uploads/<id>`
pub(super) fn cancel(call: &Call, name: &str, id: &str) -> Result<Response, Refused> {
    call.registry.state().store.cancel(name, id)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The 416 for a chunk that does not begin where the last one ended.
fn misfit(call: &Call, name: &str, id: &str) -> Result<Option<Response>, Refused> {
    let held = call.registry.state().store.uploaded(name, id)?;
    let Some(range) = call.header(&CONTENT_RANGE) else {
        return Ok(None);
    };
    let (first, last) = range
        .trim_start_matches("bytes ")
        .split_once('-')
        .and_then(|(first, last)| Some((first.parse::<usize>().ok()?, last.parse::<usize>().ok()?)))
        .ok_or(Refused::RangeInvalid)?;
    let announced = call
        .header(&CONTENT_LENGTH)
        .and_then(|length| length.parse::<usize>().ok());
    let spanned = last.checked_sub(first).map(|span| span.saturating_add(1));
    if announced.is_some() && spanned.is_some() && announced != spanned {
        return Err(Refused::RangeInvalid);
    }
    Ok((first != held).then(|| (at(name, id, held), Refused::RangeNotSatisfiable).into_response()))
}

/// The headers that say where an upload goes on.
fn at(name: &str, id: &str, held: usize) -> [(HeaderName, String); 3] {
    [
        (LOCATION, format!("/v2/{name}/blobs/uploads/{id}")),
        (RANGE, format!("0-{}", held.saturating_sub(1))),
        (UPLOAD_UUID, id.to_owned()),
    ]
}

fn created(name: &str, digest: &Digest) -> Response {
    let headers = [
        (LOCATION, format!("/v2/{name}/blobs/{digest}")),
        (CONTENT_DIGEST, digest.to_string()),
    ];
    (StatusCode::CREATED, headers).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        assert_eq!(byte_range("bytes=0-3", 10), Asked::Part(0..4));
        assert_eq!(byte_range("bytes=8-99", 10), Asked::Part(8..10));
        assert_eq!(byte_range("bytes=4-", 10), Asked::Part(4..10));
        assert_eq!(byte_range("bytes=-3", 10), Asked::Part(7..10));
        assert_eq!(byte_range("bytes=10-", 10), Asked::Nothing);
        assert_eq!(byte_range("bytes=0-0", 0), Asked::Nothing);
        assert_eq!(byte_range("bytes=5-4", 10), Asked::Everything);
        assert_eq!(byte_range("lines=1-2", 10), Asked::Everything);
    }
}
