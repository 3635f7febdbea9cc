//! Docker Hub's own API over the simulated registry.

use std::time::Duration;

use gonogo::sim::hub::{self, HubOptions, LackingDelete};
use gonogo::sim::image::{Attestations, ImageSpec, build};
use gonogo::sim::oci::{Access, Action, Registry, User};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::support::{Ticking, commit, noon, serve};

struct Scene {
    registry: Registry,
    base: String,
    client: reqwest::Client,
}

/// Twelve tags of one image, pushed a minute apart.
async fn scene(options: HubOptions) -> Scene {
    let clock = Ticking::new();
    let registry = Registry::new(clock.now());
    registry.add_user(User::owner("alice", "s3cret"));
    registry.add_user(User::new("bob", "s3cret", [Action::Pull, Action::Push]));
    let image = build(&ImageSpec {
        attestations: Attestations::InIndex,
        ..ImageSpec::new("rocket", "1.6.9", &commit(), noon()())
    });
    let digest = image.push(&registry, "acme/rocket", &[]).unwrap();
    for patch in 0..12 {
        clock.advance(60);
        registry
            .tag("acme/rocket", &format!("1.6.{patch}"), &digest)
            .unwrap();
    }
    let base = format!(
        "http://{}",
        serve(hub::router(registry.clone(), options)).await
    );
    Scene {
        registry,
        base,
        client: reqwest::Client::new(),
    }
}

impl Scene {
    fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.base))
    }

    async fn json(&self, request: RequestBuilder) -> (u16, Value) {
        let answer = request.send().await.unwrap();
        (
            answer.status().as_u16(),
            answer.json().await.unwrap_or_default(),
        )
    }

    async fn token(&self, user: &str, password: &str) -> (u16, String) {
        let request = self.client.post(format!("{}/v2/auth/token", self.base));
        let request = request.json(&json!({"identifier": user, "secret": password}));
        let (status, body) = self.json(request).await;
        (
            status,
            body["access_token"].as_str().unwrap_or_default().to_owned(),
        )
    }

    fn delete(&self, tag: &str) -> RequestBuilder {
        let path = format!("/v2/repositories/acme/rocket/tags/{tag}/");
        self.client.delete(format!("{}{path}", self.base))
    }
}

const TAGS: &str = "/v2/namespaces/acme/repositories/rocket/tags";

#[tokio::test]
async fn tag_lists_come_newest_first_and_in_pages() {
    let scene = scene(HubOptions::default()).await;
    let (status, first) = scene.json(scene.get(TAGS)).await;
    assert_eq!((status, &first["count"]), (200, &json!(12)));
    assert_eq!(first["results"].as_array().unwrap().len(), 10);
    assert_eq!(first["results"][0]["name"], "1.6.11");
    assert_eq!(first["previous"], Value::Null);
    let next = first["next"].as_str().unwrap();
    assert_eq!(next, format!("{}{TAGS}?page=2&page_size=10", scene.base));
    let (_, second) = scene.json(scene.client.get(next)).await;
    assert_eq!(second["results"].as_array().unwrap().len(), 2);
    assert_eq!(second["next"], Value::Null);
    assert!(second["previous"].as_str().unwrap().contains("page=1&"));
    let (_, all) = scene
        .json(scene.get(&format!("{TAGS}/?page_size=500")))
        .await;
    assert_eq!(all["results"].as_array().unwrap().len(), 12);
    assert_eq!(
        scene.json(scene.get(&format!("{TAGS}?page=3"))).await.0,
        404
    );
    let unknown = "/v2/namespaces/acme/repositories/nothing/tags";
    assert_eq!(scene.json(scene.get(unknown)).await.0, 404);
    let head = scene
        .client
        .head(format!("{}{TAGS}", scene.base))
        .send()
        .await
        .unwrap();
    assert_eq!(head.status(), 200);
}

#[tokio::test]
async fn a_tag_tells_its_dates_digest_and_platforms() {
    let scene = scene(HubOptions::default()).await;
    let (status, tag) = scene.json(scene.get(&format!("{TAGS}/1.6.0"))).await;
    assert_eq!(status, 200);
    assert_eq!(tag["last_updated"], "2026-03-01T12:01:00Z");
    assert_eq!(tag["tag_last_pushed"], tag["last_updated"]);
    assert_eq!(tag["tag_last_pulled"], Value::Null);
    let digest = scene.registry.resolve("acme/rocket", "1.6.0").unwrap();
    assert_eq!(tag["digest"], digest.as_str());
    let images = tag["images"].as_array().unwrap();
    let architectures: Vec<_> = images.iter().map(|image| &image["architecture"]).collect();
    assert_eq!(architectures, ["amd64", "arm64", "unknown", "unknown"]);
    assert!(images[0]["size"].as_u64().unwrap() > 100);
    assert_eq!(tag["full_size"], images[0]["size"]);
    let (status, missing) = scene.json(scene.get(&format!("{TAGS}/9.9"))).await;
    assert_eq!(status, 404);
    assert!(
        missing["message"]
            .as_str()
            .unwrap()
            .contains("object not found")
    );
}

#[tokio::test]
async fn only_a_user_with_the_right_deletes_a_tag() {
    let scene = scene(HubOptions::default()).await;
    assert_eq!(scene.token("alice", "wrong").await.0, 401);
    assert_eq!(scene.json(scene.delete("1.6.0")).await.0, 401);
    let (_, bob) = scene.token("bob", "s3cret").await;
    assert_eq!(
        scene.json(scene.delete("1.6.0").bearer_auth(bob)).await.0,
        403
    );
    assert!(scene.registry.resolve("acme/rocket", "1.6.0").is_some());
    let (status, alice) = scene.token("alice", "s3cret").await;
    assert_eq!(status, 200);
    assert_eq!(
        scene
            .json(scene.delete("1.6.0").bearer_auth(&alice))
            .await
            .0,
        204
    );
    assert!(scene.registry.resolve("acme/rocket", "1.6.0").is_none());
    assert_eq!(scene.registry.tags("acme/rocket").len(), 11);
    assert_eq!(
        scene
            .json(scene.delete("1.6.0").bearer_auth(&alice))
            .await
            .0,
        404
    );
    scene.registry.behave(|behaviour| {
        behaviour.immutable_tags.insert("1.6.1".to_owned());
    });
    assert_eq!(
        scene
            .json(scene.delete("1.6.1").bearer_auth(&alice))
            .await
            .0,
        400
    );
}

#[tokio::test]
async fn a_missing_right_may_come_as_a_server_error() {
    let scene = scene(HubOptions {
        lacking_delete: LackingDelete::WrappedError,
        ..HubOptions::default()
    })
    .await;
    let (_, bob) = scene.token("bob", "s3cret").await;
    let (status, body) = scene.json(scene.delete("1.6.0").bearer_auth(bob)).await;
    assert_eq!(status, 500);
    assert!(
        body["message"]
            .as_str()
            .unwrap()
            .contains("\"Action\":\"delete\"")
    );
}

#[tokio::test]
async fn a_private_repository_shows_itself_only_to_its_users() {
    let scene = scene(HubOptions::default()).await;
    scene.registry.behave(|behaviour| {
        behaviour.access = Access::Token {
            anonymous_pull: false,
            ttl: Duration::from_secs(300),
        };
    });
    assert_eq!(scene.json(scene.get(TAGS)).await.0, 404);
    let (_, bob) = scene.token("bob", "s3cret").await;
    assert_eq!(scene.json(scene.get(TAGS).bearer_auth(bob)).await.0, 200);
    assert_eq!(
        scene.json(scene.get(TAGS).bearer_auth("stale")).await.0,
        401
    );
}

#[tokio::test]
async fn the_rate_limit_names_the_moment_of_its_end() {
    let scene = scene(HubOptions {
        limit: 2,
        ..HubOptions::default()
    })
    .await;
    let first = scene.get(TAGS).send().await.unwrap();
    assert_eq!(first.headers()["x-ratelimit-limit"], "2");
    assert_eq!(first.headers()["x-ratelimit-remaining"], "1");
    scene.get(TAGS).send().await.unwrap();
    let refused = scene.get(TAGS).send().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert!(!refused.headers().contains_key("retry-after"));
    // The clock stands at 12:12:00 and the window lasts a minute.
    let end = (noon()().as_second() + 13 * 60).to_string();
    assert_eq!(refused.headers()["x-retry-after"], end);
    assert_eq!(refused.headers()["x-ratelimit-reset"], end);
}
