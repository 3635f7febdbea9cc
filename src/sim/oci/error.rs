//! What a registry refuses, and the error body that says so.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::Digest;

/// Why a registry does not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Neither a tag nor a digest.
    #[error("the reference is neither a tag nor a digest")]
    BadReference,
    /// The name of the repository breaks the grammar.
    #[error("invalid repository name")]
    BadName,
    /// The digest is malformed, or of an unknown algorithm.
    #[error("the digest is malformed or of an unknown algorithm")]
    BadDigest,
    /// The bytes are not those of the digest that was given with them.
    #[error("provided digest did not match uploaded content")]
    DigestMismatch,
    /// The manifest cannot be read or lacks what it must have.
    #[error("manifest invalid: {0}")]
    ManifestInvalid(&'static str),
    /// The manifest refers to something that is not in this repository.
    #[error("blob unknown to registry: {0}")]
    ChildUnknown(Digest),
    /// No such blob.
    #[error("blob unknown to registry")]
    BlobUnknown,
    /// No such manifest.
    #[error("manifest unknown")]
    ManifestUnknown,
    /// No such repository.
    #[error("repository name not known to registry")]
    NameUnknown,
    /// No such upload.
    #[error("blob upload unknown to registry")]
    UploadUnknown,
    /// A chunk that does not begin where the last one ended, or a range outside the blob.
    #[error("the range does not fit")]
    RangeNotSatisfiable,
    /// A content range that cannot be read.
    #[error("invalid content range or length")]
    RangeInvalid,
    /// More bytes than the simulator keeps.
    #[error("too large")]
    TooLarge,
    /// The tag must not be moved or deleted.
    #[error("tag is immutable")]
    TagImmutable,
    /// What this registry does not offer.
    #[error("The operation is unsupported.")]
    Unsupported,
    /// A parameter that makes no sense.
    #[error("invalid parameter: {0}")]
    BadParameter(&'static str),
}

impl Refused {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::BadReference | Self::ManifestInvalid(_) => {
                (StatusCode::BAD_REQUEST, "MANIFEST_INVALID")
            }
            Self::BadName => (StatusCode::BAD_REQUEST, "NAME_INVALID"),
            Self::BadDigest | Self::DigestMismatch => (StatusCode::BAD_REQUEST, "DIGEST_INVALID"),
            Self::ChildUnknown(_) => (StatusCode::NOT_FOUND, "MANIFEST_BLOB_UNKNOWN"),
            Self::BlobUnknown => (StatusCode::NOT_FOUND, "BLOB_UNKNOWN"),
            Self::ManifestUnknown => (StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN"),
            Self::NameUnknown => (StatusCode::NOT_FOUND, "NAME_UNKNOWN"),
            Self::UploadUnknown => (StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN"),
            Self::RangeNotSatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID"),
            Self::RangeInvalid => (StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "SIZE_INVALID"),
            Self::TagImmutable => (StatusCode::BAD_REQUEST, "TAG_INVALID"),
            Self::Unsupported => (StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED"),
            Self::BadParameter(_) => (StatusCode::BAD_REQUEST, "PAGINATION_NUMBER_INVALID"),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, code) = self.status_and_code();
        body(status, code, &self.to_string(), Value::Null)
    }
}

/// The error body of the specification.
pub(super) fn body(status: StatusCode, code: &str, message: &str, detail: Value) -> Response {
    let mut error = json!({"code": code, "message": message});
    if let (Some(error), false) = (error.as_object_mut(), detail.is_null()) {
        error.insert("detail".to_owned(), detail);
    }
    (status, axum::Json(json!({"errors": [error]}))).into_response()
}
