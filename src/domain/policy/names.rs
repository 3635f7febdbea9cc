//! Names that a policy is made of: each can hold only what its service allows.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is not the name that it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not a tag of the distribution specification.
    #[error(
        "`{0}` is not a tag: 1 to 128 letters, digits, `_`, `.` or `-`, the first no `.` or `-`"
    )]
    Tag(String),
    /// Not a repository of a registry.
    #[error("`{0}` is not an image: write it as docker.io/acme/rocket")]
    Image(String),
    /// A repository was asked for, and a tag or digest came with it.
    #[error("`{0}` names a tag or a digest: give the image's repository alone")]
    ImageWithTag(String),
    /// Not a platform.
    #[error("`{0}` is not a platform: write it as linux/amd64 or linux/arm/v7")]
    Platform(String),
    /// Not the file name of a workflow.
    #[error(
        "`{0}` is not a workflow: write the file's name below .github/workflows, as release.yml"
    )]
    Workflow(String),
    /// Not the name of a Python project.
    #[error("`{0}` is not the name of a Python project: letters, digits, `.`, `_` and `-`")]
    Pypi(String),
}

/// A text cut and cleaned for an error's sentence.
pub(super) fn clip(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

/// A tag in a registry, of the characters that the distribution specification allows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(transparent)]
pub struct Tag(String);

impl Tag {
    /// The tag's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn known(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Whether a character may stand in a tag behind its first place.
    pub(super) fn allows(c: char) -> bool {
        c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
    }
}

impl FromStr for Tag {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let fits = text.len() <= 128
            && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            && text.chars().all(Self::allows);
        fits.then(|| Self(text.to_owned()))
            .ok_or_else(|| NameError::Tag(clip(text)))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Tag {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// An image's repository: a registry's host and the path in it, without tag or digest.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageRepository {
    text: String,
    slash: usize,
}

impl ImageRepository {
    /// The registry's host, with the port where one is given.
    pub fn registry(&self) -> &str {
        self.text.get(..self.slash).unwrap_or(&self.text)
    }

    /// The path in the registry, as `acme/rocket`.
    pub fn path(&self) -> &str {
        self.text.get(self.slash + 1..).unwrap_or_default()
    }

    /// Host and path.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether Docker Hub's rules hold, by the host in the image's name.
    pub fn is_docker_hub(&self) -> bool {
        self.registry() == "docker.io"
    }
}

impl FromStr for ImageRepository {
    type Err = NameError;

    /// Takes the short forms of Docker Hub too: `rocket` is `docker.io/library/rocket`.
    fn from_str(text: &str) -> Result<Self, NameError> {
        let bad = || NameError::Image(clip(text));
        if text.contains('@') {
            return Err(NameError::ImageWithTag(clip(text)));
        }
        let is_host = |part: &str| part.contains(['.', ':']) || part == "localhost";
        let (host, path) = match text.split_once('/') {
            Some((host, path)) if is_host(host) => (host, path.to_owned()),
            Some(_) => ("docker.io", text.to_owned()),
            None => ("docker.io", format!("library/{text}")),
        };
        if path.contains(':') {
            return Err(NameError::ImageWithTag(clip(text)));
        }
        let (host, path) = match host {
            "index.docker.io" | "registry-1.docker.io" | "docker.io" if !path.contains('/') => {
                ("docker.io", format!("library/{path}"))
            }
            "index.docker.io" | "registry-1.docker.io" => ("docker.io", path),
            _ => (host, path),
        };
        let fits =
            host_is_valid(host) && path.len() <= 255 && path.split('/').all(component_is_valid);
        if !fits {
            return Err(bad());
        }
        Ok(Self {
            text: format!("{host}/{path}"),
            slash: host.len(),
        })
    }
}

/// A host of letters, digits, dots and dashes, with a port or without; or an IPv6 address in brackets.
fn host_is_valid(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => {
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            (
                "v6",
                rest.strip_prefix(':').or((!rest.is_empty()).then_some("")),
            )
        }
        None => match host.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, None),
        },
    };
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // Last, an address can be made of it: `1.2.3.999` and a broken punycode label cannot be one.
    name.len() <= 253
        && name.split('.').all(label)
        && url::Url::parse(&format!("https://{host}")).is_ok()
        && port.is_none_or(|port| {
            port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|n| n > 0)
        })
}

/// One component of a repository's path: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
fn component_is_valid(part: &str) -> bool {
    let alnum = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let edges = part.bytes().next().is_some_and(alnum) && part.bytes().last().is_some_and(alnum);
    edges
        && part.bytes().all(|b| alnum(b) || b"._-".contains(&b))
        && part
            .split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            .all(|run| matches!(run, "" | "." | "_" | "__") || run.bytes().all(|b| b == b'-'))
}

impl fmt::Display for ImageRepository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An operating system and architecture that an image is built for; written `linux/arm/v7`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Platform {
    /// The operating system, as Go spells it.
    pub os: String,
    /// The architecture, as Go spells it.
    pub architecture: String,
    /// The architecture's variant, as `v7`.
    pub variant: Option<String>,
}

impl Platform {
    /// A platform without variant.
    pub fn new(os: &str, architecture: &str) -> Self {
        Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: None,
        }
    }

    /// Whether an entry of an index stands for this platform.
    ///
    /// `arm64` and `arm64/v8` are one platform; so are `amd64` and `amd64/v1`.
    pub fn matches(&self, other: &Self) -> bool {
        let plain = |platform: &Self| match (platform.architecture.as_str(), &platform.variant) {
            ("arm64", Some(variant)) if variant == "v8" => None,
            ("amd64", Some(variant)) if variant == "v1" => None,
            (_, variant) => variant.clone(),
        };
        self.os == other.os
            && self.architecture == other.architecture
            && plain(self) == plain(other)
    }
}

impl FromStr for Platform {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let bad = || NameError::Platform(clip(text));
        let word = |part: &str| {
            !part.is_empty()
                && part.len() <= 32
                && part
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
        };
        let parts: Vec<&str> = text.split('/').collect();
        let (os, architecture, variant) = match parts.as_slice() {
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant] => (os, architecture, Some(variant)),
            _ => return Err(bad()),
        };
        if !word(os) || !word(architecture) || !variant.is_none_or(|v| word(v)) {
            return Err(bad());
        }
        Ok(Self {
            variant: variant.map(|v| (*v).to_owned()),
            ..Self::new(os, architecture)
        })
    }
}

impl TryFrom<String> for Platform {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Platform> for String {
    fn from(platform: Platform) -> Self {
        platform.to_string()
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

/// The file name of a workflow below `.github/workflows`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkflowFile(String);

impl WorkflowFile {
    /// The file's name, as `release.yml`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The file's path from the root of the repository.
    pub fn path(&self) -> String {
        format!(".github/workflows/{}", self.0)
    }

    pub(super) fn known(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl FromStr for WorkflowFile {
    type Err = NameError;

    /// Takes the name or the whole path, as both are written in practice.
    fn from_str(text: &str) -> Result<Self, NameError> {
        let name = text.strip_prefix("./").unwrap_or(text);
        let name = name.strip_prefix(".github/workflows/").unwrap_or(name);
        let stem = name
            .strip_suffix(".yml")
            .or_else(|| name.strip_suffix(".yaml"));
        let fits = name.len() <= 200
            && stem.is_some_and(|stem| !stem.is_empty() && !stem.starts_with('.'))
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._-+ ".contains(&b));
        fits.then(|| Self(name.to_owned()))
            .ok_or_else(|| NameError::Workflow(clip(text)))
    }
}

impl fmt::Display for WorkflowFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a project on a Python package index.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PypiName(String);

impl PypiName {
    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as it stands in the index's addresses: lower case, runs of `-_.` are one `-`.
    pub fn normalized(&self) -> String {
        self.0
            .split(['-', '_', '.'])
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("-")
            .to_ascii_lowercase()
    }
}

impl FromStr for PypiName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let alnum = |b: u8| b.is_ascii_alphanumeric();
        let fits = text.len() <= 200
            && text.bytes().all(|b| alnum(b) || b"._-".contains(&b))
            && text.bytes().next().is_some_and(alnum)
            && text.bytes().last().is_some_and(alnum);
        fits.then(|| Self(text.to_owned()))
            .ok_or_else(|| NameError::Pypi(clip(text)))
    }
}

impl fmt::Display for PypiName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_spelt_out_in_full() {
        for (given, registry, path) in [
            ("rocket", "docker.io", "library/rocket"),
            ("acme/rocket", "docker.io", "acme/rocket"),
            ("docker.io/rocket", "docker.io", "library/rocket"),
            ("index.docker.io/acme/rocket", "docker.io", "acme/rocket"),
            ("ghcr.io/acme/tools/rocket", "ghcr.io", "acme/tools/rocket"),
            ("localhost:5000/a__b/c--d", "localhost:5000", "a__b/c--d"),
            ("[::1]:5000/a", "[::1]:5000", "a"),
        ] {
            let image: ImageRepository = given.parse().unwrap();
            assert_eq!(
                (image.registry(), image.path()),
                (registry, path),
                "{given}"
            );
            assert_eq!(image.to_string().parse(), Ok(image), "{given}");
        }
        for bad in [
            "",
            "/",
            "a//b",
            "Acme/rocket",
            "a/b:1.0",
            "a/b@sha256:00",
            "ghcr.io/",
            "a/..",
            "a/b_-c",
            "ghcr.io:0/a",
            "ghcr.io:x/a",
            "evil host.io/a",
            "a.io/\u{1b}[31m",
            "-a.io/b",
            "[::1/a",
            "1.2.3.999/a",
            "xn--a.io/b",
        ] {
            assert!(bad.parse::<ImageRepository>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn tags_follow_the_distribution_grammar() {
        for good in ["1.6.9", "_x", "prerelease-v1.6.9-a1b2c3d", "A"] {
            assert!(good.parse::<Tag>().is_ok(), "{good}");
        }
        for bad in [
            "",
            ".x",
            "-x",
            "a/b",
            "a b",
            "a:b",
            "1.0+x",
            "é",
            "a\n",
            &"x".repeat(129),
        ] {
            assert!(bad.parse::<Tag>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn platforms_and_workflows_and_projects() {
        let arm: Platform = "linux/arm/v7".parse().unwrap();
        assert_eq!(arm.to_string(), "linux/arm/v7");
        let arm64: Platform = "linux/arm64".parse().unwrap();
        assert!(arm64.matches(&"linux/arm64/v8".parse().unwrap()));
        assert!(!arm.matches(&"linux/arm/v6".parse().unwrap()));
        for bad in [
            "linux",
            "linux/",
            "linux/amd64/v1/x",
            "Linux/amd64",
            "linux/a\u{7}",
        ] {
            assert!(bad.parse::<Platform>().is_err(), "{bad:?}");
        }
        let file: WorkflowFile = ".github/workflows/release.yaml".parse().unwrap();
        assert_eq!(file.as_str(), "release.yaml");
        for bad in [
            "release",
            ".yml",
            "../x.yml",
            "a/b.yml",
            "x.yml\n",
            "x\u{1b}.yml",
        ] {
            assert!(bad.parse::<WorkflowFile>().is_err(), "{bad:?}");
        }
        let name: PypiName = "My_Rocket..Tools".parse().unwrap();
        assert_eq!(name.normalized(), "my-rocket-tools");
        for bad in ["", "-x", "x-", "a/b", "a b"] {
            assert!(bad.parse::<PypiName>().is_err(), "{bad:?}");
        }
    }
}
