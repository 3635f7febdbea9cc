//! Docker Hub's own API: pages, logins, limits.

use gonogo::domain::fact::{Ask, Fact, Failure, FailureKind, ImageId};
use gonogo::secret::{Login, Provider};
use gonogo::sources::Answer;
use gonogo::sources::hub::{Client, HubAccess};
use serde_json::json;

use super::stub::{Seen, Stub, http, json as respond_json, nobody, noon, password, respond};

fn client(stub: &Stub, credentials: Provider<Login>) -> Client {
    let access = HubAccess {
        image: "docker.io/acme/rocket".parse().unwrap(),
        api_url: format!("http://{}", stub.address).parse().unwrap(),
        credentials,
    };
    Client::new(http(), access)
}

fn ask() -> Ask {
    Ask::HubTags(ImageId("docker.io/acme/rocket".to_owned()))
}

async fn look(client: &Client) -> Answer {
    client.look(&ask(), noon()).await
}

async fn names(client: &Client) -> Vec<String> {
    match look(client).await.outcome.unwrap() {
        Fact::HubTags(tags) => tags.into_iter().map(|tag| tag.name).collect(),
        other => panic!("{other:?}"),
    }
}

async fn failure(client: &Client) -> Failure {
    look(client).await.outcome.expect_err("a failure")
}

/// Two pages of tags; the address of the next one leads elsewhere and is not to be followed.
fn pages(seen: &Seen) -> axum::response::Response {
    let is_first = seen.target.contains("page=1&");
    respond_json(&json!({
        "count": 2,
        "next": is_first.then_some("http://elsewhere.example/?page=2"),
        "results": [{"name": if is_first { "1.6.9" } else { "1.6.8" }, "full_size": 10,
            "tag_last_pushed": "2026-02-28T10:00:00Z", "images": {}}],
    }))
}

#[tokio::test]
async fn public_tags_are_read_page_by_page_without_a_login() {
    let stub = Stub::new(pages).await;
    let client = client(&stub, nobody());
    assert_eq!(names(&client).await, ["1.6.9", "1.6.8"]);
    let base = "/v2/namespaces/acme/repositories/rocket/tags?page";
    assert_eq!(
        stub.targets(),
        [
            format!("{base}=1&page_size=100"),
            format!("{base}=2&page_size=100")
        ]
    );
    assert!(
        stub.seen()
            .iter()
            .all(|seen| seen.authorization().is_none())
    );
}

#[tokio::test]
async fn a_list_without_end_is_read_to_its_thousandth_tag() {
    let stub = Stub::new(|_| respond_json(&json!({"next": "x", "results": [{"name": "a"}]}))).await;
    let client = client(&stub, nobody());
    assert_eq!(names(&client).await.len(), 10);
    assert_eq!(stub.seen().len(), 10);
}

#[tokio::test]
async fn one_login_serves_all_looks_until_it_is_refused() {
    let stub = Stub::new(|seen| {
        let logins = ["/v2/auth/token"];
        if logins.contains(&seen.target.as_str()) {
            assert_eq!(seen.method, "POST");
            let body: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
            assert_eq!(body, json!({"identifier": "alice", "secret": "hunter2"}));
            respond_json(&json!({"access_token": "pass"}))
        } else if seen.authorization() == Some("Bearer pass") {
            pages(seen)
        } else {
            respond(404, &[], "")
        }
    })
    .await;
    let client = client(&stub, password("alice", "hunter2"));
    for _ in 0..3 {
        names(&client).await;
    }
    let count = |stub: &Stub| {
        let targets = stub.targets();
        let logins = targets.iter().filter(|target| *target == "/v2/auth/token");
        logins.count()
    };
    assert_eq!(count(&stub), 1);
    // Ten minutes later the pass has ended.
    let later = noon() + jiff::SignedDuration::from_mins(10);
    assert!(client.look(&ask(), later).await.outcome.is_ok());
    assert_eq!(count(&stub), 2);
    assert!(!format!("{client:?}").contains("pass\""), "{client:?}");
}

#[tokio::test]
async fn a_pass_that_is_refused_is_renewed_once() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let stub = Stub::new(move |seen| {
        if seen.target == "/v2/auth/token" {
            let n = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            respond_json(&json!({"access_token": format!("pass-{n}")}))
        } else if seen.authorization() == Some("Bearer pass-1") {
            pages(seen)
        } else {
            respond(401, &[], r#"{"message":"token expired"}"#)
        }
    })
    .await;
    let client = client(&stub, password("alice", "hunter2"));
    assert_eq!(names(&client).await.len(), 2);
    assert_eq!(stub.seen().len(), 5);
}

#[tokio::test]
async fn a_refused_login_is_told_without_the_password() {
    let stub = Stub::new(|_| respond(401, &[], r#"{"detail":"hunter2 is wrong"}"#)).await;
    let client = client(&stub, password("alice", "hunter2"));
    let failure = failure(&client).await;
    assert_eq!(failure.kind, FailureKind::Unauthorized);
    assert!(!format!("{failure:?}").contains("hunter2"), "{failure:?}");
    assert_eq!(stub.targets(), ["/v2/auth/token"]);
}

#[tokio::test]
async fn the_limit_is_told_with_its_time() {
    let headers = &[
        ("x-ratelimit-limit", "180"),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "1772366460"),
        ("x-retry-after", "1772366460"),
    ];
    let stub = Stub::new(|_| respond(429, headers, "Too Many Requests")).await;
    let answer = look(&client(&stub, nobody())).await;
    let rate = answer.rate.unwrap();
    assert_eq!((rate.limit, rate.remaining), (180, 0));
    let failure = answer.outcome.unwrap_err();
    assert_eq!(failure.kind, FailureKind::RateLimited);
    for at in [rate.reset, failure.retry_at] {
        assert_eq!(at.unwrap().to_string(), "2026-03-01T12:01:00Z");
    }
}

#[tokio::test]
async fn each_refusal_is_named_for_what_it_is() {
    for (status, body, kind) in [
        (
            404,
            r#"{"message":"object not found"}"#,
            FailureKind::NotFound,
        ),
        (
            403,
            r#"{"message":"access is forbidden"}"#,
            FailureKind::Forbidden,
        ),
        (500, "<html>", FailureKind::Server),
        (200, "<html>", FailureKind::Malformed),
        (200, r#"{"results":[{"#, FailureKind::CutBody),
        (302, "", FailureKind::Unexpected),
    ] {
        let stub = Stub::new(move |_| respond(status, &[], body)).await;
        let failure = failure(&client(&stub, nobody())).await;
        assert_eq!(failure.kind, kind, "{status} {body}: {failure:?}");
    }
}
