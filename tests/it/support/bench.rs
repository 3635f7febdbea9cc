//! Models of a release made by hand, phase by phase.

use std::sync::Arc;
use std::time::Duration;

use gonogo::domain::artifact::{
    ImageConfig, Manifest, ManifestContent, Platform, PlatformEntry, PypiFile, PypiVersion,
};
use gonogo::domain::digest::Digest;
use gonogo::domain::fact::{
    Ask, Cost, Fact, Failure, FailureKind, ImageId, Observation, Rate, Viewer, WorkflowKey,
};
use gonogo::domain::ids::{Attempt, CommitSha, EnvironmentId, JobId, RunId};
use gonogo::domain::log::JobLog;
use gonogo::domain::policy::{Certainty, ImageSpec, Pipeline, Policy, PypiSpec, SignaturePolicy};
use gonogo::domain::run::{
    Conclusion, Environment, Job, PendingDeployment, ReferencedWorkflow, Release, Reviewer, Run,
    Status, Step, TagRef,
};
use gonogo::domain::time::Timestamp;
use gonogo::engine::{Message, Model, interest, update};

/// The run that is watched.
pub(crate) const RUN: RunId = RunId(482_000);

/// Noon of a day.
pub(crate) fn noon() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

/// So many seconds before noon.
pub(crate) fn before(seconds: i64) -> Timestamp {
    noon() - jiff::SignedDuration::from_secs(seconds)
}

/// The commit that is released.
pub(crate) fn commit() -> CommitSha {
    "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678".parse().unwrap()
}

fn policy() -> Policy {
    let repo = "acme/rocket".parse().unwrap();
    let pipeline = Pipeline::standard();
    let identity = gonogo::domain::policy::IdentityPattern::new(
        gonogo::domain::policy::STANDARD_IDENTITY,
        &repo,
        &pipeline.signer_workflow,
    );
    Policy {
        exceptions: std::collections::BTreeMap::new(),
        signature: SignaturePolicy {
            sbom_types: vec!["https://spdx.dev/Document".to_owned()],
            issuer: gonogo::domain::policy::GITHUB_ISSUER.to_owned(),
            identity: identity.unwrap(),
        },
        images: vec![ImageSpec::standard(
            "docker.io/acme/rocket".parse().unwrap(),
        )],
        pypi: Some(PypiSpec {
            project: "rocket".parse().unwrap(),
            certainty: Certainty::Configured,
            event_type: PypiSpec::STANDARD_EVENT.to_owned(),
            payload: PypiSpec::standard_payload(),
        }),
        repo,
        pipeline,
    }
}

/// The image that is released.
pub(crate) fn image() -> ImageId {
    ImageId("docker.io/acme/rocket".to_owned())
}

/// Where a release stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Nothing has been answered yet.
    Loading,
    /// The gates run.
    Building,
    /// The image is built; its promotion waits for the viewer.
    Waiting,
    /// Everything is out.
    Released,
    /// A required job has failed.
    Failed,
}

const RELEASE: &str = "
name: Release
on: { push: { tags: ['v*'] } }
jobs:
  version-check: { runs-on: x, steps: [ { run: 'true' } ] }
  release-gate: { needs: version-check, uses: ./.github/workflows/release-gate.yml }
  ci-gate: { needs: version-check, runs-on: x, strategy: { matrix: { python: ['3.12', '3.13'] } }, steps: [ { run: 'true' } ] }
  vulture-gate: { needs: version-check, runs-on: x, steps: [ { run: 'true' } ] }
  build: { needs: [release-gate, ci-gate, vulture-gate], runs-on: x, steps: [ { run: 'true' } ] }
  prerelease-docker: { needs: build, uses: ./.github/workflows/prerelease-docker.yml }
  publish-docker: { needs: prerelease-docker, runs-on: x, environment: release, steps: [ { run: 'true' } ] }
  create-release: { needs: publish-docker, runs-on: x, environment: release, steps: [ { run: 'true' } ] }
";
const GATE: &str = "
on: workflow_call
jobs:
  secrets: { runs-on: x, steps: [ { run: 'true' } ] }
  codeql: { runs-on: x, steps: [ { run: 'true' } ] }
";
const PRERELEASE: &str = "
on: workflow_call
jobs:
  build-amd64: { runs-on: x, steps: [ { run: 'true' } ] }
  build-arm64: { runs-on: x, steps: [ { run: 'true' } ] }
  create-manifest: { needs: [build-amd64, build-arm64], runs-on: x, steps: [ { run: 'true' } ] }
";

/// The jobs of the run in the order in which they start: name, second it starts and ends, seconds after the run began.
const JOBS: [(&str, i64, i64); 11] = [
    ("version-check", 2, 6),
    ("release-gate / secrets", 8, 90),
    ("release-gate / codeql", 8, 490),
    ("ci-gate (3.12)", 8, 340),
    ("ci-gate (3.13)", 8, 352),
    ("vulture-gate", 8, 80),
    ("build", 495, 557),
    ("prerelease-docker / build-amd64", 560, 1000),
    ("prerelease-docker / build-arm64", 560, 1210),
    ("prerelease-docker / create-manifest", 1215, 1290),
    ("publish-docker", 1295, 1400),
];

/// A model with all answers of a phase, at noon.
#[derive(Debug, Clone)]
pub(crate) struct Bench {
    /// What the cockpit is shown.
    pub(crate) model: Model,
}

impl Bench {
    /// A model that knows nothing.
    pub(crate) fn new() -> Self {
        let start = before(3600);
        let model = Model::new(Arc::new(policy()), Duration::from_secs(3), 7, start);
        Self { model }
    }

    /// A model in a phase of a release.
    pub(crate) fn at(phase: Phase) -> Self {
        let mut bench = Self::new();
        bench.tick(noon());
        if phase == Phase::Loading {
            return bench;
        }
        let elapsed = match phase {
            Phase::Building => 187,
            Phase::Waiting => 1542,
            Phase::Failed => 600,
            Phase::Released | Phase::Loading => 2000,
        };
        let run = run(phase, elapsed);
        bench.see(
            Ask::Viewer,
            Fact::Viewer(Viewer {
                login: "nova-hale".to_owned(),
                scopes: None,
            }),
        );
        bench.see(Ask::Runs, Fact::Runs(vec![run.clone(), older()]));
        bench.see(Ask::Run(RUN), Fact::Run(run));
        bench.see(Ask::Jobs(RUN), Fact::Jobs(jobs(phase, elapsed)));
        for (file, text) in [
            ("release.yml", RELEASE),
            ("release-gate.yml", GATE),
            ("prerelease-docker.yml", PRERELEASE),
        ] {
            let key = WorkflowKey {
                repo: "acme/rocket".parse().unwrap(),
                path: format!(".github/workflows/{file}"),
                sha: commit(),
            };
            bench.see(Ask::Workflow(key), Fact::Workflow(Some(text.to_owned())));
        }
        bench.see(Ask::Environments, Fact::Environments(vec![environment()]));
        bench.see(Ask::PublishRuns, Fact::PublishRuns(Vec::new()));
        bench.see(
            Ask::TagRef("v1.7.0".to_owned()),
            Fact::TagRef(Some(TagRef {
                name: "v1.7.0".to_owned(),
                commit: commit(),
                annotated: false,
            })),
        );
        bench.image(phase);
        bench.outside(phase);
        if phase == Phase::Waiting {
            bench.see(
                Ask::Pending(RUN),
                Fact::Pending(vec![PendingDeployment {
                    environment: EnvironmentId(1),
                    name: "release".to_owned(),
                    wait_minutes: 0,
                    wait_started_at: None,
                    viewer_may_approve: true,
                    reviewers: vec![Reviewer::User("nova-hale".to_owned())],
                }]),
            );
        }
        bench
    }

    fn image(&mut self, phase: Phase) {
        let built = phase >= Phase::Waiting && phase != Phase::Failed;
        let out = phase == Phase::Released;
        let (new, old) = (index("1.7.0"), index("1.6.9"));
        let at = |there: bool, manifest: &Manifest| there.then(|| manifest.digest.clone());
        let tags = [
            ("prerelease-v1.7.0-a1b2c3d", at(built && !out, &new)),
            ("1.7.0", at(out, &new)),
            ("1.7", at(out, &new)),
            (
                "latest",
                Some(if out {
                    new.digest.clone()
                } else {
                    old.digest.clone()
                }),
            ),
            ("prerelease", at(built && !out, &new)),
        ];
        for (tag, digest) in tags {
            self.see(Ask::Tag(image(), tag.to_owned()), Fact::Tag(digest));
        }
        self.see(Ask::Tags(image()), Fact::Tags(vec!["latest".to_owned()]));
        for (manifest, version) in [(new, "1.7.0"), (old, "1.6.9")] {
            let ManifestContent::Index { platforms, .. } = &manifest.content else {
                unreachable!()
            };
            let platforms = platforms.clone();
            let digest = manifest.digest.clone();
            for entry in platforms.iter().filter(|_| version == "1.7.0") {
                let tag = format!("prerelease-v1.7.0-a1b2c3d-{}", entry.platform.architecture);
                let held = (built && !out).then(|| entry.digest.clone());
                self.see(Ask::Tag(image(), tag), Fact::Tag(held));
            }
            self.see(
                Ask::Manifest(image(), digest),
                Fact::Manifest(Some(manifest)),
            );
            for entry in platforms {
                let config = ImageConfig {
                    digest: Digest::of(version.as_bytes()),
                    platform: entry.platform,
                    created: Some(before(900)),
                    revision: Some(commit().to_string()),
                    version: Some(version.to_owned()),
                };
                self.see(Ask::Config(image(), entry.digest), Fact::Config(config));
            }
        }
        if built {
            let log = JobLog {
                scan: None,
                lines: 1_280,
                tail: (1..=60)
                    .map(|n| format!("\u{1b}[32mstep {n}\u{1b}[0m of the log"))
                    .collect(),
                manifest_digest: Some(index("1.7.0").digest),
                checkout: None,
            };
            self.see(Ask::JobLog(JobId(1009)), Fact::JobLog(Some(log)));
        }
    }

    fn outside(&mut self, phase: Phase) {
        let out = phase == Phase::Released;
        let file = |name: &str| PypiFile {
            filename: name.to_owned(),
            sha256: None,
            size: Some(40_000),
            uploaded_at: None,
            yanked: None,
        };
        self.see(
            Ask::Pypi("1.7.0".to_owned()),
            Fact::Pypi(PypiVersion {
                project: "rocket".to_owned(),
                version: "1.7.0".to_owned(),
                project_exists: true,
                files: if out {
                    vec![
                        file("rocket-1.7.0.tar.gz"),
                        file("rocket-1.7.0-py3-none-any.whl"),
                    ]
                } else {
                    Vec::new()
                },
                newest_other: Some("1.6.9".to_owned()),
            }),
        );
        let release = Release {
            id: 1,
            tag: "v1.7.0".to_owned(),
            name: None,
            draft: false,
            prerelease: false,
            immutable: false,
            target: commit().to_string(),
            published_at: Some(before(120)),
            assets: Vec::new(),
            html_url: "https://github.com/acme/rocket/releases/tag/v1.7.0".to_owned(),
        };
        let releases = if out { vec![release] } else { Vec::new() };
        self.see(Ask::Releases, Fact::Releases(releases));
    }

    /// Takes a good answer in, at noon.
    pub(crate) fn see(&mut self, ask: Ask, fact: Fact) {
        self.observe(ask, Ok(fact), noon());
    }

    /// Takes a failure in.
    pub(crate) fn fail(&mut self, ask: Ask, kind: FailureKind, at: Timestamp) {
        let failure = Failure {
            kind,
            what: "GitHub cannot be reached: connection refused".to_owned(),
            advice: "Look at the network.".to_owned(),
            retry_at: None,
        };
        self.observe(ask, Err(failure), at);
    }

    pub(crate) fn observe(&mut self, ask: Ask, outcome: Result<Fact, Failure>, at: Timestamp) {
        let rate = (ask.source().to_string() == "github").then_some(Rate {
            limit: 5000,
            remaining: 4812,
            reset: None,
        });
        let observation = Observation {
            ask,
            at,
            outcome,
            cost: Cost {
                requests: 1,
                charged: 1,
            },
            rate,
        };
        update(
            &mut self.model,
            Message::Observed(Box::new(observation)),
            at,
        );
    }

    /// Lets every question that matters fail.
    pub(crate) fn fail_all(&mut self, kind: FailureKind, at: Timestamp) {
        for interest in interest::of(&self.model) {
            self.fail(interest.ask, kind, at);
        }
    }

    /// Lets time pass.
    pub(crate) fn tick(&mut self, at: Timestamp) {
        update(&mut self.model, Message::Tick, at);
    }
}

fn index(version: &str) -> Manifest {
    let platform = |arch: &str| PlatformEntry {
        platform: Platform::new("linux", arch),
        digest: Digest::of(format!("{version} {arch}").as_bytes()),
        size: 1_234,
    };
    Manifest {
        digest: Digest::of(version.as_bytes()),
        media_type: "application/vnd.oci.image.index.v1+json".to_owned(),
        size: 856,
        content: ManifestContent::Index {
            platforms: vec![platform("amd64"), platform("arm64")],
            attestations: Vec::new(),
        },
    }
}

fn environment() -> Environment {
    Environment {
        id: EnvironmentId(1),
        name: "release".to_owned(),
        required_reviewers: Some(vec![Reviewer::User("nova-hale".to_owned())]),
        prevent_self_review: false,
        wait_minutes: None,
        branch_policy: false,
        admins_bypass: Some(false),
    }
}

fn run(phase: Phase, elapsed: i64) -> Run {
    let over = matches!(phase, Phase::Released | Phase::Failed);
    Run {
        id: RUN,
        number: 482,
        attempt: Attempt(1),
        path: ".github/workflows/release.yml".to_owned(),
        name: "Release".to_owned(),
        title: "Release 1.7.0".to_owned(),
        event: "push".to_owned(),
        head_branch: Some("v1.7.0".to_owned()),
        head_sha: commit(),
        status: if over {
            Status::Completed
        } else {
            Status::InProgress
        },
        conclusion: match phase {
            Phase::Released => Some(Conclusion::Success),
            Phase::Failed => Some(Conclusion::Failure),
            _ => None,
        },
        actor: Some("nova-hale".to_owned()),
        triggering_actor: Some("nova-hale".to_owned()),
        created_at: before(elapsed),
        started_at: Some(before(elapsed)),
        updated_at: if over { before(60) } else { before(2) },
        html_url: "https://github.com/acme/rocket/actions/runs/482000".to_owned(),
        referenced: ["release-gate.yml", "prerelease-docker.yml"]
            .into_iter()
            .map(|file| ReferencedWorkflow {
                path: format!("acme/rocket/.github/workflows/{file}"),
                sha: commit(),
                git_ref: None,
            })
            .collect(),
    }
}

fn older() -> Run {
    Run {
        id: RunId(470_000),
        number: 470,
        title: "Release 1.6.9".to_owned(),
        head_branch: Some("v1.6.9".to_owned()),
        created_at: before(900_000),
        started_at: Some(before(900_000)),
        updated_at: before(890_000),
        ..run(Phase::Released, 900_000)
    }
}

fn jobs(phase: Phase, elapsed: i64) -> Vec<Job> {
    let mut found = Vec::new();
    for (n, (name, start, end)) in JOBS.iter().enumerate() {
        let gated = *name == "publish-docker" && phase == Phase::Waiting;
        if *start > elapsed || (phase == Phase::Failed && *start > 490) {
            continue;
        }
        let over = *end <= elapsed && !gated;
        let failed =
            (*name == "ci-gate (3.13)" && phase == Phase::Failed) || *name == "vulture-gate";
        let at = |second: i64| Some(before(elapsed - second));
        let status = match (gated, over) {
            (true, _) => Status::Waiting,
            (false, true) => Status::Completed,
            (false, false) => Status::InProgress,
        };
        let conclusion = over.then_some(if failed {
            Conclusion::Failure
        } else {
            Conclusion::Success
        });
        found.push(Job {
            id: JobId(1000 + n as u64),
            run: RUN,
            attempt: Some(Attempt(1)),
            name: (*name).to_owned(),
            created_at: at(*start - 2),
            started_at: if gated { None } else { at(*start) },
            completed_at: if over { at(*end) } else { None },
            steps: if gated {
                Vec::new()
            } else {
                steps(&status, conclusion.as_ref())
            },
            labels: Vec::new(),
            runner: None,
            html_url: Some(format!(
                "https://github.com/acme/rocket/actions/runs/482000/job/{n}"
            )),
            status,
            conclusion,
        });
    }
    if phase == Phase::Released {
        let mut last = found.last().unwrap().clone();
        last.id = JobId(2000);
        "create-release".clone_into(&mut last.name);
        found.push(last);
    }
    found
}

fn steps(status: &Status, conclusion: Option<&Conclusion>) -> Vec<Step> {
    let step = |number: u32, name: &str, status: &Status, conclusion: Option<&Conclusion>| Step {
        number,
        name: name.to_owned(),
        status: status.clone(),
        conclusion: conclusion.cloned(),
        started_at: None,
        completed_at: None,
    };
    vec![
        step(
            1,
            "Set up job",
            &Status::Completed,
            Some(&Conclusion::Success),
        ),
        step(
            2,
            "Run actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8",
            status,
            conclusion,
        ),
    ]
}
