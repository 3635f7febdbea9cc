//! Every answer of the simulated GitHub is one that GitHub's own description allows.

use serde_json::{Value, json};

use super::{Client, driven, play, play_to};
use crate::support::contract::contract;

/// Asks for everything once; returns what the contract finds wrong.
async fn everything(client: &Client, sim: &gonogo::sim::Sim) -> Vec<String> {
    let contract = contract().unwrap();
    let truth = sim.truth();
    let repo = "/repos/acme/rocket";
    let run = format!("{repo}/actions/runs/{}", truth.run_id);
    let jobs = client.json(&format!("{run}/jobs?per_page=100")).await;
    let jobs = jobs["jobs"].as_array().unwrap();
    let failed = jobs.iter().find(|job| job["conclusion"] == "failure");
    let job = failed.unwrap_or(&jobs[0])["id"].clone();
    let workflows = client.json(&format!("{repo}/actions/workflows")).await;
    let workflow = workflows["workflows"][0]["id"].clone();
    let releases = client.json(&format!("{repo}/releases")).await;
    let (release, asset) = (&releases[0]["id"], &releases[0]["assets"][0]["id"]);
    let artifacts = client.json(&format!("{repo}/actions/artifacts")).await;
    let artifact = artifacts["artifacts"][0]["id"].clone();
    let tag = client.json(&format!("{repo}/git/ref/tags/v1.6.7")).await;
    let tag = tag["object"]["sha"].as_str().unwrap_or_default().to_owned();
    let base = truth.sha.clone();
    let places = vec![
        "/".to_owned(),
        "/meta".to_owned(),
        "/versions".to_owned(),
        "/rate_limit".to_owned(),
        "/user".to_owned(),
        "/search/issues?q=is:open+label:ci-cd".to_owned(),
        repo.to_owned(),
        "/repos/acme/none".to_owned(),
        format!("{repo}/actions/workflows"),
        format!("{repo}/actions/workflows/{workflow}"),
        format!("{repo}/actions/workflows/release.yml"),
        format!("{repo}/actions/workflows/none.yml"),
        format!("{repo}/actions/workflows/release.yml/runs?per_page=2&page=2"),
        format!("{repo}/actions/workflows/publish.yml/runs?event=repository_dispatch"),
        format!("{repo}/actions/runs?per_page=100&exclude_pull_requests=true"),
        run.clone(),
        format!("{repo}/actions/runs/1"),
        format!("{run}/attempts/1"),
        format!("{run}/attempts/9"),
        format!("{run}/attempts/1/jobs"),
        format!("{run}/attempts/9/jobs"),
        format!("{run}/jobs?filter=all&per_page=7&page=2"),
        format!("{run}/pending_deployments"),
        format!("{run}/approvals"),
        format!("{run}/artifacts?name=dist"),
        format!("{run}/logs"),
        format!("{repo}/actions/jobs/{job}"),
        format!("{repo}/actions/jobs/{job}/logs"),
        format!("{repo}/check-runs/{job}"),
        format!("{repo}/check-runs/{job}/annotations"),
        format!("{repo}/actions/artifacts"),
        format!("{repo}/actions/artifacts/{artifact}"),
        format!("{repo}/actions/artifacts/{artifact}/zip"),
        format!("{repo}/environments"),
        format!("{repo}/environments/release"),
        format!("{repo}/environments/docs%20preview"),
        format!("{repo}/environments/none"),
        format!("{repo}/environments/release/deployment-branch-policies"),
        format!("{repo}/environments/release/deployment_protection_rules"),
        format!("{repo}/deployments?environment=release"),
        format!("{repo}/releases"),
        format!("{repo}/releases/latest"),
        format!("{repo}/releases/tags/v1.6.8"),
        format!("{repo}/releases/tags/v9"),
        format!("{repo}/releases/{release}"),
        format!("{repo}/releases/{release}/assets"),
        format!("{repo}/releases/assets/{asset}"),
        format!("{repo}/git/ref/tags/v1.6.7"),
        format!("{repo}/git/ref/tags/v9"),
        format!("{repo}/git/matching-refs/tags/v1"),
        format!("{repo}/git/tags/{tag}"),
        format!("{repo}/tags"),
        format!("{repo}/commits?per_page=2"),
        format!("{repo}/commits/{base}"),
        format!("{repo}/commits/{base}/check-runs?per_page=3"),
        format!("{repo}/commits/none"),
        format!("{repo}/compare/v1.6.7...{base}"),
        format!("{repo}/compare/{base}...v1.6.7"),
        format!("{repo}/contents/.github/workflows?ref={base}"),
        format!("{repo}/contents/.github/workflows/release.yml?ref={base}"),
        format!("{repo}/contents/none.txt"),
        format!("{repo}/issues?state=all"),
        format!("{repo}/attestations/sha256:{}", "0".repeat(64)),
        format!("{repo}/rules/branches/main"),
    ];
    let mut wrong = Vec::new();
    for place in places {
        let (path, _) = place.split_once('?').unwrap_or((&place, ""));
        let answer = client.get(&place).await;
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.unwrap();
        let body: Option<Value> = serde_json::from_slice(&bytes).ok();
        if status >= 500 {
            wrong.push(format!("{place}: {status}"));
        }
        wrong.extend(contract.check_answer("GET", path, status, body.as_ref()));
    }
    wrong
}

#[tokio::test]
async fn reads_are_as_described_while_a_release_goes_on() {
    if contract().is_none() {
        return;
    }
    let moments = [
        ("happy", vec!["gates", "gate", "publish", "end"]),
        ("failed-gate", vec!["end"]),
        ("idle", vec!["idle"]),
    ];
    for (name, phases) in moments {
        let sim = driven(name).await;
        let client = Client::new(&sim);
        for phase in phases {
            play_to(&sim, phase);
            let wrong = everything(&client, &sim).await;
            assert_eq!(wrong, Vec::<String>::new(), "{name} in phase {phase}");
        }
    }
}

#[tokio::test]
async fn a_broken_answer_is_found() {
    let Some(contract) = contract() else {
        return;
    };
    let sim = driven("idle").await;
    let client = Client::new(&sim);
    let path = format!("/repos/acme/rocket/actions/runs/{}", sim.truth().run_id);
    let mut run = client.json(&path).await;
    assert!(
        contract
            .check_answer("GET", &path, 200, Some(&run))
            .is_empty()
    );
    run["head_sha"] = Value::Null;
    assert!(
        !contract
            .check_answer("GET", &path, 200, Some(&run))
            .is_empty()
    );
    assert!(!contract.check_answer("GET", &path, 200, None).is_empty());
    assert!(!contract.check_answer("GET", &path, 418, None).is_empty());
    let asks = |query: &[(&str, &str)]| {
        let query: Vec<_> = query
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        contract.check_request("GET", &format!("{path}/jobs"), &query, None)
    };
    assert!(asks(&[("filter", "latest"), ("per_page", "100")]).is_empty());
    assert!(!asks(&[("filter", "some")]).is_empty());
    assert!(!asks(&[("size", "1")]).is_empty());
    let review = format!("{path}/pending_deployments");
    let bodies = [
        (
            json!({"environment_ids": [1], "state": "approved", "comment": ""}),
            true,
        ),
        (
            json!({"environment_ids": [1], "state": "fine", "comment": ""}),
            false,
        ),
        (json!({"environment_ids": [1]}), false),
    ];
    for (body, good) in bodies {
        let wrong = contract.check_request("POST", &review, &[], Some(&body));
        assert_eq!(wrong.is_empty(), good, "{body}: {wrong:?}");
    }
}

#[tokio::test]
async fn writes_are_as_described_and_move_the_world() {
    let Some(contract) = contract() else {
        return;
    };
    let sim = driven("waiting-gate").await;
    play(&sim);
    let client = Client::new(&sim);
    let run = format!("/repos/acme/rocket/actions/runs/{}", sim.truth().run_id);
    let pending = client.json(&format!("{run}/pending_deployments")).await;
    let environment = &pending[0]["environment"]["id"];
    assert_eq!(pending[0]["current_user_can_approve"], json!(true));
    let judge = async |path: String, body: Value, wanted: u16| {
        // A cancel has no body.
        let sent = Some(&body).filter(|_| !path.ends_with("cancel"));
        let wrong = contract.check_request("POST", &path, &[], sent);
        assert_eq!(wrong, Vec::<String>::new());
        let (status, answer) = client.post(&path, &body).await;
        assert_eq!(status, wanted, "{path}: {answer:?}");
        let wrong = contract.check_answer("POST", &path, status, answer.as_ref());
        assert_eq!(wrong, Vec::<String>::new());
        answer
    };
    let review = json!({"environment_ids": [environment], "state": "approved", "comment": "go"});
    judge(format!("{run}/pending_deployments"), review.clone(), 200).await;
    assert_eq!(sim.truth().state.waiting, Vec::<String>::new());
    judge(format!("{run}/pending_deployments"), review, 422).await;
    play(&sim);
    assert_eq!(sim.truth().state.promoted, ["1.6", "1.6.9", "latest"]);
    assert_eq!(sim.truth().state.waiting, ["trigger-pypi"]);

    judge(format!("{run}/cancel"), json!({}), 202).await;
    assert_eq!(sim.truth().state.run, "completed/cancelled");
    judge(format!("{run}/cancel"), json!({}), 409).await;
    judge(format!("{run}/rerun-failed-jobs"), json!({}), 201).await;
    let again = client.json(&run).await;
    assert_eq!(again["run_attempt"], json!(2));
    assert_eq!(again["status"], json!("waiting"));
    judge(format!("{run}/force-cancel"), json!({}), 202).await;
    judge(format!("{run}/rerun"), json!({}), 201).await;
    let jobs = client
        .json(&format!("{run}/jobs?filter=all&per_page=100"))
        .await;
    let attempts: std::collections::BTreeSet<u64> = jobs["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["run_attempt"].as_u64().unwrap())
        .collect();
    assert_eq!(attempts.into_iter().collect::<Vec<_>>(), [1, 2, 3]);

    let started = judge(
        "/repos/acme/rocket/actions/workflows/release.yml/dispatches".to_owned(),
        json!({"ref": "main", "return_run_details": true}),
        200,
    )
    .await
    .unwrap();
    let begun = client
        .json(&format!(
            "/repos/acme/rocket/actions/runs/{}",
            started["workflow_run_id"]
        ))
        .await;
    assert_eq!(begun["event"], json!("workflow_dispatch"));
    judge(
        "/repos/acme/rocket/dispatches".to_owned(),
        json!({"event_type": "publish-pypi", "client_payload": {"tag": "v1.6.9", "run_id": "7", "sha": "c0ffee", "prerelease": false}}),
        204,
    )
    .await;
    let listed = client
        .json("/repos/acme/rocket/actions/workflows/publish.yml/runs?event=repository_dispatch&per_page=1")
        .await;
    assert_eq!(
        listed["workflow_runs"][0]["display_title"],
        json!("Publish v1.6.9 of run 7 at c0ffee")
    );
}

#[tokio::test]
async fn a_rejected_gate_is_cleaned_up_and_leaves_the_previous_release_alone() {
    let sim = driven("waiting-gate").await;
    play(&sim);
    let before = sim.truth();
    let client = Client::new(&sim);
    let run = format!("/repos/acme/rocket/actions/runs/{}", before.run_id);
    let pending = client.json(&format!("{run}/pending_deployments")).await;
    let review = |state: &str| json!({"environment_ids": [pending[0]["environment"]["id"]], "state": state, "comment": "no"});
    let place = format!("{run}/pending_deployments");
    assert_eq!(client.post(&place, &review("rejected")).await.0, 200);
    assert_eq!(sim.truth().state.failed, ["publish-docker / publish"]);
    assert_eq!(sim.truth().state.waiting, ["cleanup-on-rejection"]);
    assert_eq!(client.post(&place, &review("approved")).await.0, 200);
    play(&sim);
    let after = sim.truth();
    assert_eq!(after.state.run, "completed/failure");
    assert_eq!(after.state.tags, ["1.6", "1.6.7", "1.6.8", "latest"]);
    for tag in ["1.6", "1.6.8", "latest"] {
        assert_eq!(after.tag_digests.get(tag), before.tag_digests.get(tag));
    }
    let signature = format!("{}.sig", before.digest.unwrap().replace(':', "-"));
    assert!(before.tag_digests.contains_key(&signature));
    assert!(!after.tag_digests.contains_key(&signature));
    let history = client.json(&format!("{run}/approvals")).await;
    let states: Vec<&str> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["rejected", "approved"]);
}
