//! What GitHub says beside the body: validators, pages, budgets, scopes, redirects.

use serde_json::{Value, json};

use super::{Client, driven, play, play_to};
use gonogo::sim::requests::Service;
use gonogo::sim::scenario::Scenario;
use gonogo::sim::{Sim, SimOptions};

fn header(answer: &reqwest::Response, name: &str) -> String {
    let value = answer.headers().get(name);
    value.map_or(String::new(), |value| value.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn an_unchanged_answer_is_a_304_that_costs_nothing() {
    let sim = driven("happy").await;
    play_to(&sim, "gates");
    let client = Client::new(&sim);
    let path = format!(
        "/repos/acme/rocket/actions/runs/{}/jobs",
        sim.truth().run_id
    );
    let first = client.get(&path).await;
    let etag = header(&first, "etag");
    assert!(etag.starts_with("W/\""), "{etag}");
    assert_eq!(header(&first, "x-ratelimit-used"), "1");
    let again = async || {
        let request = client.request("GET", &path).header("if-none-match", &etag);
        request.send().await.unwrap()
    };
    let second = again().await;
    assert_eq!(second.status(), 304);
    assert_eq!(header(&second, "x-ratelimit-used"), "1");
    assert_eq!(header(&second, "etag"), etag);
    sim.advance_to_next().unwrap();
    let third = again().await;
    assert_eq!(third.status(), 200);
    assert_eq!(header(&third, "x-ratelimit-used"), "2");
    let tally = sim.requests().tally(Service::Github);
    assert_eq!((tally.arrived, tally.not_modified), (3, 1));
}

#[tokio::test]
async fn pages_are_linked_under_the_base_that_was_asked() {
    let sim = driven("happy").await;
    play(&sim);
    let client = Client::new(&sim);
    let path = format!(
        "/repos/acme/rocket/actions/runs/{}/jobs?per_page=15",
        sim.truth().run_id
    );
    let mut seen = Vec::new();
    let mut next = Some(path);
    while let Some(path) = next {
        let answer = client.get(&path).await;
        let link = header(&answer, "link");
        next = link
            .split(", ")
            .find_map(|part| part.strip_suffix(">; rel=\"next\"")?.strip_prefix('<'))
            .map(str::to_owned);
        assert!(
            next.as_ref()
                .is_none_or(|url| url.starts_with(&sim.endpoints().github))
        );
        let body: Value = answer.json().await.unwrap();
        let names = body["jobs"].as_array().unwrap();
        seen.extend(
            names
                .iter()
                .map(|job| job["name"].as_str().unwrap().to_owned()),
        );
        if next.is_none() {
            assert_eq!(body["total_count"], json!(seen.len()));
        }
    }
    assert!(seen.len() > 30, "{seen:?}");
    assert!(seen.contains(&"prerelease-docker / create-manifest".to_owned()));
    assert!(seen.contains(&"ci-gate / unit (3.13, ubuntu-24.04-arm)".to_owned()));
}

#[tokio::test]
async fn bad_tokens_are_refused_and_scopes_are_told() {
    let sim = driven("idle").await;
    let client = Client::new(&sim);
    let root = client.request("HEAD", "/").send().await.unwrap();
    assert_eq!(root.status(), 200);
    assert_eq!(header(&root, "x-oauth-scopes"), "repo, workflow");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let bad = http
        .get(format!("{}/user", sim.endpoints().github))
        .bearer_auth("wrong");
    let bad = bad.send().await.unwrap();
    assert_eq!(bad.status(), 401);
    let body: Value = bad.json().await.unwrap();
    assert_eq!(body["message"], json!("Bad credentials"));
    let anonymous = http.get(format!("{}/repos/acme/rocket", sim.endpoints().github));
    let anonymous = anonymous.send().await.unwrap();
    assert_eq!(anonymous.status(), 200);
    assert_eq!(header(&anonymous, "x-ratelimit-limit"), "60");
}

#[tokio::test]
async fn a_spent_budget_is_a_403_until_the_hour_is_over() {
    let mut options = SimOptions::new(Scenario::built_in("idle").unwrap()).driven();
    options.hourly_limit = 2;
    let sim = Sim::start(options).await.unwrap();
    let client = Client::new(&sim);
    for status in [200, 200, 403] {
        assert_eq!(client.get("/user").await.status(), status);
    }
    let limits = client.json("/rate_limit").await;
    assert_eq!(limits["resources"]["core"]["remaining"], json!(0));
    sim.advance(std::time::Duration::from_secs(3601));
    assert_eq!(client.get("/user").await.status(), 200);
}

#[tokio::test]
async fn logs_come_by_a_redirect_to_another_host_once_the_job_has_ended() {
    let sim = driven("happy").await;
    play_to(&sim, "gates");
    let client = Client::new(&sim);
    let run = sim.truth().run_id;
    let jobs = client
        .json(&format!(
            "/repos/acme/rocket/actions/runs/{run}/jobs?per_page=100"
        ))
        .await;
    let find = |status: &str| {
        let jobs = jobs["jobs"].as_array().unwrap();
        let job = jobs.iter().find(|job| job["status"] == status).unwrap();
        job["id"].as_u64().unwrap()
    };
    let log = async |id: u64| {
        let answer = client
            .get(&format!("/repos/acme/rocket/actions/jobs/{id}/logs"))
            .await;
        assert_eq!(answer.status(), 302);
        let place = header(&answer, "location");
        assert!(place.starts_with(&sim.endpoints().storage), "{place}");
        (client.get(&place).await, place)
    };
    let (queued, _) = log(find("queued")).await;
    assert_eq!(queued.status(), 404);
    assert!(
        queued
            .text()
            .await
            .unwrap()
            .contains("<Code>BlobNotFound</Code>")
    );
    let (done, place) = log(find("completed")).await;
    assert_eq!(done.status(), 200);
    let text = done.text().await.unwrap();
    assert!(text.contains("\u{1b}[36;1m"), "colours are there");
    assert!(text.contains(&format!(
        "git checkout --progress --force {}",
        sim.truth().sha
    )));
    let forged = place.replace("sig=", "sig=0");
    assert_eq!(client.get(&forged).await.status(), 403);
}

#[tokio::test]
async fn the_log_of_create_manifest_prints_the_digest_that_was_built() {
    let sim = driven("waiting-gate").await;
    play(&sim);
    let client = Client::new(&sim);
    let truth = sim.truth();
    let run = truth.run_id;
    let jobs = client
        .json(&format!(
            "/repos/acme/rocket/actions/runs/{run}/jobs?per_page=100"
        ))
        .await;
    let job = jobs["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .find(|job| job["name"] == "prerelease-docker / create-manifest")
        .unwrap();
    let answer = client
        .get(&format!(
            "/repos/acme/rocket/actions/jobs/{}/logs",
            job["id"]
        ))
        .await;
    let text = client
        .get(&header(&answer, "location"))
        .await
        .text()
        .await
        .unwrap();
    let digest = truth.digest.unwrap();
    assert!(
        text.contains(&format!("manifest digest: {digest}")),
        "{text}"
    );
    let short = &truth.sha[..7];
    assert_eq!(
        truth.tag_digests[&format!("prerelease-v1.6.9-{short}")],
        digest
    );
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_ask() {
    let sim = driven("idle").await;
    let client = Client::new(&sim);
    let path = "/repos/acme/rocket/actions/runs?per_page=10";
    let plain = client.get(path).await.bytes().await.unwrap();
    let packed = client
        .request("GET", path)
        .header("accept-encoding", "gzip");
    let packed = packed.send().await.unwrap();
    assert_eq!(header(&packed, "content-encoding"), "gzip");
    let packed = packed.bytes().await.unwrap();
    assert!(
        packed.len() * 4 < plain.len(),
        "{} of {}",
        packed.len(),
        plain.len()
    );
}
