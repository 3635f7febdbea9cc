//! Faults on demand, and the record of requests that tests wait on.

use axum::Router;
use gonogo::sim::fault::{Fault, Faults, Kind};
use gonogo::sim::hub::{self, HubOptions};
use gonogo::sim::image::{ImageSpec, build};
use gonogo::sim::oci::{Digest, Registry};
use gonogo::sim::pypi::Index;
use gonogo::sim::requests::{Condition, Credential, Outcome, Requests, Service};
use reqwest::Response;
use serde_json::Value;

use super::support::{commit, noon, serve};

struct Scene {
    faults: Faults,
    requests: Requests,
    digest: Digest,
    registry: String,
    hub: String,
    pypi: String,
    client: reqwest::Client,
}

async fn scene() -> Scene {
    let (faults, requests) = (Faults::new(noon()), Requests::new(noon()));
    let registry = Registry::new(noon());
    let image = build(&ImageSpec::new("rocket", "1.6.9", &commit(), noon()()));
    let digest = image.push(&registry, "acme/rocket", &["latest"]).unwrap();
    let index = Index::new(noon());
    index.release("rocket", "1.6.9").unwrap();
    let start = async |service: Service, router: Router| {
        let router = requests.wrap(service, faults.wrap(service, router));
        format!("http://{}", serve(router).await)
    };
    Scene {
        digest,
        hub: start(
            Service::DockerHub,
            hub::router(registry.clone(), HubOptions::default()),
        )
        .await,
        registry: start(Service::Registry, registry.router()).await,
        pypi: start(Service::Pypi, index.router()).await,
        client: reqwest::Client::new(),
        faults,
        requests,
    }
}

impl Scene {
    fn manifest(&self) -> reqwest::RequestBuilder {
        let url = format!("{}/v2/acme/rocket/manifests/latest", self.registry);
        self.client.get(url)
    }

    async fn struck(&self, kind: Kind) -> Result<Response, reqwest::Error> {
        self.faults
            .add(Fault::new(Service::Registry, kind).times(1));
        self.manifest().send().await
    }

    /// The next answer is right again.
    async fn recovered(&self) {
        let bytes = self.manifest().send().await.unwrap().bytes().await.unwrap();
        assert!(self.digest.matches(&bytes));
    }
}

#[tokio::test]
async fn a_reset_connection_gives_no_answer() {
    let scene = scene().await;
    let error = scene.struck(Kind::Reset).await.unwrap_err();
    assert!(error.is_request() && error.status().is_none(), "{error:?}");
    scene.recovered().await;
}

#[tokio::test]
async fn a_cut_body_has_the_right_head_and_ends_in_the_middle() {
    let scene = scene().await;
    let whole = scene.manifest().send().await.unwrap().content_length();
    let cut = scene.struck(Kind::CutBody).await.unwrap();
    assert_eq!(cut.status(), 200);
    assert_eq!(cut.content_length(), whole);
    assert_eq!(
        cut.headers()["docker-content-digest"],
        scene.digest.as_str()
    );
    assert!(cut.bytes().await.is_err());
    scene.recovered().await;
}

/// The answer to a HEAD has no body to spoil; its length must stay that of the manifest.
#[tokio::test]
async fn a_head_is_not_spoiled() {
    let scene = scene().await;
    let length = scene
        .manifest()
        .send()
        .await
        .unwrap()
        .content_length()
        .unwrap();
    for kind in [Kind::CutBody, Kind::MalformedJson, Kind::WrongBytes] {
        scene
            .faults
            .add(Fault::new(Service::Registry, kind).times(1));
        let url = format!("{}/v2/acme/rocket/manifests/latest", scene.registry);
        let head = scene.client.head(url).send().await.unwrap();
        assert_eq!(head.headers()["content-length"], length.to_string());
    }
    scene.recovered().await;
}

#[tokio::test]
async fn wrong_content_comes_in_three_kinds() {
    let scene = scene().await;
    let malformed = scene.struck(Kind::MalformedJson).await.unwrap();
    assert_eq!(malformed.status(), 200);
    assert!(malformed.json::<Value>().await.is_err());

    let bytes = scene.struck(Kind::WrongBytes).await.unwrap();
    assert_eq!(
        bytes.headers()["docker-content-digest"],
        scene.digest.as_str()
    );
    let bytes = bytes.bytes().await.unwrap();
    assert!(!scene.digest.matches(&bytes));
    assert!(serde_json::from_slice::<Value>(&bytes).is_ok());

    let header = scene.struck(Kind::WrongDigest).await.unwrap();
    assert_ne!(
        header.headers()["docker-content-digest"],
        scene.digest.as_str()
    );
    assert!(scene.digest.matches(&header.bytes().await.unwrap()));
    scene.recovered().await;
}

#[tokio::test]
async fn a_timeout_lasts_until_the_client_leaves_or_the_fault_is_lifted() {
    let scene = scene().await;
    let id = scene
        .faults
        .add(Fault::new(Service::Registry, Kind::Timeout).on("/manifests/"));
    let mark = scene.requests.mark();
    {
        let request = scene.manifest().send();
        tokio::pin!(request);
        tokio::select! {
            answer = &mut request => panic!("{answer:?}"),
            record = scene.requests.arrival(mark, |_| true) => {
                assert_eq!(record.outcome, Outcome::Pending);
            }
        }
    }
    // The client has gone away.
    let abandoned = |record: &gonogo::sim::requests::Record| record.outcome == Outcome::Abandoned;
    scene.requests.arrival(mark, abandoned).await;
    assert_eq!(scene.faults.struck(id), 1);
    assert_eq!(scene.requests.tally(Service::Registry).abandoned, 1);

    let mark = scene.requests.mark();
    let (answer, ()) = tokio::join!(scene.manifest().send(), async {
        scene.requests.arrival(mark, |_| true).await;
        scene.faults.lift(id);
    });
    assert!(answer.is_err());
    scene.recovered().await;
}

#[tokio::test]
async fn statuses_are_worded_as_each_service_words_them() {
    let scene = scene().await;
    let after = |service: Service, code: u16| {
        let kind = Kind::Status {
            code,
            retry_after: Some(7),
        };
        scene.faults.clear();
        scene.faults.add(Fault::new(service, kind));
    };
    after(Service::Registry, 429);
    let answer = scene.manifest().send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["retry-after"]),
        (429, &"7".parse().unwrap())
    );
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["errors"][0]["code"], "TOOMANYREQUESTS");

    after(Service::DockerHub, 429);
    let url = format!("{}/v2/namespaces/acme/repositories/rocket/tags", scene.hub);
    let answer = scene.client.get(url).send().await.unwrap();
    assert!(!answer.headers().contains_key("retry-after"));
    let moment = (noon()().as_second() + 7).to_string();
    assert_eq!(answer.headers()["x-retry-after"], moment);

    after(Service::Pypi, 503);
    let answer = scene.client.get(format!("{}/simple/rocket/", scene.pypi));
    let answer = answer.send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["retry-after"]),
        (503, &"7".parse().unwrap())
    );
    assert!(answer.text().await.unwrap().contains("<html>"));

    for code in [401, 403, 404, 409, 500, 502, 503] {
        scene.faults.clear();
        scene
            .faults
            .add(Fault::status(Service::Registry, code).times(1));
        let answer = scene.manifest().send().await.unwrap();
        assert_eq!(answer.status().as_u16(), code);
        assert_eq!(
            answer.headers().contains_key("www-authenticate"),
            code == 401
        );
    }
    scene.recovered().await;
}

#[tokio::test]
async fn a_fault_strikes_only_what_it_is_for_and_only_so_often() {
    let scene = scene().await;
    let fault = Fault::status(Service::Registry, 500).on("/v2/*/tags/list?n=*");
    let id = scene.faults.add(fault.only("GET").times(2));
    let tags = |query: &str| {
        let url = format!("{}/v2/acme/rocket/tags/list{query}", scene.registry);
        let client = scene.client.clone();
        async move { client.get(url).send().await.unwrap().status().as_u16() }
    };
    assert_eq!(tags("").await, 200);
    scene.recovered().await;
    assert_eq!(
        [tags("?n=1").await, tags("?n=1").await, tags("?n=1").await],
        [500, 500, 200]
    );
    assert_eq!(scene.faults.struck(id), 2);
}

#[tokio::test]
async fn a_record_keeps_what_tests_ask_for_and_no_secret() {
    let scene = scene().await;
    let mark = scene.requests.mark();
    let url = format!("{}/v2/?access_token=hush&x=1", scene.registry);
    let request = scene.client.get(url).bearer_auth("hush");
    request
        .header("if-none-match", "\"a\"")
        .send()
        .await
        .unwrap();
    let record = scene
        .requests
        .answer(mark, |record| record.service == Service::Registry)
        .await;
    assert_eq!(record.target, "/v2/?access_token=***&x=1");
    assert_eq!(record.status(), Some(200));
    assert_eq!(record.condition, Condition::Conditional);
    assert_eq!(record.credential, Credential::Present);
    assert_eq!(record.at, noon()());
    assert!(!format!("{:?}", scene.requests.all()).contains("hush"));
    let tally = scene.requests.tally(Service::Registry);
    assert_eq!((tally.arrived, tally.answered, tally.failed), (1, 1, 0));
    assert_eq!(scene.requests.tally(Service::Pypi).arrived, 0);
}
