//! The Go/No-Go board from outside: `gonogo check` on simulated releases that are not as they should be.

mod guards;

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use gonogo::domain::assess;
use gonogo::sim::fault::{Fault, Kind};
use gonogo::sim::forgery::{Forgery, Verdict};
use gonogo::sim::requests::Service;
use gonogo::sim::scenario::Scenario;
use gonogo::sim::{Sim, SimOptions};
use serde_json::Value;

use crate::support::program::{gonogo, said};
use crate::support::sim::Rig;

const GO: (&str, i32) = ("go", 0);
const NO_GO: (&str, i32) = ("no_go", 1);
const UNKNOWN: (&str, i32) = ("unknown", 2);

/// Each forgery, what `gonogo check` says of it, and the rules that say so: those that do not hold, that cannot tell,
/// or, where it may go out, those that warn.
type Case = (&'static str, (&'static str, i32), &'static [&'static str]);

const CASES: &[Case] = &[
    ("signed-by-release-yml", NO_GO, &["signer"]),
    ("signed-by-foreign-repository", NO_GO, &["signer"]),
    ("signed-by-fork", NO_GO, &["signer"]),
    ("signed-by-namesake", NO_GO, &["signer"]),
    ("signed-for-pull-request", NO_GO, &["signer"]),
    ("signed-with-lookalike-path", NO_GO, &["signer"]),
    ("signed-by-person", NO_GO, &["signer"]),
    ("wrong-issuer", NO_GO, &["signer"]),
    ("enterprise-issuer", NO_GO, &["signer"]),
    ("signature-by-release-yml", NO_GO, &["signer"]),
    ("provenance-by-fork", NO_GO, &["signer"]),
    ("self-hosted-runner", GO, &["evidence-notes"]),
    ("two-names", NO_GO, &["provenance", "sbom", "signature"]),
    (
        "two-names-stranger-first",
        NO_GO,
        &["provenance", "sbom", "signature"],
    ),
    (
        "name-and-email",
        NO_GO,
        &["provenance", "sbom", "signature"],
    ),
    ("two-issuers", NO_GO, &["provenance", "sbom", "signature"]),
    ("wrong-commit", NO_GO, &["commit"]),
    ("wrong-run", NO_GO, &["provenance"]),
    ("wrong-attempt", NO_GO, &["provenance"]),
    ("wrong-builder", NO_GO, &["provenance"]),
    ("wrong-entry-point", NO_GO, &["provenance"]),
    ("certificate-of-other-run", NO_GO, &["provenance"]),
    ("certificate-of-other-commit", NO_GO, &["commit"]),
    ("completeness-claimed", GO, &["evidence-notes"]),
    ("provenance-v1", GO, &["evidence-notes"]),
    ("provenance-missing", NO_GO, &["provenance"]),
    ("provenance-of-other-image", NO_GO, &["provenance"]),
    ("sbom-on-index", NO_GO, &["sbom-place"]),
    ("sbom-on-index-only", NO_GO, &["sbom", "sbom-place"]),
    ("sbom-missing-arm64", NO_GO, &["sbom"]),
    ("sbom-copied-to-arm64", NO_GO, &["sbom"]),
    ("sbom-of-other-architecture", GO, &["evidence-notes"]),
    ("sbom-empty", GO, &["evidence-notes"]),
    ("attestations-piled-up", GO, &["duplicates"]),
    ("signed-twice", GO, &["duplicates"]),
    ("bundles-only", GO, &[]),
    ("both-layouts", GO, &[]),
    ("legacy-good-bundles-bad", NO_GO, &["layouts"]),
    ("legacy-bad-bundles-good", GO, &["layouts"]),
    ("github-attestations", GO, &[]),
    ("github-attestations-inline", GO, &[]),
    ("provenance-on-github-only", GO, &["evidence-notes"]),
    ("signature-missing", NO_GO, &["signature"]),
    ("attestation-for-signature", NO_GO, &["signature"]),
    (
        "nothing-signed",
        NO_GO,
        &["provenance", "sbom", "signature"],
    ),
    ("untrusted-ca", NO_GO, &["provenance", "sbom", "signature"]),
    ("sct-missing", NO_GO, &["provenance", "sbom", "signature"]),
    (
        "sct-of-unknown-log",
        NO_GO,
        &["provenance", "sbom", "signature"],
    ),
    ("sct-forged", NO_GO, &["provenance", "sbom", "signature"]),
    ("not-logged", NO_GO, &["provenance", "sbom", "signature"]),
    (
        "logged-elsewhere",
        NO_GO,
        &["provenance", "sbom", "signature"],
    ),
    (
        "certificate-expired",
        NO_GO,
        &["provenance", "sbom", "signature"],
    ),
    ("key-pair", NO_GO, &["provenance", "sbom", "signature"]),
    (
        "certificate-missing",
        NO_GO,
        &["provenance", "sbom", "signature"],
    ),
    (
        "certificate-swapped",
        NO_GO,
        &["provenance", "sbom", "signature"],
    ),
    (
        "tampered-payload",
        NO_GO,
        &["provenance", "sbom", "signature"],
    ),
    (
        "tampered-signature",
        NO_GO,
        &["provenance", "sbom", "signature"],
    ),
    (
        "tampered-promise",
        NO_GO,
        &["provenance", "sbom", "signature"],
    ),
    ("tampered-time", NO_GO, &["provenance", "sbom", "signature"]),
    ("entry-swapped", NO_GO, &["provenance", "sbom", "signature"]),
    ("envelope-reformatted", NO_GO, &["provenance"]),
    (
        "bundles-tampered-payload",
        NO_GO,
        &["provenance", "sbom", "signature"],
    ),
    (
        "bundles-tampered-promise",
        NO_GO,
        &["provenance", "sbom", "signature"],
    ),
    (
        "tampered-proof",
        NO_GO,
        &["provenance", "sbom", "signature"],
    ),
    (
        "tampered-checkpoint",
        NO_GO,
        &["provenance", "sbom", "signature"],
    ),
    ("signature-copied", NO_GO, &["signature"]),
    ("bundles-signature-copied", NO_GO, &["signature"]),
    (
        "trust-root-expired",
        NO_GO,
        &["provenance", "sbom", "signature"],
    ),
    ("trust-root-empty", UNKNOWN, &["signature"]),
    (
        "trust-root-of-others",
        NO_GO,
        &["provenance", "sbom", "signature"],
    ),
    ("duplicate-keys", NO_GO, &["provenance"]),
    ("duplicate-subjects", NO_GO, &["provenance"]),
    ("invalid-utf8", NO_GO, &["provenance"]),
    ("deep-nesting", NO_GO, &["provenance"]),
    ("not-a-statement", NO_GO, &["provenance"]),
    ("sha1-subject", NO_GO, &["provenance"]),
    ("no-subject", NO_GO, &["provenance"]),
    ("another-subject-too", GO, &[]),
    ("tag-swapped", NO_GO, &["tested-digest"]),
    ("unprotected-environment", NO_GO, &["gate-protected"]),
    ("signature-deleted", NO_GO, &["signature"]),
    ("floating-tag-unsigned", GO, &["floating-tag"]),
    ("git-tag-elsewhere", NO_GO, &["git-tag"]),
    ("git-tag-moved", NO_GO, &["git-tag"]),
    ("git-tag-deleted", NO_GO, &["git-tag"]),
    ("released-too-early", NO_GO, &["release-last"]),
    ("version-tag-taken", NO_GO, &["release-tags"]),
    ("arch-tag-swapped", NO_GO, &["arch-tags"]),
    ("source-tag-missing", NO_GO, &["tested-digest"]),
    ("required-gate-skipped", NO_GO, &["required-jobs"]),
    ("required-gate-cancelled", NO_GO, &["required-jobs"]),
    ("required-gate-failed", NO_GO, &["required-jobs"]),
    ("scan-failed", NO_GO, &["required-jobs", "scan"]),
    ("scan-missing", UNKNOWN, &["scan"]),
    ("never-protected", NO_GO, &["gate-protected"]),
    ("promoted", GO, &[]),
    ("dispatched", GO, &[]),
    ("dispatched-other-commit", NO_GO, &["publish-commit"]),
    ("partial-retag", NO_GO, &["release-tags"]),
    ("re-encoded", NO_GO, &["release-tags"]),
    ("rejected", GO, &[]),
    ("half-published", NO_GO, &["half-published"]),
    ("advisory-gate-failed", GO, &["advisory-jobs"]),
    (
        "runner-missing",
        UNKNOWN,
        &["platforms", "scan", "signature", "tested-digest"],
    ),
    ("platform-missing", NO_GO, &["platforms"]),
    (
        "rejected-and-cleaned",
        NO_GO,
        &["ended", "provenance", "sbom", "signature"],
    ),
    ("clean-up-rejected", NO_GO, &["ended"]),
    (
        "promote-failed",
        NO_GO,
        &["ended", "provenance", "sbom", "signature"],
    ),
    ("rolled-back", NO_GO, &["image-out"]),
    ("package-withdrawn", NO_GO, &["package-out"]),
];

/// Cases that the simulator's own truth calls differently, and why.
const OTHERWISE: &[(&str, &str)] = &[(
    "rejected",
    "what would be let go is the clean-up, which needs no GO about the image",
)];

/// What `gonogo check --json` says of a scenario at its last gate or end, with its exit status.
async fn check(scenario: &str, more: &str) -> (i32, Value) {
    check_with(scenario, more, &[]).await
}

/// The same while services misbehave.
async fn check_with(scenario: &str, more: &str, faults: &[Fault]) -> (i32, Value) {
    told("check", scenario, more, faults).await
}

/// What a command says of it.
async fn told(command: &str, scenario: &str, more: &str, faults: &[Fault]) -> (i32, Value) {
    let name = command.to_owned();
    let home = tempfile::tempdir().unwrap();
    let mut options = SimOptions::new(Scenario::built_in(scenario).unwrap()).driven();
    options.trusted_root = Some(home.path().join("trusted_root.json"));
    let sim = Sim::start(options).await.unwrap();
    while sim.advance_to_next().is_some() {}
    for fault in faults {
        sim.faults().add(fault.clone());
    }
    let file = home.path().join("simulator.toml");
    std::fs::write(&file, sim.config_toml() + more).unwrap();
    let mut command = gonogo(home.path());
    command
        .args([name.as_str(), "--json", "--config"])
        .arg(&file);
    command.envs(sim.variables());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    let document = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{scenario}: {error}\n{}", said(&output)));
    (output.status.code().unwrap(), document)
}

fn rows(document: &Value) -> &[Value] {
    document["rows"].as_array().unwrap()
}

/// The rules whose rows carry the verdict.
fn carriers<'a>(document: &'a Value, verdict: &str) -> BTreeSet<&'a str> {
    let worst = if verdict == "go" { "warn" } else { verdict };
    rows(document)
        .iter()
        .filter(|row| row["verdict"] == worst)
        .map(|row| row["id"].as_str().unwrap())
        .collect()
}

fn wrong(case: Case, status: i32, document: &Value) -> Vec<String> {
    let (name, (verdict, exit), rules) = case;
    let mut wrong = Vec::new();
    if document["verdict"] != verdict || status != exit {
        wrong.push(format!("{name}: {} ({status})", document["verdict"]));
    }
    let rules: BTreeSet<&str> = rules.iter().copied().collect();
    if carriers(document, verdict) != rules {
        let found = carriers(document, verdict);
        wrong.push(format!("{name}: {found:?}, not {rules:?}"));
    }
    for row in rows(document) {
        let sentence = row["sentence"].as_str().unwrap();
        if !sentence.ends_with('.') || sentence.len() < 20 || sentence.contains('\u{1b}') {
            wrong.push(format!("{name}: {sentence:?} is no sentence for a person"));
        }
        if row["verdict"] == "no_go" && row["remedy"].is_null() {
            wrong.push(format!("{name}: no remedy for {sentence:?}"));
        }
    }
    // What is refused as evidence is refused for the reason that is true; without a judge nothing is.
    let truth = Forgery::named(name).unwrap().truth();
    let codes: BTreeSet<&str> = rows(document)
        .iter()
        .flat_map(|row| row["codes"].as_array().unwrap())
        .map(|code| code.as_str().unwrap())
        .collect();
    for code in truth.reasons.iter().chain(truth.warnings) {
        if truth.verdict != Verdict::Unknown && !codes.contains(code) {
            wrong.push(format!("{name}: nothing says {code}: {codes:?}"));
        }
    }
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn every_forgery_is_told_by_the_rule_that_guards_it() {
    let known: BTreeSet<&str> = CASES.iter().map(|(name, ..)| *name).collect();
    let all: BTreeSet<&str> = Forgery::all().map(Forgery::name).collect();
    assert_eq!(known, all, "each forgery is a case");
    for (name, (verdict, _), _) in CASES {
        let truth = match Forgery::named(name).unwrap().truth().verdict {
            Verdict::Go => "go",
            Verdict::NoGo => "no_go",
            Verdict::Unknown => "unknown",
        };
        let differs = OTHERWISE.iter().any(|(other, _)| other == name);
        assert_eq!(truth != *verdict, differs, "{name}: {truth} is the truth");
    }
    let wrong: Vec<String> = stream::iter(CASES)
        .map(|case| async move {
            let (status, document) = check(case.0, "").await;
            wrong(*case, status, &document)
        })
        .buffer_unordered(4)
        .collect::<Vec<_>>()
        .await
        .concat();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_release_as_it_should_be_is_go_with_every_rule_that_applies() {
    let (status, document) = check("waiting-gate", "").await;
    assert_eq!(
        (status, &document["verdict"]),
        (0, &Value::from("go")),
        "{document:#}"
    );
    assert_eq!(carriers(&document, "go"), BTreeSet::new(), "{document:#}");
    let held: BTreeSet<&str> = rows(&document)
        .iter()
        .map(|row| row["id"].as_str().unwrap())
        .collect();
    for rule in [
        "required-jobs",
        "tested-digest",
        "platforms",
        "signature",
        "signer",
        "commit",
        "provenance",
        "sbom",
        "layouts",
        "scan",
        "git-tag",
        "gate-protected",
    ] {
        assert!(held.contains(rule), "{rule} says nothing: {document:#}");
    }
    assert_eq!(
        document["next"]["jobs"],
        serde_json::json!(["publish-docker / publish"])
    );
}

#[tokio::test]
async fn a_rule_is_switched_down_or_off_by_name_and_with_a_reason_that_the_board_shows() {
    let rule = "\n[rules]\nwarn = { sbom = \"arm64 is an experiment\" }\n";
    let (status, document) = check("sbom-missing-arm64", rule).await;
    assert_eq!(
        (status, &document["verdict"]),
        (0, &Value::from("go")),
        "{document:#}"
    );
    let told = |document: &Value, reason: &str| {
        rows(document).iter().any(|row| {
            row["verdict"] == "warn" && row["sentence"].as_str().unwrap().contains(reason)
        })
    };
    assert!(told(&document, "arm64 is an experiment"), "{document:#}");
    assert!(
        told(&document, "linux/arm64"),
        "what is wrong is still told: {document:#}"
    );

    let rule = "\n[rules]\noff = { scan = \"scanned each night\" }\n";
    let (status, document) = check("scan-missing", rule).await;
    assert_eq!(status, 0, "{document:#}");
    assert!(told(&document, "scanned each night"), "{document:#}");
}

#[test]
fn what_proves_image_signer_and_commit_is_switched_off_by_nobody() {
    let home = tempfile::tempdir().unwrap();
    let ask = |rules: &str| {
        let file = home.path().join("config.toml");
        std::fs::write(&file, format!("repo = \"acme/rocket\"\n[rules]\n{rules}\n")).unwrap();
        let mut command = gonogo(home.path());
        let output = command
            .args(["config", "show", "--config"])
            .arg(&file)
            .output()
            .unwrap();
        (output.status.code(), said(&output))
    };
    for rule in [
        "tested-digest",
        "signer",
        "commit",
        "git-tag",
        "publish-commit",
    ] {
        let (status, text) = ask(&format!("off = {{ {rule} = \"in a hurry\" }}"));
        assert_eq!(status, Some(78), "{text}");
        assert!(text.contains("by nobody"), "{text}");
    }
    let (status, text) = ask("warn = { sbon = \"typo\" }");
    assert_eq!(status, Some(78), "{text}");
    assert!(text.contains("`sbom`"), "the nearest name is told: {text}");
    let (status, text) = ask("warn = { sbom = \"a\" }\noff = { sbom = \"b\" }");
    assert_eq!(status, Some(78), "{text}");
    assert!(text.contains("say one"), "{text}");
    let (status, text) = ask("warn = { sbom = \" \" }");
    assert_eq!(status, Some(78), "{text}");
    assert!(text.contains("reason"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_refuses_us_is_named_with_what_to_do_and_nothing_is_told_without_it() {
    for (service, code, about) in [
        (Service::Github, 401, "github"),
        (Service::Github, 403, "github"),
        (Service::Registry, 401, "registry docker.io/acme/rocket"),
        (Service::Registry, 403, "registry docker.io/acme/rocket"),
    ] {
        let fault = Fault::status(service, code);
        let (status, document) = check_with("waiting-gate", "", &[fault]).await;
        assert_eq!(
            (status, &document["verdict"]),
            (2, &Value::from("unknown")),
            "{document:#}"
        );
        let row = rows(&document)
            .iter()
            .find(|row| row["id"] == "credentials" && row["about"] == about)
            .unwrap_or_else(|| panic!("{about} {code}: {document:#}"));
        assert!(row["remedy"].as_str().unwrap().len() > 20, "{row:#}");
    }
    for service in [Service::Github, Service::Registry] {
        let fault = Fault::status(service, 503);
        let (status, document) = check_with("waiting-gate", "", &[fault]).await;
        assert_eq!(
            (status, &document["verdict"]),
            (2, &Value::from("unknown")),
            "{document:#}"
        );
    }
    // A further source is not needed where the registry holds all of it.
    let github = Fault::status(Service::Github, 500).on("/repos/acme/rocket/attestations");
    let (status, document) = check_with("waiting-gate", "", &[github]).await;
    assert_eq!(status, 0, "{document:#}");
}

#[tokio::test]
async fn what_was_seen_too_long_ago_decides_nothing_until_it_is_seen_again() {
    let mut rig = Rig::start("waiting-gate").await;
    rig.play_to("gate");
    let model = rig.settled().await;
    assert_eq!(
        model.board.verdict(),
        assess::Verdict::Go,
        "{:#?}",
        model.board
    );

    let fault = rig
        .sim
        .faults()
        .add(Fault::new(Service::Registry, Kind::Reset));
    let mut model = rig.pass(Duration::from_secs(20)).await;
    let soon = &model.board;
    assert_eq!(
        soon.verdict(),
        assess::Verdict::Go,
        "one failed look decides nothing: {soon:#?}"
    );
    for _ in 0..40 {
        model = rig.pass(Duration::from_secs(20)).await;
    }
    assert_eq!(
        model.board.verdict(),
        assess::Verdict::Unknown,
        "{:#?}",
        model.board
    );
    let stale: Vec<&str> = model
        .board
        .rows
        .iter()
        .filter(|row| row.title.starts_with("stale: "))
        .map(|row| row.id.as_str())
        .collect();
    assert!(stale.contains(&"tested-digest"), "{stale:?}");
    let row = model.board.decisive().unwrap();
    assert!(
        row.seen_at.is_some() && row.remedy.is_some(),
        "its age is known: {row:#?}"
    );

    rig.sim.faults().lift(fault);
    for _ in 0..8 {
        model = rig.pass(Duration::from_secs(20)).await;
    }
    assert_eq!(
        model.board.verdict(),
        assess::Verdict::Go,
        "{:#?}",
        model.board
    );
}

#[tokio::test]
async fn status_tells_what_is_proved_of_each_tags_image() {
    let (status, document) = told("status", "sbom-missing-arm64", "", &[]).await;
    assert_eq!((status, &document["verdict"]), (0, &Value::from("no_go")));
    let tags = document["images"][0]["tags"].as_array().unwrap();
    let evidence = |part: &str| {
        let tag = tags
            .iter()
            .find(|tag| tag["part"] == part && !tag["digest"].is_null());
        &tag.unwrap()["evidence"]
    };
    let ours = evidence("prerelease");
    assert_eq!(ours["verdict"], "refused", "{ours:#}");
    assert_eq!(ours["signature"], "valid");
    assert_eq!(ours["sbom"]["linux/amd64"], "valid");
    assert_eq!(ours["sbom"]["linux/arm64"], "absent");
    assert_eq!(
        evidence("release")["verdict"],
        "verified",
        "the release before"
    );
}
