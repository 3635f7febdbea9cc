//! The package index: the simulator's, and stranger ones.

use std::sync::Arc;

use gonogo::domain::artifact::PypiVersion;
use gonogo::domain::fact::{Ask, Fact, FailureKind};
use gonogo::sim::pypi::Index;
use gonogo::sources::Answer;
use gonogo::sources::pypi::{Client, PypiAccess};
use serde_json::json;

use super::stub::{Stub, http, json as respond_json, noon, respond, serve};

const JSON: &str = "application/vnd.pypi.simple.v1+json";

fn client(address: std::net::SocketAddr, project: &str) -> Client {
    let access = PypiAccess {
        project: project.parse().unwrap(),
        url: format!("http://{address}/").parse().unwrap(),
    };
    Client::new(http(), access)
}

async fn look(client: &Client, version: &str) -> Answer {
    client.look(&Ask::Pypi(version.to_owned()), noon()).await
}

async fn version(client: &Client, version: &str) -> PypiVersion {
    match look(client, version).await.outcome {
        Ok(Fact::Pypi(found)) => found,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_release_is_seen_from_its_absence_to_its_yank() {
    let index = Index::new(Arc::new(noon));
    let address = serve(index.router()).await;
    let client = client(address, "Rocket_Launcher");
    let before = version(&client, "1.6.9").await;
    assert!(!before.project_exists && !before.is_there());

    index.release("rocket-launcher", "1.6.10").unwrap();
    let other = version(&client, "1.6.9").await;
    assert!(other.project_exists && !other.is_there());
    assert_eq!(other.newest_other.as_deref(), Some("1.6.10"));

    index.release("rocket-launcher", "1.6.9").unwrap();
    let there = version(&client, "1.6.9").await;
    let mut seen: Vec<_> = there
        .files
        .iter()
        .map(|file| {
            (
                file.filename.clone(),
                file.sha256.clone().unwrap(),
                file.size.unwrap(),
            )
        })
        .collect();
    seen.sort();
    let mut expected: Vec<_> = index
        .files("rocket-launcher", "1.6.9")
        .into_iter()
        .map(|file| (file.filename, file.sha256, file.bytes.len() as u64))
        .collect();
    expected.sort();
    assert_eq!(seen, expected);
    assert_eq!(seen.len(), 2);
    assert!(
        there
            .files
            .iter()
            .all(|file| file.uploaded_at == Some(noon()))
    );
    assert!(there.files.iter().all(|file| file.yanked.is_none()));

    index.yank("rocket-launcher", "1.6.9", Some("broken"));
    let yanked = version(&client, "1.6.9").await;
    assert!(
        yanked
            .files
            .iter()
            .all(|file| file.yanked.as_deref() == Some("broken"))
    );
}

#[tokio::test]
async fn an_unchanged_listing_is_not_sent_again() {
    let body = json!({"files": [{"filename": "rocket-1.0.tar.gz"}]}).to_string();
    let stub = Stub::new(move |seen| {
        if seen.header("if-none-match") == Some("\"v1\"") {
            respond(304, &[("etag", "\"v1\"")], "")
        } else {
            respond(
                200,
                &[("content-type", JSON), ("etag", "\"v1\"")],
                body.clone(),
            )
        }
    })
    .await;
    let client = client(stub.address, "rocket");
    assert!(version(&client, "1.0").await.is_there());
    // The listing serves another version as well.
    for (asked, is_there) in [("1.0", true), ("2.0", false)] {
        let answer = look(&client, asked).await;
        let Ok(Fact::Pypi(found)) = answer.outcome else {
            panic!("no answer");
        };
        assert_eq!(found.is_there(), is_there);
        assert_eq!((answer.cost.requests, answer.cost.charged), (1, 0));
    }
    let accept: Vec<_> = stub.seen();
    assert!(
        accept
            .iter()
            .all(|seen| seen.header("accept") == Some(JSON))
    );
    assert_eq!(stub.targets(), ["/simple/rocket/"; 3]);
}

#[tokio::test]
async fn an_index_that_answers_html_is_asked_in_its_older_way() {
    let urls = json!([{"filename": "rocket-1.1.zip", "digests": {}, "yanked": true, "yanked_reason": "bad"}]);
    for lists_releases in [true, false] {
        let urls = urls.clone();
        let stub = Stub::new(move |seen| match seen.target.as_str() {
            "/pypi/rocket/json" if lists_releases => respond_json(&json!({
                "info": {"version": "1.2"}, "urls": [], "releases": {"1.1": urls, "1.2": [{"filename": "x"}]}})),
            "/pypi/rocket/json" => respond_json(&json!({"info": {"version": "1.2"}})),
            "/pypi/rocket/1.1/json" => respond_json(&json!({"info": {"version": "1.1"}, "urls": urls})),
            "/simple/rocket/" => respond(200, &[("content-type", "text/html")], "<a>rocket-1.1.zip</a>"),
            _ => respond(404, &[], ""),
        })
        .await;
        let client = client(stub.address, "rocket");
        let found = version(&client, "1.1").await;
        assert_eq!(found.files.len(), 1, "{lists_releases}");
        assert_eq!(found.files[0].yanked.as_deref(), Some("bad"));
        let newest = lists_releases.then_some("1.2");
        assert_eq!(found.newest_other.as_deref(), newest);
        let absent = version(&client, "3.0").await;
        assert!(absent.project_exists && !absent.is_there());
    }
}

#[tokio::test]
async fn an_index_that_cannot_be_understood_is_said_to_be_so() {
    for (status, content_type, body, kind) in [
        (200, "text/html", "<a>rocket</a>", FailureKind::Malformed),
        (200, JSON, "<a>rocket</a>", FailureKind::Malformed),
        (200, JSON, "{\"files\":[", FailureKind::CutBody),
        (200, JSON, "{\"files\":7}", FailureKind::Malformed),
        (503, "text/html", "<h1>sorry</h1>", FailureKind::Server),
        (403, "text/html", "", FailureKind::Forbidden),
        (304, JSON, "", FailureKind::Unexpected),
    ] {
        let stub =
            Stub::new(move |_| respond(status, &[("content-type", content_type)], body)).await;
        let failure = look(&client(stub.address, "rocket"), "1.0")
            .await
            .outcome
            .expect_err("a failure");
        assert_eq!(failure.kind, kind, "{status} {body}: {failure:?}");
        assert!(!failure.what.contains('<'), "{failure:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_followed_and_a_circle_is_left() {
    let stub = Stub::new(|seen| match seen.target.as_str() {
        "/simple/rocket/" => respond(301, &[("location", "/mirror/rocket/")], ""),
        "/mirror/rocket/" => {
            assert_eq!(seen.header("accept"), Some(JSON));
            respond(
                200,
                &[("content-type", JSON)],
                r#"{"files":[{"filename":"rocket-1.0.zip"}]}"#,
            )
        }
        _ => respond(404, &[], ""),
    })
    .await;
    assert!(
        version(&client(stub.address, "rocket"), "1.0")
            .await
            .is_there()
    );

    let circle = Stub::new(|_| respond(302, &[("location", "/simple/rocket/")], "")).await;
    let answer = look(&client(circle.address, "rocket"), "1.0").await;
    assert_eq!(answer.outcome.unwrap_err().kind, FailureKind::Unexpected);
    assert!(answer.cost.requests < 10);
}
