//! A job's log: one redirect, another host, no credential there.

use std::fmt::Write as _;

use gonogo::domain::digest::Digest;
use gonogo::domain::fact::{Ask, Fact, FailureKind};
use gonogo::domain::ids::JobId;
use gonogo::domain::log::{JobLog, TAIL_LINES};
use serde_json::json;

use super::stub::{self, Reply, Sent, Stub, client, fact};

const ASK: Ask = Ask::JobLog(JobId(9));

/// A server that redirects to a place on another.
async fn redirecting(to: String) -> Stub {
    Stub::start(move |_| Reply::new(302, "").with("location", &to)).await
}

async fn log(stub: &Stub) -> Option<JobLog> {
    match fact(&client(stub), &ASK).await {
        Fact::JobLog(log) => log,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_log_is_fetched_from_the_other_host_without_credentials() {
    let digest = Digest::of(b"index");
    let text = format!(
        "\u{feff}2026-01-01T00:00:00.0000000Z first\r\n2026-01-01T00:00:01.0000000Z manifest_digest={digest}\nlast"
    );
    let blobs = Stub::start(move |_| Reply::new(200, text.clone())).await;
    let stub = redirecting(format!("{}blob/1?sig=s%3Dcret", blobs.url)).await;
    let log = log(&stub).await.unwrap();
    assert_eq!(log.lines, 3);
    assert_eq!(log.manifest_digest, Some(digest));
    assert_eq!(log.tail[0], "first");
    assert_eq!(stub.paths(), ["/repos/acme/rocket/actions/jobs/9/logs"]);
    assert!(stub.seen()[0].header("authorization").is_some());
    let seen = blobs.seen();
    assert_eq!(seen[0].target, "/blob/1?sig=s%3Dcret");
    for name in ["authorization", "x-github-api-version", "referer", "cookie"] {
        assert_eq!(seen[0].header(name), None, "{name}");
    }
}

#[tokio::test]
async fn a_job_that_wrote_no_log_has_none() {
    let xml = r#"<?xml version="1.0"?><Error><Code>BlobNotFound</Code></Error>"#;
    for status in [404, 410] {
        let blobs = Stub::start(move |_| Reply::new(status, xml)).await;
        let there = redirecting(blobs.url.to_string()).await;
        assert_eq!(log(&there).await, None, "{status} of the store");
        let here = Stub::start(move |_| Reply::new(status, r#"{"message": "Gone"}"#)).await;
        assert_eq!(log(&here).await, None, "{status} of the interface");
    }
}

#[tokio::test]
async fn a_log_larger_than_memory_should_hold_leaves_its_end() {
    let mut text = String::new();
    for line in 0..20_000 {
        writeln!(text, "line {line} {}", "x".repeat(100)).unwrap();
    }
    let stub = Stub::start(move |_| Reply::new(200, text.clone())).await;
    let log = log(&stub).await.unwrap();
    assert_eq!(log.lines, 20_000);
    assert_eq!(log.tail.len(), TAIL_LINES);
    assert!(log.tail.last().unwrap().starts_with("line 19999 "));
}

#[tokio::test]
async fn a_log_that_ends_too_early_is_not_used() {
    let blobs = Stub::start(|_| Reply::new(200, "one\ntwo\nthree\n").sent(Sent::Cut(6))).await;
    let stub = redirecting(blobs.url.to_string()).await;
    let failure = stub::failure(&client(&stub), &ASK).await;
    assert_eq!(failure.kind, FailureKind::CutBody);
}

#[tokio::test]
async fn an_address_that_has_run_out_is_not_the_credentials_fault() {
    let xml = "<Error><Code>AuthenticationFailed</Code><Message>\u{1b}[2J</Message></Error>";
    let blobs = Stub::start(move |_| Reply::new(403, xml)).await;
    let stub = redirecting(format!("{}?sig=s3cret", blobs.url)).await;
    let failure = stub::failure(&client(&stub), &ASK).await;
    assert_eq!(failure.kind, FailureKind::Unexpected);
    assert!(failure.kind.is_passing());
    assert!(!format!("{failure:?}").contains("s3cret"));
    assert_eq!(blobs.seen().len(), 1, "it is never asked twice");
}

#[tokio::test]
async fn a_redirect_that_leads_astray_is_not_followed() {
    for to in [
        "http://192.0.2.1/log?sig=s3cret",
        "file:///etc/passwd",
        "ftp://127.0.0.1/log",
        "http://localhost/log?sig=s3cret",
        "http://user:s3cret@127.0.0.1/log",
        "not an address at all: \u{7f}",
    ] {
        let stub = redirecting(to.to_owned()).await;
        let failure = stub::failure(&client(&stub), &ASK).await;
        assert!(
            matches!(
                failure.kind,
                FailureKind::Unexpected | FailureKind::Unreachable
            ),
            "{to}: {failure:?}"
        );
        assert!(!format!("{failure:?}").contains("s3cret"), "{failure:?}");
    }
    let stub = Stub::start(|_| Reply::new(302, "")).await;
    let failure = stub::failure(&client(&stub), &ASK).await;
    assert_eq!(failure.kind, FailureKind::Unexpected, "no Location");
}

#[tokio::test]
async fn redirects_in_a_circle_end() {
    let blobs = Stub::start(|_| Reply::new(302, "").with("location", "/again")).await;
    let stub = redirecting(blobs.url.to_string()).await;
    let failure = stub::failure(&client(&stub), &ASK).await;
    assert_eq!(failure.kind, FailureKind::Unexpected);
    assert!(blobs.seen().len() <= 10, "{}", blobs.seen().len());
}

#[tokio::test]
async fn a_refusal_of_the_interface_is_explained() {
    let stub = Stub::start(|_| {
        Reply::new(
            403,
            json!({"message": "Must have admin rights"}).to_string(),
        )
        .with("x-accepted-github-permissions", "actions=read")
    })
    .await;
    let failure = stub::failure(&client(&stub), &ASK).await;
    assert_eq!(failure.kind, FailureKind::Forbidden);
    assert!(failure.advice.contains("actions: read"), "{failure:?}");
}
