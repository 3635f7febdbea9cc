//! The simulated GitHub, judged by GitHub's own description and by real clients.

mod answers;
mod headers;
mod product;
mod real_gh;
mod scale;

use gonogo::sim::scenario::Scenario;
use gonogo::sim::{Sim, SimOptions, TOKEN};
use serde_json::Value;

/// A simulator whose time stands still.
async fn driven(name: &str) -> Sim {
    let scenario = Scenario::built_in(name).unwrap();
    Sim::start(SimOptions::new(scenario).driven())
        .await
        .unwrap()
}

/// Plays a scenario until nothing more happens by itself; the phases that it went through.
fn play(sim: &Sim) -> Vec<String> {
    let mut phases = vec![sim.phase()];
    while sim.advance_to_next().is_some() {
        let phase = sim.phase();
        if phases.last() != Some(&phase) {
            phases.push(phase);
        }
    }
    phases
}

/// Plays until the release is in this phase.
fn play_to(sim: &Sim, phase: &str) {
    while sim.phase() != phase {
        assert!(sim.advance_to_next().is_some(), "{phase} is never reached");
    }
}

/// A plain HTTP client with the simulator's token, which follows no redirect.
struct Client {
    http: reqwest::Client,
    base: String,
}

impl Client {
    fn new(sim: &Sim) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .no_gzip()
            .build()
            .unwrap();
        Self {
            http,
            base: sim.endpoints().github.clone(),
        }
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base)
        };
        let request = self.http.request(method.parse().unwrap(), &url);
        if url.starts_with(&self.base) {
            request.bearer_auth(TOKEN)
        } else {
            request
        }
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.request("GET", path).send().await.unwrap()
    }

    async fn json(&self, path: &str) -> Value {
        self.get(path).await.json().await.unwrap()
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Option<Value>) {
        let answer = self.request("POST", path).json(body).send().await.unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.unwrap();
        (status, serde_json::from_slice(&bytes).ok())
    }
}

#[tokio::test]
async fn every_scenario_ends_as_it_expects() {
    for name in Scenario::names() {
        let sim = driven(name).await;
        let phases = play(&sim);
        assert_eq!(sim.troubles(), Vec::<String>::new(), "{name}");
        assert!(sim.finished(), "{name}");
        assert_eq!(sim.truth().state, sim.expected(), "{name}: {phases:?}");
    }
}

#[tokio::test]
async fn the_happy_release_goes_through_all_its_phases_in_some_forty_minutes() {
    let sim = driven("happy").await;
    let begin = sim.clock().now();
    let phases = play(&sim);
    assert_eq!(
        phases,
        [
            "start",
            "gates",
            "build",
            "prerelease",
            "gate",
            "promote",
            "publish",
            "release",
            "end"
        ]
    );
    let minutes = sim.clock().now().duration_since(begin).as_mins();
    assert!((30..=50).contains(&minutes), "{minutes} min");
    let truth = sim.truth();
    assert_eq!(truth.tag_digests.get("1.6.9"), truth.digest.as_ref());
    assert_eq!(truth.built_in_attempt, Some(1));
    let name = |digest: &str, kind: &str| format!("{}.{kind}", digest.replace(':', "-"));
    let digest = truth.digest.unwrap();
    assert!(truth.tag_digests.contains_key(&name(&digest, "sig")));
    assert!(truth.tag_digests.contains_key(&name(&digest, "att")));
}
