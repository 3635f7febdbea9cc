//! From the configuration to the clients of the services.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::{Config, Environment, RegistryRules, TrustedRoot};
use crate::domain::fact::{Failure, FailureKind, ImageId};
use crate::domain::journal::Actor;
use crate::domain::policy::Policy;
use crate::door::store::Store;
use crate::door::{Door, Ways};
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
    let github_access = github::GithubAccess {
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
    };
    let mut ways = Ways {
        github: github_access.clone(),
        registries: BTreeMap::new(),
        hubs: BTreeMap::new(),
        limits,
    };
    let github = github::Client::new(github_access);
    let (mut registries, mut hubs) = (BTreeMap::new(), BTreeMap::new());
    for spec in &policy.images {
        let access = config.image(&spec.repository);
        let image = ImageId::of(spec);
        let registry = net::registry::RegistryAccess {
            image: spec.repository.clone(),
            registry_url: access.registry_url.clone(),
            credentials: config.registry_login(env, &access),
        };
        ways.registries.insert(image.clone(), registry.clone());
        let client = oci::Client::new(http.clone(), registry)
            .with_keep(oci::Keep::new(config.paths.cache.join("evidence")));
        registries.insert(image.clone(), client);
        if let RegistryRules::DockerHub { hub_api_url } = &access.rules {
            let hub = hub::HubAccess {
                image: spec.repository.clone(),
                api_url: hub_api_url.clone(),
                credentials: config.hub_login(env, &access),
            };
            ways.hubs.insert(image.clone(), hub.clone());
            hubs.insert(image, hub::Client::new(http.clone(), hub));
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
    let sources = Arc::new(Sources {
        github,
        registries,
        hubs,
        pypi,
    });
    let store = Store::new(&config.paths.state);
    let door = Door::new(Arc::clone(&sources), ways, &http, store);
    let services = Services::new(sources, trust(config), http, policy.clone());
    Ok(services.with_door(door, actor(env)))
}

/// The door alone, and who goes through it, for a plan that was made before.
pub(super) async fn door(
    config: &Config,
    env: &Environment,
    policy: &Policy,
    limits: Limits,
) -> Result<(Arc<Door>, Actor), Failure> {
    let services = connect(config, env, policy, limits)?;
    services
        .into_door(SystemClock.now())
        .await
        .ok_or_else(|| Failure {
            kind: FailureKind::Unexpected,
            what: "There is no way out.".to_owned(),
            advice: "Please report this.".to_owned(),
            retry_at: None,
        })
}

/// Who changes something from here.
fn actor(env: &Environment) -> Actor {
    let uname = rustix::system::uname();
    let user = ["USER", "LOGNAME", "USERNAME"];
    let user = user.iter().find_map(|name| env.var(name));
    Actor {
        login: None,
        user: user.unwrap_or("somebody").to_owned(),
        host: uname.nodename().to_string_lossy().into_owned(),
        process: std::process::id(),
    }
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
