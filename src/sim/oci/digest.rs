//! Digests and the grammar of names, as the distribution specification 1.1 writes them.

use std::fmt;

use sha2::Digest as _;

/// A content digest: `sha256:` with 64 lower-case hexadecimal digits, or `sha512:` with 128.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(String);

/// The hash functions that a registry has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// What every registry uses.
    Sha256,
    /// Registered by the specification, rarely seen.
    Sha512,
}

impl Digest {
    /// The SHA-256 digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::with(Algorithm::Sha256, bytes)
    }

    /// The digest of these bytes under the given algorithm.
    pub fn with(algorithm: Algorithm, bytes: &[u8]) -> Self {
        Self(match algorithm {
            Algorithm::Sha256 => format!("sha256:{}", hex::encode(sha2::Sha256::digest(bytes))),
            Algorithm::Sha512 => format!("sha512:{}", hex::encode(sha2::Sha512::digest(bytes))),
        })
    }

    /// Reads a digest, or gives `None` where the text is none that is supported.
    pub fn parse(text: &str) -> Option<Self> {
        let (algorithm, hex) = text.split_once(':')?;
        let length = match algorithm {
            "sha256" => 64,
            "sha512" => 128,
            _ => return None,
        };
        let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (hex.len() == length && hex.bytes().all(lower_hex)).then(|| Self(text.to_owned()))
    }

    /// The whole digest, `sha256:<hex>`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hexadecimal part alone.
    pub fn hex(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, hex)| hex)
    }

    /// The hash function that made it.
    pub fn algorithm(&self) -> Algorithm {
        if self.0.starts_with("sha512:") {
            Algorithm::Sha512
        } else {
            Algorithm::Sha256
        }
    }

    /// Whether these bytes have this digest.
    pub fn matches(&self, bytes: &[u8]) -> bool {
        *self == Self::with(self.algorithm(), bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What stands behind `/manifests/`: a tag or a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A movable name.
    Tag(String),
    /// The content itself.
    Digest(Digest),
}

impl Reference {
    /// Reads a reference; a text with a colon can only be a digest.
    pub fn parse(text: &str) -> Option<Self> {
        if text.contains(':') {
            return Digest::parse(text).map(Self::Digest);
        }
        is_tag(text).then(|| Self::Tag(text.to_owned()))
    }
}

/// Whether a text is a tag: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
pub(super) fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(word)
        && text
            .bytes()
            .all(|byte| word(byte) || byte == b'.' || byte == b'-')
}

/// Whether a text names a repository: components of lower-case letters and digits, joined by
/// `.`, `_`, `__` or dashes, with slashes between; 255 bytes at most.
pub(super) fn is_repository(text: &str) -> bool {
    text.len() <= 255 && text.split('/').all(is_component)
}

fn is_component(text: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separator =
        |text: &str| matches!(text, "" | "." | "_" | "__") || text.bytes().all(|byte| byte == b'-');
    text.starts_with(alphanumeric)
        && text.ends_with(alphanumeric)
        && text.split(alphanumeric).all(separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_grammar() {
        for good in ["a", "acme/rocket", "a.b/c_d/e__f/g---h", "0/1"] {
            assert!(is_repository(good), "{good}");
        }
        for bad in [
            "", "A", "a/", "/a", "a//b", "a..b", "a___b", "a._b", "-a", "a b",
        ] {
            assert!(!is_repository(bad), "{bad}");
        }
        assert!(is_tag("_x") && is_tag("1.6.9") && is_tag("prerelease-v1.6.9-abc1234"));
        assert!(!is_tag("") && !is_tag(".x") && !is_tag("-x") && !is_tag("a/b"));
        assert!(!is_tag(&"x".repeat(129)));
    }

    #[test]
    fn a_digest_is_recomputed() {
        let digest = Digest::of(b"hello");
        assert!(digest.matches(b"hello") && !digest.matches(b"hullo"));
        assert_eq!(Digest::parse(digest.as_str()), Some(digest));
        assert_eq!(Digest::parse("sha256:abc"), None);
        assert_eq!(Digest::parse("md5:00"), None);
        assert_eq!(Reference::parse("sha256:abc"), None);
    }
}
