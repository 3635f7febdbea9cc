//! Where each service is asked, how often, and with which credential.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::domain::policy::ImageRepository;

/// Where GitHub is asked, and with which token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GithubAccess {
    /// The root of the REST API; its path has no slash at the end, but for the bare host's `/`.
    pub api_url: Url,
    /// Where the token comes from.
    pub token: TokenSource,
}

impl GithubAccess {
    /// The root of GitHub's own REST API.
    pub const API_URL: &str = "https://api.github.com";
}

impl Default for GithubAccess {
    fn default() -> Self {
        Self {
            api_url: known_url(Self::API_URL),
            token: TokenSource::Ambient,
        }
    }
}

/// Where a token comes from. It is looked up when it is first needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// A variable of the environment, by name.
    Env(String),
    /// What a program prints: its name and arguments, run without a shell.
    Command(Vec<String>),
    /// An entry of the desktop's keyring, by service.
    Keyring(String),
    /// `GH_TOKEN`, `GITHUB_TOKEN` and gh's own login, each only for the host that it is for.
    Ambient,
}

/// Where an image is asked for, and with which credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageAccess {
    /// The image.
    pub repository: ImageRepository,
    /// Where the registry's requests go.
    pub registry_url: Url,
    /// Which rules hold, by the image's own host.
    pub rules: RegistryRules,
    /// Where the credentials come from.
    pub credentials: RegistryCredentials,
}

/// Which rules hold for an image, by the host in its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryRules {
    /// Docker Hub: tag dates and deletion through its own API, at this root.
    DockerHub {
        /// The root of that API.
        hub_api_url: Url,
    },
    /// The distribution API alone.
    Oci,
}

impl ImageAccess {
    /// Where Docker Hub's registry answers.
    pub const DOCKER_HUB_REGISTRY: &str = "https://registry-1.docker.io";
    /// Where Docker Hub's own API answers.
    pub const DOCKER_HUB_API: &str = "https://hub.docker.com";

    /// What follows from the image's name alone.
    pub fn standard(repository: ImageRepository) -> Self {
        let docker_hub = repository.is_docker_hub();
        let registry_url = if docker_hub {
            known_url(Self::DOCKER_HUB_REGISTRY)
        } else {
            known_url(&format!("https://{}", repository.registry()))
        };
        let rules = if docker_hub {
            RegistryRules::DockerHub {
                hub_api_url: known_url(Self::DOCKER_HUB_API),
            }
        } else {
            RegistryRules::Oci
        };
        Self {
            repository,
            registry_url,
            rules,
            credentials: RegistryCredentials::DockerConfig,
        }
    }
}

/// Where a registry's credentials come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryCredentials {
    /// Docker's or Podman's own login, by the host that requests go to.
    DockerConfig,
    /// Two variables of the environment, by name.
    Env {
        /// Holds the user's name.
        username: String,
        /// Holds the password or access token.
        password: String,
    },
    /// None: the registry is asked without.
    Anonymous,
}

/// The keys that signatures are checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustedRoot {
    /// Those of the public good instance of Sigstore, built in.
    PublicGood,
    /// Those of a `trusted_root.json`.
    File(PathBuf),
}

/// Where Python packages are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PypiAccess {
    /// The root of the index: `/simple/` and `/pypi/` lie below it.
    pub url: Url,
}

impl PypiAccess {
    /// The Python Package Index.
    pub const URL: &str = "https://pypi.org";
}

impl Default for PypiAccess {
    fn default() -> Self {
        Self {
            url: known_url(Self::URL),
        }
    }
}

/// How often to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// While something runs; the pace adapts and never exceeds the rate budget.
    pub interval: Duration,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(3),
        }
    }
}

/// How the cockpit looks and listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ui {
    /// The colours.
    pub theme: Theme,
    /// Whether the mouse is listened to.
    pub mouse: bool,
    /// Keys by action, over those of the built-in key map; checked there.
    pub keys: BTreeMap<String, String>,
}

impl Default for Ui {
    fn default() -> Self {
        Self {
            theme: Theme::Dark,
            mouse: true,
            keys: BTreeMap::new(),
        }
    }
}

/// The colours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Theme {
    /// For a dark terminal.
    Dark,
    /// For a light terminal.
    Light,
    /// For eyes that need it.
    HighContrast,
    /// Those of a file.
    File(PathBuf),
}

/// An address that is known to be one: a constant, or a host that was checked.
#[allow(
    clippy::expect_used,
    reason = "every caller passes a constant or a checked host; a test parses them all"
)]
fn known_url(text: &str) -> Url {
    Url::parse(text).expect("a constant address, or one of a checked host")
}
