//! Everything observed, in one value that is cheap to clone and total to update.

mod forget;
mod record;

pub use record::{AskKey, FirstSeen, Health, ImageRecord, RunRecord};

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::artifact::{Manifest, PypiVersion};
use super::digest::Digest;
use super::evidence::{Expected, TrustRoot, Verification};
use super::fact::{
    Ask, Cost, Fact, Failure, FailureKind, ImageId, Observation, Rate, SourceId, Viewer,
    WorkflowKey,
};
use super::ids::{JobId, RunId};
use super::observed::Observed;
use super::repository::{Repository, WorkflowEntry};
use super::run::{Environment, Release, Run, Status, TagRef};
use super::time::{Timestamp, after, since};

/// An answer that is older than the one on record by no more than this came late. By more, the clock was set back.
pub const LATE: Duration = Duration::from_secs(120);
/// The longest that a service's own word is obeyed before it is asked once more: an hour, GitHub's window.
pub const LONGEST_OBEYED: Duration = Duration::from_secs(3600);

/// Everything observed. Cloning copies pointers; equality is by content.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Snapshot {
    /// Grows with each change that a face could show.
    pub revision: u64,
    /// Recent runs of the release workflow, newest first.
    pub runs: Arc<Observed<Vec<Run>>>,
    /// Recent runs of the publish workflow, newest first.
    pub publish_runs: Arc<Observed<Vec<Run>>>,
    /// Records by run, of both workflows.
    pub records: BTreeMap<RunId, Arc<RunRecord>>,
    /// The pipeline's environments.
    pub environments: Arc<Observed<Vec<Environment>>>,
    /// Workflow files by repository, path and commit; `None` within: not there.
    pub workflows: BTreeMap<WorkflowKey, Arc<Observed<Option<String>>>>,
    /// Recent Releases.
    pub releases: Arc<Observed<Vec<Release>>>,
    /// Git tags asked for; `None` within: not there.
    pub tag_refs: BTreeMap<String, Arc<Observed<Option<TagRef>>>>,
    /// Whose credential is used; the next session may come with another.
    #[serde(skip)]
    pub viewer: Arc<Observed<Viewer>>,
    /// The repository itself, where a change was planned.
    #[serde(skip)]
    pub repository: Arc<Observed<Repository>>,
    /// Its workflows, where a change was planned.
    #[serde(skip)]
    pub workflow_list: Arc<Observed<Vec<WorkflowEntry>>>,
    /// Runs that were started by hand, by the file's name, where a change was planned.
    #[serde(skip)]
    pub started: BTreeMap<String, Arc<Observed<Vec<Run>>>>,
    /// Image repositories.
    pub images: BTreeMap<ImageId, Arc<ImageRecord>>,
    /// The package index, by version.
    pub pypi: BTreeMap<String, Arc<Observed<PypiVersion>>>,
    /// The keys that signatures are verified with.
    #[serde(skip)]
    pub trust: Arc<Observed<TrustRoot>>,
    /// How each source has been doing in this session.
    #[serde(skip)]
    pub health: BTreeMap<SourceId, Arc<Health>>,
}

/// What an observation did to the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// A value that a face could show has changed.
    Changed,
    /// The same value again: only its time is new.
    Confirmed,
    /// Nothing was taken.
    Ignored(&'static str),
}

impl Snapshot {
    /// The record of a run; an empty one where nothing is known.
    pub fn record(&self, run: RunId) -> Option<&RunRecord> {
        self.records.get(&run).map(Arc::as_ref)
    }

    /// The run, from its own look or from a listing, whichever is newer by GitHub's clock.
    pub fn run(&self, id: RunId) -> Option<&Run> {
        let own = self.record(id).and_then(|record| record.run.value());
        let listed = [&self.runs, &self.publish_runs]
            .into_iter()
            .filter_map(|list| list.value())
            .flatten()
            .find(|run| run.id == id);
        match (own, listed) {
            (Some(own), Some(listed)) if listed.updated_at > own.updated_at => Some(listed),
            (Some(own), _) => Some(own),
            (None, listed) => listed,
        }
    }

    /// The record of an image.
    pub fn image(&self, image: &ImageId) -> Option<&ImageRecord> {
        self.images.get(image).map(Arc::as_ref)
    }

    /// What a tag resolves to, where it was looked up.
    pub fn tag(&self, image: &ImageId, tag: &str) -> Option<&Observed<Option<Digest>>> {
        self.image(image)?.tags.get(tag)
    }

    /// A manifest that was fetched.
    pub fn manifest(&self, image: &ImageId, digest: &Digest) -> Option<&Manifest> {
        self.image(image)?.manifests.get(digest)?.value()?.as_ref()
    }

    /// What was proved of an image, judged by these facts of its run.
    pub fn evidence_of(
        &self,
        image: &ImageId,
        digest: &Digest,
        expected: &Expected,
    ) -> Option<&Observed<Option<Arc<Verification>>>> {
        let key = (digest.clone(), expected.clone());
        self.image(image)?.evidence.get(&key)
    }

    /// When the answer to a question was last good, and whether the latest look failed.
    pub fn standing(&self, ask: &Ask) -> Standing {
        fn of<T>(observed: Option<&Observed<T>>) -> Standing {
            observed.map_or(Standing::default(), |o| Standing {
                seen_at: o.seen_at(),
                failed_at: o.failed_at(),
                failures: o.failures_in_a_row(),
            })
        }
        let record = |run: &RunId| self.record(*run);
        match ask {
            Ask::Runs => of(Some(&self.runs)),
            Ask::PublishRuns => of(Some(&self.publish_runs)),
            Ask::Run(run) => of(record(run).map(|r| &r.run)),
            Ask::Jobs(run) => of(record(run).map(|r| &r.jobs)),
            Ask::AttemptJobs(run, n) => of(record(run).and_then(|r| r.attempts.get(n))),
            Ask::Pending(run) => of(record(run).map(|r| &r.pending)),
            Ask::Approvals(run) => of(record(run).map(|r| &r.approvals)),
            Ask::Environments => of(Some(&self.environments)),
            Ask::Workflow(key) => of(self.workflows.get(key).map(Arc::as_ref)),
            Ask::Releases => of(Some(&self.releases)),
            Ask::TagRef(tag) => of(self.tag_refs.get(tag).map(Arc::as_ref)),
            Ask::JobLog(job) => of(self.records.values().find_map(|r| r.logs.get(job))),
            Ask::Viewer => of(Some(&self.viewer)),
            Ask::Repository => of(Some(&self.repository)),
            Ask::Workflows => of(Some(&self.workflow_list)),
            Ask::Started(workflow) => of(self.started.get(workflow).map(Arc::as_ref)),
            Ask::Tags(image) => of(self.image(image).map(|i| &i.tag_list)),
            Ask::Tag(image, tag) => of(self.tag(image, tag)),
            Ask::Manifest(image, d) => of(self.image(image).and_then(|i| i.manifests.get(d))),
            Ask::Config(image, d) => of(self.image(image).and_then(|i| i.configs.get(d))),
            Ask::Survey(image) => of(self.image(image).map(|i| &i.survey)),
            Ask::Removal(image) => of(self.image(image).map(|i| &i.removal)),
            Ask::HubTags(image) => of(self.image(image).map(|i| &i.hub)),
            Ask::Evidence(image, d, expected) => of(self.evidence_of(image, d, expected)),
            Ask::Pypi(version) => of(self.pypi.get(version).map(Arc::as_ref)),
            Ask::Trust => of(Some(&self.trust)),
        }
    }

    /// Why the latest look for a question failed, where it did.
    pub fn failure(&self, ask: &Ask) -> Option<&Failure> {
        let health = self.health.get(&ask.source())?;
        health
            .failing
            .get(&AskKey(ask.clone()))
            .map(|(failure, _)| failure)
    }

    /// Takes an observation in. Total: what does not fit is ignored with a reason, nothing panics.
    pub fn apply(&mut self, observation: Observation) -> Applied {
        let Observation {
            ask,
            at,
            outcome,
            cost,
            rate,
        } = observation;
        let standing = self.standing(&ask);
        let is_late = |seen: Timestamp| seen > at && since(at, seen) <= LATE;
        if standing.seen_at.is_some_and(is_late) {
            return Applied::Ignored("a newer answer is already here");
        }
        self.note_health(&ask, at, outcome.as_ref().err(), cost, rate);
        let applied = match outcome {
            Ok(fact) => self.take(&ask, fact, at),
            Err(failure) => {
                self.fail(&ask, failure, at);
                Applied::Changed
            }
        };
        if applied == Applied::Changed {
            self.revision = self.revision.wrapping_add(1);
        }
        applied
    }

    fn note_health(
        &mut self,
        ask: &Ask,
        at: Timestamp,
        failure: Option<&Failure>,
        cost: Cost,
        rate: Option<Rate>,
    ) {
        let health = Arc::make_mut(self.health.entry(ask.source()).or_default());
        health.cost += cost;
        if rate.is_some() {
            health.rate = rate;
        }
        match failure {
            None => {
                health.last_good = Some(at);
                health.failures_in_a_row = 0;
                // An answer to what was sent before the service asked for a pause does not end the pause.
                if health.paused_until.is_some_and(|until| until <= at) {
                    health.paused_until = None;
                }
                health.failing.remove(&AskKey(ask.clone()));
            }
            Some(failure) => {
                health.failures_in_a_row = health.failures_in_a_row.saturating_add(1);
                if failure.kind == FailureKind::RateLimited {
                    health.paused_until = failure
                        .retry_at
                        .map(|until| until.min(after(at, LONGEST_OBEYED)));
                }
                health
                    .failing
                    .insert(AskKey(ask.clone()), (failure.clone(), at));
            }
        }
    }

    fn take(&mut self, ask: &Ask, fact: Fact, at: Timestamp) -> Applied {
        let changed = match (ask, fact) {
            (Ask::Runs, Fact::Runs(runs)) => {
                let changed = Arc::make_mut(&mut self.runs).saw(runs, at);
                self.forget_old_records();
                changed
            }
            (Ask::PublishRuns, Fact::PublishRuns(runs)) => {
                Arc::make_mut(&mut self.publish_runs).saw(runs, at)
            }
            (Ask::Run(id), Fact::Run(run)) if run.id == *id => {
                let record = self.record_mut(*id);
                let before = record.run.value().map(|run| run.attempt);
                // A re-run while watched: the older attempt's jobs stay on record. Jobs are looked at more often than
                // their run, so those on record may be the new attempt's already.
                if let Some(before) = before.filter(|before| run.attempt > *before)
                    && !record.has_jobs_after(before)
                {
                    let jobs = std::mem::take(&mut record.jobs);
                    record.attempts.insert(before, jobs);
                }
                record.run.saw(run, at)
            }
            (Ask::Jobs(id), Fact::Jobs(jobs)) => {
                let record = self.record_mut(*id);
                // Gates that let their jobs go say nothing about the next job that waits.
                let waits = jobs.iter().any(|job| job.status == Status::Waiting);
                if !waits
                    && record
                        .pending
                        .value()
                        .is_some_and(|gates| !gates.is_empty())
                {
                    record.pending.saw(Vec::new(), at);
                }
                record.jobs.saw(jobs, at)
            }
            (Ask::AttemptJobs(id, n), Fact::Jobs(jobs)) => self
                .record_mut(*id)
                .attempts
                .entry(*n)
                .or_default()
                .saw(jobs, at),
            (Ask::Pending(id), Fact::Pending(pending)) => {
                self.record_mut(*id).pending.saw(pending, at)
            }
            (Ask::Approvals(id), Fact::Approvals(list)) => {
                self.record_mut(*id).approvals.saw(list, at)
            }
            (Ask::Environments, Fact::Environments(list)) => {
                Arc::make_mut(&mut self.environments).saw(list, at)
            }
            (Ask::Workflow(key), Fact::Workflow(text)) => {
                Arc::make_mut(self.workflows.entry(key.clone()).or_default()).saw(text, at)
            }
            (Ask::Releases, Fact::Releases(list)) => {
                Arc::make_mut(&mut self.releases).saw(list, at)
            }
            (Ask::TagRef(tag), Fact::TagRef(found)) => {
                Arc::make_mut(self.tag_refs.entry(tag.clone()).or_default()).saw(found, at)
            }
            (Ask::JobLog(job), Fact::JobLog(log)) => {
                let Some(run) = self.run_of(*job) else {
                    return Applied::Ignored("the log of a job that is not known");
                };
                self.record_mut(run)
                    .logs
                    .entry(*job)
                    .or_default()
                    .saw(log, at)
            }
            (Ask::Viewer, Fact::Viewer(viewer)) => Arc::make_mut(&mut self.viewer).saw(viewer, at),
            (Ask::Repository, Fact::Repository(found)) => {
                Arc::make_mut(&mut self.repository).saw(found, at)
            }
            (Ask::Workflows, Fact::Workflows(list)) => {
                Arc::make_mut(&mut self.workflow_list).saw(list, at)
            }
            (Ask::Started(workflow), Fact::Started(runs)) => {
                Arc::make_mut(self.started.entry(workflow.clone()).or_default()).saw(runs, at)
            }
            (Ask::Tags(image), Fact::Tags(tags)) => self.image_mut(image).saw_tags(tags, at),
            (Ask::Tag(image, tag), Fact::Tag(digest)) => self
                .image_mut(image)
                .tags
                .entry(tag.clone())
                .or_default()
                .saw(digest, at),
            (Ask::Manifest(image, digest), Fact::Manifest(manifest)) => {
                if manifest.as_ref().is_some_and(|m| m.digest != *digest) {
                    return Applied::Ignored("a manifest of another digest");
                }
                self.image_mut(image)
                    .manifests
                    .entry(digest.clone())
                    .or_default()
                    .saw(manifest, at)
            }
            (Ask::Config(image, digest), Fact::Config(config)) => self
                .image_mut(image)
                .configs
                .entry(digest.clone())
                .or_default()
                .saw(config, at),
            (Ask::Survey(image), Fact::Survey(survey)) => {
                self.image_mut(image).survey.saw(survey, at)
            }
            (Ask::Removal(image), Fact::Removal(removal)) => {
                self.image_mut(image).removal.saw(removal, at)
            }
            (Ask::HubTags(image), Fact::HubTags(tags)) => self.image_mut(image).hub.saw(tags, at),
            (Ask::Evidence(image, digest, expected), Fact::Evidence(found)) => {
                if found.as_ref().is_some_and(|found| found.digest != *digest) {
                    return Applied::Ignored("evidence of another digest");
                }
                self.image_mut(image)
                    .evidence
                    .entry((digest.clone(), (**expected).clone()))
                    .or_default()
                    .saw(found, at)
            }
            (Ask::Trust, Fact::Trust(root)) => Arc::make_mut(&mut self.trust).saw(root, at),
            (Ask::Pypi(version), Fact::Pypi(held)) => {
                Arc::make_mut(self.pypi.entry(version.clone()).or_default()).saw(held, at)
            }
            _ => return Applied::Ignored("an answer to another question"),
        };
        self.stay_small(ask);
        if changed {
            Applied::Changed
        } else {
            Applied::Confirmed
        }
    }

    fn fail(&mut self, ask: &Ask, failure: Failure, at: Timestamp) {
        match ask {
            Ask::Runs => Arc::make_mut(&mut self.runs).failed(failure, at),
            Ask::PublishRuns => Arc::make_mut(&mut self.publish_runs).failed(failure, at),
            Ask::Run(id) => self.record_mut(*id).run.failed(failure, at),
            Ask::Jobs(id) => self.record_mut(*id).jobs.failed(failure, at),
            Ask::AttemptJobs(id, n) => {
                self.record_mut(*id)
                    .attempts
                    .entry(*n)
                    .or_default()
                    .failed(failure, at);
            }
            Ask::Pending(id) => self.record_mut(*id).pending.failed(failure, at),
            Ask::Approvals(id) => self.record_mut(*id).approvals.failed(failure, at),
            Ask::Environments => Arc::make_mut(&mut self.environments).failed(failure, at),
            Ask::Workflow(key) => {
                Arc::make_mut(self.workflows.entry(key.clone()).or_default()).failed(failure, at);
            }
            Ask::Releases => Arc::make_mut(&mut self.releases).failed(failure, at),
            Ask::TagRef(tag) => {
                Arc::make_mut(self.tag_refs.entry(tag.clone()).or_default()).failed(failure, at);
            }
            Ask::JobLog(job) => {
                if let Some(run) = self.run_of(*job) {
                    self.record_mut(run)
                        .logs
                        .entry(*job)
                        .or_default()
                        .failed(failure, at);
                }
            }
            Ask::Viewer => Arc::make_mut(&mut self.viewer).failed(failure, at),
            Ask::Repository => Arc::make_mut(&mut self.repository).failed(failure, at),
            Ask::Workflows => Arc::make_mut(&mut self.workflow_list).failed(failure, at),
            Ask::Started(workflow) => {
                let list = self.started.entry(workflow.clone()).or_default();
                Arc::make_mut(list).failed(failure, at);
            }
            Ask::Tags(image) => self.image_mut(image).tag_list.failed(failure, at),
            Ask::Tag(image, tag) => {
                self.image_mut(image)
                    .tags
                    .entry(tag.clone())
                    .or_default()
                    .failed(failure, at);
            }
            Ask::Manifest(image, digest) => self
                .image_mut(image)
                .manifests
                .entry(digest.clone())
                .or_default()
                .failed(failure, at),
            Ask::Config(image, digest) => {
                self.image_mut(image)
                    .configs
                    .entry(digest.clone())
                    .or_default()
                    .failed(failure, at);
            }
            Ask::Survey(image) => self.image_mut(image).survey.failed(failure, at),
            Ask::Removal(image) => self.image_mut(image).removal.failed(failure, at),
            Ask::HubTags(image) => self.image_mut(image).hub.failed(failure, at),
            Ask::Evidence(image, digest, expected) => self
                .image_mut(image)
                .evidence
                .entry((digest.clone(), (**expected).clone()))
                .or_default()
                .failed(failure, at),
            Ask::Trust => Arc::make_mut(&mut self.trust).failed(failure, at),
            Ask::Pypi(version) => {
                Arc::make_mut(self.pypi.entry(version.clone()).or_default()).failed(failure, at);
            }
        }
    }

    /// Writes down what a tag pointed to when a run was first seen; later values change nothing. Says whether it did.
    pub fn note_first_seen(&mut self, run: RunId, image: &ImageId, tag: &str) -> bool {
        let Some(observed) = self.tag(image, tag) else {
            return false;
        };
        let (Some(digest), Some(at)) = (observed.value().cloned(), observed.seen_at()) else {
            return false;
        };
        if self
            .record(run)
            .and_then(|record| record.first_seen.get(image))
            .is_some_and(|tags| tags.contains_key(tag))
        {
            return false;
        }
        self.record_mut(run)
            .first_seen
            .entry(image.clone())
            .or_default()
            .insert(tag.to_owned(), FirstSeen { digest, at });
        true
    }

    fn run_of(&self, job: JobId) -> Option<RunId> {
        self.records.iter().find_map(|(run, record)| {
            let here = record.jobs.value().into_iter();
            let earlier = record.attempts.values().filter_map(Observed::value);
            here.chain(earlier)
                .flatten()
                .any(|j| j.id == job)
                .then_some(*run)
        })
    }

    fn record_mut(&mut self, run: RunId) -> &mut RunRecord {
        Arc::make_mut(self.records.entry(run).or_default())
    }

    fn image_mut(&mut self, image: &ImageId) -> &mut ImageRecord {
        Arc::make_mut(self.images.entry(image.clone()).or_default())
    }
}

/// How the looks for one question have gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// When the last good answer came.
    pub seen_at: Option<Timestamp>,
    /// When the latest look failed, where it did.
    pub failed_at: Option<Timestamp>,
    /// Failed looks in a row.
    pub failures: u32,
}

impl Standing {
    /// When somebody last looked, with whatever result.
    pub fn looked_at(&self) -> Option<Timestamp> {
        self.seen_at.max(self.failed_at)
    }
}
