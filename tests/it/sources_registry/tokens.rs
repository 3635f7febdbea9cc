//! Being let in: challenges, tokens, passwords, and where none of them may go.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use gonogo::domain::fact::{Fact, FailureKind};
use gonogo::secret::{Credential, Login, Provider, Secret};
use serde_json::json;

use super::stub::{Stub, fact, failure, look, nobody, noon, password, registry, respond, tag};

const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A registry whose token service is this address and which takes tokens that begin with `good`.
async fn guarded(realm: String) -> Stub {
    Stub::new(move |seen| match seen.authorization() {
        Some(header) if header.starts_with("Bearer good") => {
            respond(200, &[("docker-content-digest", DIGEST)], "")
        }
        _ => {
            let challenge = format!(
                "Bearer realm=\"{realm}\",service=\"reg\",scope=\"repository:acme/rocket:pull,push\""
            );
            respond(401, &[("www-authenticate", &challenge)], "")
        }
    })
    .await
}

#[tokio::test]
async fn a_token_service_of_another_host_gets_the_password_and_the_registry_only_the_token() {
    let service = Stub::new(|_| {
        respond(
            200,
            &[],
            json!({"token": "good-1", "expires_in": 300}).to_string(),
        )
    })
    .await;
    let stub = guarded(format!("http://{}/token?tenant=x", service.address)).await;
    let client = registry(stub.address, password("alice", "hunter2"));
    for _ in 0..3 {
        assert!(matches!(
            fact(&client, &tag("latest")).await,
            Fact::Tag(Some(_))
        ));
    }
    // What is asked for is what is needed, whatever the challenge names.
    assert_eq!(
        service.targets(),
        ["/token?tenant=x&service=reg&scope=repository%3Aacme%2Frocket%3Apull"]
    );
    assert_eq!(
        service.seen()[0].authorization(),
        Some("Basic YWxpY2U6aHVudGVyMg==")
    );
    let shown: Vec<_> = stub
        .seen()
        .iter()
        .map(|seen| seen.authorization().map(str::to_owned))
        .collect();
    let token = Some("Bearer good-1".to_owned());
    assert_eq!(shown, [None, token.clone(), token.clone(), token]);
}

#[tokio::test]
async fn a_token_is_renewed_before_its_end_and_not_earlier() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let service = Stub::new(move |_| {
        let n = counted.fetch_add(1, Ordering::SeqCst);
        respond(
            200,
            &[],
            json!({"token": format!("good-{n}"), "expires_in": 300}).to_string(),
        )
    })
    .await;
    let stub = guarded(format!("http://{}/token", service.address)).await;
    let client = registry(stub.address, nobody());
    for (seconds, tokens) in [(0, 1), (269, 1), (270, 2), (500, 2), (541, 3)] {
        let at = noon() + jiff::SignedDuration::from_secs(seconds);
        assert!(client.look(&tag("latest"), at).await.outcome.is_ok());
        assert_eq!(count.load(Ordering::SeqCst), tokens, "after {seconds} s");
    }
    // One 401 at the start, and none since.
    assert_eq!(stub.seen().len(), 6);
}

#[tokio::test]
async fn an_unsafe_token_service_never_sees_the_password() {
    let trap = Stub::new(|_| respond(200, &[], r#"{"token":"good"}"#)).await;
    for realm in [
        format!("http://alice:x@{}/token", trap.address),
        "file:///etc/passwd".to_owned(),
        "//no-scheme.example/token".to_owned(),
        String::new(),
    ] {
        let stub = guarded(realm.clone()).await;
        let client = registry(stub.address, password("alice", "hunter2"));
        let failure = failure(&client, &tag("latest")).await;
        assert_eq!(failure.kind, FailureKind::Malformed, "{realm}: {failure:?}");
        assert!(
            failure.what.contains("No credential was sent"),
            "{failure:?}"
        );
    }
    assert!(trap.seen().is_empty());
}

#[tokio::test]
async fn a_token_service_that_sends_on_does_not_send_the_password_on() {
    let trap = Stub::new(|_| respond(200, &[], r#"{"token":"good"}"#)).await;
    let place = format!("http://{}/", trap.address);
    let service = Stub::new(move |_| respond(302, &[("location", &place)], "")).await;
    let stub = guarded(format!("http://{}/token", service.address)).await;
    let client = registry(stub.address, password("alice", "hunter2"));
    let failure = failure(&client, &tag("latest")).await;
    assert_eq!(failure.kind, FailureKind::Unexpected);
    assert!(trap.seen().is_empty());
}

#[tokio::test]
async fn a_refused_password_is_named_and_looked_up_anew() {
    let service = Stub::new(|seen| {
        if seen.authorization() == Some("Basic YWxpY2U6aHVudGVyMg==") {
            respond(200, &[], r#"{"access_token":"good"}"#)
        } else {
            respond(401, &[], r#"{"details":"incorrect username or password"}"#)
        }
    })
    .await;
    let stub = guarded(format!("http://{}/token", service.address)).await;
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let client = registry(
        stub.address,
        Provider::new(move || {
            let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
            let secret = if first { "old-password" } else { "hunter2" };
            std::future::ready(Credential::Present {
                value: Login::Basic {
                    username: "alice".to_owned(),
                    password: Secret::new(secret).unwrap(),
                },
                from: "the credential helper `pass`".to_owned(),
            })
        }),
    );
    let failure = failure(&client, &tag("latest")).await;
    assert_eq!(failure.kind, FailureKind::Unauthorized);
    assert!(failure.what.contains("alice"), "{failure:?}");
    assert!(
        failure.advice.contains("the credential helper `pass`"),
        "{failure:?}"
    );
    for text in [format!("{failure:?}"), format!("{client:?}")] {
        assert!(!text.contains("old-password"), "{text}");
    }
    assert!(matches!(
        fact(&client, &tag("latest")).await,
        Fact::Tag(Some(_))
    ));
    assert!(!format!("{client:?}").contains("good"));
}

#[tokio::test]
async fn a_token_that_is_refused_at_once_is_not_asked_for_again_and_again() {
    let service = Stub::new(|_| respond(200, &[], r#"{"token":"bad"}"#)).await;
    let stub = guarded(format!("http://{}/token", service.address)).await;
    let client = registry(stub.address, nobody());
    let answer = look(&client, &tag("latest")).await;
    let failure = answer.outcome.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NoCredential);
    assert_eq!(failure.advice, "Log in first.");
    assert_eq!(answer.cost.requests, 3);
    assert_eq!(service.seen().len(), 1);
}

#[tokio::test]
async fn a_token_service_that_answers_nonsense_is_malformed() {
    for body in [
        "",
        "<html>",
        "[]",
        r#"{"token":""}"#,
        r#"{"token":"a\nb"}"#,
        "{\"token\":\"\u{e9}\"}",
    ] {
        let service = Stub::new(move |_| respond(200, &[], body)).await;
        let stub = guarded(format!("http://{}/token", service.address)).await;
        let client = registry(stub.address, nobody());
        let failure = failure(&client, &tag("latest")).await;
        assert_eq!(failure.kind, FailureKind::Malformed, "{body}");
    }
}

#[tokio::test]
async fn an_identity_token_is_not_sent_and_said_to_be_of_no_use() {
    let service = Stub::new(|_| respond(401, &[], "")).await;
    let stub = guarded(format!("http://{}/token", service.address)).await;
    let client = registry(
        stub.address,
        Provider::fixed(Credential::Present {
            value: Login::IdentityToken(Secret::new("hunter2").unwrap()),
            from: "config.json".to_owned(),
        }),
    );
    let failure = failure(&client, &tag("latest")).await;
    assert_eq!(failure.kind, FailureKind::NoCredential);
    assert!(failure.advice.contains("identity token"), "{failure:?}");
    assert_eq!(service.seen()[0].authorization(), None);
}

#[tokio::test]
async fn sixteen_looks_with_a_wrong_password_show_it_once() {
    let service = Stub::new(|_| respond(401, &[], "")).await;
    let stub = guarded(format!("http://{}/token", service.address)).await;
    let client = registry(stub.address, password("alice", "wrong"));
    let ask = tag("latest");
    let answers = join_all((0..16).map(|_| look(&client, &ask))).await;
    for answer in answers {
        assert_eq!(answer.outcome.unwrap_err().kind, FailureKind::Unauthorized);
    }
    assert_eq!((stub.seen().len(), service.seen().len()), (1, 1));
    // Whoever comes later tries again.
    let later = failure(&client, &ask).await;
    assert_eq!(later.kind, FailureKind::Unauthorized);
    assert_eq!((stub.seen().len(), service.seen().len()), (2, 2));
}

#[tokio::test]
async fn sixteen_looks_whose_new_token_is_refused_do_not_ask_for_sixteen() {
    let service = Stub::new(|_| respond(200, &[], r#"{"token":"bad"}"#)).await;
    let stub = guarded(format!("http://{}/token", service.address)).await;
    let client = registry(stub.address, password("alice", "hunter2"));
    let ask = tag("latest");
    let answers = join_all((0..16).map(|_| look(&client, &ask))).await;
    for answer in answers {
        let failure = answer.outcome.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unauthorized);
        assert!(failure.what.contains("alice"), "{failure:?}");
    }
    assert!(service.seen().len() <= 2, "{}", service.seen().len());
}

#[tokio::test]
async fn sixteen_looks_at_a_registry_that_is_away_wait_for_one_try() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        loop {
            // Taken and dropped: the client sees a connection that ends.
            let (socket, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            drop(socket);
        }
    });
    let client = registry(address, nobody());
    let ask = tag("latest");
    let answers = join_all((0..16).map(|_| look(&client, &ask))).await;
    for answer in answers {
        assert_eq!(answer.outcome.unwrap_err().kind, FailureKind::Unreachable);
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_token_service_that_has_moved_is_found_again() {
    let first = Stub::new(|_| respond(200, &[], r#"{"token":"good-1","expires_in":60}"#)).await;
    let second = Stub::new(|_| respond(200, &[], r#"{"token":"good-2"}"#)).await;
    let moved = Arc::new(AtomicUsize::new(0));
    let is_moved = Arc::clone(&moved);
    let realms = [first.address, second.address];
    let stub = Stub::new(move |seen| match seen.authorization() {
        Some("Bearer good-2") => respond(200, &[("docker-content-digest", DIGEST)], ""),
        Some("Bearer good-1") if is_moved.load(Ordering::SeqCst) == 0 => {
            respond(200, &[("docker-content-digest", DIGEST)], "")
        }
        _ => {
            let realm = realms[is_moved.load(Ordering::SeqCst)];
            let challenge = format!("Bearer realm=\"http://{realm}/token\"");
            respond(401, &[("www-authenticate", &challenge)], "")
        }
    })
    .await;
    let client = registry(stub.address, nobody());
    assert!(look(&client, &tag("a")).await.outcome.is_ok());
    moved.store(1, Ordering::SeqCst);
    let later = noon() + jiff::SignedDuration::from_mins(5);
    let mut found = Vec::new();
    for _ in 0..3 {
        found.push(client.look(&tag("a"), later).await.outcome.is_ok());
    }
    assert!(found.contains(&true), "{found:?}");
}
