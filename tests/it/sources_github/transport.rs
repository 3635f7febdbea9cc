//! The connection itself: silence, weight, crowds, and redirects of the interface.

use std::sync::Arc;

use gonogo::domain::fact::{Ask, Fact, FailureKind};
use gonogo::domain::ids::RunId;
use gonogo::sources::github::{Client, GithubAccess};
use serde_json::json;

use super::stub::{self, Reply, Sent, Stub, client, fact, impatient, look};

#[tokio::test]
async fn silence_and_an_answer_that_stops_are_timeouts() {
    for sent in [Sent::Silent, Sent::Stalled(1)] {
        let stub = Stub::start(move |_| Reply::new(200, "[]").sent(sent)).await;
        let failure = stub::failure(&impatient(&stub), &Ask::Releases).await;
        assert_eq!(failure.kind, FailureKind::Timeout, "{sent:?}");
        let ask = Ask::JobLog(gonogo::domain::ids::JobId(1));
        let log = stub::failure(&impatient(&stub), &ask).await;
        assert_eq!(log.kind, FailureKind::Timeout, "{sent:?} of a log");
    }
}

#[tokio::test]
async fn an_answer_as_a_whole_has_a_deadline() {
    let stub = Stub::start(|_| Reply::new(200, "[]").sent(Sent::Silent)).await;
    let mut access = stub::access(&stub);
    access.limits.whole = std::time::Duration::from_millis(100);
    access.limits.download = std::time::Duration::from_millis(100);
    let failure = stub::failure(&Client::new(access), &Ask::Releases).await;
    assert_eq!(failure.kind, FailureKind::Timeout);
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let stub = Stub::start(|_| Reply::new(200, "")).await;
    for url in [
        format!("http://127.0.0.1:{port}"),
        "https://host.invalid".to_owned(),
    ] {
        let client = Client::new(GithubAccess {
            api_url: url.parse().unwrap(),
            ..stub::access(&stub)
        });
        let answer = look(&client, &Ask::Releases).await;
        let failure = answer.outcome.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unreachable, "{url}");
        assert_eq!(answer.cost.requests, 1);
    }
}

/// A server whose certificate nobody vouches for. It sends what it was sent after the handshake.
fn impostor() -> (String, std::sync::mpsc::Receiver<Vec<u8>>) {
    use rustls::pki_types::PrivateKeyDer;

    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_no_client_auth()
    .with_single_cert(vec![made.cert.der().clone()], key)
    .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (told, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let tls = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = rustls::StreamOwned::new(tls, stream);
        let mut said = Vec::new();
        // The client leaves in the middle of the handshake: an error is what is wanted here.
        let _ = std::io::Read::read_to_end(&mut stream, &mut said);
        told.send(said).unwrap();
    });
    (format!("https://localhost:{port}"), heard)
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused_before_the_token_is_sent() {
    let (url, heard) = impostor();
    let stub = Stub::start(|_| Reply::new(200, "")).await;
    let client = Client::new(GithubAccess {
        api_url: url.parse().unwrap(),
        ..stub::access(&stub)
    });
    let failure = stub::failure(&client, &Ask::Releases).await;
    assert_eq!(failure.kind, FailureKind::Unreachable);
    assert!(failure.what.contains("certificate"), "{}", failure.what);
    assert_eq!(heard.recv().unwrap(), b"");
}

#[tokio::test]
async fn an_answer_larger_than_is_safe_is_not_read() {
    let stub = Stub::start(|_| Reply::new(200, vec![b' '; 10 * 1024 * 1024])).await;
    let failure = stub::failure(&client(&stub), &Ask::Releases).await;
    assert_eq!(failure.kind, FailureKind::TooLarge);
    let small = Stub::start(|_| Reply::new(500, vec![b'x'; 10 * 1024 * 1024])).await;
    let failure = stub::failure(&client(&small), &Ask::Releases).await;
    assert_eq!(failure.kind, FailureKind::Server);
}

#[tokio::test]
async fn a_small_answer_that_unpacks_to_a_large_one_is_not_read() {
    use std::io::Write as _;

    let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        zip.write_all(&vec![b' '; 1024 * 1024]).unwrap();
    }
    let bomb = zip.finish().unwrap();
    assert!(bomb.len() < 1024 * 1024);
    let whole = bomb.clone();
    let stub =
        Stub::start(move |_| Reply::new(200, whole.clone()).with("content-encoding", "gzip")).await;
    let failure = stub::failure(&client(&stub), &Ask::Releases).await;
    assert_eq!(failure.kind, FailureKind::TooLarge);

    let cut = Stub::start(|_| {
        let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        zip.write_all(b"[]                                                 ")
            .unwrap();
        let packed = zip.finish().unwrap();
        let half = packed.len() - 4;
        Reply::new(200, packed)
            .with("content-encoding", "gzip")
            .sent(Sent::CutUnframed(half))
    })
    .await;
    let failure = stub::failure(&client(&cut), &Ask::Releases).await;
    assert_eq!(failure.kind, FailureKind::CutBody);
}

#[tokio::test]
async fn the_interface_must_not_send_the_token_elsewhere() {
    let thief = Stub::start(|_| Reply::json(&json!([]))).await;
    let to = thief.url.join("steal").unwrap().to_string();
    for status in [301, 302, 307, 308] {
        let to = to.clone();
        let stub = Stub::start(move |_| Reply::new(status, "").with("location", &to)).await;
        let failure = stub::failure(&client(&stub), &Ask::Releases).await;
        assert_eq!(failure.kind, FailureKind::Unexpected);
    }
    assert!(thief.seen().is_empty());
}

#[tokio::test]
async fn a_renamed_repository_is_followed_on_the_same_origin() {
    let stub = Stub::start(|request| match request.path() {
        "/repos/acme/rocket/releases" => {
            Reply::new(301, "{}").with("location", "/repositories/1/releases?per_page=30")
        }
        "/repositories/1/releases" if request.header("authorization").is_some() => {
            Reply::json(&json!([{"id": 1, "tag_name": "v1"}]))
        }
        _ => Reply::new(404, "{}"),
    })
    .await;
    let Fact::Releases(found) = fact(&client(&stub), &Ask::Releases).await else {
        panic!("not Releases");
    };
    assert_eq!(found[0].tag, "v1");
    let circle = Stub::start(|_| Reply::new(302, "").with("location", "/again")).await;
    let failure = stub::failure(&client(&circle), &Ask::Releases).await;
    assert_eq!(failure.kind, FailureKind::Unexpected);
    assert!(circle.seen().len() <= 5);
}

#[tokio::test]
async fn at_most_eight_requests_are_under_way() {
    let stub = Stub::start_gated(|_| Reply::json(&json!([]))).await;
    let client = Arc::new(client(&stub));
    let looks: Vec<_> = (0..40)
        .map(|run| {
            let client = Arc::clone(&client);
            // Spawning also proves that a look can be moved between threads.
            tokio::spawn(async move { fact(&client, &Ask::Approvals(RunId(run))).await })
        })
        .collect();
    let driver = async {
        for _ in 0..40 {
            while stub.open() == 0 {
                tokio::task::yield_now().await;
            }
            stub.release();
            tokio::task::yield_now().await;
        }
        for look in looks {
            look.await.unwrap();
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), driver)
        .await
        .unwrap();
    assert_eq!(stub.seen().len(), 40);
    assert!(stub.most() <= 8, "{}", stub.most());
}

#[tokio::test]
async fn dropping_a_look_gives_its_place_free() {
    let stub = Stub::start(|request| {
        let reply = Reply::json(&json!([]));
        if request.path().ends_with("/releases") {
            reply
        } else {
            reply.sent(Sent::Silent)
        }
    })
    .await;
    let client = Arc::new(client(&stub));
    let stuck: Vec<_> = (0..8)
        .map(|run| {
            let client = Arc::clone(&client);
            tokio::spawn(async move { look(&client, &Ask::Approvals(RunId(run))).await })
        })
        .collect();
    while stub.seen().len() < 8 {
        tokio::task::yield_now().await;
    }
    for look in &stuck {
        look.abort();
    }
    fact(&client, &Ask::Releases).await;
}

#[tokio::test]
async fn another_services_question_is_refused() {
    let stub = Stub::start(|_| Reply::new(200, "{}")).await;
    let failure = stub::failure(&client(&stub), &Ask::Pypi("1.0".to_owned())).await;
    assert_eq!(failure.kind, FailureKind::Unexpected);
    assert!(stub.seen().is_empty());
}
