//! Real clients on `gonogo sim --serve`, and the product itself beside them: they must agree.

use std::process::Command;

use serde_json::Value;

use crate::support::judges::judge;
use crate::support::program::{Served, said};

fn json(command: &mut Command) -> Value {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "stdout is not one JSON document: {error}\n{}",
            said(&output)
        )
    })
}

#[test]
fn gh_skopeo_and_pip_see_what_the_product_sees() {
    let home = tempfile::tempdir().unwrap();
    let served = Served::start(home.path(), "happy", "20000");
    // The product follows the release to its end, over HTTP and from outside.
    let watched = served.gonogo(home.path(), &["watch"]).output().unwrap();
    assert_eq!(watched.status.code(), Some(0), "{}", said(&watched));
    let story = String::from_utf8(watched.stdout).unwrap();
    assert!(story.contains("release: released"), "{story}");

    let ours = json(&mut served.gonogo(home.path(), &["status", "--json"]));
    assert_eq!(ours["schema_version"], 1);
    assert_eq!(ours["stage"], "released");
    let run = ours["run"]["id"].as_u64().unwrap();
    let digest = ours["images"][0]["digest"]["value"].as_str().unwrap();
    assert!(
        ours["images"][0]["digest"]["source"]["job_log"].is_u64(),
        "the digest is the pipeline's own word: {}",
        ours["images"][0]["digest"]
    );

    for gh in ["gh", "gh-modern"] {
        let Some(gh) = judge(gh) else { continue };
        let ask = |args: &[&str]| {
            let mut command = Command::new(&gh);
            command
                .args(args)
                .args(["-R", "acme/rocket"])
                .env("HTTP_PROXY", &served.github)
                .env("http_proxy", &served.github)
                .env("NO_PROXY", "")
                .env("no_proxy", "")
                .env("GH_HOST", "github.localhost")
                .env(
                    "GH_TOKEN",
                    &served
                        .exports
                        .iter()
                        .find(|(name, _)| name == "SIM_TOKEN")
                        .unwrap()
                        .1,
                )
                .env("GH_CONFIG_DIR", home.path().join("gh"))
                .env("GH_NO_UPDATE_NOTIFIER", "1")
                .env("GH_PROMPT_DISABLED", "1");
            command
        };
        let list = json(&mut ask(&[
            "run",
            "list",
            "--json",
            "databaseId,conclusion,headSha",
            "-L",
            "50",
        ]));
        let theirs = list
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["databaseId"] == run)
            .unwrap();
        assert_eq!(theirs["conclusion"], ours["run"]["conclusion"]);
        assert_eq!(theirs["headSha"], ours["run"]["commit"]);
        let view = json(&mut ask(&[
            "run",
            "view",
            &run.to_string(),
            "--json",
            "jobs",
        ]));
        // The older gh asks for the first 30 jobs only.
        let jobs = view["jobs"].as_array().unwrap();
        for job in jobs {
            let same = ours["jobs"]
                .as_array()
                .unwrap()
                .iter()
                .find(|one| one["id"] == job["databaseId"]);
            let same = same.unwrap_or_else(|| panic!("gh knows a job that we do not: {job}"));
            assert_eq!(same["name"], job["name"]);
            assert_eq!(same["conclusion"], job["conclusion"]);
        }
        assert!(!jobs.is_empty());
        let tag = ours["release"]["tag"].as_str().unwrap();
        let release = json(&mut ask(&[
            "release",
            "view",
            tag,
            "--json",
            "tagName,isDraft",
        ]));
        assert_eq!(
            (&release["tagName"], &release["isDraft"]),
            (&ours["release"]["tag"], &Value::Bool(false))
        );
    }

    if let Some(skopeo) = judge("skopeo") {
        let reference = format!("docker://{}/acme/rocket:latest", served.registry);
        let raw = Command::new(skopeo)
            .args(["inspect", "--raw", "--tls-verify=false", &reference])
            .output()
            .unwrap();
        assert!(raw.status.success(), "{}", said(&raw));
        assert_eq!(
            gonogo::domain::digest::Digest::of(&raw.stdout).as_str(),
            digest
        );
    }

    if let Some(python) = judge("python3") {
        let output = Command::new(python)
            .args([
                "-m",
                "pip",
                "index",
                "versions",
                "rocket",
                "--disable-pip-version-check",
                "--index-url",
            ])
            .arg(format!("{}/simple", served.index))
            .env_remove("PIP_FIND_LINKS")
            .env_remove("PIP_INDEX_URL")
            .env_remove("PIP_EXTRA_INDEX_URL")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", said(&output));
        let version = ours["version"]["value"].as_str().unwrap();
        assert!(
            String::from_utf8_lossy(&output.stdout).contains(version),
            "{}",
            said(&output)
        );
        assert_eq!(ours["pypi"]["files"].as_array().unwrap().len(), 2);
    }
}

#[test]
fn a_failed_release_is_told_and_its_exit_status_says_so() {
    let home = tempfile::tempdir().unwrap();
    let served = Served::start(home.path(), "failed-gate", "20000");
    let watched = served
        .gonogo(home.path(), &["watch", "--json"])
        .output()
        .unwrap();
    assert_eq!(watched.status.code(), Some(1), "{}", said(&watched));
    let events: Vec<Value> = String::from_utf8(watched.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect();
    assert!(events.iter().all(|event| event["schema_version"] == 1));
    assert!(
        events
            .iter()
            .any(|event| event["event"] == "stage" && event["stage"] == "failed"),
        "{events:?}"
    );
    let status = json(&mut served.gonogo(home.path(), &["status", "--json"]));
    assert_eq!(status["verdict"], "no_go");
    assert_eq!(status["board"][0]["id"], "required-jobs");
}

#[test]
fn runs_lists_them_all_and_a_pasted_address_picks_one() {
    let home = tempfile::tempdir().unwrap();
    let served = Served::start(home.path(), "waiting-gate", "20000");
    let runs = json(&mut served.gonogo(home.path(), &["runs", "--json"]));
    let runs = runs["runs"].as_array().unwrap();
    assert!(runs.len() > 3, "{runs:?}");
    let old = runs
        .iter()
        .find(|run| run["watched"] == false && run["stage"] == "released")
        .unwrap();
    let address = old["url"].as_str().unwrap();
    let status = json(&mut served.gonogo(home.path(), &["status", "--json", "--run", address]));
    assert_eq!(status["run"]["id"], old["id"]);
    assert_eq!(status["stage"], "released");

    let graph = served
        .gonogo(home.path(), &["graph", "--format", "json"])
        .output()
        .unwrap();
    assert!(graph.status.success(), "{}", said(&graph));
    let graph: Value = serde_json::from_slice(&graph.stdout).unwrap();
    assert!(
        graph["jobs"]
            .as_array()
            .unwrap()
            .iter()
            .any(|job| job["id"] == "publish-docker")
    );
}

/// A run whose workflow files cannot be read is an honest list, without an edge made up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_workflow_files_a_run_is_a_flat_list() {
    use gonogo::sim::fault::{Fault, Kind};
    use gonogo::sim::requests::Service;
    let gone = Kind::Status {
        code: 403,
        retry_after: None,
    };
    let scenario = gonogo::sim::scenario::Scenario::built_in("waiting-gate").unwrap();
    let limit = std::time::Duration::from_secs(30);
    let mut rig = crate::support::sim::Rig::arranged(scenario, limit, |sim| {
        sim.faults()
            .add(Fault::new(Service::Github, gone).on("/contents/"));
    })
    .await;
    rig.play_to("gate");
    let model = rig.settled().await;
    assert!(model.outlook.graph.is_none());
    let jobs = model
        .snapshot
        .record(model.outlook.run.unwrap())
        .unwrap()
        .jobs
        .value()
        .unwrap();
    let text = gonogo::headless::graph::flat_text(jobs, model.now);
    assert_eq!(text.lines().count(), jobs.len());
    assert!(
        text.contains("waits       publish-docker / publish"),
        "{text}"
    );
    let json: Value = serde_json::from_str(&gonogo::headless::graph::flat_json(jobs)).unwrap();
    assert!(
        json["jobs"]
            .as_array()
            .unwrap()
            .iter()
            .all(|job| job["needs"] == serde_json::json!([]))
    );
}
