//! Releases that lack a part, or that ended without what belongs to an end.

use std::time::Duration;

use super::incident::star;
use super::pipeline::{Tidy, approve, ends, promoted, promotion_fails};
use super::{Forgery, HONEST, Held, Truth, Verdict, When};
use crate::sim::scenario::{Damage, JobRule, Outcome, Review, Scenario};
use crate::sim::world::attempt::Effect;

const CLEANUP: &str = "cleanup-on-rejection";

pub(super) const ALL: &[Forgery] = &[
    Forgery {
        name: "advisory-gate-failed",
        summary: "A gate failed that only advises, and the image waits for its approval all the same.",
        incident: None,
        truth: Truth::warned(&[]),
        shape: Some(|scenario| {
            ends(scenario, "vulture-gate", Outcome::Failure);
            scenario.expect.failed = vec!["vulture-gate / vulture".to_owned()];
        }),
        ..HONEST
    },
    Forgery {
        name: "runner-missing",
        summary: "A gate waits for a runner that never comes.",
        incident: Some(30),
        truth: Truth {
            verdict: Verdict::Unknown,
            signature: Held::Absent,
            provenance: Held::Absent,
            sbom: [Held::Absent; 2],
            ..Truth::GO
        },
        shape: Some(|scenario| {
            scenario.lead = Duration::from_secs(3600);
            scenario.jobs.insert(
                0,
                JobRule {
                    path: "vulture-gate".to_owned(),
                    queue: Some(Duration::from_secs(2 * 3600)),
                    ..JobRule::default()
                },
            );
            let expect = &mut scenario.expect;
            "in_progress".clone_into(&mut expect.run);
            "gates".clone_into(&mut expect.phase);
            expect.waiting.clear();
            expect.tags.retain(|tag| !tag.starts_with("prerelease-v"));
        }),
        ..HONEST
    },
    Forgery {
        name: "platform-missing",
        summary: "The image was built for one platform alone.",
        incident: None,
        truth: Truth {
            sbom: [Held::Valid, Held::Absent],
            ..Truth::OTHERWISE_NO_GO
        },
        shape: Some(|scenario| {
            scenario.expect.tags.retain(|tag| !tag.ends_with("-arm64"));
        }),
        leaves_out: Some("arm64"),
        ..HONEST
    },
    Forgery {
        name: "rejected-and-cleaned",
        summary: "The promotion was rejected, and what was left of the release is cleaned up.",
        incident: Some(4),
        truth: Truth::OTHERWISE_NO_GO,
        shape: Some(|scenario| {
            rejected(scenario, Review::Approve);
            let expect = &mut scenario.expect;
            expect.tags.retain(|tag| !tag.starts_with("prerelease"));
        }),
        ..HONEST
    },
    Forgery {
        name: "clean-up-rejected",
        summary: "The promotion was rejected and so was the clean-up: the prerelease tags stay for ever.",
        incident: Some(4),
        truth: Truth::OTHERWISE_NO_GO,
        shape: Some(|scenario| {
            rejected(scenario, Review::Reject);
            scenario.expect.failed.push(CLEANUP.to_owned());
        }),
        ..HONEST
    },
    Forgery {
        name: "promote-failed",
        summary: "The promotion failed before it set a tag, and nobody tried again.",
        incident: Some(24),
        truth: Truth::OTHERWISE_NO_GO,
        shape: Some(|scenario| {
            promotion_fails(scenario, Damage::None);
            over(scenario, Review::Approve);
            let expect = &mut scenario.expect;
            expect.tags.retain(|tag| !tag.starts_with("prerelease"));
        }),
        ..HONEST
    },
    Forgery {
        name: "rolled-back",
        summary: "Somebody rolled the release tags back after the promotion, while the dispatch waits.",
        incident: Some(18),
        truth: Truth::OTHERWISE_NO_GO,
        shape: Some(|scenario| {
            approve(scenario, "", "publish-docker", Review::Approve);
            let expect = &mut scenario.expect;
            "publish".clone_into(&mut expect.phase);
            expect.waiting = vec!["trigger-pypi".to_owned()];
            expect.tags.retain(|tag| !tag.ends_with("64"));
        }),
        befall: Some((When::After(Effect::DeletePrerelease), |world| {
            let (run, built) = star(world)?;
            let at = world.now;
            if let Some(before) = world.outside.resolve("1.6.8") {
                for tag in ["1.6", "latest"] {
                    world.outside.tag(tag, &before, at)?;
                }
            }
            world.outside.untag(&run.version);
            let tag = format!("prerelease-v{}-{}", run.version, run.short_sha());
            world.outside.tag(&tag, &built.digest, at)
        })),
        ..HONEST
    },
    Forgery {
        name: "package-withdrawn",
        summary: "The package was deleted right after its upload, while the Release waits for its approval.",
        incident: Some(18),
        truth: Truth::OTHERWISE_NO_GO,
        shape: Some(|scenario| {
            for path in ["publish-docker", "trigger-pypi"] {
                approve(scenario, "", path, Review::Approve);
            }
            approve(scenario, "publish.yml", "publish", Review::Approve);
            "release".clone_into(&mut scenario.expect.phase);
            scenario.expect.waiting = vec!["create-release".to_owned()];
            promoted(scenario, &["1.6", "1.6.9", "latest"], Tidy::Yes);
        }),
        befall: Some((When::After(Effect::Upload), |world| {
            let version = world.scenario.version.clone();
            world.outside.withdraw(&version);
            Ok(())
        })),
        ..HONEST
    },
];

/// The promotion is rejected, and the clean-up is reviewed like this.
fn rejected(scenario: &mut Scenario, cleanup: Review) {
    approve(scenario, "", "publish-docker", Review::Reject);
    scenario.expect.failed = vec!["publish-docker / publish".to_owned()];
    over(scenario, cleanup);
}

/// The clean-up is reviewed, and that is the end.
fn over(scenario: &mut Scenario, cleanup: Review) {
    approve(scenario, "", CLEANUP, cleanup);
    let expect = &mut scenario.expect;
    "completed/failure".clone_into(&mut expect.run);
    "end".clone_into(&mut expect.phase);
    expect.waiting.clear();
}
