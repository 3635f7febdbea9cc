//! What a statement says, kept to be shown.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The predicate of a statement whose signature holds, whoever signed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Predicate {
    /// As it was read.
    Kept(Arc<Value>),
    /// It is longer than what is kept: so many bytes.
    TooLong(usize),
}

impl Predicate {
    /// Longest predicate that is kept, bytes. Provenance is a tenth of it; what an SBOM lists is kept apart.
    pub const LONGEST: usize = 96 * 1024;

    /// Reads a predicate; `None`: it is no JSON, or nested too deeply.
    pub fn read(text: &str) -> Option<Self> {
        if text.len() > Self::LONGEST {
            return Some(Self::TooLong(text.len()));
        }
        let value = serde_json::from_str(text).ok()?;
        Some(Self::Kept(Arc::new(value)))
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a test fails at the line that surprises"
)]
mod tests {
    use super::*;

    #[test]
    fn a_predicate_is_kept_where_it_is_short_and_read_where_it_is_json() {
        let kept = Predicate::read(r#"{"a":[1,"b"]}"#).unwrap();
        let Predicate::Kept(value) = &kept else {
            panic!("{kept:?}");
        };
        assert_eq!(value.pointer("/a/1").unwrap(), "b");
        let stored = serde_json::to_string(&kept).unwrap();
        assert_eq!(serde_json::from_str::<Predicate>(&stored).unwrap(), kept);

        let long = format!("\"{}\"", "x".repeat(Predicate::LONGEST));
        assert_eq!(Predicate::read(&long), Some(Predicate::TooLong(long.len())));
        assert_eq!(Predicate::read("{"), None);
        assert_eq!(
            Predicate::read(&"[".repeat(10_000)),
            None,
            "nested too deeply"
        );
    }
}
