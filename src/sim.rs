//! The simulator: in-process services on loopback that behave as the real ones were measured to.
//!
//! A [`Sim`] holds one world: GitHub with its runs, a registry, Docker Hub's API and a package index, all of them
//! moved by one virtual clock. A [`Scenario`] says what happens in it.

pub mod clock;
pub mod fault;
pub mod forgery;
pub mod hub;
pub mod image;
pub mod oci;
pub mod pypi;
pub mod requests;
pub mod scenario;
pub mod serve;
pub mod sigstore;

mod archive;
mod github;
mod glob;
mod log;
mod maintainer;
mod services;
mod signing;
mod stage;
mod world;
mod zips;

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use self::clock::{Pace, VirtualClock, minus};
use self::fault::Faults;
use self::oci::Registry;
use self::pypi::Index;
use self::requests::{Requests, Service};
use self::scenario::{Expect, Scenario};
use self::services::Services;
use self::sigstore::Sigstore;
use self::stage::{Stage, now_of};
use self::world::World;

pub use self::maintainer::{Change, Maintainer, Protection};
pub use self::world::Truth;

/// The clock of a simulated world; each service asks it for every date that it writes.
pub type Now = Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;

/// The token that the simulated GitHub knows. It opens nothing else.
pub const TOKEN: &str = "sim-token-that-opens-nothing";
/// The scopes of that token.
pub const SCOPES: &str = "repo, workflow";
/// The user of the simulated registry.
pub const REGISTRY_USER: &str = "acme-release";
/// The password of that user. It opens nothing else.
pub const REGISTRY_PASSWORD: &str = "sim-password-that-opens-nothing";

/// What went wrong in the simulator.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// No such scenario.
    #[error("there is no scenario {name:?}; there are: {known}")]
    UnknownScenario {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// No such forgery.
    #[error("there is no forgery {name:?}; `gonogo sim --list` names them all")]
    UnknownForgery {
        /// What was asked for.
        name: String,
    },
    /// A scenario file is wrong.
    #[error("the scenario cannot be read: {reason}")]
    Scenario {
        /// Why.
        reason: String,
    },
    /// A workflow file is wrong.
    #[error("the workflow {path} cannot be read: {reason}")]
    Workflow {
        /// Which one.
        path: String,
        /// Why.
        reason: String,
    },
    /// A port cannot be had.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Listen {
        /// The port; 0 stands for any.
        port: u16,
        /// Why.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something that a job needs is not there.
    #[error("{what} is not there")]
    Missing {
        /// What.
        what: String,
    },
    /// Another simulated service refused what a job did.
    #[error("a simulated service refused: {reason}")]
    Refused {
        /// Why.
        reason: String,
    },
}

impl SimError {
    pub(crate) fn refused(why: &dyn std::fmt::Display) -> Self {
        Self::Refused {
            reason: why.to_string(),
        }
    }
}

/// How to start a simulator.
#[derive(Debug, Clone)]
pub struct SimOptions {
    /// What happens.
    pub scenario: Scenario,
    /// How virtual time moves.
    pub pace: Pace,
    /// The first of the ports; any free ones when absent.
    pub port_base: Option<u16>,
    /// The real time at the start; a fixed one makes a world with the same dates each time.
    pub real_start: Option<Timestamp>,
    /// GitHub's requests an hour.
    pub hourly_limit: u64,
    /// Where to write the trust root that verifiers of the world's signatures need.
    pub trusted_root: Option<PathBuf>,
}

impl SimOptions {
    /// A scenario whose time runs as the real one does, on any free ports.
    pub fn new(scenario: Scenario) -> Self {
        Self {
            scenario,
            pace: Pace::Speed(1.0),
            port_base: None,
            real_start: None,
            hourly_limit: 5000,
            trusted_root: None,
        }
    }

    /// The same with time that stands still until it is advanced.
    #[must_use]
    pub fn driven(mut self) -> Self {
        self.pace = Pace::Driven;
        self
    }
}

/// The base addresses of the services, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// GitHub's API.
    pub github: String,
    /// The host that GitHub redirects to for logs and files.
    pub storage: String,
    /// The registry.
    pub registry: String,
    /// The root of the package index.
    pub pypi: String,
    /// Docker Hub's own API.
    pub hub: String,
}

/// A running simulator; its services end when it is dropped.
pub struct Sim {
    stage: Stage,
    clock: VirtualClock,
    endpoints: Endpoints,
    requests: Requests,
    faults: Faults,
    registry: Registry,
    index: Index,
    sigstore: Sigstore,
    root: String,
    trusted_root: Option<PathBuf>,
    tasks: Vec<JoinHandle<()>>,
}

impl Sim {
    /// Makes the world and starts its services on loopback.
    pub async fn start(options: SimOptions) -> Result<Self, SimError> {
        let real = options.real_start.unwrap_or_else(Timestamp::now);
        let start = minus(real, options.scenario.lead);
        let clock = VirtualClock::new(start, real, Pace::Driven);
        let moment = stage::Moment::default();
        let now = now_of(&clock, &moment);
        let registry = hub_like_registry(&now);
        let index = Index::new(Arc::clone(&now));
        let sigstore = Sigstore::new(start).map_err(|error| SimError::refused(&error))?;
        let mut roots = options.scenario.forge.iter().map(|forgery| forgery.root());
        let root = trusted_root(&sigstore, roots.next_back().unwrap_or_default(), start)
            .map_err(|error| SimError::refused(&error))?;
        if let Some(path) = &options.trusted_root {
            write(path, &root).await?;
        }
        let services = Services {
            registry: registry.clone(),
            repository: options.scenario.repo.clone(),
            sigstore: sigstore.clone(),
            index: index.clone(),
            project: options.scenario.project().to_owned(),
            moment,
            forged: options.scenario.forge.clone(),
        };
        let world = World::seeded(options.scenario, Box::new(services), start)?;
        let stage = Stage::new(world, clock.clone());
        let mut listeners = Vec::new();
        for offset in 0..5 {
            listeners.push(listen(options.port_base, offset).await?);
        }
        let mut bases = listeners.iter().map(|(_, base)| base.clone());
        let mut next = || bases.next().unwrap_or_default();
        let endpoints = Endpoints {
            github: next(),
            storage: next(),
            registry: next(),
            pypi: next(),
            hub: next(),
        };
        let api = github::GitHub::new(
            stage.clone(),
            TOKEN,
            SCOPES,
            &endpoints.storage,
            options.hourly_limit,
        );
        let hub = hub::router(registry.clone(), hub::HubOptions::default());
        let routers = [
            (Service::Github, api.router()),
            (Service::GithubStorage, github::blob::router(stage.clone())),
            (Service::Registry, caught_up(registry.router(), &stage)),
            (Service::Pypi, caught_up(index.router(), &stage)),
            (Service::DockerHub, caught_up(hub, &stage)),
        ];
        let requests = Requests::new(Arc::clone(&now));
        let faults = Faults::new(now);
        let tasks = listeners
            .into_iter()
            .zip(routers)
            .map(|((listener, _), (service, router))| {
                let router = requests.wrap(service, faults.wrap(service, router));
                tokio::spawn(async move {
                    if let Err(error) = axum::serve(listener, router).await {
                        tracing::error!(%error, ?service, "a simulated service ended");
                    }
                })
            })
            .collect();
        clock.set_pace(options.pace);
        Ok(Self {
            stage,
            clock,
            endpoints,
            requests,
            faults,
            registry,
            index,
            sigstore,
            root,
            trusted_root: options.trusted_root,
            tasks,
        })
    }

    /// Where the services are.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The virtual clock.
    pub fn clock(&self) -> &VirtualClock {
        &self.clock
    }

    /// What the services were asked.
    pub fn requests(&self) -> &Requests {
        &self.requests
    }

    /// Faults to let loose on the services.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The registry, to look into and to tamper with.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The package index, to look into and to tamper with.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The certificate authority and the logs that the world's signatures come from.
    pub fn sigstore(&self) -> &Sigstore {
        &self.sigstore
    }

    /// The trust root that the scenario gives to verifiers, as the file `trusted_root.json`.
    pub fn trusted_root_json(&self) -> &str {
        &self.root
    }

    /// Moves time on by `by`, and the world with it. Returns the new time.
    pub fn advance(&self, by: Duration) -> Timestamp {
        self.clock.advance(by);
        self.stage.with(|world| world.now)
    }

    /// Moves time on to the next change that comes by itself; `None` when there is none, or it lies in the future.
    pub fn advance_to_next(&self) -> Option<Timestamp> {
        let at = self.stage.next()?;
        let now = self.clock.advance_to(at);
        self.stage.with(|_| ());
        (now >= at).then_some(now)
    }

    /// The moment of the next change that comes by itself.
    pub fn next_change(&self) -> Option<Timestamp> {
        self.stage.next()
    }

    /// The name of the phase that the release is in.
    pub fn phase(&self) -> String {
        self.stage.with(|world| world.phase())
    }

    /// Whether nothing more happens by itself.
    pub fn finished(&self) -> bool {
        self.stage.next().is_none()
    }

    /// The state in which the scenario expects the release to end.
    pub fn expected(&self) -> Expect {
        self.stage.with(|world| world.expected())
    }

    /// The state of the release as the world itself knows it.
    pub fn truth(&self) -> Truth {
        self.stage.with(|world| world.truth())
    }

    /// Somebody else with the same rights, who acts on GitHub's pages.
    pub fn other_maintainer(&self) -> Maintainer {
        Maintainer::new(self.stage.clone())
    }

    /// What clients asked to be changed at GitHub, in order, refused or not.
    pub fn changes(&self) -> Vec<Change> {
        self.stage.with(|world| world.changes.clone())
    }

    /// What jobs of the world could not do; empty unless the simulator itself is broken.
    pub fn troubles(&self) -> Vec<String> {
        self.stage.with(|world| world.troubles.clone())
    }

    /// The scenario's name, its summary and the repository.
    pub fn scenario(&self) -> (String, String, String) {
        self.stage.with(|world| {
            let scenario = &world.scenario;
            (
                scenario.name.clone(),
                scenario.summary.clone(),
                scenario.repo.clone(),
            )
        })
    }

    /// What is not as it should be.
    pub fn forged(&self) -> Vec<&'static forgery::Forgery> {
        self.stage.with(|world| world.scenario.forge.clone())
    }

    /// Serves until `shutdown` is over.
    pub async fn run_until(&self, shutdown: impl Future<Output = ()>) {
        shutdown.await;
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl std::fmt::Debug for Sim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sim")
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}

/// The trust root that a scenario gives to verifiers.
fn trusted_root(
    sigstore: &Sigstore,
    root: forgery::Root,
    start: Timestamp,
) -> Result<String, sigstore::SignError> {
    Ok(match root {
        forgery::Root::Honest => sigstore.trusted_root_json(),
        forgery::Root::Expired => {
            sigstore.root_until(Some(minus(start, Duration::from_secs(3600))))
        }
        forgery::Root::Empty => Sigstore::empty_root_json(),
        forgery::Root::Other => Sigstore::new(start)?.trusted_root_json(),
    })
}

/// A registry with Docker Hub's habits: tokens, no deletes of its own, no referrers API.
fn hub_like_registry(now: &Now) -> Registry {
    let registry = Registry::new(Arc::clone(now));
    registry.add_user(oci::User::owner(REGISTRY_USER, REGISTRY_PASSWORD));
    registry.behave(|behaviour| {
        behaviour.deletes = oci::Deletes::Refused;
        behaviour.referrers = oci::Referrers::Absent;
        behaviour.access = oci::Access::Token {
            anonymous_pull: true,
            ttl: Duration::from_secs(300),
        };
    });
    registry
}

/// Lets the world catch up before each request of a service that does not look at the world itself.
fn caught_up(router: Router, stage: &Stage) -> Router {
    let stage = stage.clone();
    router.layer(axum::middleware::from_fn(
        move |request: axum::extract::Request, next: axum::middleware::Next| {
            stage.with(|_| ());
            next.run(request)
        },
    ))
}

async fn write(path: &Path, text: &str) -> Result<(), SimError> {
    let written = tokio::fs::write(path, text).await;
    written.map_err(|source| SimError::Write {
        path: path.to_owned(),
        source,
    })
}

async fn listen(base: Option<u16>, offset: u16) -> Result<(TcpListener, String), SimError> {
    let port = base.map_or(0, |base| base.saturating_add(offset));
    let failed = |source| SimError::Listen { port, source };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let local = listener.local_addr().map_err(failed)?;
    Ok((listener, format!("http://{local}")))
}
