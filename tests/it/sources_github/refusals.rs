//! What a refusal means: the credential, the right, the budget, or the service.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gonogo::domain::fact::{Ask, Failure, FailureKind, Rate};
use gonogo::domain::ids::RunId;
use gonogo::secret::{Credential, Provider, Secret};
use gonogo::sources::github::{Client, GithubAccess};
use serde_json::json;

use super::stub::{self, Reply, Stub, TOKEN, client, look};

const ASK: Ask = Ask::Run(RunId(1));

fn refusal(status: u16, message: &str, headers: &[(&str, &str)]) -> Reply {
    headers.iter().fold(
        Reply::new(status, json!({"message": message}).to_string()),
        |reply, (name, value)| reply.with(name, value),
    )
}

async fn refused(reply: Reply) -> Failure {
    let stub = Stub::start(move |_| reply.clone()).await;
    stub::failure(&client(&stub), &ASK).await
}

async fn refused_without_token(reply: Reply) -> Failure {
    let stub = Stub::start(move |_| reply.clone()).await;
    let client = Client::new(GithubAccess {
        token: stub::no_token(),
        ..stub::access(&stub)
    });
    stub::failure(&client, &ASK).await
}

#[tokio::test]
async fn a_spent_budget_is_told_from_a_missing_right() {
    let spent = refused(refusal(
        403,
        "API rate limit exceeded for user ID 1.",
        &[
            ("x-ratelimit-limit", "5000"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1767227400"),
        ],
    ))
    .await;
    assert_eq!(spent.kind, FailureKind::RateLimited);
    assert_eq!(spent.retry_at.unwrap().to_string(), "2026-01-01T00:30:00Z");
    assert!(spent.what.contains("5000"), "{}", spent.what);

    let for_good = refused(refusal(
        403,
        "API rate limit exceeded",
        &[
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "99999999999"),
        ],
    ))
    .await;
    assert_eq!(
        for_good.retry_at.unwrap().to_string(),
        "2026-01-01T00:01:00Z",
        "no window is that long"
    );

    let slow = refused(refusal(
        403,
        "You have exceeded a secondary rate limit.",
        &[("retry-after", "90"), ("x-ratelimit-remaining", "4000")],
    ))
    .await;
    assert_eq!(slow.kind, FailureKind::RateLimited);
    assert_eq!(slow.retry_at.unwrap().to_string(), "2026-01-01T00:01:30Z");

    let no_time = refused(refusal(
        403,
        "You have exceeded a secondary rate limit.",
        &[
            ("x-ratelimit-remaining", "4000"),
            ("x-ratelimit-reset", "1767227400"),
        ],
    ))
    .await;
    assert_eq!(
        no_time.retry_at.unwrap().to_string(),
        "2026-01-01T00:01:00Z",
        "a reset of the other budget says nothing"
    );

    let right = refused(refusal(
        403,
        "Resource not accessible by personal access token",
        &[
            ("x-ratelimit-remaining", "4000"),
            (
                "x-accepted-github-permissions",
                "actions=read; contents=read,actions=write",
            ),
        ],
    ))
    .await;
    assert_eq!((right.kind, right.retry_at), (FailureKind::Forbidden, None));
    assert!(right.what.contains("GH_TOKEN"), "{}", right.what);
    assert!(
        right.advice.contains("actions: read, or "),
        "{}",
        right.advice
    );
}

#[tokio::test]
async fn the_scopes_wanted_and_given_are_told() {
    let failure = refused(refusal(
        403,
        "Must have the scope",
        &[
            ("x-accepted-oauth-scopes", "repo"),
            ("x-oauth-scopes", "gist, \t read:org"),
        ],
    ))
    .await;
    assert!(
        failure
            .advice
            .contains("scopes: repo; it has: gist, read:org"),
        "{}",
        failure.advice
    );
    let bare = refused(refusal(403, "No", &[])).await;
    assert!(bare.advice.contains("Actions"), "{}", bare.advice);
}

#[tokio::test]
async fn single_sign_on_is_named_and_the_servers_address_is_not() {
    let failure = refused(refusal(
        403,
        "Resource protected by organization SAML enforcement.",
        &[("x-github-sso", "required; url=https://evil.example/sso?x=1")],
    ))
    .await;
    assert_eq!(failure.kind, FailureKind::Forbidden);
    assert!(failure.advice.contains("SSO"), "{}", failure.advice);
    assert!(!format!("{failure:?}").contains("evil.example"));
}

#[tokio::test]
async fn too_many_requests_is_about_time_whatever_it_says() {
    for (headers, expected) in [
        (vec![("retry-after", "7")], "2026-01-01T00:00:07Z"),
        (
            vec![("retry-after", "Thu, 01 Jan 2026 00:05:00 GMT")],
            "2026-01-01T00:05:00Z",
        ),
        (vec![], "2026-01-01T00:01:00Z"),
    ] {
        let failure = refused(refusal(429, "", &headers)).await;
        assert_eq!(failure.kind, FailureKind::RateLimited);
        assert_eq!(failure.retry_at.unwrap().to_string(), expected);
    }
}

#[tokio::test]
async fn a_refused_token_is_named_and_looked_up_again() {
    let looked_up = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&looked_up);
    let stub = Stub::start(|request| {
        if request.header("authorization") == Some("Bearer fresh") {
            Reply::json(&json!([]))
        } else {
            refusal(401, "Bad credentials", &[])
        }
    })
    .await;
    let token = Provider::new(move || {
        let text = match counted.fetch_add(1, Ordering::SeqCst) {
            0 => TOKEN,
            _ => "fresh",
        };
        std::future::ready(Credential::Present {
            value: Secret::new(text).unwrap(),
            from: "gh's login for github.com".to_owned(),
        })
    });
    let client = Client::new(GithubAccess {
        token,
        ..stub::access(&stub)
    });
    let ask = Ask::Approvals(RunId(1));
    let failure = stub::failure(&client, &ask).await;
    assert_eq!(failure.kind, FailureKind::Unauthorized);
    assert!(failure.what.contains("gh's login"), "{}", failure.what);
    assert!(
        failure.advice.contains("gh auth login"),
        "{}",
        failure.advice
    );
    assert!(
        look(&client, &ask).await.outcome.is_ok(),
        "renewed meanwhile"
    );
    look(&client, &ask).await.outcome.unwrap();
    assert_eq!(looked_up.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn without_a_token_what_one_would_change_is_said() {
    let spent = refused_without_token(refusal(
        403,
        "API rate limit exceeded for 192.0.2.1.",
        &[("x-ratelimit-limit", "60"), ("x-ratelimit-remaining", "0")],
    ))
    .await;
    assert!(spent.advice.contains("60 requests an hour"), "{spent:?}");
    assert!(spent.advice.contains("Set GH_TOKEN."), "{spent:?}");
    for reply in [
        refusal(404, "Not Found", &[]),
        refusal(401, "Requires authentication", &[]),
        refusal(403, "Must have admin rights", &[]),
    ] {
        let failure = refused_without_token(reply).await;
        assert!(failure.advice.contains("Set GH_TOKEN."), "{failure:?}");
    }
    let stub = Stub::start(|_| Reply::new(200, "{}")).await;
    let client = Client::new(GithubAccess {
        token: stub::no_token(),
        ..stub::access(&stub)
    });
    let viewer = stub::failure(&client, &Ask::Viewer).await;
    assert_eq!(viewer.kind, FailureKind::NoCredential);
    assert!(stub.seen().is_empty());
}

#[tokio::test]
async fn a_run_that_is_not_there_is_not_found() {
    let failure = refused(refusal(404, "Not Found", &[])).await;
    assert_eq!(failure.kind, FailureKind::NotFound);
    assert!(failure.what.contains("run 1 of acme/rocket"), "{failure:?}");
}

#[tokio::test]
async fn every_other_status_is_told_for_what_it_is() {
    for (status, kind) in [
        (409, FailureKind::Conflict),
        (408, FailureKind::Timeout),
        (418, FailureKind::Unexpected),
        (422, FailureKind::Unexpected),
        (500, FailureKind::Server),
        (502, FailureKind::Server),
        (503, FailureKind::Server),
        (599, FailureKind::Server),
        (204, FailureKind::Unexpected),
    ] {
        let failure = refused(Reply::new(status, "").with("retry-after", "5")).await;
        assert_eq!(failure.kind, kind, "{status}");
        assert_eq!(
            failure.retry_at.unwrap().to_string(),
            "2026-01-01T00:00:05Z",
            "{status}"
        );
    }
}

#[tokio::test]
async fn what_the_server_writes_is_cleaned_and_a_token_it_echoes_is_removed() {
    let message = format!(
        "\u{1b}]0;owned\u{7}\u{9b}2J bad token {TOKEN} \u{202e}!{}",
        "x".repeat(5000)
    );
    for status in [400, 401, 403, 429, 500] {
        let failure = refused(refusal(
            status,
            &message,
            &[
                ("x-accepted-github-permissions", TOKEN),
                ("x-accepted-oauth-scopes", TOKEN),
            ],
        ))
        .await;
        assert!(failure.what.contains("[secret]") || failure.kind == FailureKind::RateLimited);
        assert!(!failure.what.contains('\u{202e}'));
    }
}

#[tokio::test]
async fn the_budget_is_read_from_every_answer_that_is_of_it() {
    let budget = async |resource: &'static str, status: u16| {
        let stub = Stub::start(move |_| {
            Reply::new(status, "[]")
                .with("x-ratelimit-limit", "5000")
                .with("x-ratelimit-remaining", "4321")
                .with("x-ratelimit-reset", "1767227400")
                .with("x-ratelimit-resource", resource)
        })
        .await;
        look(&client(&stub), &Ask::Releases).await.rate
    };
    let core = Some(Rate {
        limit: 5000,
        remaining: 4321,
        reset: Some("2026-01-01T00:30:00Z".parse().unwrap()),
    });
    assert_eq!(budget("core", 200).await, core);
    assert_eq!(budget("core", 500).await, core);
    assert_eq!(budget("search", 200).await, None);
}
