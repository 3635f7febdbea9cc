//! A look at a whole repository: what is needed to know what can go, without changing anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{Client, convert};
use crate::domain::artifact::ManifestContent;
use crate::domain::digest::Digest;
use crate::domain::fact::{Failure, FailureKind};
use crate::domain::survey::{Removal, Survey};
use crate::domain::time::Timestamp;
use crate::net::address::Next;
use crate::net::failure;
use crate::net::registry::{Meter, Reference};

/// Requests under way at once.
const AT_ONCE: usize = 8;
/// Indexes that may stand one in another.
const DEEPEST: usize = 4;
/// Pages of one list of referrers that are read.
const MOST_PAGES: usize = 16;

/// What manifests list, by digest: it never changes.
#[derive(Debug, Default)]
pub(super) struct Lists(Mutex<BTreeMap<Digest, BTreeSet<Digest>>>);

impl Lists {
    fn get(&self, digest: &Digest) -> Option<BTreeSet<Digest>> {
        let lists = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        lists.get(digest).cloned()
    }

    fn set(&self, digest: &Digest, listed: &BTreeSet<Digest>) {
        let mut lists = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        lists.insert(digest.clone(), listed.clone());
    }
}

/// The cost of looks that run side by side.
#[derive(Debug, Default)]
struct Sum(Mutex<Meter>);

impl Sum {
    fn add(&self, meter: &Meter) {
        let mut sum = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        sum.cost += meter.cost;
        sum.rate = meter.rate.or(sum.rate);
    }

    fn into_meter(self) -> Meter {
        self.0
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Client {
    /// Every manifest that this one lists, directly or through another; none where there is no such manifest.
    pub async fn made_of(
        &self,
        digest: &Digest,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<BTreeSet<Digest>, Failure> {
        if let Some(known) = self.lists.get(digest) {
            return Ok(known);
        }
        let mut found = BTreeSet::new();
        let mut ahead = vec![(digest.clone(), 0)];
        let mut is_whole = true;
        while let Some((next, depth)) = ahead.pop() {
            let reference = Reference::Digest(&next);
            let Some(raw) = self.registry.manifest(reference, now, meter).await? else {
                is_whole = false;
                continue;
            };
            let read = convert::manifest(&raw.bytes, &raw.media_type, &raw.digest);
            let read = read.map_err(|why| self.unreadable(&raw, &why))?;
            let ManifestContent::Index {
                platforms,
                attestations,
            } = read.content
            else {
                continue;
            };
            let platforms = platforms.into_iter().map(|entry| entry.digest);
            let attestations = attestations.into_iter().map(|entry| entry.digest);
            let nested = convert::nested(&raw.bytes);
            for child in platforms.chain(attestations) {
                let is_index = nested.contains(&child);
                if found.insert(child.clone()) && is_index {
                    if depth >= DEEPEST {
                        return Err(failure::malformed(
                            self.registry.service(),
                            "indexes that end somewhere",
                        ));
                    }
                    ahead.push((child, depth + 1));
                }
            }
        }
        if is_whole {
            self.lists.set(digest, &found);
        }
        Ok(found)
    }

    /// The whole repository.
    pub(super) async fn survey(
        &self,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<Survey, Failure> {
        let mut survey = Survey::default();
        let names = self.tags(now, meter).await?;
        let sum = Sum::default();
        let looks = stream::iter(names.clone()).map(|name| {
            let sum = &sum;
            async move {
                let mut meter = Meter::default();
                let found = self.tag(&name, now, &mut meter).await;
                sum.add(&meter);
                settle(found).map(|found| (name, found))
            }
        });
        let looked: Vec<_> = looks.buffer_unordered(AT_ONCE).try_collect().await?;
        for (name, found) in looked {
            match found {
                Ok(Some(digest)) => {
                    survey.tags.insert(name, digest);
                }
                // It went between the list and the look.
                Ok(None) => {}
                Err(why) => {
                    survey.unseen.insert(name, why);
                }
            }
        }
        let images: BTreeSet<Digest> = survey
            .tags
            .iter()
            .filter(|(tag, _)| !Survey::holds_evidence(tag))
            .map(|(_, digest)| digest.clone())
            .collect();
        let reads = stream::iter(images).map(|digest| {
            let sum = &sum;
            async move {
                let mut meter = Meter::default();
                let read = self.made_of(&digest, now, &mut meter).await;
                sum.add(&meter);
                settle(read).map(|read| (digest, read))
            }
        });
        let read: Vec<_> = reads.buffer_unordered(AT_ONCE).try_collect().await?;
        for (digest, read) in read {
            match read {
                Ok(lists) => {
                    survey.lists.insert(digest, lists);
                }
                Err(why) => {
                    survey.unread.insert(digest, why);
                }
            }
        }
        self.add_referrers(&mut survey, &names, now, &sum).await?;
        survey.removal = self.removal_among(&names, now, meter).await?;
        let scope = self.registry.delete_scope();
        survey.granted = self.registry.granted(&scope, now, meter).await?;
        let sum = sum.into_meter();
        meter.cost += sum.cost;
        meter.rate = sum.rate.or(meter.rate);
        Ok(survey)
    }

    /// How a tag is removed here, as far as it can be told without trying.
    pub(super) async fn removal(
        &self,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<Removal, Failure> {
        let names = self.tags(now, meter).await?;
        self.removal_among(&names, now, meter).await
    }

    async fn removal_among(
        &self,
        names: &[String],
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<Removal, Failure> {
        Ok(if self.registry.image().is_docker_hub() {
            Removal::Hub
        } else if self.ignores_pages(names, now, meter).await? {
            Removal::WholeManifests
        } else {
            Removal::Unknown
        })
    }

    /// What refers to everything that is tagged, to its parts, and to what evidence tags name.
    async fn add_referrers(
        &self,
        survey: &mut Survey,
        names: &[String],
        now: Timestamp,
        sum: &Sum,
    ) -> Result<(), Failure> {
        let of_evidence = names.iter().filter_map(|tag| subject_of(tag));
        let mut subjects: BTreeSet<Digest> = of_evidence.collect();
        for (digest, lists) in &survey.lists {
            subjects.insert(digest.clone());
            subjects.extend(lists.iter().cloned());
        }
        let mut subjects = subjects.into_iter();
        // A registry without such lists says so once.
        let Some(first) = subjects.next() else {
            return Ok(());
        };
        let mut meter = Meter::default();
        let probed = settle(self.referrers_of(&first, now, &mut meter).await);
        sum.add(&meter);
        match probed? {
            Ok(None) => return Ok(()),
            Ok(Some(found)) => {
                survey.referrers.insert(first, found);
            }
            Err(why) => survey.referrers_unread = Some(why),
        }
        let looks = stream::iter(subjects).map(|subject| async move {
            let mut meter = Meter::default();
            let found = self.referrers_of(&subject, now, &mut meter).await;
            sum.add(&meter);
            settle(found).map(|found| (subject, found))
        });
        let looked: Vec<_> = looks.buffer_unordered(AT_ONCE).try_collect().await?;
        for (subject, found) in looked {
            match found {
                Ok(found) => {
                    survey.referrers.insert(subject, found.unwrap_or_default());
                }
                Err(why) => survey.referrers_unread = Some(why),
            }
        }
        survey.referrers.retain(|_, found| !found.is_empty());
        Ok(())
    }

    /// What refers to a manifest; `None`: the registry keeps no such lists.
    async fn referrers_of(
        &self,
        subject: &Digest,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<Option<BTreeSet<Digest>>, Failure> {
        let mut found = BTreeSet::new();
        let mut page = None;
        for _ in 0..MOST_PAGES {
            let got = self.registry.referrers(subject, page.as_ref(), now, meter);
            let Some(got) = got.await? else {
                return Ok(None);
            };
            let read = convert::manifest(&got.index, convert::INDEX, &Digest::of(&got.index));
            let unreadable = || failure::malformed(self.registry.service(), "a list of referrers");
            match read.map_err(|_| unreadable())?.content {
                ManifestContent::Index {
                    platforms,
                    attestations,
                } => {
                    found.extend(platforms.into_iter().map(|entry| entry.digest));
                    found.extend(attestations.into_iter().map(|entry| entry.digest));
                }
                _ => return Err(unreadable()),
            }
            match got.next {
                Next::End => return Ok(Some(found)),
                Next::Page(next) => page = Some(next),
                Next::Elsewhere => return Err(unreadable()),
            }
        }
        Err(failure::plain(
            FailureKind::TooLarge,
            format!("More refers to {} than can be read.", subject.short()),
            "Remove what nobody needs.",
        ))
    }

    /// Whether the registry gives every tag where one is asked for: the reference server before its version 3 does,
    /// and that one removes whole manifests alone.
    async fn ignores_pages(
        &self,
        names: &[String],
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<bool, Failure> {
        if names.len() < 2 {
            return Ok(false);
        }
        let page = self.registry.first_tags(1, now, meter).await?;
        Ok(page.tags.len() == names.len() && page.is_of_reference_server)
    }
}

/// The image of which a tag of this name holds evidence.
pub(super) fn subject_of(tag: &str) -> Option<Digest> {
    let rest = tag.strip_prefix("sha256-")?;
    let hex = rest.split('.').next()?;
    format!("sha256:{hex}").parse().ok()
}

/// What is wrong with one look alone is told of that one; what is wrong with all of them ends the survey.
fn settle<T>(found: Result<T, Failure>) -> Result<Result<T, String>, Failure> {
    match found {
        Ok(found) => Ok(Ok(found)),
        Err(failure) => match failure.kind {
            FailureKind::RateLimited
            | FailureKind::Unauthorized
            | FailureKind::Forbidden
            | FailureKind::NoCredential
            | FailureKind::Unreachable
            | FailureKind::Timeout => Err(failure),
            _ => Ok(Err(failure.what)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_names_its_image() {
        let hex = "ab".repeat(32);
        let digest: Digest = format!("sha256:{hex}").parse().unwrap();
        for tag in ["", ".sig", ".att", ".sbom"] {
            assert_eq!(
                subject_of(&format!("sha256-{hex}{tag}")),
                Some(digest.clone())
            );
        }
        for other in ["latest", "sha256-", "sha256-abc.sig", "prerelease"] {
            assert_eq!(subject_of(other), None, "{other}");
        }
    }
}
