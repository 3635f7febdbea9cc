//! The only way to change the world: a confirmed plan goes in; re-check, journal, send, verify.
//!
//! No write is ever sent twice by itself. Where nobody knows whether one arrived, it is looked up.

pub mod store;

mod act;
mod check;
mod execute;
mod write;

pub use execute::{DoorError, Ended, Running, Stop};

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::fact::{Failure, ImageId};
use crate::net::Limits;
use crate::net::registry::RegistryAccess;
use crate::sources::Sources;
use crate::sources::github::GithubAccess;
use crate::sources::hub::HubAccess;
use store::Store;

/// Where the door leads, and with which credentials.
#[derive(Debug, Clone)]
pub struct Ways {
    /// GitHub.
    pub github: GithubAccess,
    /// The registry of each image.
    pub registries: BTreeMap<ImageId, RegistryAccess>,
    /// Docker Hub's own API, for images that live there.
    pub hubs: BTreeMap<ImageId, HubAccess>,
    /// The limits of each request.
    pub limits: Limits,
}

/// The door.
#[derive(Debug)]
pub struct Door {
    sources: Arc<Sources>,
    github: write::Github,
    registries: BTreeMap<ImageId, write::Registry>,
    hubs: BTreeMap<ImageId, write::Hub>,
    store: Store,
}

/// What came of sending something.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Sent {
    /// The service says that it is done, and perhaps something beside it.
    Accepted(Option<String>),
    /// The service refused it: nothing was changed.
    Refused(Failure),
    /// Nobody knows: no answer, or one that does not say.
    Unknown(Failure),
}

/// Whether a condition holds, looked up now.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Held {
    /// It does.
    Yes,
    /// It does not: what is there instead, in one sentence, and who did that where it is known.
    No(String),
}

impl Door {
    /// A door with these ways out; `http` is [`crate::net::client`]. Making one costs nothing.
    pub fn new(sources: Arc<Sources>, ways: Ways, http: &reqwest::Client, store: Store) -> Self {
        let registry = |access| write::Registry::new(http.clone(), access, ways.limits);
        let registries = ways.registries.into_iter();
        let hubs = ways.hubs.into_iter();
        Self {
            sources,
            github: write::Github::new(ways.github),
            registries: registries
                .map(|(image, access)| (image, registry(access)))
                .collect(),
            hubs: hubs
                .map(|(image, access)| (image, write::Hub::new(http.clone(), access)))
                .collect(),
            store,
        }
    }

    /// What is written down, and where bytes are kept.
    pub fn store(&self) -> &Store {
        &self.store
    }
}
