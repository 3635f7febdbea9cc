//! Every image of the shared set, from each registry: verdicts, reasons and warnings.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::StreamExt as _;
use gonogo::domain::assess::{self, Row};
use gonogo::domain::evidence::{Expected, Recipe, Verdict, Verification};
use gonogo::domain::policy::IdentityPattern;
use gonogo::evidence::Judge;
use gonogo::secret::{Credential, Provider};
use gonogo::sim::oci::Registry;
use gonogo::sources::oci::{Client, Freshness, Reference, RegistryAccess};
use serde::Deserialize;
use tempfile::TempDir;

use crate::real_registries::server::{docker_registry_on, noon, olareg, serve};
use crate::support::judges::{judge, shared};

#[derive(Deserialize)]
pub(super) struct Set {
    #[serde(flatten)]
    release: Release,
    pub(super) issuer: String,
    pub(super) identity_regexp: String,
    pub(super) github_repository: String,
    entry_point: String,
    pub(super) cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Release {
    commit: String,
    run_id: String,
    run_attempt: String,
    #[serde(rename = "ref")]
    git_ref: String,
}

#[derive(Deserialize)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) repository: String,
    pub(super) digests: BTreeMap<String, String>,
    pub(super) expect: Expect,
    #[serde(default)]
    release: BTreeMap<String, String>,
    /// Exit codes of real programs, by how they were called and by what they were asked.
    #[serde(default)]
    pub(super) cosign_exit: BTreeMap<String, BTreeMap<String, u8>>,
}

#[derive(Deserialize)]
pub(super) struct Expect {
    signature: String,
    provenance: String,
    sbom: BTreeMap<String, String>,
    pub(super) overall: String,
    reasons: BTreeSet<String>,
    warnings: BTreeSet<String>,
}

pub(super) fn folder() -> Option<PathBuf> {
    shared().map(|shared| shared.join("fixtures/images"))
}

pub(super) fn set(folder: &Path) -> Set {
    let text = std::fs::read_to_string(folder.join("cases.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The registry's storage, unpacked.
pub(super) fn unpacked(folder: &Path) -> TempDir {
    let into = tempfile::tempdir().unwrap();
    let packed = std::fs::File::open(folder.join("storage.tar.gz")).unwrap();
    tar::Archive::new(flate2::read::GzDecoder::new(packed))
        .unpack(into.path())
        .unwrap();
    into
}

/// Copies all cases into a registry that is empty; gives the names of those that it took in part only.
async fn push(folder: &Path, storage: &Path, to: SocketAddr, fallback: bool) -> BTreeSet<String> {
    let mut command = tokio::process::Command::new(judge("python3").unwrap());
    command
        .arg(folder.join("push.py"))
        .args([storage, Path::new(&to.to_string())]);
    if !fallback {
        command.arg("--no-fallback");
    }
    let output = command.kill_on_drop(true).output().await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let refused: BTreeSet<String> = said
        .lines()
        .filter_map(|line| line.split_once(" refused: ["))
        .map(|(name, _)| name.to_owned())
        .collect();
    assert_eq!(output.status.success(), refused.is_empty(), "{said}");
    refused
}

pub(super) fn client(address: SocketAddr, repository: &str) -> Client {
    let access = RegistryAccess {
        image: format!("{address}/{repository}").parse().unwrap(),
        registry_url: format!("http://{address}").parse().unwrap(),
        credentials: Provider::fixed(Credential::Missing {
            todo: "none is needed".to_owned(),
        }),
    };
    let http = gonogo::net::client(&gonogo::net::Limits::default()).unwrap();
    Client::new(http, access)
}

impl Set {
    pub(super) fn recipe(&self, case: &Case) -> Recipe {
        let mut recipe = Recipe::of(
            &self.issuer,
            IdentityPattern::literal(&self.identity_regexp),
        );
        let fact = |name: &str, usual: &str| {
            let own = case.release.get(name).map(String::as_str);
            own.unwrap_or(usual).to_owned()
        };
        recipe.repository = Some(self.github_repository.clone());
        recipe.entry_point = Some(self.entry_point.clone());
        recipe.commit = Some(fact("commit", &self.release.commit));
        recipe.run = Some(format!(
            "{}-{}",
            fact("run_id", &self.release.run_id),
            fact("run_attempt", &self.release.run_attempt)
        ));
        recipe.git_ref = Some(fact("ref", &self.release.git_ref));
        recipe
    }
}

/// What is wrong with the verdict on a case; nothing, if all is as expected.
fn differences(case: &Case, found: &Verification, without: &[&str]) -> Vec<String> {
    let word = |verdict| match serde_json::to_value(verdict).unwrap() {
        serde_json::Value::String(word) => word,
        other => panic!("{other}"),
    };
    let codes = |findings: &[gonogo::domain::evidence::Finding]| -> BTreeSet<String> {
        findings
            .iter()
            .map(|finding| finding.code.clone())
            .collect()
    };
    let signature = word(found.signature.verdict);
    let provenance = word(found.provenance.verdict);
    let sbom: BTreeMap<String, String> = found
        .sboms
        .iter()
        .map(|platform| {
            let architecture = platform.platform.architecture.clone();
            (architecture, word(platform.report.verdict))
        })
        .collect();
    let overall = match found.verdict {
        Verdict::Verified => "GO",
        Verdict::Refused => "NO-GO",
        Verdict::Unknown => "unknown",
    };
    let expect = &case.expect;
    let mut wrong = Vec::new();
    let mut compare = |what: &str, found: String, expected: String| {
        if found != expected {
            wrong.push(format!("{}: {what} is {found}, not {expected}", case.name));
        }
    };
    // The verifier does not know this kind of log entry: it must say so, and never "invalid".
    let unknown_entry = provenance == "unsupported" && case.name == "legacy-good-intoto-entry";
    if unknown_entry {
        compare("verdict", overall.to_owned(), "unknown".to_owned());
        compare(
            "reasons",
            format!("{:?}", codes(&found.reasons)),
            "{\"unsupported\"}".to_owned(),
        );
    } else {
        compare("provenance", provenance, expect.provenance.clone());
        compare("verdict", overall.to_owned(), expect.overall.clone());
        compare(
            "reasons",
            format!("{:?}", codes(&found.reasons)),
            format!("{:?}", expect.reasons),
        );
    }
    compare("signature", signature, expect.signature.clone());
    compare("sbom", format!("{sbom:?}"), format!("{:?}", expect.sbom));
    let mut warnings = expect.warnings.clone();
    warnings.retain(|warning| !without.contains(&warning.as_str()));
    compare(
        "warnings",
        format!("{:?}", codes(&found.warnings)),
        format!("{warnings:?}"),
    );
    wrong
}

/// What is wrong with the board's rows on a case: each subject's verdict, each reason and each warning has its row.
fn board_differs(case: &Case, found: &Verification, without: &[&str]) -> Vec<String> {
    let expected = Expected {
        commit: None,
        run: None,
        attempt: None,
        git_ref: None,
    };
    let rows = assess::of_evidence(found, &crate::support::facts::policy(), &expected);
    let says = |test: &dyn Fn(&Row) -> bool, verdict| {
        rows.iter().any(|row| row.verdict == verdict && test(row))
    };
    let mut wrong = Vec::new();
    let mut hold = |what: String, holds: bool| {
        if !holds {
            wrong.push(format!("{}: the board: {what}\n{rows:#?}", case.name));
        }
    };
    let is_unknown = case.name == "legacy-good-intoto-entry";
    let worst = rows.iter().map(|row| row.verdict).max();
    let verdict = match case.expect.overall.as_str() {
        _ if is_unknown => assess::Verdict::Unknown,
        "GO" if case
            .expect
            .warnings
            .iter()
            .all(|w| without.contains(&w.as_str())) =>
        {
            assess::Verdict::Go
        }
        "GO" => assess::Verdict::Warn,
        _ => assess::Verdict::NoGo,
    };
    hold(format!("{worst:?}"), worst == Some(verdict));
    let mut subjects = vec![
        ("signature".to_owned(), None, &case.expect.signature),
        ("provenance".to_owned(), None, &case.expect.provenance),
    ];
    for (architecture, expect) in &case.expect.sbom {
        let platform = format!("linux/{architecture}");
        subjects.push(("sbom".to_owned(), Some(platform), expect));
    }
    for (rule, about, expect) in subjects {
        let own = |row: &Row| row.id == rule && (about.is_none() || row.about == about);
        let name = match &about {
            Some(platform) => format!("sbom {platform}"),
            None => rule.clone(),
        };
        // A wrong signer or commit is told once for all that has it.
        let shared = |row: &Row| {
            ["signer", "commit"].contains(&row.id.as_str())
                && row.sentence.to_lowercase().contains(&name)
        };
        let holds = match expect.as_str() {
            "valid" if is_unknown && rule == "provenance" => says(&own, assess::Verdict::Unknown),
            "valid" => says(&own, assess::Verdict::Go) && !says(&own, assess::Verdict::NoGo),
            "absent" => says(&own, assess::Verdict::NoGo),
            _ => says(&own, assess::Verdict::NoGo) || says(&shared, assess::Verdict::NoGo),
        };
        hold(format!("{name} is {expect}"), holds);
    }
    let codes = |verdict| -> BTreeSet<&str> {
        let rows = rows.iter().filter(|row| row.verdict == verdict);
        rows.flat_map(|row| row.codes.iter().map(String::as_str))
            .collect()
    };
    let reasons: BTreeSet<&str> = case.expect.reasons.iter().map(String::as_str).collect();
    hold(
        format!("reasons {:?}", codes(assess::Verdict::NoGo)),
        is_unknown || codes(assess::Verdict::NoGo) == reasons,
    );
    let warnings: BTreeSet<&str> = case
        .expect
        .warnings
        .iter()
        .map(String::as_str)
        .filter(|warning| !without.contains(warning))
        .collect();
    hold(
        format!("warnings {:?}", codes(assess::Verdict::Warn)),
        codes(assess::Verdict::Warn) == warnings,
    );
    wrong
}

/// Judges every case at this registry, and holds the requests against what is allowed.
async fn all_hold(folder: &Path, address: SocketAddr, without: &[&str]) {
    let set = set(folder);
    let root = std::fs::read_to_string(folder.join("trusted_root.json")).unwrap();
    let root = &root;
    let set = &set;
    let looks = set.cases.iter().map(|case| async move {
        let client = client(address, &case.repository);
        let digest = case.digests["index"].parse().unwrap();
        let gathered =
            Box::pin(client.evidence(Reference::Digest(&digest), Freshness::Fresh, noon()())).await;
        let collected = gathered.outcome.unwrap().expect("the image is there");
        let judge = Judge::of_root(root, set.recipe(case)).unwrap();
        let found = judge.judge(&collected);
        let mut wrong = differences(case, &found, without);
        wrong.extend(board_differs(case, &found, without));
        let allowed = match case.name.as_str() {
            // One HEAD for each of two platforms beside what is told of bytes.
            "legacy-good" | "legacy-good-docker-types" => 16 + 2,
            "v3-good-rekor1" | "v3-good-rekor2-tsa" => 20 + 2,
            _ => u32::MAX,
        };
        if gathered.cost.requests > allowed {
            let count = gathered.cost.requests;
            wrong.push(format!(
                "{}: {count} requests, more than {allowed}",
                case.name
            ));
        }
        wrong
    });
    let wrong: Vec<String> = futures_util::stream::iter(looks)
        .buffer_unordered(8)
        .collect::<Vec<_>>()
        .await
        .concat();
    assert!(
        set.cases.len() > 100,
        "the set is there: {}",
        set.cases.len()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn every_image_is_judged_right_from_debians_registry() {
    let (Some(folder), Some(program)) = (folder(), judge("docker-registry")) else {
        return;
    };
    let storage = unpacked(&folder);
    let server = docker_registry_on(&program, None, Some(storage.path())).await;
    all_hold(&folder, server.address, &[]).await;
}

#[tokio::test]
async fn every_image_is_judged_right_from_a_registry_that_lists_referrers() {
    let (Some(folder), Some(program), Some(_)) = (folder(), judge("olareg"), judge("python3"))
    else {
        return;
    };
    let storage = unpacked(&folder);
    let server = olareg(&program, &[]).await;
    let refused = push(&folder, storage.path(), server.address, false).await;
    assert!(refused.is_empty(), "{refused:?}");
    // A list that the registry makes itself names nothing that it does not have.
    all_hold(&folder, server.address, &["dangling-referrer"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_image_is_judged_right_from_the_simulators_registry() {
    let (Some(folder), Some(_)) = (folder(), judge("python3")) else {
        return;
    };
    let storage = unpacked(&folder);
    let registry = Arc::new(Registry::new(noon()));
    let address = serve(registry.router()).await;
    // It takes no index of what it does not have, so the one that lists a referrer in vain stays outside.
    let refused = push(&folder, storage.path(), address, true).await;
    assert_eq!(refused, BTreeSet::from(["v3-dangling-referrer".to_owned()]));
    all_hold(&folder, address, &["dangling-referrer"]).await;
}
