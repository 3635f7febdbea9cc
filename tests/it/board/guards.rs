//! Each rule guards something: with it the board says so, and without it nothing does.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, stream};
use gonogo::domain::assess::Verdict::{self, Go, NoGo, Unknown, Warn};
use gonogo::domain::assess::{self, Board};
use gonogo::sim::Sim;
use gonogo::sim::fault::Fault;
use gonogo::sim::requests::Service;

use super::CASES;
use crate::support::sim::Rig;

/// A release that only these rules know to be wrong.
struct Guard {
    scenario: &'static str,
    /// What is done to it before anybody looks.
    arrange: fn(&Sim),
    rules: &'static [&'static str],
    /// What each of the rules says, of one thing at least.
    says: Verdict,
    /// The board's verdict with every rule.
    with: Verdict,
    /// Its verdict without these rules.
    without: Verdict,
}

const fn guard(
    scenario: &'static str,
    rules: &'static [&'static str],
    says: Verdict,
    with: Verdict,
    without: Verdict,
) -> Guard {
    Guard {
        scenario,
        arrange: |_| {},
        rules,
        says,
        with,
        without,
    }
}

/// A case whose rules forbid what would go out without them.
const fn forbids(scenario: &'static str, rules: &'static [&'static str]) -> Guard {
    guard(scenario, rules, NoGo, NoGo, Go)
}

/// A case whose rule warns, and changes no verdict.
const fn warns(scenario: &'static str, rules: &'static [&'static str]) -> Guard {
    guard(scenario, rules, Warn, Go, Go)
}

const GUARDS: &[Guard] = &[
    Guard {
        arrange: |sim| {
            let fault = Fault::status(Service::Github, 403);
            sim.faults().add(fault.on("*/approvals"));
        },
        ..guard("waiting-gate", &["credentials"], Unknown, Unknown, Go)
    },
    forbids("required-gate-skipped", &["required-jobs"]),
    forbids("required-gate-cancelled", &["required-jobs"]),
    forbids("required-gate-failed", &["required-jobs"]),
    forbids("scan-failed", &["required-jobs", "scan"]),
    guard("scan-missing", &["scan"], Unknown, Unknown, Go),
    forbids("clean-up-rejected", &["ended"]),
    forbids(
        "rejected-and-cleaned",
        &["ended", "provenance", "sbom", "signature"],
    ),
    forbids("tag-swapped", &["tested-digest"]),
    forbids("source-tag-missing", &["tested-digest"]),
    forbids("arch-tag-swapped", &["arch-tags"]),
    forbids("platform-missing", &["platforms"]),
    forbids("signature-deleted", &["signature"]),
    guard("trust-root-empty", &["signature"], Unknown, Unknown, Go),
    forbids("nothing-signed", &["provenance", "sbom", "signature"]),
    forbids("signed-by-fork", &["signer"]),
    forbids("wrong-commit", &["commit"]),
    forbids("certificate-of-other-commit", &["commit"]),
    forbids("wrong-builder", &["provenance"]),
    forbids("sbom-missing-arm64", &["sbom"]),
    forbids("sbom-on-index", &["sbom-place"]),
    forbids("sbom-on-index-only", &["sbom", "sbom-place"]),
    forbids("legacy-good-bundles-bad", &["layouts"]),
    warns("attestations-piled-up", &["duplicates"]),
    warns("self-hosted-runner", &["evidence-notes"]),
    forbids("git-tag-moved", &["git-tag"]),
    forbids("unprotected-environment", &["gate-protected"]),
    forbids("version-tag-taken", &["release-tags"]),
    guard("partial-retag", &["release-tags"], NoGo, NoGo, Go),
    forbids("half-published", &["half-published"]),
    forbids("rolled-back", &["image-out"]),
    forbids("dispatched-other-commit", &["publish-commit"]),
    forbids("package-withdrawn", &["package-out"]),
    forbids("released-too-early", &["release-last"]),
    warns("advisory-gate-failed", &["advisory-jobs"]),
    guard("runner-missing", &["queued"], Warn, Unknown, Unknown),
    guard(
        "runner-missing",
        &["platforms", "scan", "signature", "tested-digest"],
        Unknown,
        Unknown,
        Go,
    ),
    warns("floating-tag-unsigned", &["floating-tag"]),
    guard("clean-up-rejected", &["leftovers"], Warn, NoGo, NoGo),
];

/// What is wrong with a guard.
async fn wrong(guard: &Guard) -> Vec<String> {
    let mut rig = Rig::start(guard.scenario).await;
    while rig.sim.advance_to_next().is_some() {}
    (guard.arrange)(&rig.sim);
    let model = rig.settled().await;
    let board = |without: &[&str]| {
        Board::with_rules(
            &model.snapshot,
            &model.policy,
            &model.outlook,
            &model.stale,
            |rule| !without.contains(&rule),
        )
    };
    let said = |board: &Board, rule: &str| -> Vec<Verdict> {
        let rows = board.rows.iter().filter(|row| row.id == rule);
        rows.map(|row| row.verdict).collect()
    };
    let mut wrong = Vec::new();
    let (whole, without) = (board(&[]), board(guard.rules));
    for (is, expected, how) in [
        (whole.verdict(), guard.with, "with"),
        (without.verdict(), guard.without, "without"),
    ] {
        if is != expected {
            let rules = guard.rules;
            let scenario = guard.scenario;
            wrong.push(format!(
                "{scenario}: {is:?} {how} {rules:?}, not {expected:?}"
            ));
        }
    }
    for rule in guard.rules {
        let says = said(&whole, rule);
        if !says.contains(&guard.says) {
            wrong.push(format!("{}: {rule} says {says:?}", guard.scenario));
        }
        if !said(&board(&[rule]), rule).is_empty() {
            wrong.push(format!(
                "{}: {rule} speaks though it is off",
                guard.scenario
            ));
        }
    }
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_rule_a_case_would_go_unseen() {
    let guarded: BTreeSet<&str> = GUARDS
        .iter()
        .flat_map(|guard| guard.rules)
        .copied()
        .collect();
    let rules: BTreeSet<&str> = assess::rules().map(|rule| rule.id).collect();
    assert_eq!(guarded, rules, "each rule has a case");
    // Whatever set of rules carries a verdict from outside is switched off here as a whole.
    let carried = CASES.iter().filter(|(_, verdict, _)| *verdict != super::GO);
    for (name, _, rules) in carried {
        let is_tried = GUARDS.iter().any(|guard| guard.rules == *rules);
        assert!(is_tried, "{name}: {rules:?}");
    }
    let wrong: Vec<String> = stream::iter(GUARDS)
        .map(wrong)
        .buffer_unordered(2)
        .collect::<Vec<_>>()
        .await
        .concat();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
