//! What the simulated GitHub keeps, as GitHub's own client reads it.

use super::verifiers::{SLSA_V1, SLSA_V02, Stage, Verifiers};

const SPDX: &str = "https://spdx.dev/Document";

#[tokio::test]
async fn attestations_that_github_keeps_are_accepted_by_its_client() {
    let Some(verifiers) = Verifiers::found() else {
        return;
    };
    for scenario in [
        "happy+github-attestations",
        "happy+github-attestations-inline",
        "waiting-gate+github-attestations-only",
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
