//! Two maintainers at once: what changed between plan and step voids the plan and is named, and nothing is sent.

use gonogo::sim::Maintainer;
use gonogo::sim::scenario::Review;

use super::*;

/// What somebody else does between plan and step, and what is said of it.
struct Race {
    scenario: &'static str,
    intent: Intent,
    meanwhile: fn(&Maintainer, u64) -> bool,
    says: &'static str,
}

async fn lost(race: Race) {
    let Race {
        scenario,
        intent,
        meanwhile,
        says,
    } = race;
    let mut rig = ended(scenario).await;
    let plan = planned(&mut rig, intent.clone()).await.unwrap();
    let other = rig.sim.other_maintainer();
    let run = other.release_run().unwrap();
    assert!(meanwhile(&other, run), "{intent:?}");
    let mark = rig.sim.requests().mark();
    let ended = carried_out(&mut rig, plan.phrase.as_deref()).await;
    assert_eq!(
        ended.outcome,
        Some(Outcome::Refused),
        "{intent:?}: {}",
        ended.why
    );
    assert!(ended.why.contains(says), "{intent:?}: {}", ended.why);
    let sent = changes(&rig, mark);
    assert_eq!(sent.len(), 0, "{intent:?}: {sent:?}");
}

#[tokio::test]
async fn a_gate_that_somebody_else_reviewed_is_not_reviewed_again() {
    for (intent, review, says) in [
        (approve(), Review::Approve, "orion-vega approved `release`"),
        (approve(), Review::Reject, "orion-vega rejected `release`"),
        (reject(), Review::Approve, "orion-vega approved `release`"),
    ] {
        let meanwhile: fn(&Maintainer, u64) -> bool = match review {
            Review::Approve => |other, run| other.review(run, "release", Review::Approve, ""),
            Review::Reject => |other, run| other.review(run, "release", Review::Reject, ""),
        };
        // A rejection lets the clean-up come to the same gate: then it is a job that came to wait.
        let says = match review {
            Review::Approve => says,
            Review::Reject => "`cleanup-on-rejection` came to wait too",
        };
        lost(Race {
            scenario: "waiting-gate",
            intent,
            meanwhile,
            says,
        })
        .await;
    }
}

#[tokio::test]
async fn a_job_that_came_to_wait_since_voids_the_approval() {
    lost(Race {
        scenario: "waiting-gate",
        intent: approve(),
        meanwhile: Maintainer::cancel,
        says: "`cleanup-on-rejection` came to wait too",
    })
    .await;
}

#[tokio::test]
async fn a_run_that_somebody_else_ran_again_is_not_run_again() {
    for what in [What::Failed, What::All] {
        lost(Race {
            scenario: "failed-gate",
            intent: rerun(what),
            meanwhile: Maintainer::rerun,
            says: "orion-vega started attempt 2",
        })
        .await;
    }
}

#[tokio::test]
async fn a_workflow_that_was_switched_off_since_is_not_started() {
    lost(Race {
        scenario: "waiting-gate",
        intent: dispatch("release.yml"),
        meanwhile: |other, _| other.enable("release.yml", false),
        says: "somebody switched it off",
    })
    .await;
}

#[tokio::test]
async fn our_own_review_in_another_window_is_found_and_not_repeated() {
    let mut rig = ended("waiting-gate").await;
    let plan = planned(&mut rig, approve()).await.unwrap();
    // The same person approves on the run's page.
    let run = rig.sim.other_maintainer().release_run().unwrap();
    let url = format!(
        "{}/repos/acme/rocket/actions/runs/{run}/pending_deployments",
        rig.sim.endpoints().github
    );
    let ids: Vec<u64> = match &plan.steps[0].action {
        Action::Review { gates, .. } => gates.iter().map(|gate| gate.id.0).collect(),
        other => panic!("{other:?}"),
    };
    let body = serde_json::json!({"environment_ids": ids, "state": "approved", "comment": ""});
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.post(url).bearer_auth(gonogo::sim::TOKEN).json(&body);
    assert!(answer.send().await.unwrap().status().is_success());
    let mark = rig.sim.requests().mark();
    let ended = carried_out(&mut rig, None).await;
    assert_eq!(ended.outcome, Some(Outcome::Done), "{}", ended.why);
    assert_eq!(changes(&rig, mark).len(), 0);
}
