//! Read-only clients of the outside services: each takes an [`Ask`] and gives an [`Answer`].
//!
//! A client never retries, waits or schedules by itself: pace, backoff and cancellation are the engine's,
//! so that they are visible and tested in one place. Dropping the future of a look cancels it.

use std::collections::BTreeMap;

use futures_util::future::join;

use crate::domain::digest::Digest;
use crate::domain::evidence::Collected;
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

/// The evidence of an image from every place that has some, and what it cost to look.
#[derive(Debug)]
pub struct Gathered {
    /// What was found; `None`: the registry has no such image.
    pub outcome: Result<Option<Collected>, Failure>,
    /// When the registry was asked: earlier than now where it was kept.
    pub collected_at: Timestamp,
    /// What it cost at the registry.
    pub cost: Cost,
    /// The registry's budget after it.
    pub rate: Option<Rate>,
    /// What it cost at GitHub.
    pub github_cost: Cost,
    /// GitHub's budget after it.
    pub github_rate: Option<Rate>,
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
    /// Brings what speaks for an image: what hangs on it and its platforms in its registry, and what GitHub holds of
    /// its own digest. What GitHub cannot tell is a gap, never absent.
    ///
    /// What was kept of an image within the hour, and will do, is of the registry alone.
    pub async fn evidence(
        &self,
        image: &ImageId,
        digest: &Digest,
        freshness: oci::Freshness,
        now: Timestamp,
    ) -> Gathered {
        let Some(registry) = self.registries.get(image) else {
            return Gathered {
                outcome: Err(not_configured(&SourceId::Registry(image.clone()))),
                collected_at: now,
                cost: Cost::default(),
                rate: None,
                github_cost: Cost::default(),
                github_rate: None,
            };
        };
        let (held, attested) = join(
            Box::pin(registry.evidence(oci::Reference::Digest(digest), freshness, now)),
            Box::pin(self.github.attestations(digest, now)),
        )
        .await;
        let (mut outcome, mut github_cost) = (held.outcome, attested.cost);
        let mut github_rate = attested.rate;
        if let Ok(Some(collected)) = &mut outcome {
            collected.add(attested.pieces, attested.gaps);
            // A platform of which the registry holds nothing may have its SBOM with GitHub.
            let bare = collected.platforms.iter().filter(|_| collected.is_index);
            let bare: Vec<Digest> = bare
                .filter(|(_, attached)| attached.pieces.is_empty())
                .map(|(_, attached)| attached.digest.clone())
                .collect();
            for platform in bare {
                let attested = Box::pin(self.github.attestations(&platform, now)).await;
                github_cost += attested.cost;
                github_rate = attested.rate.or(github_rate);
                collected.add_to_platform(&platform, attested.pieces, attested.gaps);
            }
        }
        Gathered {
            outcome,
            collected_at: held.collected_at,
            cost: held.cost,
            rate: held.rate,
            github_cost,
            github_rate,
        }
    }

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
            // The keys are no source of facts about a release: the evidence's own judge keeps them.
            SourceId::Sigstore => None,
        };
        answer.unwrap_or_else(|| Answer {
            outcome: Err(not_configured(&ask.source())),
            cost: Cost::default(),
            rate: None,
        })
    }
}

fn not_configured(source: &SourceId) -> Failure {
    Failure {
        kind: FailureKind::NoCredential,
        what: format!("{source} is not configured."),
        advice: "Add it to the configuration; `gonogo config show --origin` prints what is there."
            .to_owned(),
        retry_at: None,
    }
}
