//! What holds of a piece, part by part: each client compares other parts of it.

use serde::{Deserialize, Serialize};

/// Whether one part holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// It does.
    Holds,
    /// It does not.
    Fails,
    /// That was not found out.
    #[default]
    Unknown,
}

impl Check {
    /// Holds or fails.
    pub fn of(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }

    /// Holds only if both do.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Fails, _) | (_, Self::Fails) => Self::Fails,
            (Self::Holds, Self::Holds) => Self::Holds,
            _ => Self::Unknown,
        }
    }
}

/// In which form a client meets a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A layer of a `.sig`.
    Sig,
    /// A layer of an `.att`.
    Att,
    /// A bundle whose log gives the time of signing, or that names no log.
    Bundle,
    /// A bundle whose log gives no time (Rekor v2).
    TimelessBundle,
    /// What is called a bundle and cannot be opened as one; clients pass over it.
    #[default]
    Closed,
}

/// What holds of a piece, part by part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Checks {
    /// How a client meets it.
    pub form: Form,
    /// Certificate, log entry, signature and logged bytes, at the time that the log gives.
    pub by_log: Check,
    /// The same, at the time of a signed time stamp.
    pub by_stamp: Check,
    /// What was signed is about this digest.
    pub subject: Check,
    /// The certificate is of the signer that is asked for.
    pub signer: Check,
    /// The predicate has the shape that clients read.
    pub shape: Check,
}
