//! Every forgery is played as far as it goes by itself, and leaves the world that it promises.

use gonogo::sim::forgery::Forgery;
use gonogo::sim::scenario::Scenario;
use gonogo::sim::{Sim, SimOptions, TOKEN};

/// A scenario that was played as far as it goes by itself.
pub async fn played(name: &str) -> Sim {
    let scenario = Scenario::built_in(name).unwrap();
    let sim = Sim::start(SimOptions::new(scenario).driven())
        .await
        .unwrap();
    while sim.advance_to_next().is_some() {}
    sim
}

#[tokio::test]
async fn each_forgery_ends_as_it_says() {
    let mut wrong = Vec::new();
    for forgery in Forgery::all() {
        let sim = played(forgery.name()).await;
        let (expected, truth) = (sim.expected(), sim.truth());
        if expected != truth.state || !sim.troubles().is_empty() {
            wrong.push(format!(
                "{forgery:?}: {:?}\n expected {expected:?}\n is       {:?}",
                sim.troubles(),
                truth.state
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The log of a job, by display name, as GitHub gives it.
async fn log_of(sim: &Sim, job: &str) -> String {
    let client = reqwest::Client::new();
    let base = format!("{}/repos/acme/rocket/actions", sim.endpoints().github);
    let run = sim.truth().run_id;
    let listing = client.get(format!("{base}/runs/{run}/jobs?per_page=100"));
    let listing = listing.bearer_auth(TOKEN).send().await.unwrap();
    let listing: serde_json::Value = listing.json().await.unwrap();
    let jobs = listing["jobs"].as_array().unwrap();
    let id = &jobs.iter().find(|one| one["name"] == job).unwrap()["id"];
    let log = client.get(format!("{base}/jobs/{id}/logs"));
    let log = log.bearer_auth(TOKEN).send().await.unwrap();
    assert!(log.status().is_success());
    log.text().await.unwrap()
}

#[tokio::test]
async fn the_scan_prints_what_it_found_in_each_target() {
    let sim = played("waiting-gate").await;
    let clean = log_of(&sim, "prerelease-docker / security-scan").await;
    assert_eq!(clean.matches("Total: ").count(), 1, "{clean}");
    assert!(
        clean.contains("Z Total: 0 (HIGH: 0, CRITICAL: 0)"),
        "{clean}"
    );
    let sim = played("scan-failed").await;
    let found = log_of(&sim, "prerelease-docker / security-scan").await;
    for line in [
        "Z scan:local (debian 12.11)",
        "Z Total: 2 (HIGH: 1, CRITICAL: 1)",
        "Z Total: 1 (HIGH: 1, CRITICAL: 0)",
        "##[error]Process completed with exit code 1.",
    ] {
        assert!(found.contains(line), "{line} in {found}");
    }
}

#[tokio::test]
async fn a_publish_run_is_titled_with_its_run_and_its_commit() {
    for (name, is_right) in [("dispatched", true), ("dispatched-other-commit", false)] {
        let sim = played(name).await;
        let truth = sim.truth();
        let address = format!(
            "{}/repos/acme/rocket/actions/runs/{}",
            sim.endpoints().github,
            truth.publish_run_id.unwrap()
        );
        let run = reqwest::Client::new().get(address).bearer_auth(TOKEN);
        let run: serde_json::Value = run.send().await.unwrap().json().await.unwrap();
        let title = run["display_title"].as_str().unwrap();
        assert!(title.contains(&truth.run_id.to_string()), "{title}");
        assert_eq!(title.contains(&truth.sha), is_right, "{title}");
        assert_eq!(run["status"], "waiting", "{name}");
    }
}
