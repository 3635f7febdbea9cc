//! Content digests, as the OCI image specification writes them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A content digest: an algorithm and lower-case hexadecimal, such as `sha256:9f86…`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

/// Why a text is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a digest: sha256: and 64 hexadecimal digits, or sha512: and 128")]
pub struct NotADigest(String);

impl Digest {
    /// The digest of these bytes: SHA-256, the algorithm of every registry.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(format!(
            "sha256:{}",
            hex::encode(sha2::Sha256::digest(bytes))
        ))
    }

    /// The whole digest, `sha256:<hex>`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The algorithm's name, `sha256`.
    pub fn algorithm(&self) -> &str {
        self.0.split_once(':').map_or("", |(name, _)| name)
    }

    /// The hexadecimal part alone.
    pub fn hex(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, hex)| hex)
    }

    /// The form shown everywhere on screen: `9f86d081…4b2c`.
    pub fn short(&self) -> String {
        let hex = self.hex();
        match (hex.get(..8), hex.get(hex.len().saturating_sub(4)..)) {
            (Some(head), Some(tail)) => format!("{head}…{tail}"),
            _ => hex.to_owned(),
        }
    }

    /// Whether these bytes have this digest; recomputed, never believed.
    pub fn matches(&self, bytes: &[u8]) -> bool {
        use sha2::Digest as _;
        match self.0.split_once(':') {
            Some(("sha256", hex)) => hex::encode(sha2::Sha256::digest(bytes)) == hex,
            Some(("sha512", hex)) => hex::encode(sha2::Sha512::digest(bytes)) == hex,
            _ => false,
        }
    }
}

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let good = match text.split_once(':') {
            Some(("sha256", hex)) => is_hex(hex, 64),
            Some(("sha512", hex)) => is_hex(hex, 128),
            _ => false,
        };
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotADigest(text.chars().take(80).collect()))
        }
    }
}

fn is_hex(text: &str, len: usize) -> bool {
    text.len() == len
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

impl TryFrom<String> for Digest {
    type Error = NotADigest;

    fn try_from(text: String) -> Result<Self, NotADigest> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_their_digest_and_no_other() {
        let digest = Digest::of(b"test");
        assert_eq!(digest.short(), "9f86d081…0a08");
        assert!(digest.matches(b"test"));
        assert!(!digest.matches(b"Test"));
    }

    #[test]
    fn only_whole_lower_case_digests_parse() {
        assert!(Digest::of(b"").as_str().parse::<Digest>().is_ok());
        for bad in ["", "sha256:", "sha256:ABCD", "md5:00", "sha256:g"] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
        assert!(
            Digest::of(b"")
                .as_str()
                .to_uppercase()
                .parse::<Digest>()
                .is_err()
        );
    }
}
