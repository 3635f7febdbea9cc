//! The statement inside an envelope, read for its type before anything of it is believed.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::evidence::Kind;

/// The type of a bundle that signs an image.
pub(super) const SIGN_V1: &str = "https://sigstore.dev/cosign/sign/v1";
/// SLSA provenance, first form.
pub(super) const SLSA_V02: &str = "https://slsa.dev/provenance/v0.2";
/// SLSA provenance, second form.
pub(super) const SLSA_V1: &str = "https://slsa.dev/provenance/v1";

/// The parts of a statement that say what it is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Statement<'a> {
    pub(super) predicate_type: String,
    #[serde(borrow, default)]
    pub(super) predicate: Option<&'a RawValue>,
}

impl<'a> Statement<'a> {
    pub(super) fn read(payload: &'a [u8]) -> Option<Self> {
        match std::str::from_utf8(payload) {
            Ok(text) => serde_json::from_str(text).ok(),
            Err(_) => serde_json::from_slice(payload).ok(),
        }
    }
}

/// What a statement of this type is about.
pub(super) fn kind_of(predicate_type: &str) -> Kind {
    if predicate_type == SIGN_V1 {
        Kind::Signature
    } else if predicate_type.starts_with("https://slsa.dev/provenance/") {
        Kind::Provenance
    } else if [
        "https://spdx.dev/Document",
        "https://cyclonedx.org/bom",
        "https://cyclonedx.org/schema",
    ]
    .iter()
    .any(|known| is_or_below(predicate_type, known))
    {
        Kind::Sbom
    } else {
        Kind::Other
    }
}

/// The type itself or a version of it, `…/v2.3`.
fn is_or_below(text: &str, base: &str) -> bool {
    text.strip_prefix(base)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
