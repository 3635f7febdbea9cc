//! The JSON that scripts read, version 1: frozen. Fields may be added; none is renamed or removed.

mod proof;

use std::fmt::Write as _;

use serde::Serialize;

use super::check::RowV1;
use crate::domain::artifact::ManifestContent;
use crate::domain::assess::Verdict;
use crate::domain::event::Event;
use crate::domain::fact::{Failure, ImageId, SourceId};
use crate::domain::observed::Observed;
use crate::domain::outlook::{TagOfInterest, TagPart};
use crate::domain::policy::Certainty;
use crate::domain::release::{FactSource, Stage};
use crate::domain::run::{Conclusion, Environment, Job, PendingDeployment, Release, Run, Status};
use crate::domain::time::Timestamp;
use crate::engine::Model;

/// A JSON text that is fit for a terminal: what a terminal would obey or hide stands in it as an escape.
pub fn fit(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        let obeyed = c != '\n' && c.is_control();
        let hidden = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        if obeyed || hidden {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// `gonogo status --json`.
#[derive(Debug, Serialize)]
pub struct StatusV1 {
    schema_version: u32,
    repository: String,
    at: Timestamp,
    /// Something shown was not seen again since the last session wrote it down, at this time.
    cached_at: Option<Timestamp>,
    stage: Stage,
    verdict: Verdict,
    version: Option<SourcedV1>,
    run: Option<RunV1>,
    jobs: Vec<JobV1>,
    critical_path: Option<CriticalV1>,
    gates: Vec<GateV1>,
    environments: Vec<EnvironmentV1>,
    images: Vec<ImageV1>,
    pypi: Option<PypiV1>,
    release: Option<ReleaseV1>,
    publish_run: Option<RunV1>,
    board: Vec<RowV1>,
    sources: Vec<SourceV1>,
    other_runs: usize,
    /// Plans that were begun and neither finished nor taken back.
    unfinished_plans: Vec<UnfinishedV1>,
}

#[derive(Debug, Serialize)]
struct UnfinishedV1 {
    id: String,
    verb: &'static str,
    state: &'static str,
    title: String,
}

#[derive(Debug, Serialize)]
struct SourcedV1 {
    value: String,
    source: FactSource,
}

#[derive(Debug, Serialize)]
struct RunV1 {
    id: u64,
    number: u64,
    attempt: u32,
    built_in_attempt: Option<u32>,
    title: String,
    event: String,
    branch: Option<String>,
    commit: String,
    status: Status,
    conclusion: Option<Conclusion>,
    started_by: Option<String>,
    created_at: Timestamp,
    url: String,
}

#[derive(Debug, Serialize)]
struct JobV1 {
    id: u64,
    name: String,
    status: Status,
    conclusion: Option<Conclusion>,
    advisory: bool,
    started_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    /// How long it usually takes, from recent runs.
    usual_seconds: Option<u64>,
    url: Option<String>,
}

#[derive(Debug, Serialize)]
struct CriticalV1 {
    /// The jobs that decide when the run ends, as paths of YAML keys.
    jobs: Vec<String>,
    /// How long they take together: real times where they are known, usual ones elsewhere.
    seconds: u64,
}

#[derive(Debug, Serialize)]
struct GateV1 {
    environment: String,
    run: u64,
    you_may_approve: bool,
    reviewers: Vec<String>,
    jobs: Vec<String>,
}

#[derive(Debug, Serialize)]
struct EnvironmentV1 {
    name: String,
    protected: bool,
}

#[derive(Debug, Serialize)]
struct ImageV1 {
    repository: String,
    /// Nobody configured it: it was read out of the workflow files.
    guessed: bool,
    digest: Option<SourcedV1>,
    tags: Vec<TagV1>,
}

#[derive(Debug, Serialize)]
struct TagV1 {
    tag: String,
    part: TagPart,
    /// `null` with `seen_at`: there is no such tag; `null` without: nobody could look.
    digest: Option<String>,
    seen_at: Option<Timestamp>,
    platforms: Vec<PlatformV1>,
    attestation_manifests: usize,
    /// `null`: it was not judged.
    evidence: Option<proof::ProofV1>,
}

#[derive(Debug, Serialize)]
struct PlatformV1 {
    platform: String,
    digest: String,
}

#[derive(Debug, Serialize)]
struct PypiV1 {
    project: String,
    /// Nobody configured it: it is the repository's name.
    guessed: bool,
    version: String,
    seen_at: Timestamp,
    files: Vec<FileV1>,
}

#[derive(Debug, Serialize)]
struct FileV1 {
    filename: String,
    sha256: Option<String>,
    yanked: bool,
}

#[derive(Debug, Serialize)]
struct ReleaseV1 {
    tag: String,
    draft: bool,
    prerelease: bool,
    published_at: Option<Timestamp>,
    url: String,
}

#[derive(Debug, Serialize)]
struct SourceV1 {
    source: SourceId,
    last_good: Option<Timestamp>,
    failure: Option<Failure>,
    requests: u32,
    charged: u32,
    remaining: Option<u64>,
    limit: Option<u64>,
}

/// `gonogo runs --json`.
#[derive(Debug, Serialize)]
pub struct RunsV1 {
    schema_version: u32,
    repository: String,
    runs: Vec<ListedRunV1>,
}

#[derive(Debug, Serialize)]
struct ListedRunV1 {
    #[serde(flatten)]
    run: RunV1,
    stage: Stage,
    watched: bool,
}

/// One line of `gonogo watch --json`.
#[derive(Debug, Serialize)]
pub struct EventV1<'a> {
    schema_version: u32,
    at: Timestamp,
    #[serde(flatten)]
    event: &'a Event,
}

impl<'a> EventV1<'a> {
    /// An event with its time.
    pub fn of(at: Timestamp, event: &'a Event) -> Self {
        Self {
            schema_version: 1,
            at,
            event,
        }
    }
}

impl RunV1 {
    fn of(run: &Run, built_in: Option<u32>) -> Self {
        Self {
            id: run.id.0,
            number: run.number,
            attempt: run.attempt.0,
            built_in_attempt: built_in,
            title: run.title.clone(),
            event: run.event.clone(),
            branch: run.head_branch.clone(),
            commit: run.head_sha.to_string(),
            status: run.status.clone(),
            conclusion: run.conclusion.clone(),
            started_by: run.triggering_actor.clone().or_else(|| run.actor.clone()),
            created_at: run.created_at,
            url: run.html_url.clone(),
        }
    }
}

impl RunsV1 {
    /// The runs that the model knows, newest first.
    pub fn of(model: &Model) -> Self {
        let runs = model
            .outlook
            .runs
            .iter()
            .filter_map(|(id, stage)| {
                Some(ListedRunV1 {
                    run: RunV1::of(model.snapshot.run(*id)?, None),
                    stage: stage.clone(),
                    watched: model.outlook.run == Some(*id),
                })
            })
            .collect();
        Self {
            schema_version: 1,
            repository: model.policy.repo.to_string(),
            runs,
        }
    }
}

impl StatusV1 {
    /// Everything that the model knows of the watched release.
    pub fn of(model: &Model) -> Self {
        let (snapshot, outlook) = (&model.snapshot, &model.outlook);
        let record = outlook.run.and_then(|run| snapshot.record(run));
        let jobs = record
            .and_then(|record| record.jobs.value())
            .map_or(&[][..], Vec::as_slice);
        let run = outlook.run.and_then(|id| snapshot.run(id));
        let publish = outlook.publish_run.and_then(|id| snapshot.run(id));
        Self {
            schema_version: 1,
            repository: model.policy.repo.to_string(),
            at: model.now,
            cached_at: model.cached_at,
            stage: outlook.stage.0.clone(),
            verdict: model.board.verdict(),
            version: outlook.version.as_ref().map(|version| SourcedV1 {
                value: version.value.clone(),
                source: version.source.clone(),
            }),
            run: run.map(|run| RunV1::of(run, outlook.built_in.map(|attempt| attempt.0))),
            jobs: jobs.iter().map(|job| job_v1(model, job)).collect(),
            critical_path: critical(model),
            gates: gates(model),
            environments: snapshot
                .environments
                .value()
                .into_iter()
                .flatten()
                .map(environment_v1)
                .collect(),
            images: outlook
                .tags
                .iter()
                .map(|(image, tags)| image_v1(model, image, tags))
                .collect(),
            pypi: pypi(model),
            release: outlook
                .version
                .as_ref()
                .and_then(|version| {
                    let tag = format!("v{}", version.value);
                    snapshot
                        .releases
                        .value()?
                        .iter()
                        .find(|release| release.tag == tag)
                })
                .map(release_v1),
            publish_run: publish.map(|run| RunV1::of(run, None)),
            board: model.board.rows.iter().map(RowV1::of).collect(),
            sources: sources(model),
            other_runs: outlook
                .runs
                .iter()
                .filter(|(id, _)| Some(*id) != outlook.run)
                .count(),
            unfinished_plans: model
                .ledger()
                .open()
                .map(|record| UnfinishedV1 {
                    id: record.plan.id.to_string(),
                    verb: record.plan.verb().name(),
                    state: record.state().name(),
                    title: record.plan.title.clone(),
                })
                .collect(),
        }
    }
}

fn job_v1(model: &Model, job: &Job) -> JobV1 {
    JobV1 {
        id: job.id.0,
        name: job.name.clone(),
        status: job.status.clone(),
        conclusion: job.conclusion.clone(),
        advisory: model.policy.pipeline.is_advisory(&job.name),
        started_at: job.started_at,
        completed_at: job.completed_at,
        usual_seconds: model
            .outlook
            .expected
            .usual
            .of(&job.name)
            .map(|time| time.as_secs()),
        url: job.html_url.clone(),
    }
}

fn critical(model: &Model) -> Option<CriticalV1> {
    let path = &model.outlook.expected.critical;
    (!path.total.is_zero()).then(|| CriticalV1 {
        jobs: path.jobs.iter().map(ToString::to_string).collect(),
        seconds: path.total.as_secs(),
    })
}

fn gates(model: &Model) -> Vec<GateV1> {
    let runs = model
        .outlook
        .run
        .into_iter()
        .chain(model.outlook.publish_run);
    runs.filter_map(|run| Some((run, model.snapshot.record(run)?)))
        .flat_map(|(run, record)| {
            let jobs: Vec<String> = record
                .jobs
                .value()
                .into_iter()
                .flatten()
                .filter(|job| job.status == Status::Waiting)
                .map(|job| job.name.clone())
                .collect();
            let waits = !jobs.is_empty();
            record
                .pending
                .value()
                .into_iter()
                .flatten()
                .filter(move |_| waits)
                .map(move |gate| gate_v1(run.0, gate, &jobs))
        })
        .collect()
}

fn gate_v1(run: u64, gate: &PendingDeployment, jobs: &[String]) -> GateV1 {
    use crate::domain::run::Reviewer;
    GateV1 {
        environment: gate.name.clone(),
        run,
        you_may_approve: gate.viewer_may_approve,
        reviewers: gate
            .reviewers
            .iter()
            .map(|reviewer| match reviewer {
                Reviewer::User(name) | Reviewer::Team(name) | Reviewer::Other(name) => name.clone(),
            })
            .collect(),
        jobs: jobs.to_vec(),
    }
}

fn environment_v1(environment: &Environment) -> EnvironmentV1 {
    EnvironmentV1 {
        name: environment.name.clone(),
        protected: environment.required_reviewers.is_some(),
    }
}

fn image_v1(model: &Model, image: &ImageId, tags: &[TagOfInterest]) -> ImageV1 {
    ImageV1 {
        repository: image.to_string(),
        guessed: model
            .policy
            .images
            .iter()
            .any(|spec| ImageId::of(spec) == *image && spec.certainty == Certainty::Guessed),
        digest: model.outlook.digests.get(image).map(|digest| SourcedV1 {
            value: digest.value.to_string(),
            source: digest.source.clone(),
        }),
        tags: tags.iter().map(|tag| tag_v1(model, image, tag)).collect(),
    }
}

fn tag_v1(model: &Model, image: &ImageId, tag: &TagOfInterest) -> TagV1 {
    let seen = model.snapshot.tag(image, &tag.tag);
    let digest = seen.and_then(|seen| seen.value()).cloned().flatten();
    let (mut platforms, mut attestation_manifests) = (Vec::new(), 0);
    if let Some(manifest) = digest
        .as_ref()
        .and_then(|digest| model.snapshot.manifest(image, digest))
        && let ManifestContent::Index {
            platforms: entries,
            attestations,
        } = &manifest.content
    {
        attestation_manifests = attestations.len();
        platforms = entries
            .iter()
            .map(|entry| PlatformV1 {
                platform: entry.platform.to_string(),
                digest: entry.digest.to_string(),
            })
            .collect();
    }
    TagV1 {
        tag: tag.tag.clone(),
        part: tag.part,
        evidence: digest
            .as_ref()
            .and_then(|digest| proof::ProofV1::of(model, image, digest)),
        digest: digest.map(|digest| digest.to_string()),
        seen_at: seen.and_then(Observed::seen_at),
        platforms,
        attestation_manifests,
    }
}

fn pypi(model: &Model) -> Option<PypiV1> {
    let version = &model.outlook.version.as_ref()?.value;
    let seen = model.snapshot.pypi.get(version)?;
    let held = seen.value()?;
    Some(PypiV1 {
        project: held.project.clone(),
        guessed: model
            .policy
            .pypi
            .as_ref()
            .is_some_and(|spec| spec.certainty == Certainty::Guessed),
        version: version.clone(),
        seen_at: seen.seen_at()?,
        files: held
            .files
            .iter()
            .map(|file| FileV1 {
                filename: file.filename.clone(),
                sha256: file.sha256.clone(),
                yanked: file.yanked.is_some(),
            })
            .collect(),
    })
}

fn release_v1(release: &Release) -> ReleaseV1 {
    ReleaseV1 {
        tag: release.tag.clone(),
        draft: release.draft,
        prerelease: release.prerelease,
        published_at: release.published_at,
        url: release.html_url.clone(),
    }
}

fn sources(model: &Model) -> Vec<SourceV1> {
    model
        .snapshot
        .health
        .iter()
        .map(|(source, health)| SourceV1 {
            source: source.clone(),
            last_good: health.last_good,
            failure: health.latest_failure().map(|(failure, _)| failure.clone()),
            requests: health.cost.requests,
            charged: health.cost.charged,
            remaining: health.rate.map(|rate| rate.remaining),
            limit: health.rate.map(|rate| rate.limit),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_escaped_and_reads_back_the_same() {
        let hostile = "a\u{9b}31m\u{7f}\u{1b}[2J\u{202e}b\n é";
        let json = serde_json::to_string(hostile).unwrap();
        let fit = fit(&json);
        assert!(fit.chars().all(|c| !c.is_control() && c != '\u{202e}'));
        assert!(fit.contains('é'));
        assert_eq!(serde_json::from_str::<String>(&fit).unwrap(), hostile);
    }
}
