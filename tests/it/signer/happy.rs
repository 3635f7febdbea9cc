//! The honest release, in every layout.

use super::verifiers::{Part, SLSA_V02, Stage, Verifiers};
use gonogo::domain::evidence::Verdict;

/// Every verifier and every part; what was refused that should not be.
async fn refused(verifiers: &Verifiers, stage: &Stage) -> Vec<String> {
    let mut refused = Vec::new();
    for part in Part::ALL {
        for (name, said) in [
            ("cosign 2", verifiers.cosign2(stage, part).await),
            ("cosign 3", verifiers.cosign3(stage, part).await),
        ] {
            if !said.accepted {
                refused.push(format!("{name} on {part:?}: {}", said.text));
            }
        }
    }
    refused
}

async fn product_agrees(stage: &Stage) {
    let found = stage.product().await.unwrap();
    assert_eq!(found.verdict, Verdict::Verified, "{:#?}", found.reasons);
    assert!(found.warnings.is_empty(), "{:#?}", found.warnings);
}

#[tokio::test]
async fn the_legacy_layout_is_accepted_by_both_cosigns() {
    let Some(verifiers) = Verifiers::found() else {
        return;
    };
    let stage = Stage::of("happy").await;
    let refused = refused(&verifiers, &stage).await;
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    let by_root = verifiers.cosign2_by_root(&stage).await;
    assert!(by_root.accepted, "{}", by_root.text);
    product_agrees(&stage).await;
}

#[tokio::test]
async fn bundles_are_accepted_by_both_cosigns_and_by_githubs_client() {
    let Some(verifiers) = Verifiers::found() else {
        return;
    };
    for scenario in ["happy+bundles-only", "happy+both-layouts"] {
        let stage = Stage::of(scenario).await;
        let mut refused = refused(&verifiers, &stage).await;
        let gh = verifiers.gh_on_registry(&stage, SLSA_V02).await;
        if !gh.accepted {
            refused.push(format!("gh: {}", gh.text));
        }
        assert!(refused.is_empty(), "{scenario}: {}", refused.join("\n"));
        product_agrees(&stage).await;
    }
}
