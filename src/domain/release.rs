//! One release read from the facts: which version, which digest, which attempt built it, where it stands.
//!
//! GitHub's API gives none of these directly; each comes with the source it was read from.

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::fact::ImageId;
use super::ids::{Attempt, CommitSha, JobId, RunId};
use super::policy::{ImageSpec, Platform, Policy, Vars};
use super::run::{Conclusion, Job, PendingDeployment, ReviewState, Run, Status};
use super::snapshot::{RunRecord, Snapshot};

/// Job names of the reference pipeline that carry meaning. A called workflow's jobs follow after ` / `.
pub mod role {
    /// Decides whether there is anything to release.
    pub const VERSION_CHECK: &str = "version-check";
    /// What every gate leads to; skipped where there is nothing to release.
    pub const BUILD: &str = "build";
    /// Calls the workflow that builds, scans, signs and attests the image.
    pub const PRERELEASE: &str = "prerelease-docker";
    /// The called job that joins the index and prints its digest.
    pub const CREATE_MANIFEST: &str = "create-manifest";
    /// The called job that scans the image.
    pub const SECURITY_SCAN: &str = "security-scan";
    /// Calls the workflow that promotes the image.
    pub const PUBLISH_DOCKER: &str = "publish-docker";
    /// Dispatches the publish workflow.
    pub const TRIGGER_PYPI: &str = "trigger-pypi";
    /// Waits for the publish workflow.
    pub const MONITOR_PYPI: &str = "monitor-pypi";
    /// Makes the GitHub Release, last.
    pub const CREATE_RELEASE: &str = "create-release";
    /// Removes what a failed release left behind.
    pub const CLEANUP: &str = "cleanup-on-rejection";
}

/// A fact together with where it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sourced<T> {
    /// The fact.
    pub value: T,
    /// Where it was read.
    pub source: FactSource,
}

/// Where a fact that no endpoint gives was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactSource {
    /// The tag that the run was started for.
    RunTag,
    /// The prerelease tag that ends in the run's short commit.
    PrereleaseTag(String),
    /// The Release whose target is the run's commit.
    Release(String),
    /// The user said so.
    Given,
    /// The log of a job.
    JobLog(JobId),
    /// The first digest seen under the prerelease tag while this run was the newest.
    FirstSeen,
}

impl FactSource {
    /// Whether the fact is the pipeline's own word, and not what a mutable tag happened to show.
    pub fn is_strong(&self) -> bool {
        matches!(self, Self::JobLog(_))
    }
}

/// Where a release run stands, as far as the observed facts say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Not enough is known.
    Unknown,
    /// Its version check found nothing to release.
    NothingToRelease,
    /// Gates, build, scan, signing.
    Building,
    /// A gate holds it.
    Waiting {
        /// The environments that hold it.
        environments: Vec<String>,
        /// Whether the viewer may let it go.
        for_you: bool,
    },
    /// The image's release tags are being moved.
    Promoting,
    /// The image is out; the package index or the Release is not yet.
    Publishing,
    /// It ended with the image out and the package index or the Release missing.
    HalfPublished,
    /// Everything is out.
    Released,
    /// A reviewer said no.
    Rejected,
    /// It ended in failure before anything was out.
    Failed,
    /// Somebody cancelled it before anything was out.
    Cancelled,
}

impl Stage {
    /// Whether the run goes on by itself or after a review.
    pub fn is_live(&self) -> bool {
        matches!(
            self,
            Self::Building | Self::Waiting { .. } | Self::Promoting | Self::Publishing
        )
    }

    /// Which run is watched when none is named: lower is better.
    fn rank(&self) -> u8 {
        match self {
            Self::Waiting { for_you: true, .. } => 0,
            Self::Waiting { .. } | Self::Building | Self::Promoting | Self::Publishing => 1,
            Self::HalfPublished => 2,
            Self::NothingToRelease => 9,
            Self::Unknown | Self::Released | Self::Rejected | Self::Failed | Self::Cancelled => 3,
        }
    }
}

/// The display name's first part: the job of the watched workflow itself.
pub fn caller(name: &str) -> &str {
    name.split(" / ").next().unwrap_or(name).trim()
}

/// The display name's last part, without a matrix leg.
pub fn callee(name: &str) -> &str {
    let last = name.rsplit(" / ").next().unwrap_or(name);
    last.split(" (").next().unwrap_or(last).trim()
}

/// Where a run stands.
pub fn stage(snapshot: &Snapshot, id: RunId) -> Stage {
    let Some(run) = snapshot.run(id) else {
        return Stage::Unknown;
    };
    let empty = RunRecord::default();
    let record = snapshot.record(id).unwrap_or(&empty);
    let jobs = record.jobs.value().map_or(&[][..], Vec::as_slice);
    let all = |role: &'static str| jobs.iter().filter(move |job| caller(&job.name) == role);
    // A job of a called workflow whose condition was false does not undo the call's success.
    let passed = |job: &Job| {
        matches!(
            job.conclusion,
            Some(Conclusion::Success | Conclusion::Skipped | Conclusion::Neutral)
        )
    };
    let succeeded = |role: &'static str| {
        all(role).all(passed) && all(role).any(|job| job.conclusion == Some(Conclusion::Success))
    };
    // Past its gate the promote is under way, also while its jobs wait for a runner.
    let promoting = || {
        all(role::PUBLISH_DOCKER)
            .any(|job| job.status == Status::InProgress || succeeded(role::PRERELEASE))
    };

    // How a run ended follows from the jobs that it ended with; until they are known it goes on as it was last seen.
    let behind = record.jobs.value().is_some() && !jobs_are_final(run, record);
    if behind && is_of_older_attempt(run, jobs) && run.is_over() {
        return Stage::Unknown;
    }
    if !run.is_over() || behind {
        let pending = record.pending.value().map_or(&[][..], Vec::as_slice);
        let waits =
            jobs.iter().any(|job| job.status == Status::Waiting) || run.status == Status::Waiting;
        if waits && !pending.is_empty() {
            return Stage::Waiting {
                environments: pending.iter().map(|gate| gate.name.clone()).collect(),
                for_you: pending.iter().any(|gate| gate.viewer_may_approve),
            };
        }
        if waits {
            return Stage::Waiting {
                environments: Vec::new(),
                for_you: false,
            };
        }
        if succeeded(role::PUBLISH_DOCKER) {
            return Stage::Publishing;
        }
        if promoting() {
            return Stage::Promoting;
        }
        return Stage::Building;
    }
    if record.jobs.value().is_none() {
        return Stage::Unknown;
    }
    let rejected = record.approvals.value().is_some_and(|list| {
        list.iter()
            .any(|review| review.state == ReviewState::Rejected)
    });
    if succeeded(role::CREATE_RELEASE) {
        Stage::Released
    } else if all(role::BUILD).any(|job| job.conclusion == Some(Conclusion::Skipped))
        && all(role::VERSION_CHECK).any(|job| job.conclusion == Some(Conclusion::Success))
        && run.conclusion == Some(Conclusion::Success)
    {
        Stage::NothingToRelease
    } else if succeeded(role::PUBLISH_DOCKER) {
        if finished_by_hand(snapshot, run) {
            Stage::Released
        } else {
            Stage::HalfPublished
        }
    } else if rejected {
        Stage::Rejected
    } else if run.conclusion == Some(Conclusion::Cancelled) {
        Stage::Cancelled
    } else if run.conclusion == Some(Conclusion::Success) {
        // Green without a Release of its own: nothing shows that anything went out.
        Stage::Unknown
    } else {
        Stage::Failed
    }
}

/// Whether the jobs on record are those that the run ended with; never while it goes on.
///
/// Jobs and run are looked at apart: jobs that were seen before the end was seen may not be the last.
pub fn jobs_are_final(run: &Run, record: &RunRecord) -> bool {
    let Some(jobs) = record.jobs.value() else {
        return false;
    };
    if !run.is_over() || is_of_older_attempt(run, jobs) {
        return false;
    }
    let own = record.run.value().filter(|own| own.is_over());
    match own.and_then(|_| record.run.changed_at()) {
        Some(ended) => record.jobs.seen_at().is_some_and(|seen| seen >= ended),
        // Known from a listing alone.
        None => jobs.iter().all(Job::is_over),
    }
}

fn is_of_older_attempt(run: &Run, jobs: &[Job]) -> bool {
    let older = |job: &Job| job.attempt.is_some_and(|of| of < run.attempt);
    !jobs.is_empty() && jobs.iter().all(older)
}

/// Whether a run whose image is out was finished outside it: the Release is published and the package is held.
fn finished_by_hand(snapshot: &Snapshot, run: &Run) -> bool {
    let of_run = |release: &&super::run::Release| {
        !release.draft
            && (run.head_branch.as_ref() == Some(&release.tag)
                || release.target.eq_ignore_ascii_case(run.head_sha.as_str()))
    };
    let mut releases = snapshot.releases.value().into_iter().flatten();
    let Some(version) = releases.find(of_run).and_then(|r| version_of_tag(&r.tag)) else {
        return false;
    };
    let held = snapshot.pypi.get(version).and_then(|held| held.value());
    held.is_some_and(super::artifact::PypiVersion::is_there)
}

/// The gates of a run at which jobs wait now.
pub fn gates(snapshot: &Snapshot, id: RunId) -> &[PendingDeployment] {
    let Some(record) = snapshot.record(id) else {
        return &[];
    };
    let mut jobs = record.jobs.value().into_iter().flatten();
    if snapshot.run(id).is_some_and(Run::is_over) || !jobs.any(|job| job.status == Status::Waiting)
    {
        return &[];
    }
    record.pending.value().map_or(&[], Vec::as_slice)
}

/// Lower needs a look more: what the run is in itself, and whether its publish run waits for the viewer.
fn rank(snapshot: &Snapshot, run: &Run) -> u8 {
    let publish = publish_run(snapshot, run).map(|publish| gates(snapshot, publish.id));
    let waits = |gates: &[PendingDeployment]| gates.iter().any(|gate| gate.viewer_may_approve);
    if publish.is_some_and(waits) {
        return 0;
    }
    stage(snapshot, run.id).rank()
}

/// The run to watch: the user's choice, else the one that most needs a look.
pub fn choose(snapshot: &Snapshot, pinned: Option<RunId>) -> Option<RunId> {
    if pinned.is_some() {
        return pinned;
    }
    let runs = snapshot.runs.value()?;
    runs.iter()
        .enumerate()
        .min_by_key(|(place, run)| (rank(snapshot, run), *place))
        .map(|(_, run)| run.id)
}

/// The version that a run releases, without `v`.
pub fn version(
    snapshot: &Snapshot,
    policy: &Policy,
    run: &Run,
    given: Option<&str>,
) -> Option<Sourced<String>> {
    if let Some(given) = given {
        return Some(Sourced {
            value: given.to_owned(),
            source: FactSource::Given,
        });
    }
    if let Some(version) = run.head_branch.as_deref().and_then(version_of_tag) {
        return Some(Sourced {
            value: version.to_owned(),
            source: FactSource::RunTag,
        });
    }
    let mut named: Option<Sourced<String>> = None;
    for spec in &policy.images {
        let Some(image) = snapshot.image(&ImageId::of(spec)) else {
            continue;
        };
        let first_seen = snapshot
            .record(run.id)
            .and_then(|record| record.first_seen.get(&ImageId::of(spec)))
            .into_iter()
            .flatten()
            .map(|(tag, _)| tag);
        for tag in image
            .tag_list
            .value()
            .into_iter()
            .flatten()
            .chain(first_seen)
        {
            let Some(version) = spec.version_of(tag, &run.head_sha) else {
                continue;
            };
            match &named {
                // Two versions of one commit: whoever can push a tag would choose which is judged.
                Some(known) if known.value != version => return None,
                Some(_) => {}
                None => {
                    named = Some(Sourced {
                        value: version,
                        source: FactSource::PrereleaseTag(tag.clone()),
                    });
                }
            }
        }
    }
    if named.is_some() {
        return named;
    }
    let release = snapshot
        .releases
        .value()?
        .iter()
        .find(|release| release.target.eq_ignore_ascii_case(run.head_sha.as_str()))?;
    Some(Sourced {
        value: version_of_tag(&release.tag)?.to_owned(),
        source: FactSource::Release(release.tag.clone()),
    })
}

/// `1.6.9` out of `v1.6.9`, where it is a version at all.
pub fn version_of_tag(tag: &str) -> Option<&str> {
    let version = tag
        .strip_prefix("refs/tags/")
        .unwrap_or(tag)
        .strip_prefix('v')?;
    semver::Version::parse(version).ok().map(|_| version)
}

fn joined_the_index(job: &Job) -> bool {
    callee(&job.name) == role::CREATE_MANIFEST && job.conclusion == Some(Conclusion::Success)
}

/// The job that joined the image index: of the newest attempt, or while its jobs are not known of the one before.
pub fn manifest_job(record: &RunRecord) -> Option<&Job> {
    let mut attempts = record.attempts.values().rev();
    let jobs = record
        .jobs
        .value()
        .or_else(|| attempts.find_map(|jobs| jobs.value()))?;
    jobs.iter().find(|job| joined_the_index(job))
}

/// The attempt in which the image was really built: the first that lists this execution of `create-manifest`.
///
/// After "re-run failed jobs" every later attempt lists the old job again, under a new number with its old times.
/// `None` while an attempt that decides it is not known.
pub fn built_in(run: &Run, record: &RunRecord) -> Option<Attempt> {
    let built = manifest_job(record)?.started_at?;
    if run.attempt == Attempt(1) || run.started_at.is_some_and(|start| built >= start) {
        return Some(run.attempt);
    }
    let mut first = run.attempt;
    while first > Attempt(1) {
        let before = Attempt(first.0 - 1);
        let jobs = record.attempts.get(&before)?.value()?;
        let same = |job: &Job| joined_the_index(job) && job.started_at == Some(built);
        if !jobs.iter().any(same) {
            break;
        }
        first = before;
    }
    Some(first)
}

/// The digest of the image index that the run built, best source first.
pub fn digest(
    snapshot: &Snapshot,
    policy: &Policy,
    run: &Run,
    image: &ImageId,
    version: &str,
) -> Option<Sourced<Digest>> {
    let record = snapshot.record(run.id)?;
    let listed = manifest_job(record);
    // The same execution under its earlier numbers: a log that was read once is not lost with a re-run.
    let earlier = record
        .attempts
        .values()
        .rev()
        .filter_map(|jobs| jobs.value());
    let same = |job: &&Job| {
        joined_the_index(job)
            && job.started_at.is_some()
            && listed.is_some_and(|listed| listed.started_at == job.started_at)
    };
    let logged = listed
        .into_iter()
        .chain(earlier.flatten().filter(same))
        .find_map(|job| {
            let log = record.logs.get(&job.id)?.value()?.as_ref()?;
            Some(Sourced {
                value: log.manifest_digest.clone()?,
                source: FactSource::JobLog(job.id),
            })
        });
    if logged.is_some() {
        return logged;
    }
    let spec = policy
        .images
        .iter()
        .find(|spec| spec.repository.as_str() == image.0)?;
    let tag = prerelease_tag(spec, version, &run.head_sha)?;
    let seen = record.first_seen.get(image)?.get(&tag)?.digest.clone()?;
    Some(Sourced {
        value: seen,
        source: FactSource::FirstSeen,
    })
}

/// The prerelease tag of a version at a commit; `None` where the template needs more than these.
pub fn prerelease_tag(spec: &ImageSpec, version: &str, sha: &CommitSha) -> Option<String> {
    let vars = Vars::of_version(version).ok()?.with_commit(sha);
    Some(spec.prerelease_tag(&vars).ok()?.as_str().to_owned())
}

/// The tag of one platform before the platforms are joined; `None` where the template needs more than these.
pub fn arch_tag(
    spec: &ImageSpec,
    version: &str,
    sha: &CommitSha,
    platform: &Platform,
) -> Option<String> {
    let vars = Vars::of_version(version).ok()?.with_commit(sha);
    let vars = vars.with_arch(&platform.architecture).ok()?;
    Some(spec.arch_tag.render(&vars).ok()?.as_str().to_owned())
}

/// The release tags of a version, in the configured order, each once.
pub fn release_tags(spec: &ImageSpec, version: &str, sha: &CommitSha) -> Vec<String> {
    let Ok(vars) = Vars::of_version(version) else {
        return Vec::new();
    };
    let vars = vars.with_commit(sha);
    let mut tags: Vec<String> = Vec::new();
    for tag in spec
        .release_tags
        .iter()
        .filter_map(|template| template.render(&vars).ok())
    {
        if !tags.iter().any(|known| known == tag.as_str()) {
            tags.push(tag.as_str().to_owned());
        }
    }
    tags
}

/// The publish run of a release run: dispatched at or after it (60 s of clock skew), named by its title.
pub fn publish_run<'a>(snapshot: &'a Snapshot, run: &Run) -> Option<&'a Run> {
    let earliest = super::time::before(run.created_at, std::time::Duration::from_secs(60));
    let id = run.id.to_string();
    snapshot
        .publish_runs
        .value()?
        .iter()
        .filter(|candidate| candidate.event == "repository_dispatch")
        .filter(|candidate| candidate.created_at >= earliest)
        .filter(|candidate| {
            candidate
                .title
                .split(|c: char| !c.is_ascii_digit())
                .any(|word| word == id)
        })
        .max_by_key(|candidate| candidate.created_at)
}
