//! The world before the release: workflow files, people, commits, and the releases made before.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::outside::Outside;
use super::pipeline::{self, Workflow};
use super::repo::{Environment, OTHER, Repo, VIEWER};
use super::{Arrival, Ids, WorkflowFile, World};
use crate::sim::SimError;
use crate::sim::clock::{minus, plus};
use crate::sim::forgery::When;
use crate::sim::scenario::{Edit, Scenario, Trigger};

const FILES: [(&str, &str); 13] = [
    (
        "release.yml",
        include_str!("../../../assets/workflows/release.yml"),
    ),
    (
        "publish.yml",
        include_str!("../../../assets/workflows/publish.yml"),
    ),
    (
        "prerelease-docker.yml",
        include_str!("../../../assets/workflows/prerelease-docker.yml"),
    ),
    (
        "docker-publish.yml",
        include_str!("../../../assets/workflows/docker-publish.yml"),
    ),
    (
        "provenance.yml",
        include_str!("../../../assets/workflows/provenance.yml"),
    ),
    (
        "release-gate.yml",
        include_str!("../../../assets/workflows/release-gate.yml"),
    ),
    (
        "ci-gate.yml",
        include_str!("../../../assets/workflows/ci-gate.yml"),
    ),
    (
        "e2e-test-gate.yml",
        include_str!("../../../assets/workflows/e2e-test-gate.yml"),
    ),
    (
        "compat-test-gate.yml",
        include_str!("../../../assets/workflows/compat-test-gate.yml"),
    ),
    (
        "compose-integration-gate.yml",
        include_str!("../../../assets/workflows/compose-integration-gate.yml"),
    ),
    (
        "test-gate.yml",
        include_str!("../../../assets/workflows/test-gate.yml"),
    ),
    (
        "responsive-test-gate.yml",
        include_str!("../../../assets/workflows/responsive-test-gate.yml"),
    ),
    (
        "vulture-gate.yml",
        include_str!("../../../assets/workflows/vulture-gate.yml"),
    ),
];

const DAY: Duration = Duration::from_secs(86_400);
const RELEASE: &str = ".github/workflows/release.yml";

impl World {
    /// The world as it is at `start`, right when the scenario's release run begins.
    pub(crate) fn seeded(
        scenario: Scenario,
        outside: Box<dyn Outside>,
        start: Timestamp,
    ) -> Result<Self, SimError> {
        let files = workflow_files(&scenario)?;
        let founded = minus(start, DAY.saturating_mul(200));
        let environment = |id: u64, name: &str, reviewers: &[&str]| Environment {
            id,
            name: name.to_owned(),
            reviewers: reviewers.iter().map(|login| (*login).to_owned()).collect(),
            prevent_self_review: false,
            wait_minutes: 0,
            created: founded,
        };
        let repo = Repo {
            environments: vec![
                environment(4_411_020_017, "release", &[VIEWER, OTHER]),
                environment(4_411_020_023, "docs preview", &[]),
            ],
            ..Repo::default()
        };
        let mut world = Self {
            scenario,
            now: founded,
            files,
            runs: BTreeMap::new(),
            arrivals: Vec::new(),
            repo,
            outside,
            ids: Ids {
                run: 31_043_990_930,
                job: 92_430_118_004,
                other: 3_300_118_000,
                run_numbers: BTreeMap::from([
                    (RELEASE.to_owned(), 58),
                    (".github/workflows/publish.yml".to_owned(), 20),
                ]),
            },
            changes: Vec::new(),
            troubles: Vec::new(),
        };
        world
            .repo
            .push("Start the project", VIEWER, "1.6.0", founded);
        world.past(start);
        world.present(start);
        world.befall(When::Start);
        world.advance(start);
        Ok(world)
    }

    /// Releases made before, each followed by some pushes to `main` that had nothing to release.
    fn past(&mut self, start: Timestamp) {
        let previous = self.scenario.previous.clone();
        let count = u32::try_from(previous.len()).unwrap_or(1);
        for (index, version) in (0u32..).zip(&previous) {
            let age = DAY.saturating_mul(9 * (count - index));
            let at = minus(start, age);
            self.advance(minus(at, Duration::from_secs(600)));
            let message = format!("Prepare v{version}\n\nBump the version and the change log.");
            let sha = self.repo.push(
                &message,
                VIEWER,
                version,
                minus(at, Duration::from_secs(90)),
            );
            // Releases come about in different ways: by a tag, or by the push of the version bump.
            let tagged = index % 2 == 0;
            let head = if tagged {
                format!("v{version}")
            } else {
                "main".to_owned()
            };
            if tagged {
                self.repo.tag(&head, &sha, true, VIEWER, at);
            }
            self.arrivals
                .push(release_arrival(at, "push", &head, &sha, VIEWER, false));
            self.advance(plus(at, Duration::from_secs(4 * 3600)));
            let later = [
                (plus(at, DAY), "Speed up the launch window search", OTHER),
                (
                    plus(at, DAY.saturating_mul(3)),
                    "Explain staging in the manual",
                    VIEWER,
                ),
            ];
            for (at, message, by) in later {
                let sha = self.repo.push(message, by, version, at);
                self.arrivals
                    .push(release_arrival(at, "push", "main", &sha, by, false));
                self.advance(plus(at, Duration::from_secs(3600)));
            }
        }
    }

    fn present(&mut self, start: Timestamp) {
        let version = self.scenario.version.clone();
        let message = format!("Prepare v{version}\n\nBump the version and the change log.");
        let before = minus(start, Duration::from_secs(180));
        let (event, head) = match self.scenario.trigger {
            Trigger::Nothing => return,
            Trigger::Tag => ("push", format!("v{version}")),
            Trigger::Main => ("push", "main".to_owned()),
            Trigger::Dispatch => ("workflow_dispatch", "main".to_owned()),
        };
        let sha = self.repo.push(&message, VIEWER, &version, before);
        if self.scenario.trigger == Trigger::Tag {
            self.repo.tag(&head, &sha, true, VIEWER, start);
        }
        self.arrivals
            .push(release_arrival(start, event, &head, &sha, VIEWER, true));
    }
}

fn release_arrival(
    at: Timestamp,
    event: &str,
    head: &str,
    sha: &str,
    actor: &str,
    star: bool,
) -> Arrival {
    Arrival {
        at,
        workflow: RELEASE.to_owned(),
        event: event.to_owned(),
        head: head.to_owned(),
        sha: sha.to_owned(),
        actor: actor.to_owned(),
        star,
        payload: None,
        id: None,
    }
}

fn workflow_files(scenario: &Scenario) -> Result<Vec<WorkflowFile>, SimError> {
    let mut out = Vec::new();
    for (index, (name, text)) in (0u64..).zip(FILES) {
        let path = format!(".github/workflows/{name}");
        let mut text = match scenario.generated_jobs {
            Some(jobs) if name == "release.yml" => generated_workflow(jobs),
            _ => text.to_owned(),
        };
        for edit in &scenario.edits {
            text = edited(name, &text, *edit)?;
        }
        let spec: Workflow = pipeline::parse(&path, &text)?;
        out.push(WorkflowFile {
            id: 161_335_200 + index,
            path,
            text,
            spec,
            listed: matches!(name, "release.yml" | "publish.yml"),
            enabled: true,
        });
    }
    Ok(out)
}

/// The text of a workflow file after a change, which may be of another file.
fn edited(name: &str, text: &str, edit: Edit) -> Result<String, SimError> {
    let missing = |what: &str| SimError::Missing {
        what: format!("{what:?} in {name}"),
    };
    match edit {
        Edit::Replace { file, from, to } if file == name => {
            let (before, after) = text.split_once(from).ok_or_else(|| missing(from))?;
            Ok([before, to, after].concat())
        }
        Edit::Drop { file, job } if file == name => {
            let head = format!("  {job}:");
            let mut inside = false;
            let mut found = false;
            let kept: Vec<&str> = text
                .lines()
                .filter(|line| {
                    if *line == head {
                        (inside, found) = (true, true);
                    } else if line.starts_with("  ") && !line.starts_with("   ") {
                        inside = false;
                    }
                    !inside
                })
                .collect();
            if !found {
                return Err(missing(job));
            }
            Ok(kept.join("\n") + "\n")
        }
        _ => Ok(text.to_owned()),
    }
}

/// A workflow of one matrix whose legs run one after another.
fn generated_workflow(jobs: usize) -> String {
    let legs: Vec<String> = (1..=jobs).map(|leg| format!("'{leg:03}'")).collect();
    format!(
        "name: Release\nrun-name: Release ${{{{ github.ref_name }}}}\non:\n  push:\n    tags: ['v*.*.*']\njobs:\n  leg:\n    strategy:\n      max-parallel: 1\n      matrix:\n        part: [{}]\n    runs-on: ubuntu-24.04\n    steps:\n      - name: One\n        run: 'true'\n      - name: Two\n        run: 'true'\n      - name: Three\n        run: 'true'\n      - name: Four\n        run: 'true'\n",
        legs.join(", ")
    )
}
