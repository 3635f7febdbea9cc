//! The habits in which registries differ: deletes, referrers, paging, limits, immutable tags.

use std::time::Duration;

use gonogo::sim::image::{BuiltImage, ImageSpec, build};
use gonogo::sim::oci::{
    Access, BlobDelivery, Deletes, Digest, Paging, PullLimit, Referrers, Registry, User,
};
use http::{Method, StatusCode};
use reqwest::Response;
use serde_json::Value;

use super::support::{commit, noon, serve};

struct Scene {
    registry: Registry,
    image: BuiltImage,
    digest: Digest,
    base: String,
    client: reqwest::Client,
}

/// A registry with one image under three tags.
async fn scene() -> Scene {
    let registry = Registry::new(noon());
    let image = build(&ImageSpec::new("rocket", "1.6.9", &commit(), noon()()));
    let digest = image
        .push(&registry, "acme/rocket", &["1.6.9", "1.6", "latest"])
        .unwrap();
    let base = format!("http://{}/v2/acme/rocket", serve(registry.router()).await);
    Scene {
        registry,
        image,
        digest,
        base,
        client: reqwest::Client::new(),
    }
}

impl Scene {
    async fn ask(&self, method: Method, path: &str) -> Response {
        let request = self.client.request(method, format!("{}{path}", self.base));
        request.send().await.unwrap()
    }

    async fn delete(&self, reference: &str) -> (u16, Option<String>) {
        let answer = self
            .ask(Method::DELETE, &format!("/manifests/{reference}"))
            .await;
        let status = answer.status().as_u16();
        let body: Option<Value> = answer.json().await.ok();
        let code = body.map(|body| body["errors"][0]["code"].as_str().unwrap().to_owned());
        (status, code)
    }

    fn tags(&self) -> Vec<String> {
        self.registry.tags("acme/rocket")
    }
}

#[tokio::test]
async fn a_tag_can_be_deleted_alone() {
    let scene = scene().await;
    assert_eq!(scene.delete("1.6").await, (202, None));
    assert_eq!(scene.tags(), ["1.6.9", "latest"]);
    assert_eq!(
        scene.delete("1.6").await,
        (404, Some("MANIFEST_UNKNOWN".into()))
    );
    assert!(
        scene
            .registry
            .manifest("acme/rocket", scene.digest.as_str())
            .is_some()
    );
}

#[tokio::test]
async fn a_digest_takes_all_its_tags_along() {
    let scene = scene().await;
    scene
        .registry
        .behave(|behaviour| behaviour.deletes = Deletes::DigestsOnly);
    assert_eq!(
        scene.delete("1.6").await,
        (400, Some("DIGEST_INVALID".into()))
    );
    assert_eq!(scene.tags().len(), 3);
    assert_eq!(scene.delete(scene.digest.as_str()).await, (202, None));
    assert!(scene.tags().is_empty());
    assert_eq!(scene.delete(scene.digest.as_str()).await.0, 404);
}

#[tokio::test]
async fn deletes_can_be_unsupported() {
    let scene = scene().await;
    scene
        .registry
        .behave(|behaviour| behaviour.deletes = Deletes::DigestsOnlyUnsupported);
    assert_eq!(scene.delete("1.6").await, (405, Some("UNSUPPORTED".into())));
    scene
        .registry
        .behave(|behaviour| behaviour.deletes = Deletes::Refused);
    for reference in ["1.6", scene.digest.as_str()] {
        assert_eq!(
            scene.delete(reference).await,
            (405, Some("UNSUPPORTED".into()))
        );
    }
    assert_eq!(scene.tags().len(), 3);
}

#[tokio::test]
async fn a_registry_without_referrers_says_so_in_plain_text() {
    let scene = scene().await;
    let path = format!("/referrers/{}", scene.digest);
    assert_eq!(scene.ask(Method::GET, &path).await.status(), 200);
    scene
        .registry
        .behave(|behaviour| behaviour.referrers = Referrers::Absent);
    let answer = scene.ask(Method::GET, &path).await;
    assert_eq!(answer.status(), 404);
    assert!(answer.json::<Value>().await.is_err());
}

async fn names(answer: Response) -> Vec<String> {
    let body: Value = answer.json().await.unwrap();
    let tags = body["tags"].as_array().cloned().unwrap_or_default();
    tags.iter()
        .map(|tag| tag.as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn tag_lists_come_in_pages_of_three_kinds() {
    let scene = scene().await;
    let first = scene.ask(Method::GET, "/tags/list?n=2").await;
    assert_eq!(
        first.headers()["link"],
        "</v2/acme/rocket/tags/list?last=1.6.9&n=2>; rel=\"next\""
    );
    assert_eq!(names(first).await, ["1.6", "1.6.9"]);
    let last = scene.ask(Method::GET, "/tags/list?n=2&last=1.6.9").await;
    assert!(!last.headers().contains_key("link"));
    assert_eq!(names(last).await, ["latest"]);

    scene
        .registry
        .behave(|behaviour| behaviour.paging = Paging::Whole);
    let whole = names(scene.ask(Method::GET, "/tags/list?n=1&last=latest").await).await;
    assert_eq!(whole.len(), 3);
    assert!(!whole.is_sorted());
    for tag in whole {
        scene.registry.delete_tag("acme/rocket", &tag);
    }
    let none: Value = scene
        .ask(Method::GET, "/tags/list")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(none["tags"], Value::Null);

    scene
        .registry
        .behave(|behaviour| behaviour.paging = Paging::Restarting);
    for tag in ["a", "b"] {
        scene
            .registry
            .tag("acme/rocket", tag, &scene.digest)
            .unwrap();
    }
    let page = scene.ask(Method::GET, "/tags/list?n=1&last=a").await;
    assert!(!page.headers().contains_key("link"));
    assert_eq!(names(page).await, ["b"]);
    let again = scene.ask(Method::GET, "/tags/list?n=1&last=b").await;
    assert_eq!(names(again).await, ["a"]);
}

#[tokio::test]
async fn immutable_tags_are_neither_moved_nor_deleted() {
    let scene = scene().await;
    scene.registry.behave(|behaviour| {
        behaviour.immutable_tags.insert("1.6.*".to_owned());
    });
    let other = &scene.image.platforms[0].manifest;
    let put = |tag: &str, manifest: &gonogo::sim::image::Built| {
        let request = scene.client.put(format!("{}/manifests/{tag}", scene.base));
        let request = request.header("content-type", &manifest.media_type);
        let bytes = manifest.bytes.clone();
        async move { request.body(bytes).send().await.unwrap().status() }
    };
    assert_eq!(put("1.6.9", other).await, StatusCode::BAD_REQUEST);
    assert_eq!(put("1.6.9", &scene.image.index).await, StatusCode::CREATED);
    assert_eq!(put("latest", other).await, StatusCode::CREATED);
    assert_eq!(scene.delete("1.6.9").await.0, 400);
    assert_eq!(scene.delete(scene.digest.as_str()).await.0, 400);
    assert_eq!(
        scene.registry.resolve("acme/rocket", "1.6.9").as_ref(),
        Some(&scene.digest)
    );
}

#[tokio::test]
async fn pulls_are_counted_and_looks_are_free() {
    let scene = scene().await;
    scene.registry.behave(|behaviour| {
        behaviour.pull_limit = Some(PullLimit {
            pulls: 2,
            window_seconds: 21_600,
        });
    });
    let look = |method: Method| scene.ask(method, "/manifests/latest");
    for _ in 0..5 {
        let head = look(Method::HEAD).await;
        assert_eq!(head.headers()["ratelimit-remaining"], "2;w=21600");
    }
    let pull = look(Method::GET).await;
    assert_eq!(pull.headers()["ratelimit-limit"], "2;w=21600");
    assert_eq!(pull.headers()["ratelimit-remaining"], "1;w=21600");
    assert_eq!(look(Method::GET).await.status(), 200);
    let refused = look(Method::GET).await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "21600");
    assert!(refused.json::<Value>().await.is_err());
    assert_eq!(look(Method::HEAD).await.status(), 200);
}

#[tokio::test]
async fn who_does_not_accept_a_list_gets_a_child_or_nothing() {
    let scene = scene().await;
    let get = |tag: &str, accept: &str| {
        let request = scene.client.get(format!("{}/manifests/{tag}", scene.base));
        let request = request.header("accept", accept);
        async move { request.send().await.unwrap() }
    };
    let manifest = "application/vnd.docker.distribution.manifest.v2+json";
    assert_eq!(get("latest", manifest).await.status(), 404);
    let image = build(&ImageSpec {
        format: gonogo::sim::image::Format::Docker,
        ..ImageSpec::new("rocket", "1.6.9", &commit(), noon()())
    });
    image
        .push(&scene.registry, "acme/rocket", &["docker"])
        .unwrap();
    let child = get("docker", manifest).await;
    let amd64 = image.platforms[0].manifest.digest.as_str();
    assert_eq!(child.headers()["docker-content-digest"], amd64);
    let list = get("docker", &format!("{manifest}, {}", image.index.media_type)).await;
    assert_eq!(
        list.headers()["docker-content-digest"],
        image.index.digest.as_str()
    );
}

#[tokio::test]
async fn blobs_come_in_ranges_and_by_redirect_without_a_credential() {
    let scene = scene().await;
    let (digest, bytes) = scene.image.blobs.first_key_value().unwrap();
    let url = format!("{}/blobs/{digest}", scene.base);
    let range = |range: &str| scene.client.get(&url).header("range", range).send();
    let part = range("bytes=3-9").await.unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(
        part.headers()["content-range"],
        format!("bytes 3-9/{}", bytes.len())
    );
    assert_eq!(part.bytes().await.unwrap(), bytes.slice(3..10));
    assert_eq!(range("bytes=99999-").await.unwrap().status(), 416);

    let cdn = serve(scene.registry.cdn_router()).await;
    scene.registry.behave(|behaviour| {
        behaviour.blobs = BlobDelivery::Redirected(format!("http://{cdn}"));
    });
    let followed = scene
        .client
        .get(&url)
        .bearer_auth("x")
        .send()
        .await
        .unwrap();
    assert_eq!(followed.bytes().await.unwrap(), *bytes);
    let direct = scene.client.get(format!("http://{cdn}/cdn/{digest}"));
    assert_eq!(direct.bearer_auth("x").send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn tokens_run_out_and_are_revoked() {
    let scene = scene().await;
    scene.registry.add_user(User::owner("alice", "s3cret"));
    let token_url = scene.base.replace("/v2/acme/rocket", "/token");
    let access = |seconds: u64| {
        scene.registry.behave(|behaviour| {
            behaviour.access = Access::Token {
                anonymous_pull: false,
                ttl: Duration::from_secs(seconds),
            };
        });
    };
    let token = async || {
        let request = scene.client.get(format!(
            "{token_url}?service=simulated-registry&scope=repository:acme/rocket:pull"
        ));
        let answer = request
            .basic_auth("alice", Some("s3cret"))
            .send()
            .await
            .unwrap();
        let body: Value = answer.json().await.unwrap();
        body["token"].as_str().unwrap().to_owned()
    };
    let pull = async |token: &str| {
        let request = scene.client.get(format!("{}/manifests/latest", scene.base));
        request.bearer_auth(token).send().await.unwrap()
    };
    access(300);
    let good = token().await;
    assert_eq!(pull(&good).await.status(), 200);
    let other = scene
        .client
        .delete(format!("{}/manifests/latest", scene.base));
    let lacking = other.bearer_auth(&good).send().await.unwrap();
    assert_eq!(lacking.status(), 401);
    let challenge = lacking.headers()["www-authenticate"].to_str().unwrap();
    assert!(
        challenge.contains("scope=\"repository:acme/rocket:delete\""),
        "{challenge}"
    );
    assert!(
        challenge.contains("error=\"insufficient_scope\""),
        "{challenge}"
    );
    scene.registry.revoke_tokens();
    let revoked = pull(&good).await;
    assert_eq!(revoked.status(), 401);
    let challenge = revoked.headers()["www-authenticate"].to_str().unwrap();
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    access(0);
    assert_eq!(pull(&token().await).await.status(), 401);
}
