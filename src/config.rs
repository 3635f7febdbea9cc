//! Configuration: layers of files, environment and flags, resolved into a [`Config`] that cannot be
//! wrong, with the origin of every value.
//!
//! How the composition root uses it:
//!
//! ```no_run
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
mod checkout;
mod credentials;
mod environment;
mod error;
mod file;
mod files;
mod keys;
mod load;
mod origin;
mod resolve;
mod show;
mod trust;
mod value;

pub use access::{
    GithubAccess, ImageAccess, PypiAccess, RegistryCredentials, RegistryRules, Theme, TokenSource,
    TrustedRoot, Ui, Watch,
};
pub use checkout::{Remote, RemoteError};
pub use environment::Environment;
pub use error::{ConfigError, Place};
pub use load::Flags;
pub use origin::{Origin, Origins};
pub use show::Row;
pub use trust::{Pinned, trust};

use std::path::PathBuf;

use crate::domain::policy::{ImageRepository, Policy};
use crate::secret::{Login, Provider};

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
    /// Things to know that are no error, one sentence each: a variable that nothing reads.
    pub notes: Vec<String>,
    /// Why no repository is known, where none is.
    pub no_repository: Option<String>,
    /// The policy of no repository: what was configured is shown, though nothing is watched.
    unbound: Option<Box<Policy>>,
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
    /// Reads every layer and lays them over each other.
    pub fn load(env: &Environment, flags: &Flags) -> Result<Self, ConfigError> {
        load::load(env, flags)
    }

    /// The simulator's configuration: this text and nothing else. Credentials that it names are
    /// variables of `env`, which holds no other.
    pub fn of_simulator(text: &str, env: &Environment) -> Result<Self, ConfigError> {
        load::of_simulator(text, env)
    }

    /// What is released, or an error that says how to name it.
    pub fn require_policy(&self, env: &Environment) -> Result<&Policy, ConfigError> {
        self.policy
            .as_ref()
            .ok_or_else(|| ConfigError::NoRepository {
                why: self
                    .no_repository
                    .clone()
                    .unwrap_or_else(|| "none is configured".to_owned()),
                user_config: load::user_file(env).unwrap_or_else(|| PathBuf::from("config.toml")),
            })
    }

    /// The token for GitHub, looked up when it is first asked for.
    pub fn github_token(&self, env: &Environment) -> Provider {
        credentials::github_token(&self.github, env)
    }

    /// The login for an image's registry, looked up when it is first asked for.
    pub fn registry_login(&self, env: &Environment, image: &ImageAccess) -> Provider<Login> {
        credentials::registry_login(image, env)
    }

    /// The login for Docker Hub's own API, looked up when it is first asked for.
    pub fn hub_login(&self, env: &Environment, image: &ImageAccess) -> Provider<Login> {
        credentials::hub_login(image, env)
    }

    /// Every value with its key and origin, in the order of the example file; no secret is among
    /// them, only where each is kept.
    pub fn rows(&self) -> Vec<Row> {
        show::rows(self)
    }

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
            notes: Vec::new(),
            no_repository: None,
            unbound: None,
        }
    }
}
