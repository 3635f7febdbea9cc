//! By whom, and of when, evidence was judged.

use std::fmt::Write as _;

use serde::Serialize;

use crate::domain::evidence::{TrustOrigin, TrustRoot};
use crate::domain::time::Timestamp;
use crate::present::clean::clean;
use crate::present::words::ago;

/// By whom and of when the evidence was judged.
#[derive(Debug)]
pub struct Seen {
    /// Whom it was judged by.
    pub root: TrustRoot,
    /// When it was collected.
    pub collected_at: Timestamp,
    /// Whether it had been kept since then.
    pub is_kept: bool,
    /// The time of day.
    pub now: Timestamp,
}

impl Seen {
    /// The same as lines for a person.
    pub(super) fn lines(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "  trusted root  {}", words(&self.root, self.now));
        if self.is_kept {
            let age = ago(self.collected_at, self.now);
            let _ = writeln!(out, "  evidence      as of {age} (--fresh looks again)");
        }
        out
    }
}

/// `TUF, checked 3h ago`.
fn words(root: &TrustRoot, now: Timestamp) -> String {
    match (&root.origin, root.checked_at) {
        (TrustOrigin::BuiltIn, _) => "built in".to_owned(),
        (TrustOrigin::Tuf, Some(at)) => format!("TUF, checked {}", ago(at, now)),
        (TrustOrigin::Tuf, None) => "TUF, checked at an unknown time".to_owned(),
        (TrustOrigin::File(path), _) => clean(path),
        (TrustOrigin::Given, _) => "given".to_owned(),
    }
}

/// A trusted root in JSON.
#[derive(Debug, Serialize)]
pub(super) struct RootV1 {
    /// `built_in`, `tuf`, `file` or `given`.
    origin: &'static str,
    file: Option<String>,
    digest: String,
    checked_at: Option<Timestamp>,
}

impl RootV1 {
    pub(super) fn of(root: &TrustRoot) -> Self {
        let (origin, file) = match &root.origin {
            TrustOrigin::BuiltIn => ("built_in", None),
            TrustOrigin::Tuf => ("tuf", None),
            TrustOrigin::File(path) => ("file", Some(clean(path))),
            TrustOrigin::Given => ("given", None),
        };
        Self {
            origin,
            file,
            digest: root.digest.to_string(),
            checked_at: root.checked_at,
        }
    }
}
