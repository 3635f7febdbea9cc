//! Configuration: layers of files, environment and flags, resolved into a [`Config`] that cannot be
//! wrong, with the origin of every value.
//!
//! How the composition root uses it:
//!
//! ```text
//! use gonogo::config::{Config, Environment, Flags};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let env = Environment::of_process();
//! let flags = Flags::default();                   // from the command line
//! let config = Config::load(&env, &flags)?;       // an error: exit status 78
//! let token = config.github_token(&env);          // a lazy look-up: nothing is run yet
//! for image in &config.images {
//!     let login = config.registry_login(&env, image);   // lazy too
//! }
//! # Ok(())
//! # }
//! ```
//!
//! - [`Config::policy`] is `None` until a repository is known: the start screen asks for one, and
//!   the caller loads again with [`Flags::repo`] set.
//! - An image that is guessed later gets its addresses from [`ImageAccess::standard`].
//! - The simulator's configuration goes through [`Config::of_simulator`], which looks at nothing else.

mod access;
mod origin;

pub use access::{
    GithubAccess, ImageAccess, PypiAccess, RegistryCredentials, RegistryRules, Theme, TokenSource,
    TrustedRoot, Ui, Watch,
};
pub use origin::{Origin, Origins};

use std::path::PathBuf;

use crate::domain::policy::{ImageRepository, Policy};

/// Everything that was configured, checked and complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// What is released and how; `None` until a repository is known.
    pub policy: Option<Policy>,
    /// Where GitHub is asked, and with which token.
    pub github: GithubAccess,
    /// Where each configured image is asked for, and with which credentials.
    pub images: Vec<ImageAccess>,
    /// The keys that signatures are checked against.
    pub trusted_root: TrustedRoot,
    /// Where Python packages are asked for.
    pub pypi: PypiAccess,
    /// How often to look.
    pub watch: Watch,
    /// How the cockpit looks and listens.
    pub ui: Ui,
    /// Whether anything may be written outside.
    pub mode: Mode,
    /// Folders for what the program keeps.
    pub paths: Paths,
    /// Where each value comes from.
    pub origins: Origins,
}

/// Whether anything may be written outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Plans may be carried out.
    #[default]
    ReadWrite,
    /// Any command that would write is refused.
    ReadOnly,
}

/// Folders for what the program keeps; they need not exist yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Paths {
    /// For what may be lost: the last snapshot.
    pub cache: PathBuf,
    /// For what may not: trust in checkouts, later the journal.
    pub state: PathBuf,
}

impl Config {
    /// Where this image is asked for: as configured, else as its name says.
    pub fn image(&self, repository: &ImageRepository) -> ImageAccess {
        self.images
            .iter()
            .find(|image| image.repository == *repository)
            .cloned()
            .unwrap_or_else(|| ImageAccess::standard(repository.clone()))
    }
}

impl Default for Config {
    /// Everything at its default, no repository known.
    fn default() -> Self {
        Self {
            policy: None,
            github: GithubAccess::default(),
            images: Vec::new(),
            trusted_root: TrustedRoot::PublicGood,
            pypi: PypiAccess::default(),
            watch: Watch::default(),
            ui: Ui::default(),
            mode: Mode::ReadWrite,
            paths: Paths::default(),
            origins: Origins::default(),
        }
    }
}
