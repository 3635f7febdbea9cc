//! What can be wrong with a configuration: where, what, and what to do next.

use std::fmt;
use std::path::PathBuf;

use super::origin::Origin;
use super::value::path_text;

/// Why no configuration could be made. Never holds a secret's text.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that exists, or was asked for, cannot be read.
    #[error(
        "{} cannot be read: {source}. Give another file, or make this one readable",
        path_text(path)
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// More than a configuration can need.
    #[error(
        "{} is larger than {limit} bytes: that is no configuration of gonogo",
        path_text(path)
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// Not TOML.
    #[error("{place}: not valid TOML: {message}")]
    Syntax {
        /// Where.
        place: Place,
        /// What the parser says.
        message: String,
    },
    /// A key that does not exist.
    #[error("{place}: there is no key `{key}`; the nearest is `{nearest}`")]
    UnknownKey {
        /// Where.
        place: Place,
        /// The key as it was written, with its tables.
        key: String,
        /// The known key that is nearest to it.
        nearest: String,
    },
    /// A value of another form than the key takes.
    #[error("{place}: `{key}` must be {wanted}")]
    WrongForm {
        /// Where.
        place: Place,
        /// The key.
        key: String,
        /// What it takes.
        wanted: &'static str,
    },
    /// A value that the key cannot have.
    #[error("{place}: `{key}`: {reason}")]
    BadValue {
        /// Where.
        place: Place,
        /// The key.
        key: String,
        /// Why, as a sentence.
        reason: String,
    },
    /// A secret written down instead of the place where it is kept.
    #[error(
        "{place}: `{key}` looks like a secret, and secrets are not written into configuration: put it into a \
         variable and write {{ env = \"ITS_NAME\" }}, and replace the secret, because it was on disk"
    )]
    SecretInPlain {
        /// Where.
        place: Place,
        /// The key.
        key: String,
    },
    /// A checkout's file wants to set more than names.
    #[error(
        "{place}: a checkout may set names only, and `{key}` {effect}. Remove the line, or read the file and run \
         `gonogo trust` if you want it as it is now"
    )]
    NotForCheckout {
        /// Where.
        place: Place,
        /// The key.
        key: String,
        /// What the key decides, as the rest of a sentence.
        effect: &'static str,
    },
    /// A profile that no file has.
    #[error("no configuration file has a profile `{name}`: {known}")]
    UnknownProfile {
        /// The name that was asked for.
        name: String,
        /// Those that there are, as a sentence.
        known: String,
    },
    /// No repository is known, and the command needs one.
    #[error(
        "no repository is known ({why}): run gonogo in a checkout of it, or give --repo OWNER/NAME, or write \
         repo = \"OWNER/NAME\" into {}",
        path_text(user_config)
    )]
    NoRepository {
        /// Why none was found.
        why: String,
        /// The user's configuration file.
        user_config: PathBuf,
    },
    /// There is nothing to trust.
    #[error("there is no .gonogo.toml in the root of this checkout: nothing to trust")]
    NothingToTrust,
    /// The trust could not be written down.
    #[error(
        "the trust in this checkout cannot be written to {}: {source}",
        path_text(path)
    )]
    TrustNotKept {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl ConfigError {
    /// The exit status that says "bad configuration" (sysexits).
    pub const EXIT_STATUS: u8 = 78;
}

/// Where a value was found: a line of a file, a variable or a flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(pub Origin);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
