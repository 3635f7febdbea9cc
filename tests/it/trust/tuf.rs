//! What TUF says, and what is made of it when something is wrong.

use std::path::Path;

use gonogo::domain::digest::Digest;
use gonogo::domain::evidence::TrustOrigin;
use gonogo::domain::fact::FailureKind;
use gonogo::domain::time::Timestamp;
use gonogo::evidence::{Trust, TufRepository};
use gonogo::net::{Limits, client};

use super::repository::{LATER, Served, Signer};

fn at(hour: i64) -> Timestamp {
    let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    start + jiff::SignedDuration::from_hours(hour)
}

/// The built-in root with other bytes.
fn newer(spaces: usize) -> String {
    let built_in = TufRepository::public_good().built_in;
    format!("{built_in}{}", " ".repeat(spaces))
}

fn trust(served: &Served, cache: &Path, now: Timestamp) -> Trust {
    Trust::of_repository(served.known(), Some(cache.to_owned()), now)
}

#[tokio::test]
async fn what_tuf_says_is_used_kept_and_verified_again_without_a_network() {
    let (served, cache) = (Served::start().await, tempfile::tempdir().unwrap());
    let http = client(&Limits::default()).unwrap();
    let target = newer(1);
    served.serve(Some(served.signer.files(target.as_bytes(), 1, LATER)));

    let first = trust(&served, cache.path(), at(0));
    let built_in = first.root().unwrap();
    assert_eq!(built_in.origin, TrustOrigin::BuiltIn);
    assert_eq!(built_in.checked_at, None);
    let told = first.refresh(&http, at(1)).await.unwrap();
    assert_eq!(told.origin, TrustOrigin::Tuf);
    assert_eq!(told.digest, Digest::of(target.as_bytes()));
    assert_eq!(told.checked_at, Some(at(1)));
    assert_eq!(told.expires, Some(LATER.parse().unwrap()));
    assert_eq!(first.root().unwrap(), told);

    // Another start, without the network: the same root, as old as it is.
    served.serve(None);
    let second = trust(&served, cache.path(), at(5));
    assert_eq!(second.root().unwrap(), told);

    // Nothing new is asked for twice.
    let mut files = served.signer.files(target.as_bytes(), 1, LATER);
    files.retain(|name, _| name == "/timestamp.json");
    served.serve(Some(files));
    let again = second.refresh(&http, at(6)).await.unwrap();
    assert_eq!((again.digest, again.checked_at), (told.digest, Some(at(6))));

    let newest = newer(2);
    served.serve(Some(served.signer.files(newest.as_bytes(), 2, LATER)));
    let newest_told = second.refresh(&http, at(7)).await.unwrap();
    assert_eq!(newest_told.digest, Digest::of(newest.as_bytes()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let file = std::fs::metadata(cache.path().join("timestamp.json")).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn what_is_refused_changes_neither_the_root_nor_the_cache() {
    let (served, cache) = (Served::start().await, tempfile::tempdir().unwrap());
    let http = client(&Limits::default()).unwrap();
    let signer = &served.signer;
    let target = newer(3);
    let target = target.as_bytes();
    served.serve(Some(signer.files(target, 3, LATER)));
    let trust_now = trust(&served, cache.path(), at(0));
    let good = trust_now.refresh(&http, at(0)).await.unwrap();

    let other = newer(4);
    let other = other.as_bytes();
    let with = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut files = signer.files(other, 4, LATER);
        change(files.get_mut(name).unwrap());
        Some(files)
    };
    let foreign = Signer::new().files(other, 4, LATER);
    for (what, files, kind, word) in [
        (
            "an older version",
            Some(signer.files(other, 2, LATER)),
            FailureKind::Malformed,
            "version 3 was seen before",
        ),
        (
            "an end that has passed",
            Some(signer.files(other, 4, "2026-02-01T00:00:00Z")),
            FailureKind::Malformed,
            "ended at 2026-02-01",
        ),
        (
            "another signer",
            Some(foreign),
            FailureKind::Malformed,
            "not signed by its own keys",
        ),
        (
            "half a file",
            with("/timestamp.json", &|bytes| bytes.truncate(bytes.len() / 2)),
            FailureKind::Malformed,
            "not used",
        ),
        (
            "other metadata than was promised",
            with("/snapshot.json", &|bytes| bytes.push(b' ')),
            FailureKind::WrongDigest,
            "not those it signed",
        ),
        (
            "another root than was signed",
            with("/targets/trusted_root.json", &|bytes| bytes[0] = b' '),
            FailureKind::WrongDigest,
            "not those it signed",
        ),
        (
            "a root without end",
            with("/targets/trusted_root.json", &|bytes| {
                bytes.resize(1 << 20, b' ');
            }),
            FailureKind::Unreachable,
            "exceeds",
        ),
        (
            "a signed root that is empty",
            Some(signer.files(b"", 4, LATER)),
            FailureKind::Malformed,
            "it is empty",
        ),
        (
            "a signed root that names nobody",
            Some(signer.files(
                br#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#,
                4,
                LATER,
            )),
            FailureKind::Malformed,
            "names no certificate authority",
        ),
        ("an error", None, FailureKind::Unreachable, "500"),
    ] {
        served.serve(files);
        let failure = trust_now.refresh(&http, at(1)).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{what}: {failure:?}");
        assert!(failure.what.contains(word), "{what}: {failure:?}");
        assert!(failure.advice.contains("last good"), "{what}: {failure:?}");
        assert_eq!(trust_now.root().unwrap(), good, "{what}");
        let kept = trust(&served, cache.path(), at(1));
        assert_eq!(kept.root().unwrap(), good, "{what}");
    }
}

#[tokio::test]
async fn a_cache_that_was_tampered_with_is_as_none_and_one_that_has_ended_says_so() {
    let (served, cache) = (Served::start().await, tempfile::tempdir().unwrap());
    let http = client(&Limits::default()).unwrap();
    let target = newer(5);
    let end = "2026-03-08T12:00:00Z";
    served.serve(Some(served.signer.files(target.as_bytes(), 1, end)));
    let told = trust(&served, cache.path(), at(0))
        .refresh(&http, at(0))
        .await
        .unwrap();
    assert_eq!(told.expires, Some(end.parse().unwrap()));
    let origin = |now| trust(&served, cache.path(), now).root().unwrap().origin;
    assert_eq!(origin(at(24 * 6)), TrustOrigin::Tuf);
    // The built-in root may be older than what was confirmed last.
    let ended = trust(&served, cache.path(), at(24 * 8)).root().unwrap();
    assert_eq!(ended.digest, told.digest);
    assert_eq!(
        (ended.checked_at, ended.expires),
        (Some(at(0)), told.expires)
    );
    assert!(
        ended.expires < Some(at(24 * 8)),
        "it is told that it has ended"
    );

    let foreign = Signer::new().files(newer(6).as_bytes(), 2, end);
    for (name, bytes) in [
        ("targets/trusted_root.json", newer(6).into_bytes()),
        ("targets/trusted_root.json", Vec::new()),
        ("timestamp.json", foreign["/timestamp.json"].clone()),
        ("snapshot.json", foreign["/snapshot.json"].clone()),
        ("targets.json", foreign["/targets.json"].clone()),
        ("timestamp.json", vec![b'['; 6_000_000]),
    ] {
        let path = cache.path().join(name);
        let before = std::fs::read(&path).unwrap();
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(origin(at(1)), TrustOrigin::BuiltIn, "{name}");
        std::fs::write(&path, before).unwrap();
        assert_eq!(origin(at(1)), TrustOrigin::Tuf, "{name} is as it was");
    }
    // A refresh mends it.
    std::fs::write(cache.path().join("targets/trusted_root.json"), b"{}").unwrap();
    let mended = trust(&served, cache.path(), at(2));
    let told = mended.refresh(&http, at(2)).await.unwrap();
    assert_eq!(told.digest, Digest::of(target.as_bytes()));
    assert_eq!(origin(at(3)), TrustOrigin::Tuf);
}

#[tokio::test]
async fn tuf_is_asked_once_a_day_and_once_an_hour_where_it_cannot_tell() {
    let (served, cache) = (Served::start().await, tempfile::tempdir().unwrap());
    let http = client(&Limits::default()).unwrap();
    let wants = |now| trust(&served, cache.path(), now).wants_refresh(now);
    assert!(wants(at(0)), "nobody has asked");
    let starts = trust(&served, cache.path(), at(0));
    assert!(starts.refresh(&http, at(0)).await.is_err());
    assert!(!wants(at(1)), "it was tried within the hour");
    assert!(wants(at(2)));
    served.serve(Some(served.signer.files(newer(7).as_bytes(), 1, LATER)));
    starts.refresh(&http, at(2)).await.unwrap();
    assert!(!wants(at(25)), "it was confirmed within the day");
    assert!(wants(at(27)));
    assert!(wants(at(-5)), "a time to come confirms nothing");
}
