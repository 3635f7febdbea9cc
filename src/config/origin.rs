//! Where each value of a configuration comes from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::value::path_text;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// A line of a file, counted from 1.
    File(PathBuf, usize),
    /// A variable of the environment.
    Env(String),
    /// A flag of the command line, with its dashes.
    Flag(&'static str),
    /// The `origin` remote of the checkout.
    GitRemote,
    /// Worked out from other values.
    Guess,
    /// The simulator's own configuration.
    Simulator,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path_text(path)),
            Self::Env(name) => write!(f, "variable {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::GitRemote => f.write_str("remote `origin`"),
            Self::Guess => f.write_str("guess"),
            Self::Simulator => f.write_str("simulator"),
        }
    }
}

/// The origin of every value, by its key: `github.api_url`, `image[docker.io/acme/rocket].platforms`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origins(BTreeMap<String, Origin>);

impl Origins {
    /// Where the value of this key comes from.
    pub fn of(&self, key: &str) -> Origin {
        self.0.get(key).cloned().unwrap_or(Origin::Default)
    }

    pub(super) fn set(&mut self, key: impl Into<String>, origin: Origin) {
        self.0.insert(key.into(), origin);
    }
}
