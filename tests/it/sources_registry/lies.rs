//! A registry that says what is not so: no lie becomes a fact, and each failure says what it is.

use gonogo::domain::artifact::ManifestContent;
use gonogo::domain::digest::Digest;
use gonogo::domain::fact::{Ask, Fact, FailureKind};
use serde_json::json;

use super::stub::{
    Seen, Stub, fact, failure, image, look, nobody, noon, password, registry, respond, tag,
};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

fn index_of(entries: usize) -> String {
    let entries: Vec<_> = (0..entries)
        .map(|n| {
            json!({"digest": Digest::of(&n.to_be_bytes()).as_str(), "size": n,
                "platform": {"os": "linux", "architecture": "amd64"}})
        })
        .collect();
    json!({"schemaVersion": 2, "manifests": entries}).to_string()
}

/// What a look at a manifest gives whose every GET is answered like this.
async fn manifest_answered(
    asked: &Digest,
    headers: &'static [(&str, &str)],
    body: String,
) -> Result<Fact, FailureKind> {
    let stub = Stub::new(move |_| respond(200, headers, body.clone())).await;
    let client = registry(stub.address, nobody());
    let outcome = look(&client, &Ask::Manifest(image(), asked.clone()))
        .await
        .outcome;
    outcome.map_err(|failure| failure.kind)
}

#[tokio::test]
async fn bytes_of_another_digest_are_refused() {
    let body = index_of(2);
    let right = Digest::of(body.as_bytes());
    let headers = &[("content-type", INDEX)];
    assert!(
        manifest_answered(&right, headers, body.clone())
            .await
            .is_ok()
    );
    let wrong = manifest_answered(&Digest::of(b"other"), headers, body.clone()).await;
    assert_eq!(wrong, Err(FailureKind::WrongDigest));
    let announced = &[
        ("content-type", INDEX),
        (
            "docker-content-digest",
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
    ];
    let lying = manifest_answered(&right, announced, body).await;
    assert_eq!(lying, Err(FailureKind::WrongDigest));
}

#[tokio::test]
async fn a_configuration_of_another_digest_is_refused() {
    let config = Digest::of(b"the real one");
    let body = json!({"config": {"digest": config.as_str(),
        "mediaType": "application/vnd.oci.image.config.v1+json"}, "layers": []})
    .to_string();
    let asked = Digest::of(body.as_bytes());
    let stub = Stub::new(move |seen| {
        if seen.target.contains("/blobs/") {
            respond(200, &[], r#"{"os":"linux","architecture":"amd64"}"#)
        } else {
            respond(200, &[("content-type", MANIFEST)], body.clone())
        }
    })
    .await;
    let client = registry(stub.address, nobody());
    let failure = failure(&client, &Ask::Config(image(), asked)).await;
    assert_eq!(failure.kind, FailureKind::WrongDigest);
}

#[tokio::test]
async fn a_tag_without_a_proper_digest_is_hashed_or_refused() {
    let body = index_of(1);
    let expected = Digest::of(body.as_bytes());
    let stub = Stub::new(move |_| respond(200, &[("content-type", INDEX)], body.clone())).await;
    let client = registry(stub.address, nobody());
    let answer = look(&client, &tag("latest")).await;
    assert_eq!(answer.outcome.unwrap(), Fact::Tag(Some(expected)));
    assert_eq!(answer.cost.requests, 2);
    let methods: Vec<_> = stub.seen().into_iter().map(|seen| seen.method).collect();
    assert_eq!(methods, ["HEAD", "GET"]);

    for announced in [
        "sha256:beef",
        "",
        "md5:d41d8cd98f00b204e9800998ecf8427e",
        "\u{1b}[2J",
    ] {
        let announced = announced.replace('\u{1b}', "");
        let stub =
            Stub::new(move |_| respond(200, &[("docker-content-digest", &announced)], "")).await;
        let client = registry(stub.address, nobody());
        let failure = failure(&client, &tag("latest")).await;
        assert_eq!(failure.kind, FailureKind::WrongDigest);
        assert_eq!(stub.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_page_for_people_is_neither_a_manifest_nor_its_absence() {
    let page = &[("content-type", "text/html; charset=utf-8")];
    for status in [200, 404] {
        let stub =
            Stub::new(move |_| respond(status, page, "<html>Log in to the hotel</html>")).await;
        let client = registry(stub.address, nobody());
        let failure = failure(&client, &tag("latest")).await;
        let expected = match status {
            200 => FailureKind::Malformed,
            _ => FailureKind::NotFound,
        };
        assert_eq!(failure.kind, expected, "{failure:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_for_its_content_is_not_fetched_again() {
    let bodies = [
        (r#"{"manifests":[],"layers":[]}"#, 1),
        (r#"{"layers":[]}"#, 2),
    ];
    for (body, requests) in bodies {
        let stub = Stub::new(move |_| respond(200, &[("content-type", INDEX)], body)).await;
        let client = registry(stub.address, nobody());
        let ask = Ask::Manifest(image(), Digest::of(body.as_bytes()));
        for _ in 0..2 {
            let failure = failure(&client, &ask).await;
            assert_eq!(failure.kind, FailureKind::Malformed);
        }
        assert_eq!(stub.seen().len(), requests, "{body}");
    }
}

#[tokio::test]
async fn a_manifest_of_two_meanings_is_refused() {
    let image = json!({"config": {"digest": Digest::of(b"c").as_str()}, "layers": []}).to_string();
    let both = json!({"manifests": [], "layers": []}).to_string();
    let twice = r#"{"manifests":[],"manifests":[]}"#.to_owned();
    let deep = format!(
        r#"{{"manifests":{}{}}}"#,
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    let page = "<html>log in</html>".to_owned();
    for body in [image, both, twice, deep, page] {
        let asked = Digest::of(body.as_bytes());
        let read = manifest_answered(&asked, &[("content-type", INDEX)], body.clone()).await;
        assert_eq!(read, Err(FailureKind::Malformed), "{body:.60}");
    }
}

#[tokio::test]
async fn the_largest_manifest_is_read_and_one_byte_more_is_not() {
    let limit = 4 * 1024 * 1024;
    for (size, expected) in [(limit, None), (limit + 1, Some(FailureKind::TooLarge))] {
        let mut body = index_of(1);
        body.push_str(&" ".repeat(size - body.len()));
        let asked = Digest::of(body.as_bytes());
        let read = manifest_answered(&asked, &[("content-type", INDEX)], body).await;
        assert_eq!(read.err(), expected, "{size}");
    }
}

#[tokio::test]
async fn ten_thousand_entries_are_read() {
    let body = index_of(10_000);
    let asked = Digest::of(body.as_bytes());
    let read = manifest_answered(&asked, &[("content-type", INDEX)], body).await;
    let Ok(Fact::Manifest(Some(manifest))) = read else {
        panic!("not read");
    };
    let ManifestContent::Index { platforms, .. } = manifest.content else {
        panic!("no index");
    };
    assert_eq!(platforms.len(), 10_000);
}

#[tokio::test]
async fn a_blob_may_lie_elsewhere_and_the_credential_stays_here() {
    let config = br#"{"os":"linux","architecture":"arm64"}"#;
    let store = Stub::new(|_| respond(200, &[], &config[..])).await;
    let body = json!({"config": {"digest": Digest::of(config).as_str(),
        "mediaType": "application/vnd.oci.image.config.v1+json"}, "layers": []})
    .to_string();
    let asked = Digest::of(body.as_bytes());
    let place = format!("http://{}/signed?x=1", store.address);
    let stub = Stub::new(move |seen| match seen.authorization() {
        None => respond(401, &[("www-authenticate", "Basic realm=\"r\"")], ""),
        Some(_) if seen.target.contains("/blobs/") => respond(307, &[("location", &place)], ""),
        Some(_) => respond(200, &[("content-type", MANIFEST)], body.clone()),
    })
    .await;
    let client = registry(stub.address, password("alice", "hunter2"));
    let Fact::Config(config) = fact(&client, &Ask::Config(image(), asked)).await else {
        panic!("no configuration");
    };
    assert_eq!(config.platform.to_string(), "linux/arm64");
    let asked: Vec<Seen> = store.seen();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].authorization(), None);
}

#[tokio::test]
async fn a_manifest_is_not_fetched_from_elsewhere() {
    let elsewhere = Stub::new(|_| respond(200, &[], "")).await;
    let place = format!("http://{}/", elsewhere.address);
    let stub = Stub::new(move |_| respond(307, &[("location", &place)], "")).await;
    let client = registry(stub.address, password("alice", "hunter2"));
    for ask in [
        tag("latest"),
        Ask::Manifest(image(), Digest::of(b"x")),
        Ask::Tags(image()),
    ] {
        let failure = failure(&client, &ask).await;
        assert_eq!(failure.kind, FailureKind::Unexpected, "{failure:?}");
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn tags_that_never_end_are_given_up() {
    let stub = Stub::new(|seen| {
        let page: u32 = seen
            .target
            .split_once("page=")
            .map_or(0, |(_, page)| page.parse().unwrap());
        let link = format!(
            "</v2/acme/rocket/tags/list?page={}>; rel=\"next\"",
            page + 1
        );
        respond(
            200,
            &[("link", &link)],
            json!({"tags": [format!("t{page}")]}).to_string(),
        )
    })
    .await;
    let client = registry(stub.address, nobody());
    let failure = failure(&client, &Ask::Tags(image())).await;
    assert_eq!(failure.kind, FailureKind::TooLarge);
    assert_eq!(stub.seen().len(), 100);
}

#[tokio::test]
async fn tags_that_begin_anew_are_read_once() {
    let stub = Stub::new(|_| {
        let link = "</v2/acme/rocket/tags/list?last=b>; rel=\"next\"";
        respond(
            200,
            &[("link", link)],
            r#"{"tags":["b","a","bad tag","\u001b[2J"]}"#,
        )
    })
    .await;
    let client = registry(stub.address, nobody());
    let expected = Fact::Tags(vec!["b".to_owned(), "a".to_owned()]);
    assert_eq!(fact(&client, &Ask::Tags(image())).await, expected);
    assert_eq!(stub.seen().len(), 2);
}

#[tokio::test]
async fn a_list_of_tags_that_goes_on_elsewhere_is_not_a_short_list() {
    let elsewhere = Stub::new(|_| respond(200, &[], r#"{"tags":[]}"#)).await;
    let link = format!("<http://{}/>; rel=\"next\"", elsewhere.address);
    let stub = Stub::new(move |_| respond(200, &[("link", &link)], r#"{"tags":["a"]}"#)).await;
    let client = registry(stub.address, nobody());
    let failure = failure(&client, &Ask::Tags(image())).await;
    assert_eq!(failure.kind, FailureKind::Malformed);
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn no_tags_are_an_answer_and_an_unknown_path_is_not() {
    for (status, body, expected) in [
        (200, r#"{"name":"acme/rocket","tags":null}"#, Ok(())),
        (200, "{}", Ok(())),
        (
            404,
            r#"{"errors":[{"code":"NAME_UNKNOWN","message":"unknown"}]}"#,
            Ok(()),
        ),
        (404, "404 page not found", Err(FailureKind::NotFound)),
        (200, r#"{"tags":"a"}"#, Err(FailureKind::Malformed)),
        (200, r#"{"tags":["a""#, Err(FailureKind::CutBody)),
    ] {
        let stub = Stub::new(move |_| respond(status, &[], body)).await;
        let client = registry(stub.address, nobody());
        let outcome = look(&client, &Ask::Tags(image())).await.outcome;
        match expected {
            Ok(()) => assert_eq!(outcome.unwrap(), Fact::Tags(Vec::new()), "{body}"),
            Err(kind) => assert_eq!(outcome.unwrap_err().kind, kind, "{body}"),
        }
    }
}

#[tokio::test]
async fn each_refusal_is_named_for_what_it_is() {
    for (status, headers, body, kind, retries) in [
        (
            403,
            &[][..],
            r#"{"errors":[{"code":"DENIED"}]}"#,
            FailureKind::Forbidden,
            None,
        ),
        (
            429,
            &[("retry-after", "60")][..],
            "slow down\u{1b}[2J",
            FailureKind::RateLimited,
            Some(60),
        ),
        (
            429,
            &[("x-retry-after", "1772366460")][..],
            "",
            FailureKind::RateLimited,
            Some(60),
        ),
        (
            500,
            &[][..],
            r#"{"errors":[{"code":"UNAUTHORIZED"}]}"#,
            FailureKind::Forbidden,
            None,
        ),
        (500, &[][..], "oops", FailureKind::Server, None),
        (
            502,
            &[][..],
            "<html>bad gateway</html>",
            FailureKind::Server,
            None,
        ),
        (
            503,
            &[("retry-after", "Sun, 01 Mar 2026 12:01:00 GMT")][..],
            "",
            FailureKind::Server,
            Some(60),
        ),
        (401, &[][..], "who are you", FailureKind::Unauthorized, None),
        (418, &[][..], "teapot", FailureKind::Unexpected, None),
    ] {
        let stub = Stub::new(move |_| respond(status, headers, body)).await;
        let client = registry(stub.address, nobody());
        let failure = failure(&client, &Ask::Manifest(image(), Digest::of(b"x"))).await;
        assert_eq!(failure.kind, kind, "{status} {body}: {failure:?}");
        let at = failure
            .retry_at
            .map(|at| at.as_second() - noon().as_second());
        assert_eq!(at, retries, "{status} {body}");
        assert!(
            !failure.what.contains('\u{1b}') && !failure.what.contains('<'),
            "{failure:?}"
        );
        assert!(
            failure.what.ends_with('.') && failure.advice.ends_with('.'),
            "{failure:?}"
        );
    }
}

#[tokio::test]
async fn a_cut_answer_and_no_answer_are_told_apart() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = socket.read(&mut request).await.unwrap();
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"tags\":[\"a\"";
        socket.write_all(answer.as_bytes()).await.unwrap();
    });
    let client = registry(address, nobody());
    let cut = failure(&client, &Ask::Tags(image())).await;
    assert_eq!(cut.kind, FailureKind::CutBody);
    let none = look(&client, &Ask::Tags(image())).await;
    assert_eq!(none.outcome.unwrap_err().kind, FailureKind::Unreachable);
    assert_eq!(none.cost.requests, 1);
}

#[tokio::test]
async fn what_cannot_be_a_tag_is_never_asked_for() {
    let stub = Stub::new(|_| respond(404, &[], "")).await;
    let client = registry(stub.address, nobody());
    for bad in ["", "a/b", "../../secret", "a b", "-a", &"x".repeat(129)] {
        let failure = failure(&client, &tag(bad)).await;
        assert_eq!(failure.kind, FailureKind::Malformed, "{bad}");
    }
    assert!(stub.seen().is_empty());
}

#[tokio::test]
async fn an_answer_that_stops_half_way_is_a_timeout() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    for sent in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"tags\":[\"a\"",
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = socket.read(&mut request).await.unwrap();
            socket.write_all(sent.as_bytes()).await.unwrap();
            // Held open until the client has had enough of it.
            while socket.read(&mut request).await.is_ok_and(|read| read > 0) {}
        });
        let limits = gonogo::net::Limits {
            read: std::time::Duration::from_millis(100),
            ..Default::default()
        };
        let access = gonogo::sources::oci::RegistryAccess {
            image: image().0.parse().unwrap(),
            registry_url: format!("http://{address}").parse().unwrap(),
            credentials: nobody(),
        };
        let http = gonogo::net::client(&limits).unwrap();
        let client = gonogo::sources::oci::Client::new(http, access);
        let failure = failure(&client, &Ask::Tags(image())).await;
        assert_eq!(failure.kind, FailureKind::Timeout, "{sent}: {failure:?}");
    }
}
