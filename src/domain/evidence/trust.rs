//! Whom evidence is judged by: the trusted root, and since when it is known to be right.

use serde::{Deserialize, Serialize};

use crate::domain::digest::Digest;
use crate::domain::time::Timestamp;

/// Where a trusted root comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrustOrigin {
    /// It is the public good instance's, as it was when this program was built.
    BuiltIn,
    /// It was fetched, and verified, by The Update Framework.
    Tuf,
    /// It stands in this file.
    File(String),
    /// It was handed over as a text.
    Given,
}

/// The trusted root that evidence is judged by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustRoot {
    /// Where it comes from.
    pub origin: TrustOrigin,
    /// Digest of its JSON, as it is used.
    pub digest: Digest,
    /// When TUF last confirmed it; `None`: never.
    pub checked_at: Option<Timestamp>,
    /// Until when that confirmation holds; `None`: it says nothing of an end.
    pub expires: Option<Timestamp>,
}
