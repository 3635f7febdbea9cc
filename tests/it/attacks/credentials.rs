//! Whom a registry sends us to, what that one gets to see of us, and how long it may keep us.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use base64::Engine as _;
use gonogo::domain::fact::FailureKind;
use gonogo::domain::policy::Tag;
use gonogo::net::Limits;
use gonogo::secret::{Credential, Provider};
use gonogo::sim::oci::{Access, Action, Lie, User};
use gonogo::sources::oci::{Client, Freshness, Gathered, Reference, RegistryAccess};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::world::{INDEX, REPOSITORY, TAG, World, header, index_of, serve};
use super::{Before, verify, verify_with};

const PASSWORD: &str = "correct-horse-battery";

type Seen = Arc<Mutex<Vec<(String, http::HeaderMap)>>>;

/// A server that has nothing and remembers who asked, and with what.
async fn stranger() -> (SocketAddr, Seen) {
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    let router = Router::new().fallback(move |request: Request| {
        let (parts, _) = request.into_parts();
        log.lock()
            .unwrap()
            .push((parts.uri.to_string(), parts.headers));
        async { StatusCode::NOT_FOUND }
    });
    (serve(router).await, seen)
}

/// A registry that lets in one user alone, and a home that holds his password.
async fn guarded(before: Before) -> (World, tempfile::TempDir) {
    let world = before.world().await;
    world
        .registry
        .add_user(User::new("nova", PASSWORD, [Action::Pull]));
    world
        .registry
        .behave(|behaviour| behaviour.access = Access::Basic);
    let home = tempfile::tempdir().unwrap();
    let auth = base64::engine::general_purpose::STANDARD.encode(format!("nova:{PASSWORD}"));
    let host = world.address.to_string();
    let config = json!({"auths": {host: {"auth": auth}}});
    std::fs::create_dir(home.path().join(".docker")).unwrap();
    std::fs::write(home.path().join(".docker/config.json"), config.to_string()).unwrap();
    (world, home)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_stays_with_the_registry_that_it_belongs_to() {
    let (world, home) = guarded(Before::Legacy).await;
    let honest = verify(&world, home.path(), &["--json"]).await;
    assert_eq!(
        honest.status.code(),
        Some(0),
        "the password opens: {honest:?}"
    );

    let (other, seen) = stranger().await;
    let away = |path: &str| HeaderValue::from_str(&format!("http://{other}{path}")).unwrap();
    world.lie("blobs/*", Lie::Redirect(away("/blob?sig=x")));
    let next = format!("<http://{other}/next>; rel=\"next\"");
    world.lie("referrers/*", header("link", &next));
    let sig = format!("manifests/sha256-{}.sig", world.index().hex());
    world.lie(&sig, Lie::Redirect(away("/manifest")));
    let output = verify(&world, home.path(), &["--json", "--fresh"]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let told = format!("{output:?}");
    assert!(
        !told.contains(PASSWORD) && !told.contains("sig=x"),
        "{told}"
    );
    let seen = seen.lock().unwrap();
    assert!(!seen.is_empty(), "a blob may lie elsewhere");
    for (address, headers) in seen.iter() {
        assert_eq!(address, "/blob?sig=x", "nothing else leads away");
        assert!(headers.get("authorization").is_none(), "{headers:?}");
        assert!(headers.get("cookie").is_none(), "{headers:?}");
        assert!(headers.get("referer").is_none(), "{headers:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_service_that_is_not_safe_to_ask_gets_nothing() {
    let (world, home) = guarded(Before::Legacy).await;
    let (other, seen) = stranger().await;
    for realm in [
        format!("http://u:p@{other}/token"),
        "file:///etc/passwd".to_owned(),
        "no address".to_owned(),
    ] {
        world.lie("*", Lie::Status(401));
        let challenge = format!("Bearer realm=\"{realm}\",service=\"x\"");
        world.lie("*", header("www-authenticate", &challenge));
        let output = verify(&world, home.path(), &["--json"]).await;
        assert_eq!(output.status.code(), Some(2), "{realm}: {output:?}");
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let reason = document["reasons"][0].as_str().unwrap();
        assert!(
            reason.contains("not safe to ask") || reason.contains("does not say how"),
            "{realm}: {reason}"
        );
        assert!(!format!("{output:?}").contains(PASSWORD));
    }
    assert!(seen.lock().unwrap().is_empty(), "{seen:?}");
}

async fn look(world: &World, client: &Client, tag: &Tag) -> Gathered {
    Box::pin(client.evidence(Reference::Tag(tag), Freshness::Fresh, world.now)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_that_answers_drop_by_drop_is_left() {
    let world = Before::Legacy.world().await;
    let limits = Limits {
        connect: Duration::from_secs(5),
        read: Duration::from_secs(5),
        whole: Duration::from_millis(300),
        download: Duration::from_secs(5),
    };
    let client = || {
        let access = RegistryAccess {
            image: format!("{}/{REPOSITORY}", world.address).parse().unwrap(),
            registry_url: format!("http://{}", world.address).parse().unwrap(),
            credentials: Provider::fixed(Credential::Missing {
                todo: "none is needed".to_owned(),
            }),
        };
        Client::new(gonogo::net::client(&limits).unwrap(), access).with_limits(limits)
    };
    let tag: Tag = TAG.parse().unwrap();
    let began = Instant::now();
    let drop_by_drop = Lie::Drip(Duration::from_millis(20));
    world.lie("blobs/*", drop_by_drop.clone());
    let gathered = look(&world, &client(), &tag).await;
    let collected = gathered.outcome.unwrap().unwrap();
    assert!(collected.whole.pieces.is_empty());
    assert!(
        collected
            .whole
            .gaps
            .iter()
            .any(|gap| format!("{gap:?}").contains("Timeout")),
        "{:?}",
        collected.whole.gaps
    );
    world.lie(&world.tagged(), drop_by_drop);
    let gathered = look(&world, &client(), &tag).await;
    assert_eq!(gathered.outcome.unwrap_err().kind, FailureKind::Timeout);
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
}

/// A server that answers every request with this head and these bytes, and then closes.
async fn raw(head: String, body: Vec<u8>) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (head, body) = (Arc::new(head), Arc::new(body));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (head, body) = (Arc::clone(&head), Arc::clone(&body));
            tokio::spawn(async move {
                let mut asked = Vec::new();
                while !asked.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => asked.push(byte),
                        Err(_) => return,
                    }
                }
                // The client may leave at any moment.
                let _ = stream.write_all(head.as_bytes()).await;
                let _ = stream.write_all(&body).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_length_that_lies_and_a_head_that_is_none_give_no_manifest() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("root.json");
    let world = Before::Unsigned.world().await;
    std::fs::write(&root, world.sigstore.trusted_root_json()).unwrap();
    let index = index_of(&[]).into_bytes();
    let digest = gonogo::sim::oci::Digest::of(&index);
    let head = |length: &str, more: &str| {
        format!(
            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: {INDEX}\r\n\
             docker-content-digest: {digest}\r\n{length}{more}\r\n"
        )
    };
    let length = |length: usize| format!("content-length: {length}\r\n");
    let many = "x-filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(20_000);
    for (name, head, words) in [
        (
            "too short",
            head(&length(index.len() - 5), ""),
            "not those of",
        ),
        (
            "too long",
            head(&length(index.len() + 5), ""),
            "ended too early",
        ),
        (
            "twice",
            head(&(length(5) + &length(index.len())), ""),
            "cannot be reached",
        ),
        (
            "negative",
            head("content-length: -1\r\n", ""),
            "cannot be reached",
        ),
        (
            "huge",
            head("content-length: 18446744073709551614\r\n", ""),
            "",
        ),
        (
            "broken pieces",
            head("transfer-encoding: chunked\r\n", ""),
            "ended too early",
        ),
        (
            "a million headers",
            head(&length(index.len()), &many),
            "cannot be reached",
        ),
        (
            "no head",
            "nonsense\r\n\r\n".to_owned(),
            "cannot be reached",
        ),
    ] {
        let address = raw(head, index.clone()).await;
        let reference = format!("{address}/{REPOSITORY}:{TAG}");
        let output = verify_with(&reference, &root, home.path(), &["--json"]).await;
        assert_eq!(output.status.code(), Some(2), "{name}: {output:?}");
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let reason = document["reasons"][0].as_str().unwrap();
        assert!(reason.contains(words), "{name}: {reason}");
    }
}
