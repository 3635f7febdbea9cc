//! One layer: a file, or the variables, read into settings that each know their origin.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, Place};
use super::keys::{self, Form, Key, Reach};
use super::origin::Origin;
use super::value;
use super::{RegistryCredentials, TokenSource};
use crate::domain::policy::ImageRepository;

/// A value in its form, not yet checked for its meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Setting {
    Text(String),
    Texts(Vec<String>),
    Flag(bool),
    Token(TokenSource),
    Credentials(RegistryCredentials),
    TextMap(BTreeMap<String, String>),
    Payload(BTreeMap<String, Scalar>),
}

/// One value of the payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scalar {
    Text(String),
    Flag(bool),
    Number(i64),
}

/// A setting and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) setting: Setting,
    pub(super) origin: Origin,
}

/// Settings by the path of their key.
pub(super) type Leaves = BTreeMap<&'static str, Leaf>;

/// One `[[image]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ImageLeaves {
    pub(super) repository: ImageRepository,
    pub(super) leaves: Leaves,
}

/// What one source says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Layer {
    pub(super) leaves: Leaves,
    /// The images, if the source lists any.
    pub(super) images: Option<Vec<ImageLeaves>>,
    /// The names of the profiles that the source has.
    pub(super) profiles: BTreeSet<String>,
}

impl Layer {
    /// Lays another layer over this one.
    ///
    /// A list of images replaces the list below, but an image keeps what was said of it below:
    /// the checkout names tags and platforms, the user's file adds the credentials.
    pub(super) fn overlay(&mut self, above: Self) {
        lay_over(&mut self.leaves, above.leaves);
        self.profiles.extend(above.profiles);
        let Some(images) = above.images else { return };
        let below = self.images.take().unwrap_or_default();
        self.images = Some(
            images
                .into_iter()
                .map(|image| {
                    let mut leaves = below
                        .iter()
                        .find(|known| known.repository == image.repository)
                        .map(|known| known.leaves.clone())
                        .unwrap_or_default();
                    lay_over(&mut leaves, image.leaves);
                    ImageLeaves { leaves, ..image }
                })
                .collect(),
        );
    }
}

/// Lays settings over others. A credential belongs to the address that it was given for, so a layer
/// that says where requests go and says no credential takes the one below away.
fn lay_over(below: &mut Leaves, above: Leaves) {
    const BELONGS: &[(&str, &str)] = &[
        ("github.api_url", "github.token"),
        ("image.registry_url", "image.credentials"),
        ("image.hub_api_url", "image.credentials"),
    ];
    for (address, credential) in BELONGS {
        let moves = above.get(address).is_some_and(|leaf| {
            below
                .get(address)
                .is_none_or(|known| known.setting != leaf.setting)
        });
        if moves && !above.contains_key(credential) {
            below.remove(credential);
        }
    }
    below.extend(above);
}

/// How far a file is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The user's, the machine's, or a checkout's that the user trusts.
    Trusted,
    /// A checkout's: names only.
    Checkout,
    /// The simulator's own text.
    Simulator,
}

/// Reads a file's text; a profile that it has is laid over the rest of it.
pub(super) fn read(
    text: &str,
    path: &Path,
    standing: Standing,
    profile: Option<&str>,
) -> Result<Layer, ConfigError> {
    let file = File {
        text,
        path,
        standing,
    };
    let document = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
        place: file.place(error.span().map_or(0, |span| span.start)),
        message: value::shown(error.message()),
    })?;
    let mut layer = Layer::default();
    file.table(Level::Top, "", document.get_ref(), &mut layer)?;
    if let Some(profiles) = document.get_ref().get("profile") {
        for (name, table) in file.expect_table("profile", profiles)? {
            // Every profile is checked, so that a mistake shows before the day it is needed.
            let mut own = Layer::default();
            file.table(
                Level::Profile,
                "",
                file.expect_table("profile", table)?,
                &mut own,
            )?;
            layer.profiles.insert(name.get_ref().clone().into_owned());
            if profile == Some(name.get_ref()) {
                layer.overlay(own);
            }
        }
    }
    Ok(layer)
}

/// Whether a table is the file's own or one of its profiles.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Top,
    Profile,
}

struct File<'a> {
    text: &'a str,
    path: &'a Path,
    standing: Standing,
}

type Value<'i> = Spanned<DeValue<'i>>;

impl File<'_> {
    fn origin(&self, at: usize) -> Origin {
        if self.standing == Standing::Simulator {
            return Origin::Simulator;
        }
        let before = self.text.get(..at).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        Origin::File(self.path.to_owned(), line)
    }

    fn place(&self, at: usize) -> Place {
        Place(self.origin(at))
    }

    fn table(
        &self,
        level: Level,
        prefix: &str,
        table: &DeTable<'_>,
        layer: &mut Layer,
    ) -> Result<(), ConfigError> {
        for (name, value) in table {
            let path = join(prefix, name.get_ref());
            if prefix.is_empty() && name.get_ref() == "image" {
                layer.images = Some(self.images(value)?);
            } else if prefix.is_empty() && name.get_ref() == "profile" {
                if level == Level::Profile {
                    return Err(self.unknown(prefix, name));
                }
            } else if let Some(key) = keys::find(&path) {
                layer.leaves.insert(key.path, self.leaf(key, name, value)?);
            } else if keys::is_table(&path) {
                self.table(level, &path, self.expect_table(&path, value)?, layer)?;
            } else {
                return Err(self.unknown(prefix, name));
            }
        }
        Ok(())
    }

    fn images(&self, value: &Value<'_>) -> Result<Vec<ImageLeaves>, ConfigError> {
        let wanted = || ConfigError::WrongForm {
            place: self.place(value.span().start),
            key: "image".to_owned(),
            wanted: "a list of tables: begin each with [[image]]",
        };
        let list = value.get_ref().as_array().ok_or_else(wanted)?;
        let mut images: Vec<ImageLeaves> = Vec::new();
        for entry in list {
            let table = entry.get_ref().as_table().ok_or_else(wanted)?;
            let mut leaves = Leaves::new();
            for (name, value) in table {
                let path = join("image", name.get_ref());
                let key = keys::find(&path).ok_or_else(|| self.unknown("image", name))?;
                leaves.insert(key.path, self.leaf(key, name, value)?);
            }
            let bad = |origin: Origin, reason: String| ConfigError::BadValue {
                place: Place(origin),
                key: "image.repository".to_owned(),
                reason,
            };
            let Some(Leaf {
                setting: Setting::Text(text),
                origin,
            }) = leaves.get("image.repository")
            else {
                let origin = self.origin(entry.span().start);
                return Err(bad(origin, "every [[image]] needs one".to_owned()));
            };
            let origin = origin.clone();
            let repository: ImageRepository = text
                .parse()
                .map_err(|error| bad(origin.clone(), format!("{error}")))?;
            if images.iter().any(|known| known.repository == repository) {
                return Err(bad(origin, format!("`{repository}` is listed twice")));
            }
            images.push(ImageLeaves { repository, leaves });
        }
        Ok(images)
    }

    fn leaf(
        &self,
        key: &'static Key,
        name: &Spanned<Cow<'_, str>>,
        value: &Value<'_>,
    ) -> Result<Leaf, ConfigError> {
        let place = || self.place(name.span().start);
        if let (Standing::Checkout, Reach::User(effect)) = (self.standing, key.reach) {
            return Err(ConfigError::NotForCheckout {
                place: place(),
                key: key.path.to_owned(),
                effect,
            });
        }
        let setting = setting(key, value.get_ref()).map_err(|fault| match fault {
            Fault::Form(wanted) => ConfigError::WrongForm {
                place: place(),
                key: key.path.to_owned(),
                wanted,
            },
            Fault::Secret => ConfigError::SecretInPlain {
                place: place(),
                key: key.path.to_owned(),
            },
            Fault::Unknown { name, nearest } => ConfigError::UnknownKey {
                place: place(),
                key: format!("{}.{}", key.path, value::shown(&name)),
                nearest: format!("{}.{nearest}", key.path),
            },
            Fault::Meaning(reason) => ConfigError::BadValue {
                place: place(),
                key: key.path.to_owned(),
                reason,
            },
        })?;
        Ok(Leaf {
            setting,
            origin: self.origin(name.span().start),
        })
    }

    fn expect_table<'v, 'i>(
        &self,
        key: &str,
        value: &'v Value<'i>,
    ) -> Result<&'v DeTable<'i>, ConfigError> {
        value
            .get_ref()
            .as_table()
            .ok_or_else(|| ConfigError::WrongForm {
                place: self.place(value.span().start),
                key: key.to_owned(),
                wanted: "a table",
            })
    }

    fn unknown(&self, prefix: &str, name: &Spanned<Cow<'_, str>>) -> ConfigError {
        ConfigError::UnknownKey {
            place: self.place(name.span().start),
            key: value::shown(&join(prefix, name.get_ref())),
            nearest: keys::nearest(prefix, name.get_ref()),
        }
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}.{name}")
    }
}

/// What is wrong with a value, before its place is known.
pub(super) enum Fault {
    Form(&'static str),
    Secret,
    Unknown { name: String, nearest: &'static str },
    Meaning(String),
}

fn setting(key: &Key, value: &DeValue<'_>) -> Result<Setting, Fault> {
    let wrong = || Fault::Form(key.form.wanted());
    Ok(match key.form {
        Form::Text => Setting::Text(text(value, key.form)?),
        Form::Texts => {
            let list = value.as_array().ok_or_else(wrong)?;
            if list.len() > 256 {
                return Err(Fault::Meaning("more than 256 entries".to_owned()));
            }
            Setting::Texts(
                list.iter()
                    .map(|entry| text(entry.get_ref(), key.form))
                    .collect::<Result<_, _>>()?,
            )
        }
        Form::Flag => Setting::Flag(value.as_bool().ok_or_else(wrong)?),
        Form::Token => Setting::Token(token(value)?),
        Form::Credentials => Setting::Credentials(credentials(value)?),
        Form::TextMap => {
            let table = value.as_table().ok_or_else(wrong)?;
            Setting::TextMap(
                table
                    .iter()
                    .map(|(name, entry)| {
                        Ok((map_key(name.get_ref())?, text(entry.get_ref(), key.form)?))
                    })
                    .collect::<Result<_, _>>()?,
            )
        }
        Form::Payload => {
            let table = value.as_table().ok_or_else(wrong)?;
            Setting::Payload(
                table
                    .iter()
                    .map(|(name, entry)| {
                        Ok((map_key(name.get_ref())?, scalar(entry.get_ref(), key.form)?))
                    })
                    .collect::<Result<_, _>>()?,
            )
        }
    })
}

fn map_key(name: &str) -> Result<String, Fault> {
    if name.is_empty() || name.len() > 128 || value::hides_something(name) {
        return Err(Fault::Meaning(format!(
            "`{}` cannot be the name of an entry",
            value::shown(name)
        )));
    }
    Ok(name.to_owned())
}

/// A text without anything hidden in it, and which is no secret.
pub(super) fn clean(text: &str) -> Result<String, Fault> {
    if value::looks_like_secret(text) {
        Err(Fault::Secret)
    } else if text.len() > 4096 {
        Err(Fault::Meaning("longer than 4096 characters".to_owned()))
    } else if value::hides_something(text) {
        Err(Fault::Meaning(
            "it holds control or invisible characters".to_owned(),
        ))
    } else {
        Ok(text.to_owned())
    }
}

fn text(value: &DeValue<'_>, form: Form) -> Result<String, Fault> {
    clean(value.as_str().ok_or(Fault::Form(form.wanted()))?)
}

fn scalar(value: &DeValue<'_>, form: Form) -> Result<Scalar, Fault> {
    match value {
        DeValue::Boolean(flag) => Ok(Scalar::Flag(*flag)),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map(Scalar::Number)
            .map_err(|_| Fault::Form(form.wanted())),
        other => text(other, form).map(Scalar::Text),
    }
}

/// The table of a credential; a text in its place is a secret written down.
fn secret_table<'v, 'i>(value: &'v DeValue<'i>, form: Form) -> Result<&'v DeTable<'i>, Fault> {
    match value {
        DeValue::String(_) => Err(Fault::Secret),
        other => other.as_table().ok_or(Fault::Form(form.wanted())),
    }
}

fn only_entry<'v, 'i>(
    table: &'v DeTable<'i>,
    known: &[&'static str],
    form: Form,
) -> Result<(&'static str, &'v DeValue<'i>), Fault> {
    let mut entries = table.iter();
    let (Some((name, value)), None) = (entries.next(), entries.next()) else {
        return Err(Fault::Form(form.wanted()));
    };
    let found = known.iter().find(|known| **known == name.get_ref());
    match found {
        Some(known) => Ok((known, value.get_ref())),
        None => Err(Fault::Unknown {
            nearest: keys::nearest_of(known, name.get_ref()),
            name: name.get_ref().clone().into_owned(),
        }),
    }
}

fn token(value: &DeValue<'_>) -> Result<TokenSource, Fault> {
    let form = Form::Token;
    let table = secret_table(value, form)?;
    let (name, value) = only_entry(table, &["env", "command", "keyring"], form)?;
    Ok(match name {
        "env" => TokenSource::Env(variable(value, form)?),
        "command" => {
            let line = text(value, form)?;
            TokenSource::Command(value::program_line(&line).map_err(Fault::Meaning)?)
        }
        _ => {
            let service = text(value, form)?;
            if service.is_empty() || service.starts_with('-') {
                return Err(Fault::Meaning("the keyring's entry has no name".to_owned()));
            }
            TokenSource::Keyring(service)
        }
    })
}

fn variable(value: &DeValue<'_>, form: Form) -> Result<String, Fault> {
    let name = text(value, form)?;
    if value::is_variable_name(&name) {
        Ok(name)
    } else {
        // The text is not repeated: it may be the secret itself.
        Err(Fault::Meaning(
            "env takes the name of a variable: letters, digits and `_`".to_owned(),
        ))
    }
}

fn credentials(value: &DeValue<'_>) -> Result<RegistryCredentials, Fault> {
    let form = Form::Credentials;
    let table = secret_table(value, form)?;
    let known = ["docker_config", "username", "password"];
    for (name, _) in table {
        if !known.contains(&name.get_ref().as_ref()) {
            return Err(Fault::Unknown {
                nearest: keys::nearest_of(&known, name.get_ref()),
                name: name.get_ref().clone().into_owned(),
            });
        }
    }
    let entry = |name: &str| table.get(name).map(Spanned::get_ref);
    let from_env = |value: &DeValue<'_>| {
        let (_, value) = only_entry(secret_table(value, form)?, &["env"], form)?;
        variable(value, form)
    };
    match (entry("docker_config"), entry("username"), entry("password")) {
        (Some(DeValue::Boolean(true)), None, None) => Ok(RegistryCredentials::DockerConfig),
        (Some(DeValue::Boolean(false)), None, None) => Ok(RegistryCredentials::Anonymous),
        (None, Some(username), Some(password)) => Ok(RegistryCredentials::Env {
            username: from_env(username)?,
            password: from_env(password)?,
        }),
        _ => Err(Fault::Form(form.wanted())),
    }
}
