//! How many requests a look costs, against the simulator's registry.

use std::time::Duration;

use futures_util::future::join_all;
use gonogo::domain::artifact::ManifestContent;
use gonogo::domain::digest::Digest;
use gonogo::domain::fact::{Ask, Fact, Rate};
use gonogo::sim::image::{ImageSpec, build};
use gonogo::sim::oci::{Access, BlobDelivery, Paging, PullLimit, Registry, User};
use gonogo::sim::requests::{Requests, Service};
use gonogo::sources::oci::Client;

use super::stub::{fact, image, look, nobody, noon, password, registry, serve, tag};

struct Scene {
    registry: Registry,
    requests: Requests,
    digest: Digest,
    client: Client,
}

impl Scene {
    /// `METHOD path` of all requests, sorted, with how often each came.
    fn asked(&self) -> Vec<(String, usize)> {
        let mut counts = std::collections::BTreeMap::new();
        for record in self.requests.all() {
            let path = record.target.split('?').next().unwrap().to_owned();
            let path = path.replace("/v2/acme/rocket", "");
            *counts
                .entry(format!("{} {path}", record.method))
                .or_insert(0) += 1;
        }
        counts.into_iter().collect()
    }
}

async fn scene(access: Access) -> Scene {
    let now: gonogo::sim::Now = std::sync::Arc::new(noon);
    let registry_sim = Registry::new(now.clone());
    let spec = ImageSpec::new("rocket", "1.6.9", &"4f2a9c1e".repeat(5), noon());
    let digest = build(&spec)
        .push(&registry_sim, "acme/rocket", &["1.6.9", "1.6", "latest"])
        .unwrap();
    registry_sim.add_user(User::owner("alice", "hunter2"));
    registry_sim.behave(|behaviour| behaviour.access = access);
    let requests = Requests::new(now);
    let router = requests.wrap(Service::Registry, registry_sim.router());
    let address = serve(router).await;
    let credentials = match access {
        Access::Open => nobody(),
        Access::Basic | Access::Token { .. } => password("alice", "hunter2"),
    };
    Scene {
        client: registry(address, credentials),
        registry: registry_sim,
        requests,
        digest: digest.to_string().parse().unwrap(),
    }
}

const TOKENS: Access = Access::Token {
    anonymous_pull: false,
    ttl: Duration::from_secs(300),
};

#[tokio::test]
async fn sixteen_looks_at_a_time_ask_for_one_token() {
    let scene = scene(TOKENS).await;
    let asks: Vec<_> = (0..16).map(|_| tag("latest")).collect();
    let answers = join_all(asks.iter().map(|ask| fact(&scene.client, ask))).await;
    assert!(
        answers
            .iter()
            .all(|fact| *fact == Fact::Tag(Some(scene.digest.clone())))
    );
    let expected = [
        ("GET /token".to_owned(), 1),
        ("HEAD /manifests/latest".to_owned(), 17),
    ];
    assert_eq!(scene.asked(), expected);

    // The registry forgets its tokens: one of the sixteen gets a new one for all.
    scene.registry.revoke_tokens();
    let answers = join_all(asks.iter().map(|ask| fact(&scene.client, ask))).await;
    assert_eq!(answers.len(), 16);
    assert_eq!(scene.asked()[0], ("GET /token".to_owned(), 2));
}

#[tokio::test]
async fn an_open_registry_costs_one_request_a_look() {
    let scene = scene(Access::Open).await;
    let asks: Vec<_> = (0..16).map(|_| tag("latest")).collect();
    join_all(asks.iter().map(|ask| fact(&scene.client, ask))).await;
    assert_eq!(scene.asked(), [("HEAD /manifests/latest".to_owned(), 16)]);
}

#[tokio::test]
async fn a_password_is_shown_from_the_second_request_on() {
    let scene = scene(Access::Basic).await;
    for _ in 0..3 {
        fact(&scene.client, &tag("latest")).await;
    }
    assert_eq!(scene.asked(), [("HEAD /manifests/latest".to_owned(), 4)]);
}

#[tokio::test]
async fn what_has_a_digest_is_fetched_once() {
    let scene = scene(Access::Open).await;
    scene.registry.behave(|behaviour| {
        behaviour.pull_limit = Some(PullLimit {
            pulls: 100,
            window_seconds: 21_600,
        });
    });
    let index = Ask::Manifest(image(), scene.digest.clone());
    let answers = join_all((0..8).map(|_| fact(&scene.client, &index))).await;
    let Fact::Manifest(Some(manifest)) = &answers[0] else {
        panic!("no manifest");
    };
    let ManifestContent::Index { platforms, .. } = &manifest.content else {
        panic!("no index");
    };
    for _ in 0..3 {
        for entry in platforms {
            let manifest = Ask::Manifest(image(), entry.digest.clone());
            let config = Ask::Config(image(), entry.digest.clone());
            tokio::join!(fact(&scene.client, &manifest), fact(&scene.client, &config));
        }
    }
    let asked = scene.asked();
    assert!(asked.iter().all(|(_, count)| *count == 1), "{asked:?}");
    assert_eq!(asked.len(), 5);

    // Polling is by HEAD, which no budget counts: an index and two platforms were pulled.
    for _ in 0..10 {
        let answer = look(&scene.client, &tag("latest")).await;
        let rate = Rate {
            limit: 100,
            remaining: 97,
            reset: None,
        };
        assert_eq!(answer.rate, Some(rate));
        assert_eq!(answer.cost.requests, 1);
    }
}

#[tokio::test]
async fn tags_are_read_over_all_pages_whatever_the_paging() {
    let scene = scene(Access::Open).await;
    let tags: Vec<_> = (0..1500).map(|n| format!("t{n:04}")).collect();
    for tag in &tags {
        let digest = gonogo::sim::oci::Digest::parse(scene.digest.as_str()).unwrap();
        scene.registry.tag("acme/rocket", tag, &digest).unwrap();
    }
    for (paging, requests) in [
        (Paging::Links, 2),
        (Paging::Whole, 1),
        (Paging::Restarting, 2),
    ] {
        scene.registry.behave(|behaviour| behaviour.paging = paging);
        let answer = look(&scene.client, &Ask::Tags(image())).await;
        let Ok(Fact::Tags(found)) = answer.outcome else {
            panic!("no tags");
        };
        assert_eq!(found.len(), 1503, "{paging:?}");
        assert_eq!(answer.cost.requests, requests, "{paging:?}");
    }
}

#[tokio::test]
async fn blobs_come_from_the_content_network_without_the_token() {
    let scene = scene(TOKENS).await;
    let requests = Requests::new(std::sync::Arc::new(noon));
    let cdn = serve(requests.wrap(Service::Cdn, scene.registry.cdn_router())).await;
    scene
        .registry
        .behave(|behaviour| behaviour.blobs = BlobDelivery::Redirected(format!("http://{cdn}")));
    let index = fact(&scene.client, &Ask::Manifest(image(), scene.digest.clone())).await;
    let Fact::Manifest(Some(manifest)) = index else {
        panic!("no manifest");
    };
    let ManifestContent::Index { platforms, .. } = manifest.content else {
        panic!("no index");
    };
    let config = fact(
        &scene.client,
        &Ask::Config(image(), platforms[0].digest.clone()),
    )
    .await;
    assert!(matches!(config, Fact::Config(config) if config.version.as_deref() == Some("1.6.9")));
    assert_eq!(requests.all().len(), 1);
}
