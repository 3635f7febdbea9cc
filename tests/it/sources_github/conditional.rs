//! Conditional requests: what GitHub confirms is free, and nothing doubtful is ever kept.

use gonogo::domain::fact::{Ask, Cost, Fact, FailureKind};
use gonogo::domain::ids::RunId;
use gonogo::sources::github::{Client, GithubAccess};
use serde_json::json;

use super::stub::{self, Reply, Sent, Stub, client, fact, look};

const ASK: Ask = Ask::Pending(RunId(1));

fn gates() -> serde_json::Value {
    json!([{
        "environment": {"id": 7, "name": "release"}, "wait_timer": 0, "wait_timer_started_at": null,
        "current_user_can_approve": true, "reviewers": []
    }])
}

/// 304 to the right entity tag, the body to everybody else.
fn honest(request: &stub::Request) -> Reply {
    if request.header("if-none-match") == Some("W/\"one\"") {
        Reply::new(304, "").with("etag", "W/\"one\"")
    } else {
        Reply::json(&gates()).with("etag", "W/\"one\"")
    }
}

#[tokio::test]
async fn what_is_confirmed_is_the_same_fact_and_is_not_charged() {
    let stub = Stub::start(honest).await;
    let client = client(&stub);
    let first = look(&client, &ASK).await;
    let second = look(&client, &ASK).await;
    let cost = |requests, charged| Cost { requests, charged };
    assert_eq!((first.cost, second.cost), (cost(1, 1), cost(1, 0)));
    let Ok(Fact::Pending(gates)) = &first.outcome else {
        panic!("{first:?}");
    };
    assert_eq!(gates[0].name, "release");
    assert_eq!(first.outcome, second.outcome);
}

#[tokio::test]
async fn without_a_token_a_304_is_charged() {
    let stub = Stub::start(honest).await;
    let client = Client::new(GithubAccess {
        token: stub::no_token(),
        ..stub::access(&stub)
    });
    look(&client, &ASK).await;
    let second = look(&client, &ASK).await;
    assert!(second.outcome.is_ok());
    assert_eq!(second.cost.charged, 1);
    assert_eq!(stub.seen()[1].header("authorization"), None);
}

#[tokio::test]
async fn another_address_is_not_confirmed_by_this_ones_tag() {
    let stub = Stub::start(honest).await;
    let client = client(&stub);
    look(&client, &ASK).await;
    look(&client, &Ask::Pending(RunId(2))).await;
    assert_eq!(stub.seen()[1].header("if-none-match"), None);
}

#[tokio::test]
async fn a_cut_answer_is_neither_used_nor_kept() {
    let whole = gates().to_string().len();
    for sent in [
        Sent::Cut(whole / 2),
        Sent::CutUnframed(whole / 2),
        Sent::Cut(0),
    ] {
        let stub =
            Stub::start(move |_| Reply::json(&gates()).with("etag", "W/\"cut\"").sent(sent)).await;
        let client = client(&stub);
        for _ in 0..2 {
            let failure = stub::failure(&client, &ASK).await;
            assert_eq!(failure.kind, FailureKind::CutBody, "{sent:?}");
        }
        assert_eq!(stub.seen()[1].header("if-none-match"), None, "{sent:?}");
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_does_not_spoil_the_one_kept() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let stub =
        Stub::start(
            move |request| match count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
                1 => Reply::new(200, "<html>maintenance</html>").with("etag", "W/\"page\""),
                2 => Reply::new(502, "<html>bad gateway</html>").with("etag", "W/\"page\""),
                _ => honest(request),
            },
        )
        .await;
    let client = client(&stub);
    let before = fact(&client, &ASK).await;
    let page = stub::failure(&client, &ASK).await;
    assert_eq!(page.kind, FailureKind::Malformed);
    let gateway = stub::failure(&client, &ASK).await;
    assert_eq!(gateway.kind, FailureKind::Server);
    assert!(!gateway.what.contains('<'), "{}", gateway.what);
    let after = look(&client, &ASK).await;
    assert_eq!(after.outcome.unwrap(), before);
    assert_eq!(after.cost.charged, 0, "the good answer was still known");
}

#[tokio::test]
async fn a_confirmation_of_nothing_is_malformed() {
    let stub = Stub::start(|_| Reply::new(304, "")).await;
    let failure = stub::failure(&client(&stub), &ASK).await;
    assert_eq!(failure.kind, FailureKind::Malformed);
}
