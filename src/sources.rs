//! Read-only clients of the outside services: each takes an [`Ask`] and gives an [`Answer`].
//!
//! A client never retries, waits or schedules by itself: pace, backoff and cancellation are the engine's,
//! so that they are visible and tested in one place. Dropping the future of a look cancels it.

use std::collections::BTreeMap;

use crate::domain::fact::{Ask, Cost, Fact, Failure, FailureKind, ImageId, Rate, SourceId};
use crate::domain::time::Timestamp;

pub mod github;
pub mod hub;
pub mod oci;
pub mod pypi;

/// What a look gave.
#[derive(Debug)]
pub struct Answer {
    /// The fact, or why there is none.
    pub outcome: Result<Fact, Failure>,
    /// What it cost.
    pub cost: Cost,
    /// The service's budget after it, where it told one.
    pub rate: Option<Rate>,
}

/// All services of a configuration.
#[derive(Debug)]
pub struct Sources {
    /// GitHub's API.
    pub github: github::Client,
    /// The registry of each image.
    pub registries: BTreeMap<ImageId, oci::Client>,
    /// Docker Hub's own API, for images that live there.
    pub hubs: BTreeMap<ImageId, hub::Client>,
    /// The package index, where a project is configured.
    pub pypi: Option<pypi::Client>,
}

impl Sources {
    /// Puts one question to its service. `now` is for a service's words about time (`Retry-After`).
    pub async fn look(&self, ask: &Ask, now: Timestamp) -> Answer {
        let answer = match ask.source() {
            SourceId::Github => Some(self.github.look(ask, now).await),
            SourceId::Registry(image) => match self.registries.get(&image) {
                Some(client) => Some(client.look(ask, now).await),
                None => None,
            },
            SourceId::Hub(image) => match self.hubs.get(&image) {
                Some(client) => Some(client.look(ask, now).await),
                None => None,
            },
            SourceId::Pypi => match &self.pypi {
                Some(client) => Some(client.look(ask, now).await),
                None => None,
            },
        };
        answer.unwrap_or_else(|| Answer {
            outcome: Err(Failure {
                kind: FailureKind::NoCredential,
                what: format!("{} is not configured.", ask.source()),
                advice: "Add it to the configuration; `gonogo config show --origin` prints what is there."
                    .to_owned(),
                retry_at: None,
            }),
            cost: Cost::default(),
            rate: None,
        })
    }
}
