//! Error answers as each service words them.

use axum::Json;
use axum::extract::Request;
use axum::response::{Html, IntoResponse, Response};
use http::header::{HOST, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use serde_json::json;

use crate::sim::requests::Service;

/// A status in a service's own style.
pub(super) fn status(
    service: Service,
    code: u16,
    retry_after: Option<u32>,
    now: Timestamp,
    request: &Request,
) -> Response {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match service {
        // The load balancers in front of these services answer in HTML.
        _ if matches!(code, 502..=504) => proxy_page(status),
        Service::Github => github(status),
        Service::GithubStorage | Service::Cdn => storage(status),
        Service::Registry => registry(status, request),
        Service::DockerHub => docker_hub(status),
        Service::Pypi => pypi(status, request),
    };
    *response.status_mut() = status;
    if let Some(seconds) = retry_after {
        let (name, value) = match service {
            // Docker Hub names the moment, not the wait.
            Service::DockerHub => (
                HeaderName::from_static("x-retry-after"),
                now.as_second().saturating_add(i64::from(seconds)),
            ),
            _ => (RETRY_AFTER, i64::from(seconds)),
        };
        response
            .headers_mut()
            .insert(name, HeaderValue::from(value));
    }
    response
}

fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Error")
}

fn proxy_page(status: StatusCode) -> Response {
    let title = format!("{} {}", status.as_u16(), reason(status));
    Html(format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n\
         <center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    ))
    .into_response()
}

fn github(status: StatusCode) -> Response {
    let message = match status.as_u16() {
        401 => "Bad credentials",
        403 => "Resource not accessible by personal access token",
        409 => "Conflict",
        429 => {
            "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        }
        500 => "Server Error",
        _ => reason(status),
    };
    Json(json!({
        "message": message,
        "documentation_url": "https://docs.github.com/rest",
        "status": status.as_str(),
    }))
    .into_response()
}

fn storage(status: StatusCode) -> Response {
    let code = match status.as_u16() {
        403 => "AuthenticationFailed",
        404 => "BlobNotFound",
        429 | 503 => "ServerBusy",
        _ => "InternalError",
    };
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{}</Message></Error>",
        reason(status)
    );
    ([(http::header::CONTENT_TYPE, "application/xml")], xml).into_response()
}

fn registry(status: StatusCode, request: &Request) -> Response {
    let path = request.uri().path();
    let (code, message) = match status.as_u16() {
        401 => ("UNAUTHORIZED", "authentication required"),
        403 => ("DENIED", "requested access to the resource is denied"),
        404 if path.contains("/manifests/") => ("MANIFEST_UNKNOWN", "manifest unknown"),
        404 if path.contains("/blobs/") => ("BLOB_UNKNOWN", "blob unknown to registry"),
        404 => ("NAME_UNKNOWN", "repository name not known to registry"),
        405 => ("UNSUPPORTED", "The operation is unsupported."),
        429 => ("TOOMANYREQUESTS", "too many requests"),
        _ => ("UNKNOWN", "unknown error"),
    };
    let body = Json(json!({"errors": [{"code": code, "message": message, "detail": null}]}));
    if status != StatusCode::UNAUTHORIZED {
        return body.into_response();
    }
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or("localhost");
    let challenge = format!(
        "Bearer realm=\"http://{host}/token\",service=\"simulated-registry\",error=\"invalid_token\""
    );
    ([(WWW_AUTHENTICATE, challenge)], body).into_response()
}

fn docker_hub(status: StatusCode) -> Response {
    match status.as_u16() {
        401 => Json(json!({"detail": "Incorrect authentication credentials"})).into_response(),
        429 => Json(json!({"detail": "Rate limit exceeded", "error": false})).into_response(),
        404 => Json(json!({"message": "httperror 404: object not found", "errinfo": {}}))
            .into_response(),
        _ => Json(json!({"message": reason(status).to_lowercase(), "errinfo": {}})).into_response(),
    }
}

fn pypi(status: StatusCode, request: &Request) -> Response {
    if request.uri().path().starts_with("/simple/") {
        return format!("{} {}\n", status.as_u16(), reason(status)).into_response();
    }
    Json(json!({"message": reason(status)})).into_response()
}
