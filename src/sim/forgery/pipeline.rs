//! Releases that run another way: jobs that were skipped or failed, promotions that broke off.

use std::time::Duration;

use super::{Forgery, HONEST, Truth, When};
use crate::sim::scenario::{Damage, Edit, GateRule, JobRule, Outcome, Review, Scenario};
use crate::sim::world::attempt::Effect;
use crate::sim::world::scan;

const E2E: &str = "e2e-test-gate";

/// A workflow that no longer asks for the end-to-end tests before it builds.
const HOLE: Edit = Edit::Replace {
    file: "release.yml",
    from: "      && needs.e2e-test-gate.result == 'success'\n",
    to: "",
};
const SKIPPED: Edit = Edit::Replace {
    file: "release.yml",
    from: "  e2e-test-gate:\n    needs: version-check\n    if: needs.version-check.outputs.should_release == 'true'\n",
    to: "  e2e-test-gate:\n    needs: version-check\n    if: github.event.repository.topics_e2e == 'true'\n",
};
const FORGIVEN_SCAN: Edit = Edit::Replace {
    file: "prerelease-docker.yml",
    from: "  security-scan:\n    runs-on: ubuntu-24.04\n",
    to: "  security-scan:\n    runs-on: ubuntu-24.04\n    continue-on-error: true\n",
};
const NO_SCAN_NEEDED: Edit = Edit::Replace {
    file: "prerelease-docker.yml",
    from: "[build-amd64, build-arm64, security-scan]",
    to: "[build-amd64, build-arm64]",
};

pub(super) const ALL: &[Forgery] = &[
    Forgery {
        name: "required-gate-skipped",
        summary: "A required gate was skipped, and the workflow built all the same.",
        incident: Some(29),
        truth: Truth::OTHERWISE_NO_GO,
        shape: Some(|scenario| scenario.edits.extend([HOLE, SKIPPED])),
        ..HONEST
    },
    Forgery {
        name: "required-gate-cancelled",
        summary: "A job of a required gate was cancelled, and the workflow built all the same.",
        incident: Some(29),
        truth: Truth::OTHERWISE_NO_GO,
        shape: Some(|scenario| {
            scenario.edits.push(HOLE);
            ends(scenario, E2E, Outcome::Cancelled);
        }),
        ..HONEST
    },
    Forgery {
        name: "required-gate-failed",
        summary: "A required gate failed, and the workflow built all the same.",
        incident: Some(29),
        truth: Truth::OTHERWISE_NO_GO,
        shape: Some(|scenario| {
            scenario.edits.push(HOLE);
            let leg = "(firefox, postgres)";
            scenario.jobs.insert(
                0,
                JobRule {
                    path: format!("{E2E}/e2e"),
                    leg: leg.to_owned(),
                    outcome: Some(Outcome::Failure),
                    ..JobRule::default()
                },
            );
            scenario.expect.failed = vec![format!("{E2E} / e2e {leg}")];
        }),
        ..HONEST
    },
    Forgery {
        name: "scan-failed",
        summary: "The security scan found vulnerabilities, and the workflow went on all the same.",
        incident: None,
        truth: Truth::OTHERWISE_NO_GO,
        shape: Some(|scenario| {
            scenario.edits.push(FORGIVEN_SCAN);
            scenario.jobs.insert(
                0,
                JobRule {
                    path: scan::JOB.to_owned(),
                    outcome: Some(Outcome::Failure),
                    fail_step: Some(3),
                    ..JobRule::default()
                },
            );
            scenario.expect.failed = vec!["prerelease-docker / security-scan".to_owned()];
        }),
        ..HONEST
    },
    Forgery {
        name: "scan-missing",
        summary: "The workflow scans nothing.",
        incident: None,
        truth: Truth {
            verdict: super::Verdict::Unknown,
            ..Truth::GO
        },
        shape: Some(|scenario| {
            let gone = Edit::Drop {
                file: "prerelease-docker.yml",
                job: "security-scan",
            };
            scenario.edits.extend([NO_SCAN_NEEDED, gone]);
        }),
        ..HONEST
    },
    Forgery {
        name: "never-protected",
        summary: "The environment has no rule at all, so that the release went out without anybody.",
        incident: Some(9),
        truth: Truth::OTHERWISE_NO_GO,
        shape: Some(|scenario| {
            scenario.gates.clear();
            let expect = &mut scenario.expect;
            "completed/success".clone_into(&mut expect.run);
            "end".clone_into(&mut expect.phase);
            expect.waiting.clear();
            promoted(scenario, &["1.6", "1.6.9", "latest"], Tidy::Yes);
            scenario.expect.pypi_files = 2;
            scenario.expect.released = true;
        }),
        befall: Some((When::Start, |world| {
            super::incident::reviewers_gone(world, 0);
            Ok(())
        })),
        ..HONEST
    },
    Forgery {
        name: "promoted",
        summary: "The image is promoted, its prerelease tags are rightly gone, and the dispatch to PyPI waits.",
        incident: None,
        truth: Truth::GO,
        shape: Some(|scenario| {
            approve(scenario, "", "publish-docker", Review::Approve);
            "publish".clone_into(&mut scenario.expect.phase);
            scenario.expect.waiting = vec!["trigger-pypi".to_owned()];
            promoted(scenario, &["1.6", "1.6.9", "latest"], Tidy::Yes);
        }),
        ..HONEST
    },
    Forgery {
        name: "dispatched",
        summary: "The image is promoted, and the publish run waits for its own approval.",
        incident: None,
        truth: Truth::GO,
        shape: Some(dispatched),
        ..HONEST
    },
    Forgery {
        name: "dispatched-other-commit",
        summary: "The publish run was dispatched with another commit than the release's, and waits.",
        incident: Some(20),
        truth: Truth::OTHERWISE_NO_GO,
        shape: Some(dispatched),
        befall: Some((When::After(Effect::Dispatch), |world| {
            let (run, _) = super::incident::star(world)?;
            let other = world
                .repo
                .commit(&run.sha)
                .and_then(|one| one.parent.clone());
            let mut dispatched = world.arrivals.iter_mut().rev();
            let payload = dispatched.find_map(|arrival| arrival.payload.as_mut());
            if let (Some(payload), Some(other)) =
                (payload.and_then(|one| one.get_mut("sha")), other)
            {
                *payload = other.into();
            }
            Ok(())
        })),
        ..HONEST
    },
    Forgery {
        name: "partial-retag",
        summary: "The promotion broke off between the release tags.",
        incident: Some(2),
        truth: Truth::OTHERWISE_NO_GO,
        shape: Some(|scenario| {
            promotion_fails(scenario, Damage::HalfTagged);
            promoted(scenario, &["1.6", "1.6.9"], Tidy::No);
        }),
        ..HONEST
    },
    Forgery {
        name: "re-encoded",
        summary: "The promotion encoded the manifest anew, so that the version's tag has another digest.",
        incident: Some(3),
        truth: Truth::OTHERWISE_NO_GO,
        shape: Some(|scenario| {
            promotion_fails(scenario, Damage::ReEncoded);
            scenario.expect.tags.push("1.6.9".to_owned());
            scenario.expect.tags.sort();
        }),
        ..HONEST
    },
    Forgery {
        name: "rejected",
        summary: "The promotion was rejected, and the clean-up waits.",
        incident: Some(4),
        truth: Truth::OTHERWISE_NO_GO,
        shape: Some(|scenario| {
            approve(scenario, "", "publish-docker", Review::Reject);
            "promote".clone_into(&mut scenario.expect.phase);
            scenario.expect.waiting = vec!["cleanup-on-rejection".to_owned()];
            scenario.expect.failed = vec!["publish-docker / publish".to_owned()];
        }),
        ..HONEST
    },
    Forgery {
        name: "half-published",
        summary: "The image is promoted, and publishing to PyPI failed.",
        incident: Some(6),
        truth: Truth::OTHERWISE_NO_GO,
        shape: Some(|scenario| {
            for path in ["publish-docker", "trigger-pypi", "create-release"] {
                approve(scenario, "", path, Review::Approve);
            }
            approve(scenario, "publish.yml", "publish", Review::Approve);
            scenario.jobs.insert(
                0,
                JobRule {
                    workflow: "publish.yml".to_owned(),
                    path: "publish".to_owned(),
                    outcome: Some(Outcome::Failure),
                    ..JobRule::default()
                },
            );
            "completed/failure".clone_into(&mut scenario.expect.run);
            "end".clone_into(&mut scenario.expect.phase);
            scenario.expect.waiting.clear();
            scenario.expect.failed = vec!["monitor-pypi".to_owned()];
            promoted(scenario, &["1.6", "1.6.9", "latest"], Tidy::Yes);
        }),
        ..HONEST
    },
];

/// Whether the prerelease tags of the version are gone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tidy {
    Yes,
    No,
}

pub(super) fn ends(scenario: &mut Scenario, path: &str, outcome: Outcome) {
    scenario.jobs.insert(
        0,
        JobRule {
            path: path.to_owned(),
            outcome: Some(outcome),
            ..JobRule::default()
        },
    );
}

pub(super) fn approve(scenario: &mut Scenario, workflow: &str, path: &str, review: Review) {
    scenario.gates.push(GateRule {
        workflow: workflow.to_owned(),
        path: path.to_owned(),
        after: Duration::from_secs(120),
        review,
    });
}

pub(super) fn promoted(scenario: &mut Scenario, tags: &[&str], tidy: Tidy) {
    let expect = &mut scenario.expect;
    if tidy == Tidy::Yes {
        expect.tags.retain(|tag| !tag.starts_with("prerelease-v"));
    }
    expect.promoted = tags.iter().map(|tag| (*tag).to_owned()).collect();
    for tag in tags {
        if !expect.tags.iter().any(|known| known == tag) {
            expect.tags.push((*tag).to_owned());
        }
    }
    expect.tags.sort();
}

fn dispatched(scenario: &mut Scenario) {
    for path in ["publish-docker", "trigger-pypi"] {
        approve(scenario, "", path, Review::Approve);
    }
    "in_progress".clone_into(&mut scenario.expect.run);
    "publish".clone_into(&mut scenario.expect.phase);
    scenario.expect.waiting.clear();
    promoted(scenario, &["1.6", "1.6.9", "latest"], Tidy::Yes);
}

/// The job that promotes fails at the step that sets the tags; the clean-up then waits.
pub(super) fn promotion_fails(scenario: &mut Scenario, damage: Damage) {
    approve(scenario, "", "publish-docker", Review::Approve);
    scenario.fails_with = damage;
    scenario.jobs.insert(
        0,
        JobRule {
            path: "publish-docker/publish".to_owned(),
            outcome: Some(Outcome::Failure),
            fail_step: Some(6),
            ..JobRule::default()
        },
    );
    "promote".clone_into(&mut scenario.expect.phase);
    scenario.expect.waiting = vec!["cleanup-on-rejection".to_owned()];
    scenario.expect.failed = vec!["publish-docker / publish".to_owned()];
}
