//! From settings to a configuration that cannot be wrong.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use url::Url;

use super::error::{ConfigError, Place};
use super::file::{ImageLeaves, Layer, Leaf, Leaves, Scalar, Setting};
use super::origin::{Origin, Origins};
use super::value;
use super::{
    Config, Environment, GithubAccess, ImageAccess, Mode, PypiAccess, RegistryRules, Theme,
    TrustedRoot, Ui, Watch,
};
use crate::domain::assess;
use crate::domain::evidence::Recipe;
use crate::domain::ids::RepoSlug;
use crate::domain::policy::{
    Certainty, Exception, GITHUB_ISSUER, IdentityPattern, ImageSpec, Left, PayloadValue, Pipeline,
    Policy, PypiName, PypiSpec, STANDARD_IDENTITY, SignaturePolicy, TagTemplate, Template,
    Variable,
};

/// How fast and how slow the program may be told to look.
const INTERVAL: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(3600);

/// Looks settings up, and notes where each value came from.
struct Reader<'a> {
    leaves: &'a Leaves,
    /// What the origins are noted under, in place of `image`.
    image: Option<String>,
    origins: &'a mut Origins,
}

impl<'a> Reader<'a> {
    fn setting(&mut self, key: &'static str) -> Option<(&'a Setting, Origin)> {
        let Leaf { setting, origin } = self.leaves.get(key)?;
        let name = match (&self.image, key.strip_prefix("image.")) {
            (Some(image), Some(rest)) => format!("{image}.{rest}"),
            _ => key.to_owned(),
        };
        self.origins.set(name, origin.clone());
        Some((setting, origin.clone()))
    }

    /// A text, read by this function; its error gets the place and the key.
    fn text<T, E: Display>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, ConfigError> {
        match self.setting(key) {
            Some((Setting::Text(text), origin)) => read(text)
                .map(Some)
                .map_err(|error| bad(origin, key, error)),
            _ => Ok(None),
        }
    }

    fn texts<T, E: Display>(
        &mut self,
        key: &'static str,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Option<Vec<T>>, ConfigError> {
        match self.setting(key) {
            Some((Setting::Texts(texts), origin)) => texts
                .iter()
                .map(|text| read(text).map_err(|error| bad(origin.clone(), key, error)))
                .collect::<Result<_, _>>()
                .map(Some),
            _ => Ok(None),
        }
    }
}

fn bad(origin: Origin, key: &str, reason: impl Display) -> ConfigError {
    ConfigError::BadValue {
        place: Place(origin),
        key: key.to_owned(),
        reason: reason.to_string(),
    }
}

/// The configuration of all layers laid over each other; `origin_repo` is the checkout's own.
pub(super) fn resolve(
    layer: &Layer,
    origin_repo: Option<RepoSlug>,
    mode: Mode,
    env: &Environment,
) -> Result<Config, ConfigError> {
    let mut origins = Origins::default();
    let mut reader = Reader {
        leaves: &layer.leaves,
        image: None,
        origins: &mut origins,
    };
    let repo = match reader.text("repo", RepoSlug::from_str)? {
        Some(repo) => Some(repo),
        None => origin_repo.inspect(|_| reader.origins.set("repo", Origin::GitRemote)),
    };
    let mut config = Config {
        github: github(&mut reader)?,
        trusted_root: trusted_root(&mut reader, env)?,
        pypi: PypiAccess {
            url: reader
                .text("pypi.url", value::service_url)?
                .map_or_else(|| PypiAccess::default().url, without_end_slash),
        },
        watch: watch(&mut reader)?,
        ui: ui(&mut reader, env)?,
        mode,
        paths: env.paths.clone(),
        ..Config::default()
    };
    let pipeline = pipeline(&mut reader)?;
    let issuer = reader
        .text("signature.issuer", |text| {
            value::service_url(text).map(|_| text.to_owned())
        })?
        .unwrap_or_else(|| GITHUB_ISSUER.to_owned());
    // Checked even while no repository is known, with one in its place: a mistake shows at once.
    let bound = repo.is_some();
    let repo = match repo {
        Some(repo) => repo,
        None => "OWNER/NAME"
            .parse()
            .map_err(|error| bad(Origin::Default, "repo", error))?,
    };
    let fill = |text: &str| IdentityPattern::new(text, &repo, &pipeline.signer_workflow);
    let identity = match reader.text("signature.identity", |text| {
        if text.is_empty() {
            return Err("an empty pattern would let every identity pass".to_owned());
        }
        fill(text).map_err(|error| error.to_string())
    })? {
        Some(pattern) => pattern,
        None => fill(STANDARD_IDENTITY)
            .map_err(|error| bad(Origin::Default, "signature.identity", error))?,
    };
    let sbom_types = reader
        .texts("signature.sbom_types", sbom_type)?
        .unwrap_or_else(|| vec![Recipe::SPDX.to_owned()]);
    let exceptions = exceptions(&mut reader)?;
    let pypi = pypi(&mut reader, bound.then_some(&repo))?;

    let mut images = Vec::new();
    for entry in layer.images.iter().flatten() {
        let (spec, access) = image(entry, &mut origins)?;
        images.push(spec);
        config.images.push(access);
    }
    let policy = Policy {
        repo,
        pipeline,
        images,
        signature: SignaturePolicy {
            issuer,
            identity,
            sbom_types,
        },
        exceptions,
        pypi,
    };
    if bound {
        config.policy = Some(policy);
    } else {
        config.unbound = Some(Box::new(policy));
    }
    config.origins = origins;
    Ok(config)
}

/// The type of an SBOM statement: by its usual name, or as an address.
fn sbom_type(text: &str) -> Result<String, String> {
    match text {
        "spdx" | "spdxjson" => Ok(Recipe::SPDX.to_owned()),
        "cyclonedx" => Ok(Recipe::CYCLONEDX.to_owned()),
        address if address.starts_with("https://") => Ok(address.to_owned()),
        other => Err(format!(
            "`{}` is neither spdx, nor cyclonedx, nor an address",
            value::shown(other)
        )),
    }
}

/// Rules of the board that are switched off or down, each with its reason.
fn exceptions(reader: &mut Reader<'_>) -> Result<BTreeMap<String, Exception>, ConfigError> {
    let mut exceptions = BTreeMap::new();
    for (key, left) in [("rules.warn", Left::Warning), ("rules.off", Left::Nothing)] {
        let Some((Setting::TextMap(entries), origin)) = reader.setting(key) else {
            continue;
        };
        for (name, reason) in entries {
            let refuse = |why: String| bad(origin.clone(), key, why);
            let Some(rule) = assess::rules().find(|rule| rule.id == name) else {
                let known: Vec<&str> = assess::rules().map(|rule| rule.id).collect();
                return Err(refuse(format!(
                    "there is no rule `{}`; did you mean `{}`?",
                    value::shown(name),
                    super::keys::nearest_of(&known, name)
                )));
            };
            if rule.is_firm {
                return Err(refuse(format!(
                    "`{name}` can be switched off by nobody: {}",
                    rule.what
                )));
            }
            if reason.trim().is_empty() {
                return Err(refuse(format!(
                    "`{name}` needs a reason, which the board shows"
                )));
            }
            if exceptions.contains_key(name) {
                return Err(refuse(format!(
                    "`{name}` stands in `warn` and in `off`: say one"
                )));
            }
            let reason = reason.trim().to_owned();
            exceptions.insert(name.clone(), Exception { left, reason });
        }
    }
    Ok(exceptions)
}

fn github(reader: &mut Reader<'_>) -> Result<GithubAccess, ConfigError> {
    let mut github = GithubAccess::default();
    if let Some(url) = reader.text("github.api_url", value::service_url)? {
        github.api_url = without_end_slash(url);
    }
    if let Some((Setting::Token(token), _)) = reader.setting("github.token") {
        github.token = token.clone();
    }
    Ok(github)
}

fn pipeline(reader: &mut Reader<'_>) -> Result<Pipeline, ConfigError> {
    let standard = Pipeline::standard();
    let name = |text: &str| {
        if text.trim().is_empty() || text.len() > 255 {
            Err("a name is empty or longer than 255 characters".to_owned())
        } else {
            Ok(text.to_owned())
        }
    };
    Ok(Pipeline {
        release_workflow: reader
            .text("pipeline.release_workflow", FromStr::from_str)?
            .unwrap_or(standard.release_workflow),
        signer_workflow: reader
            .text("pipeline.signer_workflow", FromStr::from_str)?
            .unwrap_or(standard.signer_workflow),
        publish_workflow: reader
            .text("pipeline.publish_workflow", FromStr::from_str)?
            .unwrap_or(standard.publish_workflow),
        environments: reader
            .texts("pipeline.environments", name)?
            .unwrap_or(standard.environments),
        advisory_jobs: reader
            .texts("pipeline.advisory_jobs", name)?
            .unwrap_or(standard.advisory_jobs),
    })
}

fn image(
    entry: &ImageLeaves,
    origins: &mut Origins,
) -> Result<(ImageSpec, ImageAccess), ConfigError> {
    let mut spec = ImageSpec::standard(entry.repository.clone());
    let mut access = ImageAccess::standard(entry.repository.clone());
    let mut reader = Reader {
        leaves: &entry.leaves,
        image: Some(format!("image[{}]", entry.repository)),
        origins,
    };
    reader.setting("image.repository");
    if let Some(url) = reader.text("image.registry_url", value::service_url)? {
        access.registry_url = without_end_slash(url);
    }
    let without_arch = |text: &str| match text.parse::<TagTemplate>() {
        Ok(template) if template.uses(Variable::Arch) => {
            Err("`{arch}` has a meaning in arch_tag alone: this tag is of all platforms".to_owned())
        }
        Ok(template) => Ok(template),
        Err(error) => Err(error.to_string()),
    };
    if let Some(template) = reader.text("image.prerelease_tag", |text| {
        let template = without_arch(text)?;
        if [Variable::ShortSha, Variable::Sha, Variable::Version]
            .iter()
            .any(|variable| template.uses(*variable))
        {
            Ok(template)
        } else {
            Err(
                "it must name `{version}` or `{short_sha}`: else all releases share a tag"
                    .to_owned(),
            )
        }
    })? {
        spec.prerelease_tag = template;
    }
    if let Some(template) = reader.text("image.arch_tag", |text| {
        let template: TagTemplate = text.parse().map_err(|error| format!("{error}"))?;
        if template.uses(Variable::Arch) {
            Ok(template)
        } else {
            Err("it must name `{arch}`: else two platforms share a tag".to_owned())
        }
    })? {
        spec.arch_tag = template;
    }
    if let Some(tag) = reader.text("image.floating_tag", FromStr::from_str)? {
        spec.floating_tag = tag;
    }
    if let Some(tags) = reader.texts("image.release_tags", without_arch)? {
        spec.release_tags = tags;
    }
    if let Some(platforms) = reader.texts("image.platforms", FromStr::from_str)? {
        spec.platforms = platforms;
    }
    if let Some((_, origin)) = reader.setting("image.hub_api_url") {
        let url = reader.text("image.hub_api_url", value::service_url)?;
        let (RegistryRules::DockerHub { hub_api_url }, Some(url)) = (&mut access.rules, url) else {
            let reason = format!(
                "{} is not on Docker Hub: leave the key out",
                entry.repository
            );
            return Err(bad(origin, "image.hub_api_url", reason));
        };
        *hub_api_url = without_end_slash(url);
    }
    if let Some((Setting::Credentials(credentials), _)) = reader.setting("image.credentials") {
        access.credentials = credentials.clone();
    }
    Ok((spec, access))
}

fn pypi(reader: &mut Reader<'_>, repo: Option<&RepoSlug>) -> Result<Option<PypiSpec>, ConfigError> {
    let configured = reader.text("pypi.project", |text| {
        if text.is_empty() {
            return Ok(None);
        }
        text.parse::<PypiName>().map(Some)
    })?;
    let event_type = reader
        .text("pypi.event_type", |text| {
            if text.is_empty() || text.len() > 100 {
                return Err("an event's name has 1 to 100 characters");
            }
            Ok(text.to_owned())
        })?
        .unwrap_or_else(|| PypiSpec::STANDARD_EVENT.to_owned());
    let payload = match reader.setting("pypi.payload") {
        Some((Setting::Payload(entries), origin)) => payload(entries, &origin)?,
        _ => PypiSpec::standard_payload(),
    };
    let (project, certainty) = match configured {
        Some(Some(project)) => (project, Certainty::Configured),
        Some(None) => return Ok(None),
        None => match repo.and_then(|repo| repo.name().parse().ok()) {
            Some(project) => {
                reader.origins.set("pypi.project", Origin::Guess);
                (project, Certainty::Guessed)
            }
            None => return Ok(None),
        },
    };
    Ok(Some(PypiSpec {
        project,
        certainty,
        event_type,
        payload,
    }))
}

fn payload(
    entries: &BTreeMap<String, Scalar>,
    origin: &Origin,
) -> Result<BTreeMap<String, PayloadValue>, ConfigError> {
    // GitHub takes at most ten.
    if entries.len() > 10 {
        return Err(bad(
            origin.clone(),
            "pypi.payload",
            "GitHub takes at most ten entries",
        ));
    }
    entries
        .iter()
        .map(|(name, scalar)| {
            let value = match scalar {
                Scalar::Flag(flag) => PayloadValue::Flag(*flag),
                Scalar::Number(number) => PayloadValue::Number(*number),
                Scalar::Text(text) => PayloadValue::Text(
                    Template::payload(text)
                        .map_err(|error| bad(origin.clone(), "pypi.payload", error))?,
                ),
            };
            Ok((name.clone(), value))
        })
        .collect()
}

fn trusted_root(reader: &mut Reader<'_>, env: &Environment) -> Result<TrustedRoot, ConfigError> {
    let root = reader.text("signature.trusted_root", |text| match text {
        "" => Err("write public-good, or the path of a trusted_root.json"),
        "public-good" => Ok(None),
        path => Ok(Some(path.to_owned())),
    })?;
    Ok(match root.flatten() {
        Some(path) => {
            let origin = reader.origins.of("signature.trusted_root");
            TrustedRoot::File(place_of(&path, &origin, env))
        }
        None => TrustedRoot::PublicGood,
    })
}

fn watch(reader: &mut Reader<'_>) -> Result<Watch, ConfigError> {
    let interval = reader.text("watch.interval", |text| {
        let interval = value::duration(text)?;
        if INTERVAL.contains(&interval) {
            Ok(interval)
        } else {
            Err(format!("`{}` is not between 1s and 1h", value::shown(text)))
        }
    })?;
    Ok(interval.map_or_else(Watch::default, |interval| Watch { interval }))
}

fn ui(reader: &mut Reader<'_>, env: &Environment) -> Result<Ui, ConfigError> {
    let mut ui = Ui::default();
    let theme = reader.text("ui.theme", |text| match text {
        "dark" => Ok(Theme::Dark),
        "light" => Ok(Theme::Light),
        "high-contrast" => Ok(Theme::HighContrast),
        path if path.contains(['/', '\\', '.']) => Ok(Theme::File(PathBuf::from(path))),
        other => Err(format!(
            "`{}` is no theme: dark, light, high-contrast, or the path of a theme file",
            value::shown(other)
        )),
    })?;
    match theme {
        Some(Theme::File(path)) => {
            let origin = reader.origins.of("ui.theme");
            ui.theme = Theme::File(place_of(&path.to_string_lossy(), &origin, env));
        }
        Some(theme) => ui.theme = theme,
        None => {}
    }
    if let Some((Setting::Flag(mouse), _)) = reader.setting("ui.mouse") {
        ui.mouse = *mouse;
    }
    if let Some((Setting::TextMap(keys), _)) = reader.setting("ui.keys") {
        ui.keys.clone_from(keys);
    }
    Ok(ui)
}

/// A path of a file is meant from that file's folder; `~/` is the user's home.
fn place_of(path: &str, origin: &Origin, env: &Environment) -> PathBuf {
    if let (Some(rest), Some(home)) = (path.strip_prefix("~/"), &env.home) {
        return home.join(rest);
    }
    let base = match origin {
        Origin::File(file, _) => file.parent().unwrap_or(Path::new("")),
        _ => &env.cwd,
    };
    base.join(path)
}

/// The address without slashes at the end of its path, so that paths can be put behind it.
fn without_end_slash(mut url: Url) -> Url {
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    url
}
