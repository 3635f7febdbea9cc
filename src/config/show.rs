//! The resolved configuration as rows: key, value, origin.

use serde_json::{Value, json};

use super::origin::Origin;
use super::value::duration_text;
use super::{
    Config, ImageAccess, Mode, RegistryCredentials, RegistryRules, Theme, TokenSource, TrustedRoot,
};
use crate::domain::policy::{ImageSpec, PayloadValue, Policy};

/// One value of the configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The key with its tables, as `github.api_url` or `image[docker.io/acme/rocket].platforms`.
    pub key: String,
    /// The value as JSON; a credential is shown as where it is kept.
    pub value: Value,
    /// Where the value comes from.
    pub origin: Origin,
}

pub(super) fn rows(config: &Config) -> Vec<Row> {
    let mut values: Vec<(String, Value)> = Vec::new();
    let mut put = |key: &str, value: Value| values.push((key.to_owned(), value));
    let known = config.policy.as_ref();
    put("repo", json!(known.map(|policy| policy.repo.to_string())));
    let policy = known.or(config.unbound.as_deref());
    put("github.api_url", json!(config.github.api_url.as_str()));
    put("github.token", token(&config.github.token));
    if let Some(policy) = policy {
        pipeline(policy, &mut put);
        for spec in &policy.images {
            image(spec, &config.image(&spec.repository), &mut put);
        }
        put("signature.issuer", json!(policy.signature.issuer));
        put(
            "signature.identity",
            json!(policy.signature.identity.as_str()),
        );
    }
    put(
        "signature.trusted_root",
        match &config.trusted_root {
            TrustedRoot::PublicGood => json!("public-good"),
            TrustedRoot::File(path) => json!(path.display().to_string()),
        },
    );
    if let Some(policy) = policy {
        match &policy.pypi {
            None => put("pypi.project", json!("")),
            Some(pypi) => {
                put("pypi.project", json!(pypi.project.as_str()));
                put("pypi.event_type", json!(pypi.event_type));
                let payload = pypi.payload.iter().map(|(name, value)| {
                    let value = match value {
                        PayloadValue::Text(template) => json!(template.as_str()),
                        PayloadValue::Flag(flag) => json!(flag),
                        PayloadValue::Number(number) => json!(number),
                    };
                    (name.clone(), value)
                });
                put("pypi.payload", Value::Object(payload.collect()));
            }
        }
    }
    put("pypi.url", json!(config.pypi.url.as_str()));
    put(
        "watch.interval",
        json!(duration_text(config.watch.interval)),
    );
    put(
        "ui.theme",
        match &config.ui.theme {
            Theme::Dark => json!("dark"),
            Theme::Light => json!("light"),
            Theme::HighContrast => json!("high-contrast"),
            Theme::File(path) => json!(path.display().to_string()),
        },
    );
    put("ui.mouse", json!(config.ui.mouse));
    put("ui.keys", json!(config.ui.keys));
    put("read_only", json!(config.mode == Mode::ReadOnly));
    values
        .into_iter()
        .map(|(key, value)| Row {
            origin: config.origins.of(&key),
            key,
            value,
        })
        .collect()
}

fn pipeline(policy: &Policy, put: &mut impl FnMut(&str, Value)) {
    let pipeline = &policy.pipeline;
    for (key, file) in [
        ("pipeline.release_workflow", &pipeline.release_workflow),
        ("pipeline.signer_workflow", &pipeline.signer_workflow),
        ("pipeline.publish_workflow", &pipeline.publish_workflow),
    ] {
        put(key, json!(file.as_str()));
    }
    put("pipeline.environments", json!(pipeline.environments));
    put("pipeline.advisory_jobs", json!(pipeline.advisory_jobs));
}

fn image(spec: &ImageSpec, access: &ImageAccess, put: &mut impl FnMut(&str, Value)) {
    let mut put = |key: &str, value| put(&format!("image[{}].{key}", spec.repository), value);
    let texts = |items: &[_]| -> Vec<String> { items.iter().map(ToString::to_string).collect() };
    put("repository", json!(spec.repository.as_str()));
    put("registry_url", json!(access.registry_url.as_str()));
    put("prerelease_tag", json!(spec.prerelease_tag.as_str()));
    put("arch_tag", json!(spec.arch_tag.as_str()));
    put("floating_tag", json!(spec.floating_tag.as_str()));
    put("release_tags", json!(texts(&spec.release_tags)));
    let platforms: Vec<String> = spec.platforms.iter().map(ToString::to_string).collect();
    put("platforms", json!(platforms));
    if let RegistryRules::DockerHub { hub_api_url } = &access.rules {
        put("hub_api_url", json!(hub_api_url.as_str()));
    }
    put(
        "credentials",
        match &access.credentials {
            RegistryCredentials::DockerConfig => json!({ "docker_config": true }),
            RegistryCredentials::Anonymous => json!({ "docker_config": false }),
            RegistryCredentials::Env { username, password } => {
                json!({ "username": { "env": username }, "password": { "env": password } })
            }
        },
    );
}

/// Where the token is kept. Of a command only the program is named: an argument may be a secret.
fn token(source: &TokenSource) -> Value {
    match source {
        TokenSource::Env(name) => json!({ "env": name }),
        TokenSource::Command(line) => {
            let program = line.first().map(String::as_str).unwrap_or_default();
            let more = if line.len() > 1 { " …" } else { "" };
            json!({ "command": format!("{program}{more}") })
        }
        TokenSource::Keyring(service) => json!({ "keyring": service }),
        TokenSource::Ambient => json!("GH_TOKEN, GITHUB_TOKEN, gh's login: each for its own host"),
    }
}
