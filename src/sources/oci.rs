//! What an OCI registry holds of one image: tags, manifests and configurations.

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::artifact::{ImageConfig, Manifest, ManifestContent};
use crate::domain::digest::Digest;
use crate::domain::fact::{Ask, Fact, Failure, FailureKind};
use crate::domain::policy::Tag;
use crate::domain::time::Timestamp;
use crate::net::registry::{LARGEST_MANIFEST, Meter, RawManifest, Registry};
use crate::net::{Limits, failure};
use crate::sources::Answer;

pub use crate::net::registry::{Reference, RegistryAccess};
pub use evidence::{Arrival, Gathered};
pub use keep::{Freshness, Keep};

pub mod convert;
mod evidence;
mod keep;
mod shelf;
mod survey;
mod wire;

use shelf::Shelf;

/// Pages of one list of tags that are read.
const MOST_PAGES: usize = 100;
/// Tags of one image that are kept.
const MOST_TAGS: usize = 20_000;
/// Bytes of manifests and configurations that are remembered, counted as they came.
const REMEMBERED: usize = 8 * 1024 * 1024;

/// Looks at one image in its registry. Whatever has a digest is fetched once.
#[derive(Debug)]
pub struct Client {
    registry: Registry,
    /// What cannot be read for its content is remembered as that.
    manifests: Shelf<Result<Manifest, Failure>>,
    configs: Shelf<ImageConfig>,
    /// Manifests and layers of evidence, as they came.
    raw: Shelf<RawManifest>,
    pieces: Shelf<bytes::Bytes>,
    /// Where evidence is kept between two runs.
    keep: Option<Keep>,
    lists: survey::Lists,
}

impl Client {
    /// A client for one image; `http` is [`crate::net::client`].
    pub fn new(http: reqwest::Client, access: RegistryAccess) -> Self {
        Self {
            registry: Registry::new(http, access),
            manifests: Shelf::new(REMEMBERED),
            configs: Shelf::new(REMEMBERED),
            raw: Shelf::new(REMEMBERED),
            pieces: Shelf::new(REMEMBERED),
            keep: None,
            lists: survey::Lists::default(),
        }
    }

    /// The same with other limits for each request.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.registry = self.registry.with_limits(limits);
        self
    }

    /// Answers [`Ask::Tags`], [`Ask::Tag`], [`Ask::Manifest`], [`Ask::Config`],
    /// [`Ask::Survey`] and [`Ask::Removal`].
    pub async fn look(&self, ask: &Ask, now: Timestamp) -> Answer {
        let mut meter = Meter::default();
        let outcome = match ask {
            Ask::Tags(_) => self.tags(now, &mut meter).await.map(Fact::Tags),
            Ask::Tag(_, tag) => self.tag(tag, now, &mut meter).await.map(Fact::Tag),
            Ask::Manifest(_, digest) => self
                .manifest(digest, now, &mut meter)
                .await
                .map(Fact::Manifest),
            Ask::Config(_, digest) => self
                .config(digest, now, &mut meter)
                .await
                .map(|config| Fact::Config(Arc::unwrap_or_clone(config))),
            Ask::Survey(_) => {
                let survey = Box::pin(self.survey(now, &mut meter)).await;
                survey.map(|survey| Fact::Survey(Arc::new(survey)))
            }
            Ask::Removal(_) => self.removal(now, &mut meter).await.map(Fact::Removal),
            _ => Err(failure::plain(
                FailureKind::Unexpected,
                "A registry was asked what it cannot know.",
                "Please report this.",
            )),
        };
        Answer {
            outcome,
            cost: meter.cost,
            rate: meter.rate,
        }
    }

    /// All tags, in the registry's order. A registry that begins again from the start is left there.
    async fn tags(&self, now: Timestamp, meter: &mut Meter) -> Result<Vec<String>, Failure> {
        let mut tags = Vec::new();
        let mut seen = HashSet::new();
        let mut page = None;
        for _ in 0..MOST_PAGES {
            let got = self.registry.tags(page.as_ref(), now, meter).await?;
            let mut is_repeated = false;
            for tag in got.tags {
                // What cannot be a tag cannot be asked for either, and may be meant for the terminal.
                if tag.parse::<Tag>().is_err() {
                    continue;
                }
                if seen.insert(tag.clone()) {
                    tags.push(tag);
                } else {
                    is_repeated = true;
                }
            }
            if tags.len() > MOST_TAGS {
                break;
            }
            match got.next {
                Some(next) if !is_repeated => page = Some(next),
                _ => return Ok(tags),
            }
        }
        Err(failure::plain(
            FailureKind::TooLarge,
            format!(
                "{} lists more tags of {} than can be read ({MOST_TAGS} tags, {MOST_PAGES} pages).",
                self.registry.service(),
                self.registry.image()
            ),
            "Remove tags that nobody needs; single tags are still looked up.",
        ))
    }

    async fn tag(
        &self,
        tag: &str,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<Option<Digest>, Failure> {
        let tag: Tag = tag.parse().map_err(|err| {
            failure::plain(
                FailureKind::Malformed,
                format!("This cannot be looked up: {err}."),
                "Check the image's tag templates in the configuration.",
            )
        })?;
        self.registry
            .resolve(Reference::Tag(&tag), now, meter)
            .await
    }

    /// A manifest, from memory where it was seen before.
    async fn manifest(
        &self,
        digest: &Digest,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<Option<Manifest>, Failure> {
        let found = self
            .manifests
            .get_or_fetch(digest, async {
                let reference = Reference::Digest(digest);
                let Some(raw) = self.registry.manifest(reference, now, meter).await? else {
                    return Ok(None);
                };
                let read = match convert::manifest(&raw.bytes, &raw.media_type, &raw.digest) {
                    Ok(manifest) => Ok(manifest),
                    Err(why) if why.lies_in_content() => Err(self.unreadable(&raw, &why)),
                    // The next answer may have another type.
                    Err(why) => return Err(self.unreadable(&raw, &why)),
                };
                Ok(Some((read, raw.bytes.len())))
            })
            .await?;
        found.map(Arc::unwrap_or_clone).transpose()
    }

    fn unreadable(&self, raw: &RawManifest, why: &convert::ConvertError) -> Failure {
        failure::plain(
            FailureKind::Malformed,
            format!(
                "The manifest {} of {} cannot be read: {why}.",
                raw.digest.short(),
                self.registry.image()
            ),
            "Its bytes are those of its digest, so it was pushed like this: look at the build that pushed it.",
        )
    }

    /// The configuration of one platform's image.
    async fn config(
        &self,
        manifest: &Digest,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<Arc<ImageConfig>, Failure> {
        let image = self.registry.image();
        let found = self.manifest(manifest, now, meter).await?.ok_or_else(|| {
            failure::plain(
                FailureKind::NotFound,
                format!(
                    "{} has no manifest {} of {image}.",
                    self.registry.service(),
                    manifest.short()
                ),
                "It may just have been deleted: look at the tags again.",
            )
        })?;
        let ManifestContent::Image { config, .. } = &found.content else {
            return Err(failure::plain(
                FailureKind::Malformed,
                format!(
                    "{} of {image} is not one platform's image, so it has no configuration.",
                    manifest.short()
                ),
                "Ask for the manifest of one of its platforms.",
            ));
        };
        let fetched = self
            .configs
            .get_or_fetch(config, async {
                let bytes = self
                    .registry
                    .blob(config, LARGEST_MANIFEST, now, meter)
                    .await?;
                let read = convert::config(&bytes, config).map_err(|why| {
                    failure::plain(
                        FailureKind::Malformed,
                        format!(
                            "The configuration {} of {image} cannot be read: {why}.",
                            config.short()
                        ),
                        "Its bytes are those of its digest, so it was pushed like this: look at the build that pushed it.",
                    )
                })?;
                Ok(Some((read, bytes.len())))
            })
            .await?;
        fetched.ok_or_else(|| {
            failure::plain(
                FailureKind::NotFound,
                format!("{image} has no configuration {}.", config.short()),
                "It may just have been deleted: look at the tags again.",
            )
        })
    }
}
