//! Names and numbers that point at something outside: never an index into a list.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A repository on GitHub, `owner/name`, of the characters that GitHub allows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepoSlug {
    owner: String,
    name: String,
}

/// Why a text does not name what it should name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not `owner/name`.
    #[error("`{0}` is not a repository: write OWNER/NAME")]
    Repo(String),
    /// Not 40 hexadecimal digits.
    #[error("`{0}` is not a full commit: 40 hexadecimal digits")]
    Commit(String),
    /// Neither a run's number nor its page.
    #[error("`{0}` is not a run: write its number or paste the address of its page")]
    Run(String),
}

impl RepoSlug {
    /// The account or organisation.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The repository's own name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for RepoSlug {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let word = |part: &str| {
            !part.is_empty()
                && part.len() <= 100
                && part != "."
                && part != ".."
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        match text.split_once('/') {
            Some((owner, name)) if word(owner) && word(name) => Ok(Self {
                owner: owner.to_owned(),
                name: name.to_owned(),
            }),
            _ => Err(IdError::Repo(clip(text))),
        }
    }
}

impl fmt::Display for RepoSlug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl TryFrom<String> for RepoSlug {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<RepoSlug> for String {
    fn from(slug: RepoSlug) -> Self {
        slug.to_string()
    }
}

/// A full Git commit: 40 lower-case hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommitSha(String);

impl CommitSha {
    /// All 40 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 7 digits, as tags and screens carry them.
    pub fn short(&self) -> &str {
        self.0.get(..7).unwrap_or(&self.0)
    }
}

impl FromStr for CommitSha {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(IdError::Commit(clip(text)))
        }
    }
}

impl TryFrom<String> for CommitSha {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<CommitSha> for String {
    fn from(sha: CommitSha) -> Self {
        sha.0
    }
}

impl fmt::Display for CommitSha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CommitSha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// A workflow run; larger than 32 bits in real life.
    RunId(u64)
);
number!(
    /// A job within one attempt of a run.
    JobId(u64)
);
number!(
    /// A run's attempt, from 1.
    Attempt(u32)
);
impl Default for Attempt {
    fn default() -> Self {
        Self(1)
    }
}

number!(
    /// A deployment environment.
    EnvironmentId(u64)
);

/// A run as a person names it: its number, or the address of its page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRef {
    /// The run.
    pub id: RunId,
    /// The repository, where an address named it.
    pub repo: Option<RepoSlug>,
}

impl FromStr for RunRef {
    type Err = IdError;

    /// Takes `123`, `https://github.com/o/r/actions/runs/123` and whatever follows the number.
    fn from_str(text: &str) -> Result<Self, IdError> {
        let bad = || IdError::Run(clip(text));
        let text = text.trim();
        if let Ok(id) = text.parse() {
            return Ok(Self {
                id: RunId(id),
                repo: None,
            });
        }
        let (_, rest) = text.split_once("://").ok_or_else(bad)?;
        let mut parts = rest.split(['/', '?', '#']).skip(1);
        let repo = format!(
            "{}/{}",
            parts.next().ok_or_else(bad)?,
            parts.next().ok_or_else(bad)?
        );
        if parts.next() != Some("actions") || parts.next() != Some("runs") {
            return Err(bad());
        }
        let id = parts
            .next()
            .and_then(|id| id.parse().ok())
            .ok_or_else(bad)?;
        Ok(Self {
            id: RunId(id),
            repo: Some(repo.parse()?),
        })
    }
}

fn clip(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_by_number_or_pasted_address() {
        let plain: RunRef = " 31043990930 ".parse().unwrap();
        assert_eq!((plain.id, plain.repo), (RunId(31_043_990_930), None));
        let page: RunRef = "https://github.com/acme/rocket/actions/runs/42/attempts/2?pr=1"
            .parse()
            .unwrap();
        assert_eq!(page.id, RunId(42));
        assert_eq!(page.repo.unwrap().to_string(), "acme/rocket");
        for bad in [
            "",
            "x",
            "https://github.com/acme/rocket/pull/4",
            "https://github.com/a/b/actions/runs/",
        ] {
            assert!(bad.parse::<RunRef>().is_err(), "{bad}");
        }
    }

    #[test]
    fn repositories_and_commits_are_checked() {
        assert!("acme/rocket".parse::<RepoSlug>().is_ok());
        for bad in ["acme", "acme/", "a/b/c", "a/..", "a b/c"] {
            assert!(bad.parse::<RepoSlug>().is_err(), "{bad}");
        }
        let sha: CommitSha = "A1B2C3D4E5F60718293A4B5C6D7E8F9012345678".parse().unwrap();
        assert_eq!(sha.short(), "a1b2c3d");
        assert!("a1b2c3d".parse::<CommitSha>().is_err());
    }
}
