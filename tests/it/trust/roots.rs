//! Roots in files: what cannot be one is refused with a word on why, and what is another's vouches for nobody.

use std::path::Path;

use gonogo::domain::evidence::{Recipe, TrustOrigin};
use gonogo::domain::policy::IdentityPattern;
use gonogo::evidence::{Trust, TufRepository};
use gonogo::net::{Limits, client};
use serde_json::Value;

fn recipe() -> Recipe {
    Recipe::of("https://issuer.example", IdentityPattern::literal("^x"))
}

#[tokio::test]
async fn a_file_that_is_no_trusted_root_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trusted_root.json");
    let good = TufRepository::public_good().built_in.into_owned();
    let without = |name: &str| {
        let mut root: Value = serde_json::from_str(&good).unwrap();
        root[name] = Value::Array(Vec::new());
        root.to_string()
    };
    for (text, word) in [
        (String::new(), "it is empty"),
        (" \n".to_owned(), "it is empty"),
        (good[..good.len() / 2].to_owned(), "it ends too early"),
        ("{}".to_owned(), "mediaType"),
        ("<html>".to_owned(), "expected value"),
        (
            without("certificateAuthorities"),
            "no certificate authority",
        ),
        (without("tlogs"), "no transparency log"),
        (without("ctlogs"), "no log of certificates"),
        (" ".repeat(5 << 20), "too large"),
    ] {
        std::fs::write(&path, &text).unwrap();
        let trust = Trust::of_file(path.clone());
        let error = trust.judge(recipe()).unwrap_err().to_string();
        assert!(error.contains(word), "{word}: {error}");
    }
    let nowhere = Trust::of_file(Path::new("/nonexistent/root.json").to_owned());
    let error = nowhere.root().unwrap_err().to_string();
    assert!(error.contains("/nonexistent/root.json"), "{error}");

    // A file that is mended is read again, and one that is broken later changes nothing.
    std::fs::write(&path, &good).unwrap();
    let trust = Trust::of_file(path.clone());
    let root = trust.root().unwrap();
    assert_eq!(root.origin, TrustOrigin::File(path.display().to_string()));
    assert!(!trust.wants_refresh("2026-03-01T12:00:00Z".parse().unwrap()));
    let http = client(&Limits::default()).unwrap();
    let now = "2026-03-01T12:00:00Z".parse().unwrap();
    std::fs::write(&path, format!("{good}\n")).unwrap();
    let newer = trust.refresh(&http, now).await.unwrap();
    assert_ne!(newer.digest, root.digest);
    std::fs::write(&path, "{").unwrap();
    let failure = trust.refresh(&http, now).await.unwrap_err();
    assert!(failure.what.contains("ends too early"), "{failure:?}");
    assert_eq!(trust.root().unwrap(), newer);
}
