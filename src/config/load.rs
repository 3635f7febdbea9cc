//! The layers in their order: what is written last wins.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::checkout::{self, Remote};
use super::error::{ConfigError, Place};
use super::file::{self, Fault, ImageLeaves, Layer, Leaf, Leaves, Setting, Standing};
use super::keys::{self, Form, KEYS};
use super::origin::Origin;
use super::trust::{self, CHECKOUT_FILE};
use super::{Config, Environment, Mode, TokenSource, credentials, files, resolve};
use crate::domain::ids::RepoSlug;
use crate::domain::policy::ImageRepository;

/// What the command line says about the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--config FILE`: laid over the user's own file.
    pub config: Option<PathBuf>,
    /// `--repo OWNER/NAME`.
    pub repo: Option<RepoSlug>,
    /// `--image REPOSITORY`.
    pub image: Option<ImageRepository>,
    /// `--profile NAME`.
    pub profile: Option<String>,
    /// `--read-only`.
    pub mode: Mode,
}

/// Variables that are read beside those that follow from a key.
const OTHER_VARIABLES: &[&str] = &[
    "GONOGO_CONFIG",
    "GONOGO_GITHUB_TOKEN",
    "GONOGO_IMAGE",
    "GONOGO_LOG",
    "GONOGO_PROFILE",
    "GONOGO_READ_ONLY",
];

/// The user's own file.
pub(super) fn user_file(env: &Environment) -> Option<PathBuf> {
    Some(env.user_config.as_ref()?.join("config.toml"))
}

pub(super) fn load(env: &Environment, flags: &Flags) -> Result<Config, ConfigError> {
    let profile = flags.profile.as_deref().or(env.var("GONOGO_PROFILE"));
    let root = checkout::root(&env.cwd);
    let mut layer = Layer::default();

    if let Some(text) = files::read_if_there(&env.system_config)? {
        let path = &env.system_config;
        layer.overlay(file::read(&text, path, Standing::Trusted, profile)?);
    }
    if let Some(root) = &root {
        let path = root.join(CHECKOUT_FILE);
        if let Some(text) = files::read_plain_if_there(&path)? {
            let standing = if trust::is_trusted(&env.paths.state, &path, &text) {
                Standing::Trusted
            } else {
                Standing::Checkout
            };
            layer.overlay(file::read(&text, &path, standing, profile)?);
        }
    }
    if let Some(path) = user_file(env)
        && let Some(text) = files::read_if_there(&path)?
    {
        layer.overlay(file::read(&text, &path, Standing::Trusted, profile)?);
    }
    let named = flags
        .config
        .clone()
        .or_else(|| env.var("GONOGO_CONFIG").map(PathBuf::from));
    if let Some(path) = named {
        let path = env.cwd.join(path);
        layer.overlay(file::read(
            &files::read(&path)?,
            &path,
            Standing::Trusted,
            profile,
        )?);
    }
    check_profile(profile, &layer.profiles)?;
    layer.overlay(variables(env)?);
    layer.overlay(of_flags(flags));

    let mode = mode(env, flags)?;
    let mut config = resolve::resolve(&layer, None, mode, env)?;
    if config.policy.is_none() {
        match repository_of_checkout(root.as_deref(), &config) {
            Ok(repo) => config = resolve::resolve(&layer, Some(repo), mode, env)?,
            Err(why) => config.no_repository = Some(why),
        }
    }
    config.notes = notes(env);
    Ok(config)
}

pub(super) fn of_simulator(text: &str, env: &Environment) -> Result<Config, ConfigError> {
    let layer = file::read(text, Path::new(""), Standing::Simulator, None)?;
    resolve::resolve(&layer, None, Mode::ReadWrite, env)
}

/// The remote's repository, if the remote is on the host whose API is asked.
fn repository_of_checkout(root: Option<&Path>, config: &Config) -> Result<RepoSlug, String> {
    let root = root.ok_or_else(|| checkout::RemoteError::NoCheckout.to_string())?;
    let Remote { host, repo } = checkout::origin_remote(root).map_err(|error| error.to_string())?;
    match credentials::gh_host(&config.github.api_url) {
        Some(wanted) if wanted == host => Ok(repo),
        Some(wanted) => Err(format!(
            "the remote `origin` is on {host}, and {wanted} is asked"
        )),
        None => Err(format!(
            "the remote `origin` is on {host}, and github.api_url is another server"
        )),
    }
}

fn check_profile(profile: Option<&str>, known: &BTreeSet<String>) -> Result<(), ConfigError> {
    let Some(name) = profile.filter(|name| !known.contains(*name)) else {
        return Ok(());
    };
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    Err(ConfigError::UnknownProfile {
        name: super::value::shown(name),
        known: if names.is_empty() {
            "there are none; begin one with [profile.NAME]".to_owned()
        } else {
            format!(
                "the nearest is `{}`",
                super::value::shown(keys::nearest_of(&names, name))
            )
        },
    })
}

/// The layer of the environment: one variable a plain key, the image, and a token of our own.
fn variables(env: &Environment) -> Result<Layer, ConfigError> {
    let mut layer = Layer::default();
    for key in KEYS {
        let Some(name) = keys::variable(key) else {
            continue;
        };
        let Some(text) = env.var(&name) else {
            continue;
        };
        let origin = Origin::Env(name);
        let setting = variable(key.form, text).map_err(|fault| {
            let place = Place(origin.clone());
            let key = key.path.to_owned();
            match fault {
                Fault::Form(wanted) => ConfigError::WrongForm { place, key, wanted },
                Fault::Meaning(reason) => ConfigError::BadValue { place, key, reason },
                Fault::Secret | Fault::Unknown { .. } => ConfigError::SecretInPlain { place, key },
            }
        })?;
        layer.leaves.insert(key.path, Leaf { setting, origin });
    }
    let own_token = "GONOGO_GITHUB_TOKEN";
    if env.var(own_token).is_some() {
        layer.leaves.insert(
            "github.token",
            Leaf {
                setting: Setting::Token(TokenSource::Env(own_token.to_owned())),
                origin: Origin::Env(own_token.to_owned()),
            },
        );
    }
    if let Some(text) = env.var("GONOGO_IMAGE") {
        let origin = Origin::Env("GONOGO_IMAGE".to_owned());
        let repository = text.parse().map_err(|error| ConfigError::BadValue {
            place: Place(origin.clone()),
            key: "image.repository".to_owned(),
            reason: format!("{error}"),
        })?;
        layer.images = Some(vec![one_image(repository, origin)]);
    }
    Ok(layer)
}

fn variable(form: Form, text: &str) -> Result<Setting, Fault> {
    match form {
        Form::Flag => flag(text)
            .map(Setting::Flag)
            .ok_or(Fault::Form(form.wanted())),
        Form::Texts => text
            .split(',')
            .map(|part| file::clean(part.trim()))
            .collect::<Result<_, _>>()
            .map(Setting::Texts),
        _ => file::clean(text).map(Setting::Text),
    }
}

fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

fn of_flags(flags: &Flags) -> Layer {
    let mut layer = Layer::default();
    if let Some(repo) = &flags.repo {
        layer.leaves.insert(
            "repo",
            Leaf {
                setting: Setting::Text(repo.to_string()),
                origin: Origin::Flag("--repo"),
            },
        );
    }
    if let Some(image) = &flags.image {
        layer.images = Some(vec![one_image(image.clone(), Origin::Flag("--image"))]);
    }
    layer
}

fn one_image(repository: ImageRepository, origin: Origin) -> ImageLeaves {
    let leaf = Leaf {
        setting: Setting::Text(repository.to_string()),
        origin,
    };
    ImageLeaves {
        repository,
        leaves: Leaves::from([("image.repository", leaf)]),
    }
}

fn mode(env: &Environment, flags: &Flags) -> Result<Mode, ConfigError> {
    if flags.mode == Mode::ReadOnly {
        return Ok(Mode::ReadOnly);
    }
    match env.var("GONOGO_READ_ONLY").map(flag) {
        None | Some(Some(false)) => Ok(Mode::ReadWrite),
        Some(Some(true)) => Ok(Mode::ReadOnly),
        Some(None) => Err(ConfigError::WrongForm {
            place: Place(Origin::Env("GONOGO_READ_ONLY".to_owned())),
            key: "--read-only".to_owned(),
            wanted: Form::Flag.wanted(),
        }),
    }
}

/// A sentence for every variable of ours that nothing reads: a slip that would go unseen.
fn notes(env: &Environment) -> Vec<String> {
    let known: Vec<String> = KEYS
        .iter()
        .filter_map(keys::variable)
        .chain(OTHER_VARIABLES.iter().map(|name| (*name).to_owned()))
        .collect();
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    env.vars()
        .map(|(name, _)| name)
        .filter(|name| name.starts_with("GONOGO_") && !names.contains(name))
        .map(|name| {
            format!(
                "the variable {} sets nothing; the nearest is {}",
                super::value::shown(name),
                keys::nearest_of(&names, name)
            )
        })
        .collect()
}
