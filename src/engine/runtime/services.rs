//! What answers questions: the clients of the outside services, and the judge of evidence.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::digest::Digest;
use crate::domain::evidence::{Collected, Expected, Recipe, TrustRoot, Verdict, Verification};
use crate::domain::fact::{Ask, Cost, Fact, Failure, FailureKind, ImageId};
use crate::domain::journal::Actor;
use crate::domain::policy::Policy;
use crate::domain::time::Timestamp;
use crate::door::Door;
use crate::evidence::{Trust, TrustError};
use crate::sources::oci::Freshness;
use crate::sources::{Answer, Sources};

/// Judged images whose bytes are kept, to be judged again when the keys change.
const MOST_HELD: usize = 12;

/// Everything that can be asked.
#[derive(Debug)]
pub struct Services {
    sources: Arc<Sources>,
    trust: Trust,
    http: reqwest::Client,
    policy: Policy,
    /// The way out, and who goes there.
    door: Option<(Arc<Door>, Actor)>,
    /// The bytes that were judged last.
    held: Mutex<BTreeMap<Key, Arc<Collected>>>,
    /// One image is judged at a time: a statement may take fifty times its length in memory while it is.
    bench: tokio::sync::Mutex<()>,
}

/// What was asked of evidence.
type Key = (ImageId, Digest, Expected);

impl Services {
    /// The services of a policy; `http` is [`crate::net::client`].
    pub fn new(
        sources: impl Into<Arc<Sources>>,
        trust: Trust,
        http: reqwest::Client,
        policy: Policy,
    ) -> Self {
        Self {
            sources: sources.into(),
            trust,
            http,
            policy,
            door: None,
            held: Mutex::default(),
            bench: tokio::sync::Mutex::default(),
        }
    }

    /// The same with a way out, for this person.
    #[must_use]
    pub fn with_door(mut self, door: Door, by: Actor) -> Self {
        self.door = Some((Arc::new(door), by));
        self
    }

    /// The way out alone, and who goes there, with the login where GitHub tells it.
    pub async fn into_door(self, now: Timestamp) -> Option<(Arc<Door>, Actor)> {
        let (door, mut by) = self.door?;
        let viewer = self.sources.look(&Ask::Viewer, now).await;
        if let Ok(Fact::Viewer(viewer)) = viewer.outcome {
            by.login = Some(viewer.login);
        }
        Some((door, by))
    }

    /// The way out, and who goes there.
    pub(super) fn door(&self) -> Option<&(Arc<Door>, Actor)> {
        self.door.as_ref()
    }

    /// Puts one question to whoever answers it.
    pub(super) async fn look(self: &Arc<Self>, ask: &Ask, now: Timestamp) -> Answer {
        match ask {
            Ask::Evidence(image, digest, expected) => {
                self.evidence(image, digest, expected, now).await
            }
            Ask::Trust => Answer {
                outcome: self.root(now).await.map(Fact::Trust),
                cost: Cost::default(),
                rate: None,
            },
            _ => self.sources.look(ask, now).await,
        }
    }

    async fn evidence(
        self: &Arc<Self>,
        image: &ImageId,
        digest: &Digest,
        expected: &Expected,
        now: Timestamp,
    ) -> Answer {
        // Another release's image is what it was; the one that is to go out is looked at as it is now.
        let freshness = if *expected == Expected::default() {
            Freshness::Known
        } else {
            Freshness::Fresh
        };
        let gathered = self.sources.evidence(image, digest, freshness, now).await;
        let outcome = match gathered.outcome {
            Ok(Some(collected)) => {
                let collected = Arc::new(collected);
                let key = (image.clone(), digest.clone(), expected.clone());
                self.hold(key, &collected);
                let found = self.judged(Arc::clone(&collected), expected.clone()).await;
                let holds = |found: &Arc<Verification>| found.verdict == Verdict::Verified;
                if gathered.collected_at >= now && found.as_ref().is_ok_and(holds) {
                    self.keep(image.clone(), collected, now);
                }
                found.map(|found| Fact::Evidence(Some(found)))
            }
            Ok(None) => Ok(Fact::Evidence(None)),
            Err(failure) => Err(failure),
        };
        Answer {
            outcome,
            cost: gathered.cost,
            rate: gathered.rate,
        }
    }

    /// The keys; asked for anew where they were not confirmed for a day.
    async fn root(self: &Arc<Self>, now: Timestamp) -> Result<TrustRoot, Failure> {
        let services = Arc::clone(self);
        let known = tokio::task::spawn_blocking(move || {
            let is_old = services.trust.wants_refresh(now);
            (is_old, services.trust.root())
        });
        match known.await {
            Ok((false, root)) => root.map_err(|error| unusable(&error)),
            _ => self.trust.refresh(&self.http, now).await,
        }
    }

    /// What was judged, and can be judged again without fetching anything.
    pub(super) fn held(&self) -> Vec<Ask> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let ask = |(image, digest, expected): &Key| {
            Ask::Evidence(image.clone(), digest.clone(), Box::new(expected.clone()))
        };
        held.keys().map(ask).collect()
    }

    /// Judges again what was gathered before, by the keys that are known now.
    pub(super) async fn judged_again(self: &Arc<Self>, ask: &Ask) -> Option<Result<Fact, Failure>> {
        let Ask::Evidence(image, digest, expected) = ask else {
            return None;
        };
        let key = (image.clone(), digest.clone(), (**expected).clone());
        let collected = {
            let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(held.get(&key)?)
        };
        let found = self.judged(collected, key.2).await;
        Some(found.map(|found| Fact::Evidence(Some(found))))
    }

    /// Verifying is work for the processor: it has a thread of its own, so that no frame waits for it.
    async fn judged(
        self: &Arc<Self>,
        collected: Arc<Collected>,
        expected: Expected,
    ) -> Result<Arc<Verification>, Failure> {
        let services = Arc::clone(self);
        let _turn = self.bench.lock().await;
        let judged = tokio::task::spawn_blocking(move || {
            let recipe = Recipe::of_policy(&services.policy, &expected);
            let judge = services.trust.judge(recipe)?;
            Ok(Arc::new(judge.judge(&collected)))
        });
        let judged = judged
            .await
            .unwrap_or_else(|_| Err(TrustError::Root("judging the evidence stumbled".to_owned())));
        judged.map_err(|error| unusable(&error))
    }

    /// Keeps on the disk what held, for the next session. Nobody waits for it.
    fn keep(self: &Arc<Self>, image: ImageId, collected: Arc<Collected>, at: Timestamp) {
        let services = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            if let Some(registry) = services.sources.registries.get(&image) {
                registry.keep(&collected, at);
            }
        });
    }

    fn hold(&self, key: Key, collected: &Arc<Collected>) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        while held.len() >= MOST_HELD && !held.contains_key(&key) {
            held.pop_first();
        }
        held.insert(key, Arc::clone(collected));
    }
}

fn unusable(error: &TrustError) -> Failure {
    Failure {
        kind: FailureKind::Unexpected,
        what: format!("The evidence could not be judged: {error}."),
        advice: "See `signature.trusted_root` and `signature.identity` in the configuration."
            .to_owned(),
        retry_at: None,
    }
}
