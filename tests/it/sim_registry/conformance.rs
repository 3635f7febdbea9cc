//! The conformance suite of the OCI distribution specification.

use std::path::Path;
use std::time::Duration;

use gonogo::sim::oci::{Access, Deletes, Referrers, Registry, User};

use super::support::{noon, run, serve};
use crate::support::judges::judge;

/// What the suite counted.
#[derive(Debug)]
struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

async fn conformance(registry: &Registry, more: &[(&str, &str)]) -> Option<Counts> {
    let suite = judge("conformance")?;
    let results = tempfile::tempdir().expect("a folder");
    let address = serve(registry.router()).await.to_string();
    let folder = results.path().to_str().expect("a path").to_owned();
    let mut environment = vec![
        ("OCI_REGISTRY", address.as_str()),
        ("OCI_TLS", "disabled"),
        ("OCI_VERSION", "1.1"),
        ("OCI_REPO1", "conformance/repo1"),
        ("OCI_REPO2", "conformance/repo2"),
        ("OCI_RESULTS_DIR", folder.as_str()),
    ];
    environment.extend_from_slice(more);
    let output = run(&suite, &[], &environment).await;
    let text = String::from_utf8_lossy(&output.stdout);
    let counts = counts(results.path());
    assert!(
        output.status.success(),
        "{counts:?}\n{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(counts)
}

/// The figures of the suite's `JUnit` file; it leaves out an attribute that is zero.
fn counts(results: &Path) -> Counts {
    let junit = std::fs::read_to_string(results.join("junit.xml")).expect("the suite's results");
    let head = junit
        .split('>')
        .find(|tag| tag.contains("<testsuites"))
        .expect("a head");
    let attribute = |name: &str| {
        head.split_once(&format!(" {name}=\""))
            .map_or(0, |(_, after)| {
                let value = after.split('"').next().expect("a value");
                value.parse::<u64>().expect("a number")
            })
    };
    let (failed, skipped) = (attribute("failures"), attribute("skipped"));
    Counts {
        passed: attribute("tests") - failed - attribute("errors") - skipped,
        failed: failed + attribute("errors"),
        skipped,
    }
}

/// What is off by default in the suite and held all the same.
const EXTRAS: [(&str, &str); 4] = [
    ("OCI_API_BLOBS_UPLOAD_CANCEL", "true"),
    ("OCI_API_BLOBS_DIGEST_HEADER", "true"),
    ("OCI_API_MANIFESTS_DIGEST_HEADER", "true"),
    ("OCI_API_MANIFESTS_TAG_PARAM", "true"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_registry_conforms() {
    let registry = Registry::new(noon());
    let Some(counts) = conformance(&registry, &EXTRAS).await else {
        return;
    };
    // No data kind is left out: 986 checks of this version of the suite, with the extras.
    assert!(counts.passed >= 980, "{counts:?}");
    assert!(counts.failed == 0 && counts.skipped <= 2, "{counts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_registry_conforms_behind_tokens() {
    let registry = Registry::new(noon());
    registry.add_user(User::owner("alice", "s3cret"));
    registry.behave(|behaviour| {
        behaviour.access = Access::Token {
            anonymous_pull: false,
            ttl: Duration::from_secs(300),
        };
    });
    let login = [("OCI_USERNAME", "alice"), ("OCI_PASSWORD", "s3cret")];
    let Some(counts) = conformance(&registry, &login).await else {
        return;
    };
    assert!(counts.passed >= 850, "{counts:?}");
    assert!(counts.failed == 0 && counts.skipped <= 4, "{counts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_registry_conforms_with_passwords() {
    let registry = Registry::new(noon());
    registry.add_user(User::owner("alice", "s3cret"));
    registry.behave(|behaviour| behaviour.access = Access::Basic);
    let login = [("OCI_USERNAME", "alice"), ("OCI_PASSWORD", "s3cret")];
    let Some(counts) = conformance(&registry, &login).await else {
        return;
    };
    assert!(counts.passed >= 850, "{counts:?}");
    assert!(counts.failed == 0 && counts.skipped <= 4, "{counts:?}");
}

/// The habits of docker-registry are within the specification: the suite counts them as not supported.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_registry_conforms_without_referrers_and_deletes_of_tags() {
    let registry = Registry::new(noon());
    registry.behave(|behaviour| {
        behaviour.deletes = Deletes::DigestsOnly;
        behaviour.referrers = Referrers::Absent;
    });
    let less = [
        ("OCI_API_REFERRER", "false"),
        ("OCI_DATA_SUBJECT", "false"),
        ("OCI_DATA_SUBJECT_MISSING", "false"),
        ("OCI_DATA_SUBJECT_LIST", "false"),
    ];
    let Some(counts) = conformance(&registry, &less).await else {
        return;
    };
    assert!(counts.passed >= 600, "{counts:?}");
    assert_eq!(counts.failed, 0, "{counts:?}");
}
