//! What the simulated GitHub keeps, as GitHub's own client reads it.

use super::verifiers::{Place, SLSA_V1, SLSA_V02, Stage, Verifiers};
use gonogo::domain::evidence::Verdict;

const SPDX: &str = "https://spdx.dev/Document";

#[tokio::test]
async fn attestations_that_github_keeps_are_accepted_by_its_client() {
    let Some(verifiers) = Verifiers::found() else {
        return;
    };
    for scenario in [
        "happy+github-attestations",
        "happy+github-attestations-inline",
        "waiting-gate+provenance-on-github-only",
    ] {
        let stage = Stage::of(scenario).await;
        let said = verifiers.gh_on_github(&stage, SLSA_V1).await;
        assert!(said.accepted, "{scenario}: {}", said.text);
        // The listing is filtered by type: nothing else is about the index.
        for other in [SLSA_V02, SPDX] {
            let said = verifiers.gh_on_github(&stage, other).await;
            assert!(!said.accepted, "{scenario}, {other}: {}", said.text);
        }
    }
}

#[tokio::test]
async fn the_product_finds_at_github_what_the_registry_lacks() {
    let stage = Stage::of("provenance-on-github-only").await;
    let found = stage.product().await.unwrap();
    assert_eq!(found.verdict, Verdict::Refused);
    let places = [Place::Registry, Place::Github];
    let found = stage.product_that_looks(&places).await.unwrap();
    assert_eq!(found.verdict, Verdict::Verified, "{:#?}", found.reasons);
    let warnings: Vec<&str> = found.warnings.iter().map(|one| one.code.as_str()).collect();
    assert_eq!(warnings, ["only-on-github", "provenance-v1"]);
}

#[tokio::test]
async fn where_github_keeps_nothing_its_client_finds_nothing() {
    let Some(verifiers) = Verifiers::found() else {
        return;
    };
    let stage = Stage::of("happy").await;
    let said = verifiers.gh_on_github(&stage, SLSA_V1).await;
    assert!(!said.accepted, "{}", said.text);
}

#[tokio::test]
async fn forged_attestations_are_refused_by_its_client() {
    let Some(verifiers) = Verifiers::found() else {
        return;
    };
    let mut accepted = Vec::new();
    for forgery in [
        "signed-by-release-yml",
        "signed-by-foreign-repository",
        "signed-by-fork",
        "wrong-issuer",
        "untrusted-ca",
        "not-logged",
        "certificate-expired",
        "provenance-of-other-image",
        "tampered-payload",
        "tampered-signature",
        "tampered-promise",
        "certificate-swapped",
        "trust-root-empty",
        "trust-root-of-others",
    ] {
        let stage = Stage::of(&format!("github-attestations+{forgery}")).await;
        let said = verifiers.gh_on_github(&stage, SLSA_V1).await;
        if said.accepted {
            accepted.push(format!("{forgery}: {}", said.text));
        }
    }
    assert!(accepted.is_empty(), "{}", accepted.join("\n"));
}
