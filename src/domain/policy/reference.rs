//! An image as a person names it: a repository with a tag or a digest.

use std::fmt;
use std::str::FromStr;

use super::{ImageRepository, NameError, Tag};
use crate::domain::digest::Digest;

/// `repository:tag`, `repository@digest`, or both; without either the tag `latest` is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageReference {
    /// The repository.
    pub repository: ImageRepository,
    /// The tag, where one is written.
    pub tag: Option<Tag>,
    /// The digest, where one is written; then the tag is only a name.
    pub digest: Option<Digest>,
}

impl FromStr for ImageReference {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let text = text.strip_prefix("oci://").unwrap_or(text);
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => {
                let digest = digest.parse().map_err(|_| NameError::Image(clip(digest)))?;
                (name, Some(digest))
            }
            None => (text, None),
        };
        // A colon before the last slash belongs to the registry's port.
        let (repository, tag) = match name.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag.parse()?)),
            _ => (name, None),
        };
        let tag = match (&digest, tag) {
            (None, None) => Some(Tag::known("latest")),
            (_, tag) => tag,
        };
        Ok(Self {
            repository: repository.parse()?,
            tag,
            digest,
        })
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

fn clip(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_no_tag_and_a_digest_needs_none() {
        let read = |text: &str| text.parse::<ImageReference>().unwrap();
        let digest = Digest::of(b"x");
        let plain = read("127.0.0.1:5000/lab/rocket:1.0");
        assert_eq!(plain.repository.as_str(), "127.0.0.1:5000/lab/rocket");
        assert_eq!(plain.tag.unwrap().as_str(), "1.0");
        let by_digest = read(&format!("localhost:5000/rocket@{digest}"));
        assert_eq!(
            (by_digest.tag, by_digest.digest),
            (None, Some(digest.clone()))
        );
        assert_eq!(
            read("acme/rocket").to_string(),
            "docker.io/acme/rocket:latest"
        );
        let both = format!("docker.io/acme/rocket:1@{digest}");
        assert_eq!(read(&both).to_string(), both);
        for bad in [
            "",
            ":1",
            "acme/rocket@sha256:00",
            "acme/rocket:a b",
            "Acme/Rocket",
        ] {
            assert!(bad.parse::<ImageReference>().is_err(), "{bad}");
        }
    }
}
