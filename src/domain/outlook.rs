//! What follows from the snapshot: the watched release with everything a face needs to draw it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::evidence::Expected;
use super::expect::Expectation;
use super::fact::{ImageId, WorkflowKey};
use super::graph::{self, CalleeRef, Graph, GraphError, Matching};
use super::ids::{Attempt, CommitSha, JobId, RunId};
use super::policy::{Platform, Policy};
use super::release::{self, Sourced, Stage};
use super::run::{Conclusion, Run, Status};
use super::snapshot::Snapshot;

/// The watched release, derived. Equal inputs give equal outlooks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outlook {
    /// The watched run; `None` before any is known.
    pub run: Option<RunId>,
    /// Where it stands.
    pub stage: StageOf,
    /// Its newest attempt.
    pub attempt: Attempt,
    /// The commit it releases.
    pub commit: Option<CommitSha>,
    /// The version, without `v`, with its source.
    pub version: Option<Sourced<String>>,
    /// The digest that the run built, by image.
    pub digests: BTreeMap<ImageId, Sourced<Digest>>,
    /// The attempt that built the image.
    pub built_in: Option<Attempt>,
    /// What the run says that its image's evidence must name.
    pub expected_evidence: Expected,
    /// The tags of interest of each image, in the order they are shown.
    pub tags: BTreeMap<ImageId, Vec<TagOfInterest>>,
    /// The tags under which single platforms wait until they are joined, by image and platform.
    pub arch_tags: BTreeMap<ImageId, Vec<(Platform, String)>>,
    /// What all those tags resolve to, where it was looked up; `None` within: no such tag.
    pub resolved: BTreeMap<(ImageId, String), Option<Digest>>,
    /// The gates at which jobs of the watched run or of its publish run wait now, and whether the viewer may let them go.
    pub gates: BTreeMap<(RunId, String), bool>,
    /// The watched run's jobs, as far as events are told of them.
    pub jobs: BTreeMap<JobId, JobBrief>,
    /// Files of the version that the package index holds.
    pub pypi_files: usize,
    /// The tag of the published Release.
    pub release_tag: Option<String>,
    /// The job graph, from the workflow files at the run's commit; `None` where they could not be read.
    pub graph: Option<Arc<Graph>>,
    /// Why there is no graph, where files were read and are no workflows.
    pub graph_fault: Option<String>,
    /// Which job of the run is which node of the graph.
    pub matching: Arc<Matching>,
    /// What earlier runs let one expect of this one.
    pub expected: Expectation,
    /// The files that the graph was made of; a file at a commit never changes.
    graph_files: Vec<WorkflowKey>,
    /// The publish run that belongs to the release.
    pub publish_run: Option<RunId>,
    /// Other release runs and where each stands, newest first, the watched one included.
    pub runs: Vec<(RunId, Stage)>,
}

/// What events are told from: whether a job runs and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobBrief {
    /// Its name.
    pub name: String,
    /// It runs now.
    pub running: bool,
    /// How it ended.
    pub conclusion: Option<Conclusion>,
    /// Seconds it ran, once it has ended.
    pub seconds: Option<u64>,
    /// Whether this attempt ran it, or lists it again from an earlier one.
    pub ran: Ran,
}

/// In which attempt a listed job ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ran {
    /// In the attempt that lists it, or not yet.
    Now,
    /// In an earlier one: its end is no news.
    Earlier,
}

/// A stage that defaults to unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageOf(pub Stage);

impl Default for StageOf {
    fn default() -> Self {
        Self(Stage::Unknown)
    }
}

/// A tag that a release is judged by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagOfInterest {
    /// The tag.
    pub tag: String,
    /// Its part in the release.
    pub part: TagPart,
}

/// The part that a tag has in a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TagPart {
    /// The tag under which the tested image waits.
    Prerelease,
    /// The tag that follows the newest prerelease.
    Floating,
    /// A tag of one architecture before they are joined.
    Arch,
    /// A tag that the release moves.
    Release,
}

impl Outlook {
    /// Derives the outlook. `before` lets what has not changed be kept.
    pub fn of(
        snapshot: &Snapshot,
        policy: &Policy,
        pinned: Option<RunId>,
        given_version: Option<&str>,
        before: &Self,
    ) -> Self {
        let runs = snapshot
            .runs
            .value()
            .into_iter()
            .flatten()
            .map(|run| (run.id, release::stage(snapshot, run.id)))
            .collect();
        let mut outlook = Self {
            run: release::choose(snapshot, pinned),
            runs,
            ..Self::default()
        };
        let Some(run) = outlook.run.and_then(|id| snapshot.run(id)) else {
            return outlook;
        };
        outlook.stage = StageOf(release::stage(snapshot, run.id));
        outlook.attempt = run.attempt;
        outlook.commit = Some(run.head_sha.clone());
        outlook.jobs = briefs(snapshot, run);
        outlook.version = release::version(snapshot, policy, run, given_version);
        outlook.built_in = snapshot
            .record(run.id)
            .and_then(|record| release::built_in(run, record));
        outlook.expected_evidence = Expected {
            commit: Some(run.head_sha.clone()),
            run: Some(run.id),
            attempt: outlook.built_in,
            // Whether the name is that of a branch or of a tag is sure for a pushed version alone.
            git_ref: run
                .head_branch
                .as_deref()
                .filter(|name| run.event == "push" && release::version_of_tag(name).is_some())
                .map(|tag| format!("refs/tags/{tag}")),
        };
        outlook.draw_graph(snapshot, policy, run, before);
        outlook.publish_run = release::publish_run(snapshot, run).map(|publish| publish.id);
        outlook.gates = [outlook.run, outlook.publish_run]
            .into_iter()
            .flatten()
            .flat_map(|run| {
                let gates = release::gates(snapshot, run).iter();
                gates.map(move |gate| ((run, gate.name.clone()), gate.viewer_may_approve))
            })
            .collect();
        for spec in &policy.images {
            let image = ImageId::of(spec);
            let mut tags = vec![];
            if let Some(version) = &outlook.version {
                if let Some(digest) = release::digest(snapshot, policy, run, &image, &version.value)
                {
                    outlook.digests.insert(image.clone(), digest);
                }
                let tag = |tag, part| TagOfInterest { tag, part };
                tags.extend(
                    release::prerelease_tag(spec, &version.value, &run.head_sha)
                        .map(|name| tag(name, TagPart::Prerelease)),
                );
                tags.extend(
                    release::release_tags(spec, &version.value, &run.head_sha)
                        .into_iter()
                        .map(|name| tag(name, TagPart::Release)),
                );
            }
            tags.push(TagOfInterest {
                tag: spec.floating_tag.as_str().to_owned(),
                part: TagPart::Floating,
            });
            let arch_tags = outlook.version.iter().flat_map(|version| {
                spec.platforms.iter().filter_map(|platform| {
                    let tag = release::arch_tag(spec, &version.value, &run.head_sha, platform)?;
                    Some((platform.clone(), tag))
                })
            });
            let arch_tags: Vec<_> = arch_tags.collect();
            let names = tags.iter().map(|tag| &tag.tag);
            for tag in names.chain(arch_tags.iter().map(|(_, tag)| tag)) {
                if let Some(digest) = snapshot.tag(&image, tag).and_then(|seen| seen.value()) {
                    outlook
                        .resolved
                        .insert((image.clone(), tag.clone()), digest.clone());
                }
            }
            outlook.arch_tags.insert(image.clone(), arch_tags);
            outlook.tags.insert(image, tags);
        }
        if let Some(version) = &outlook.version {
            outlook.pypi_files = snapshot
                .pypi
                .get(&version.value)
                .and_then(|held| held.value())
                .map_or(0, |held| held.files.len());
            let tag = format!("v{}", version.value);
            outlook.release_tag = snapshot
                .releases
                .value()
                .into_iter()
                .flatten()
                .any(|release| release.tag == tag && !release.draft)
                .then_some(tag);
        }
        outlook.see_what_is_out();
        outlook
    }
}

impl Outlook {
    /// A run that ended badly is half published where a release tag already holds its image.
    fn see_what_is_out(&mut self) {
        let ended_badly = matches!(
            self.stage.0,
            Stage::Failed | Stage::Rejected | Stage::Cancelled
        );
        let is_out = self.tags.iter().any(|(image, tags)| {
            let built = self.digests.get(image).map(|built| &built.value);
            tags.iter()
                .filter(|tag| tag.part == TagPart::Release)
                .filter_map(|tag| self.resolved.get(&(image.clone(), tag.tag.clone())))
                .any(|digest| digest.is_some() && digest.as_ref() == built)
        });
        if ended_badly && is_out {
            self.stage.0 = Stage::HalfPublished;
            for (run, stage) in &mut self.runs {
                if Some(*run) == self.run {
                    *stage = Stage::HalfPublished;
                }
            }
        }
    }

    /// Makes the graph of the run's workflow files, or keeps the one made before of the same files.
    fn draw_graph(&mut self, snapshot: &Snapshot, policy: &Policy, run: &Run, before: &Self) {
        let root = WorkflowKey {
            repo: policy.repo.clone(),
            path: run.path.clone(),
            sha: run.head_sha.clone(),
        };
        let called = run.referenced.iter().filter_map(WorkflowKey::of_called);
        self.graph_files = std::iter::once(root.clone())
            .chain(called)
            .filter(|key| text_of(snapshot, key).is_some())
            .collect();
        if self.graph_files == before.graph_files {
            self.graph.clone_from(&before.graph);
            self.graph_fault.clone_from(&before.graph_fault);
        } else if let Some(text) = text_of(snapshot, &root) {
            match graph_of(snapshot, &root, text, run) {
                Ok(graph) => self.graph = Some(Arc::new(graph)),
                Err(error) => self.graph_fault = Some(error.to_string()),
            }
        }
        let same_graph = match (&before.graph, &self.graph) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            (None, None) => true,
            _ => false,
        };
        self.expected = Expectation::of(
            snapshot,
            run.id,
            self.graph.as_ref(),
            &before.expected,
            same_graph,
        );
        let Some(graph) = &self.graph else {
            return;
        };
        let jobs = names(&self.jobs);
        self.matching = if same_graph && jobs == names(&before.jobs) {
            Arc::clone(&before.matching)
        } else {
            Arc::new(graph::match_jobs(graph, &jobs))
        };
        self.expected.decide(graph, &self.matching, &self.jobs);
    }
}

fn names(jobs: &BTreeMap<JobId, JobBrief>) -> Vec<(JobId, &str)> {
    jobs.iter()
        .map(|(id, job)| (*id, job.name.as_str()))
        .collect()
}

fn text_of<'a>(snapshot: &'a Snapshot, key: &WorkflowKey) -> Option<&'a str> {
    snapshot.workflows.get(key)?.value()?.as_deref()
}

/// The job graph of any run, from its workflow files; `None` where they are not known, or are none.
pub(super) fn graph_of_run(snapshot: &Snapshot, policy: &Policy, run: &Run) -> Option<Graph> {
    let root = WorkflowKey {
        repo: policy.repo.clone(),
        path: run.path.clone(),
        sha: run.head_sha.clone(),
    };
    let text = text_of(snapshot, &root)?;
    graph_of(snapshot, &root, text, run).ok()
}

fn graph_of(
    snapshot: &Snapshot,
    root: &WorkflowKey,
    text: &str,
    run: &Run,
) -> Result<Graph, GraphError> {
    let workflow = graph::parse(&root.path, text)?;
    graph::assemble(&workflow, &|callee: &CalleeRef| {
        let repo = callee.origin.as_ref().map_or(&root.repo, |(repo, _)| repo);
        // The run says at which commit each called file was taken; a file of the run's own commit needs no such word.
        let path = format!("{repo}/{}", callee.path);
        let key = run
            .referenced
            .iter()
            .find(|called| called.path.eq_ignore_ascii_case(&path))
            .and_then(WorkflowKey::of_called)
            .unwrap_or_else(|| WorkflowKey {
                repo: repo.clone(),
                path: callee.path.clone(),
                sha: root.sha.clone(),
            });
        text_of(snapshot, &key)
            .map(|text| graph::parse(&callee.path, text))
            .transpose()
    })
}

fn briefs(snapshot: &Snapshot, run: &Run) -> BTreeMap<JobId, JobBrief> {
    let began = run.started_at.filter(|_| run.attempt > Attempt(1));
    let jobs = snapshot
        .record(run.id)
        .and_then(|record| record.jobs.value());
    jobs.into_iter()
        .flatten()
        .map(|job| {
            let brief = JobBrief {
                name: job.name.clone(),
                running: job.status == Status::InProgress,
                conclusion: job.conclusion.clone(),
                seconds: job
                    .completed_at
                    .and_then(|end| job.ran_for(end))
                    .map(|ran| ran.as_secs()),
                ran: match (began, job.completed_at) {
                    (Some(began), Some(end)) if end < began => Ran::Earlier,
                    _ => Ran::Now,
                },
            };
            (job.id, brief)
        })
        .collect()
}
