//! GitHub's attestations of a digest: bundles in the list or behind an address, and servers that lie about both.

use std::collections::BTreeSet;

use gonogo::domain::digest::Digest;
use gonogo::domain::evidence::{Gap, Layout, Place};
use gonogo::domain::fact::{Failure, FailureKind};
use gonogo::sources::github::{Attestations, Client};
use serde_json::{Value, json};

use super::stub::{self, Reply, Request, Sent, Stub, TOKEN, client};
use crate::support::contract::contract;

/// What is asked about.
fn digest() -> Digest {
    Digest::of(b"index")
}

fn path() -> String {
    format!("/repos/acme/rocket/attestations/{}", digest())
}

/// A bundle, as far as its reader here is concerned.
fn bundle(name: &str) -> String {
    let padding = "x".repeat(300);
    json!({"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "name": name, "padding": padding}).to_string()
}

fn packed(text: &str) -> Vec<u8> {
    snap::raw::Encoder::new()
        .compress_vec(text.as_bytes())
        .unwrap()
}

fn listing(entries: &[Value]) -> Reply {
    Reply::json(&json!({"attestations": entries}))
}

fn at(store: &Stub, name: &str) -> Value {
    json!({
        "repository_id": 1,
        "bundle_url": format!("{}{name}?sig=s3cret", store.url),
        "initiator": "user",
    })
}

async fn look(client: &Client) -> Attestations {
    let found = client.attestations(&digest(), stub::now()).await;
    let told = format!("{:?} {client:?}", found.gaps);
    assert!(!told.contains(TOKEN) && !told.contains("s3cret"), "{told}");
    for piece in &found.pieces {
        assert_eq!(piece.place, Place::Github);
        assert_eq!(piece.digest, Digest::of(&piece.bytes));
    }
    found
}

/// Why not everything was seen.
fn failures(found: &Attestations) -> Vec<&Failure> {
    found
        .gaps
        .iter()
        .map(|gap| match gap {
            Gap::Failed { layout, failure } => {
                assert_eq!(*layout, Layout::Github);
                failure
            }
            Gap::Dangling { .. } | Gap::Unseen { .. } => panic!("{gap:?}"),
        })
        .collect()
}

/// The one failure of a look that brought nothing.
async fn only_failure(client: &Client) -> Failure {
    let found = look(client).await;
    assert!(found.pieces.is_empty(), "{found:?}");
    let failures = failures(&found);
    assert_eq!(failures.len(), 1, "{failures:?}");
    failures[0].clone()
}

#[tokio::test]
async fn a_bundle_is_taken_from_the_list_or_from_its_address_packed_or_plain() {
    let store = Stub::start(|request| match request.path() {
        "/packed" => {
            Reply::new(200, packed(&bundle("packed"))).with("content-type", "application/x-snappy")
        }
        "/unlabelled" => Reply::new(200, packed(&bundle("unlabelled"))),
        _ => Reply::new(200, bundle("plain")).with("content-type", "application/json"),
    })
    .await;
    let inline: Value = serde_json::from_str(&bundle("inline")).unwrap();
    let mut entries = vec![json!({"bundle": inline, "repository_id": 1})];
    for name in ["packed", "unlabelled", "plain"] {
        let mut entry = at(&store, name);
        entry["bundle"] = Value::Null;
        entries.push(entry);
    }
    let stub = Stub::start(move |_| listing(&entries)).await;
    let found = look(&client(&stub)).await;
    assert!(found.gaps.is_empty(), "{:?}", found.gaps);
    let texts: Vec<&[u8]> = found.pieces.iter().map(|piece| &piece.bytes[..]).collect();
    for (text, name) in texts
        .iter()
        .zip(["inline", "packed", "unlabelled", "plain"])
    {
        let read: Value = serde_json::from_slice(text).unwrap();
        assert_eq!(read["name"], name, "in the order of the list");
    }
    assert_eq!(texts.len(), 4);
    assert_eq!(
        found.cost.requests, 1,
        "the store is none of GitHub's budget"
    );

    let asked = stub.seen();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].path(), path());
    assert_eq!(asked[0].query("per_page"), Some("100"));
    assert!(asked[0].header("authorization").unwrap().contains(TOKEN));
    let fetched = store.seen();
    assert_eq!(fetched.len(), 3);
    for request in fetched {
        assert_eq!(request.query("sig"), Some("s3cret"), "the address is whole");
        for name in ["authorization", "x-github-api-version", "referer", "cookie"] {
            assert_eq!(request.header(name), None, "{name}");
        }
    }
}

#[tokio::test]
async fn the_request_and_the_answer_are_those_of_githubs_description() {
    let Some(contract) = contract() else {
        return;
    };
    let store = Stub::start(|_| Reply::new(200, packed(&bundle("x")))).await;
    let body = json!({"attestations": [at(&store, "a"), at(&store, "b")]});
    let wrong = contract.check_answer("GET", &path(), 200, Some(&body));
    assert!(wrong.is_empty(), "{wrong:?}");
    let stub = Stub::start(move |_| Reply::json(&body)).await;
    assert_eq!(look(&client(&stub)).await.pieces.len(), 2);
    let query = [("per_page".to_owned(), "100".to_owned())];
    let wrong = contract.check_request("GET", &path(), &query, None);
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[tokio::test]
async fn none_is_none_and_a_failure_is_a_gap() {
    let none = Stub::start(|_| Reply::new(404, r#"{"message": "Not Found"}"#)).await;
    let found = look(&client(&none)).await;
    assert!(
        found.pieces.is_empty() && found.gaps.is_empty(),
        "{found:?}"
    );
    let empty = Stub::start(|_| listing(&[])).await;
    let found = look(&client(&empty)).await;
    assert!(
        found.pieces.is_empty() && found.gaps.is_empty(),
        "{found:?}"
    );

    for (status, kind) in [
        (401, FailureKind::Unauthorized),
        (403, FailureKind::Forbidden),
        (429, FailureKind::RateLimited),
        (500, FailureKind::Server),
        (503, FailureKind::Server),
    ] {
        let stub = Stub::start(move |_| Reply::new(status, r#"{"message": "no \u001b[2J"}"#)).await;
        let failure = only_failure(&client(&stub)).await;
        assert_eq!(failure.kind, kind, "{status}: {failure:?}");
        assert!(!failure.what.contains('\u{1b}'));
    }
    for nonsense in ["[]", "{}", r#"{"attestations": {}}"#, "<html>", "\u{fffd}"] {
        let stub = Stub::start(move |_| Reply::new(200, nonsense)).await;
        let failure = only_failure(&client(&stub)).await;
        assert_eq!(failure.kind, FailureKind::Malformed, "{nonsense}");
    }
    let cut = Stub::start(|_| listing(&[]).sent(Sent::Cut(10))).await;
    assert_eq!(only_failure(&client(&cut)).await.kind, FailureKind::CutBody);
    let stalled = Stub::start(|_| listing(&[]).sent(Sent::Stalled(10))).await;
    let failure = only_failure(&stub::impatient(&stalled)).await;
    assert_eq!(failure.kind, FailureKind::Timeout);
}

/// The part of a request's address that says which page it is.
fn page_of(request: &Request) -> usize {
    request
        .query("after")
        .map_or(0, |after| after.parse().unwrap())
}

/// A list of one attestation a page, with the link that this makes of the page's number.
async fn paged(next: impl Fn(usize) -> Option<String> + Send + Sync + 'static) -> Stub {
    Stub::start(move |request| {
        let page = page_of(request);
        let inline: Value = serde_json::from_str(&bundle(&page.to_string())).unwrap();
        let reply = listing(&[json!({"bundle": inline})]);
        match next(page) {
            Some(link) => reply.with("link", &link),
            None => reply,
        }
    })
    .await
}

fn next_page(page: usize) -> String {
    format!("<{}?per_page=100&after={page}>; rel=\"next\"", path())
}

#[tokio::test]
async fn pages_are_followed_to_their_end_and_not_beyond() {
    let three = paged(|page| (page < 2).then(|| next_page(page + 1))).await;
    let found = look(&client(&three)).await;
    assert!(found.gaps.is_empty(), "{:?}", found.gaps);
    let distinct: BTreeSet<_> = found.pieces.iter().map(|piece| &piece.digest).collect();
    assert_eq!(distinct.len(), 3);

    let endless = paged(|page| Some(next_page(page + 1))).await;
    let found = look(&client(&endless)).await;
    assert_eq!(failures(&found)[0].kind, FailureKind::TooLarge);
    assert!(endless.seen().len() <= 16, "{}", endless.seen().len());
    assert!(!found.pieces.is_empty(), "what was seen is judged");

    let circle = paged(|page| Some(next_page(1 - page.min(1)))).await;
    let found = look(&client(&circle)).await;
    assert_eq!(failures(&found)[0].kind, FailureKind::Malformed);
    assert!(circle.seen().len() <= 3, "{}", circle.seen().len());

    let other = Stub::start(|_| listing(&[])).await;
    let url = other.url.clone();
    let abroad = paged(move |_| Some(format!("<{url}x>; rel=\"next\""))).await;
    let found = look(&client(&abroad)).await;
    assert_eq!(failures(&found)[0].kind, FailureKind::Malformed);
    assert!(other.seen().is_empty(), "{:?}", other.seen());
}

#[tokio::test]
async fn an_address_that_leads_astray_is_not_asked() {
    let other = Stub::start(|_| Reply::new(200, bundle("x"))).await;
    let port = other.url.port().unwrap();
    for address in [
        "http://192.0.2.1/bundle?sig=s3cret".to_owned(),
        format!("http://localhost:{port}/bundle?sig=s3cret"),
        format!("http://user:s3cret@127.0.0.1:{port}/bundle"),
        "file:///etc/passwd".to_owned(),
        "ftp://127.0.0.1/bundle".to_owned(),
        "data:application/json,{}".to_owned(),
        "/relative".to_owned(),
        String::new(),
        "not an address \u{1b}[2J".to_owned(),
    ] {
        let entry = json!({"bundle": null, "bundle_url": address});
        let stub = Stub::start(move |_| listing(std::slice::from_ref(&entry))).await;
        let failure = only_failure(&client(&stub)).await;
        assert!(
            matches!(
                failure.kind,
                FailureKind::Unexpected | FailureKind::Malformed
            ),
            "{address}: {failure:?}"
        );
        assert!(!failure.what.contains('\u{1b}'), "{failure:?}");
    }
    assert!(other.seen().is_empty(), "{:?}", other.seen());

    // Nor by a detour.
    let detour = Stub::start(|_| Reply::new(302, "").with("location", "file:///etc/passwd")).await;
    let entry = at(&detour, "x");
    let stub = Stub::start(move |_| listing(std::slice::from_ref(&entry))).await;
    assert_eq!(
        only_failure(&client(&stub)).await.kind,
        FailureKind::Unexpected
    );
    // Without an address and without a bundle there is nothing to judge, and that is said.
    let stub = Stub::start(|_| listing(&[json!({"bundle": null, "repository_id": 1})])).await;
    assert_eq!(
        only_failure(&client(&stub)).await.kind,
        FailureKind::Malformed
    );
}

/// One attestation behind an address that answers so.
async fn stored(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> (Stub, Stub) {
    let store = Stub::start(answer).await;
    let entry = at(&store, "x");
    let stub = Stub::start(move |_| listing(std::slice::from_ref(&entry))).await;
    (stub, store)
}

#[tokio::test]
async fn what_lies_behind_an_address_is_read_in_bounded_memory_or_not_at_all() {
    // The first bytes announce 4 GiB, and then 60 MiB that could never be in so few.
    for bomb in [
        &[0xff, 0xff, 0xff, 0xff, 0x0f, 0x00][..],
        &[0x80, 0x80, 0x80, 0x1e, 0x00, 0x78],
        &[0xff; 40],
        &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
    ] {
        let (stub, _store) = stored(move |_| Reply::new(200, bomb)).await;
        let failure = only_failure(&client(&stub)).await;
        assert!(
            matches!(failure.kind, FailureKind::TooLarge | FailureKind::Malformed),
            "{failure:?}"
        );
    }
    // A block that is one long run of a byte is small and unpacks to more than is read.
    let (stub, _store) = stored(|_| Reply::new(200, packed(&"x".repeat((64 << 20) + 1)))).await;
    assert_eq!(
        only_failure(&client(&stub)).await.kind,
        FailureKind::TooLarge
    );
    let whole = packed(&bundle("x"));
    let half = whole[..whole.len() / 2].to_vec();
    let (stub, _store) = stored(move |_| Reply::new(200, half.clone())).await;
    assert_eq!(
        only_failure(&client(&stub)).await.kind,
        FailureKind::Malformed
    );
    let (stub, _store) = stored(move |_| Reply::new(200, whole.clone()).sent(Sent::Cut(9))).await;
    assert_eq!(
        only_failure(&client(&stub)).await.kind,
        FailureKind::CutBody
    );
    let (stub, _store) = stored(|_| Reply::new(200, bundle("x")).sent(Sent::Stalled(9))).await;
    let failure = only_failure(&stub::impatient(&stub)).await;
    assert_eq!(failure.kind, FailureKind::Timeout);
}

#[tokio::test]
async fn a_store_that_refuses_is_not_the_credentials_fault_and_not_absence() {
    for (status, kind) in [
        (403, FailureKind::Unexpected),
        (404, FailureKind::NotFound),
        (500, FailureKind::Server),
        (204, FailureKind::Unexpected),
    ] {
        let (stub, store) = stored(move |_| Reply::new(status, "<Error/>")).await;
        assert_eq!(only_failure(&client(&stub)).await.kind, kind, "{status}");
        assert_eq!(store.seen().len(), 1, "it is not asked twice");
    }
    let (stub, _store) =
        stored(|request| Reply::new(302, "").with("location", &format!("{}x", request.path())))
            .await;
    let failure = only_failure(&client(&stub)).await;
    assert_eq!(failure.kind, FailureKind::Unexpected, "{failure:?}");
}

#[tokio::test]
async fn more_attestations_than_are_looked_at_are_told() {
    let entries: Vec<Value> = (0..10_000)
        .map(|number| json!({"bundle": {"number": number}}))
        .collect();
    let stub = Stub::start(move |_| listing(&entries)).await;
    let found = look(&client(&stub)).await;
    assert_eq!(found.pieces.len(), 128);
    assert_eq!(failures(&found)[0].kind, FailureKind::TooLarge);
}
