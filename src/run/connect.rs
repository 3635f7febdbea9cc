//! From the configuration to the clients of the services.

use std::collections::BTreeMap;

use crate::config::{Config, Environment, RegistryRules, TrustedRoot};
use crate::domain::fact::{Failure, FailureKind, ImageId};
use crate::domain::policy::Policy;
use crate::engine::runtime::{Clock as _, Services, SystemClock};
use crate::evidence::Trust;
use crate::net::{self, Limits};
use crate::sources::{Sources, github, hub, oci, pypi};

/// Makes the clients when it is called: TLS set-up has no place before the first frame.
pub(super) fn later(
    config: Config,
    env: Environment,
    policy: Policy,
    limits: Limits,
) -> impl FnOnce() -> Result<Services, Failure> + Send + 'static {
    move || connect(&config, &env, &policy, limits)
}

fn connect(
    config: &Config,
    env: &Environment,
    policy: &Policy,
    limits: Limits,
) -> Result<Services, Failure> {
    let http = net::client(&limits).map_err(|error| Failure {
        kind: FailureKind::Unreachable,
        what: format!("The HTTP client could not be set up: {error}."),
        advice: "See whether the machine's certificates can be read.".to_owned(),
        retry_at: None,
    })?;
    let pipeline = &policy.pipeline;
    let github = github::Client::new(github::GithubAccess {
        api_url: config.github.api_url.clone(),
        repo: policy.repo.clone(),
        token: config.github_token(env),
        release_workflow: pipeline.release_workflow.as_str().to_owned(),
        publish_workflow: policy
            .pypi
            .as_ref()
            .map(|_| pipeline.publish_workflow.as_str().to_owned()),
        environments: pipeline.environments.clone(),
        limits,
    });
    let (mut registries, mut hubs) = (BTreeMap::new(), BTreeMap::new());
    for spec in &policy.images {
        let access = config.image(&spec.repository);
        let image = ImageId::of(spec);
        registries.insert(
            image.clone(),
            oci::Client::new(
                http.clone(),
                net::registry::RegistryAccess {
                    image: spec.repository.clone(),
                    registry_url: access.registry_url.clone(),
                    credentials: config.registry_login(env, &access),
                },
            )
            .with_keep(oci::Keep::new(config.paths.cache.join("evidence"))),
        );
        if let RegistryRules::DockerHub { hub_api_url } = &access.rules {
            let client = hub::Client::new(
                http.clone(),
                hub::HubAccess {
                    image: spec.repository.clone(),
                    api_url: hub_api_url.clone(),
                    credentials: config.hub_login(env, &access),
                },
            );
            hubs.insert(image, client);
        }
    }
    let pypi = policy.pypi.as_ref().map(|spec| {
        pypi::Client::new(
            http.clone(),
            pypi::PypiAccess {
                project: spec.project.clone(),
                url: config.pypi.url.clone(),
            },
        )
    });
    let sources = Sources {
        github,
        registries,
        hubs,
        pypi,
    };
    Ok(Services::new(sources, trust(config), http, policy.clone()))
}

/// The keys that the configuration names.
pub(super) fn trust(config: &Config) -> Trust {
    match &config.trusted_root {
        TrustedRoot::PublicGood => public_good(config),
        TrustedRoot::File(path) => Trust::of_file(path.clone()),
    }
}

/// The keys of Sigstore's public good instance.
pub(super) fn public_good(config: &Config) -> Trust {
    Trust::of_public_good(Some(config.paths.cache.join("tuf")), SystemClock.now())
}
