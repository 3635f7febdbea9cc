//! GitHub's own command line, two versions of it, against the simulator.

use std::path::PathBuf;
use std::process::{Command, Output};

use gonogo::sim::{Sim, TOKEN};
use serde_json::Value;

use super::{driven, play, play_to};
use crate::support::judges::judge;

/// A `gh` that talks to the simulator through a proxy.
struct Gh {
    program: PathBuf,
    proxy: String,
    home: tempfile::TempDir,
}

impl Gh {
    /// The versions at hand: Debian's and a modern one.
    fn all(sim: &Sim) -> Vec<Self> {
        ["gh", "gh-modern"]
            .into_iter()
            .filter_map(|program| {
                Some(Self {
                    program: judge(program)?,
                    proxy: sim.endpoints().github.clone(),
                    home: tempfile::tempdir().unwrap(),
                })
            })
            .collect()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("GH_CONFIG_DIR", self.home.path().join("config"))
            .env("HTTP_PROXY", &self.proxy)
            .env("http_proxy", &self.proxy)
            .env("NO_PROXY", "")
            .env("GH_HOST", "github.localhost")
            .env("GH_TOKEN", TOKEN)
            .env("GH_REPO", "github.localhost/acme/rocket")
            .env("GH_NO_UPDATE_NOTIFIER", "1")
            .env("GH_PROMPT_DISABLED", "1")
            .env("NO_COLOR", "1");
        command
    }

    async fn output(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }

    async fn text(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments).await;
        assert!(
            output.status.success(),
            "{} {arguments:?}: {}",
            self.program.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    async fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.text(arguments).await).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn run_list_names_the_runs() {
    let sim = driven("waiting-gate").await;
    play(&sim);
    for gh in Gh::all(&sim) {
        let fields = "databaseId,displayTitle,event,headBranch,headSha,name,status,conclusion";
        let runs = gh
            .json(&["run", "list", "-w", "Release", "--json", fields])
            .await;
        let truth = sim.truth();
        let newest = &runs[0];
        assert_eq!(newest["databaseId"], truth.run_id);
        assert_eq!(newest["displayTitle"], "Release v1.6.9");
        assert_eq!(newest["headBranch"], "v1.6.9");
        assert_eq!(newest["headSha"], truth.sha.as_str());
        assert_eq!(newest["status"], "waiting");
        assert_eq!(newest["event"], "push");
        let older = runs.as_array().unwrap().iter().skip(1);
        let titles: Vec<&str> = older
            .map(|run| run["displayTitle"].as_str().unwrap())
            .collect();
        assert!(titles.contains(&"Release v1.6.7"), "{titles:?}");
        let all = gh.text(&["run", "list", "--limit", "50"]).await;
        assert!(all.contains("Publish v1.6.8 of run"), "{all}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn run_view_shows_the_jobs_and_what_failed() {
    let sim = driven("failed-gate").await;
    play(&sim);
    let truth = sim.truth();
    let id = truth.run_id.to_string();
    for gh in Gh::all(&sim) {
        let text = gh.text(&["run", "view", &id]).await;
        assert!(
            text.contains("Process completed with exit code 1."),
            "{text}"
        );
        let run = gh
            .json(&["run", "view", &id, "--json", "jobs,status,conclusion"])
            .await;
        assert_eq!(run["conclusion"], "failure");
        let failed: Vec<&str> = run["jobs"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|job| job["conclusion"] == "failure")
            .map(|job| job["name"].as_str().unwrap())
            .collect();
        // The old version reads the first page of jobs alone.
        for name in &failed {
            assert!(truth.state.failed.contains(&(*name).to_owned()), "{name}");
        }
        assert!(!failed.is_empty());
        let job = run["jobs"]
            .as_array()
            .unwrap()
            .iter()
            .find(|job| job["name"] == failed[0])
            .unwrap();
        let job = job["databaseId"].to_string();
        let text = gh.text(&["run", "view", "--job", &job]).await;
        assert!(text.contains(failed[0]), "{text}");
        assert!(text.contains("Set up job"), "{text}");
        let log = async |job: &str| gh.text(&["run", "view", "--job", job, "--log"]).await;
        // The old version finds no log of a called workflow's job, on GitHub neither: it looks for the slash.
        if gh.program.ends_with("gh-modern") {
            let log = log(&job).await;
            assert!(log.contains("Process completed with exit code 1."), "{log}");
        }
        let first = run["jobs"][0]["databaseId"].to_string();
        let log = log(&first).await;
        assert!(log.contains(&format!("--force {}", truth.sha)), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn run_watch_ends_when_the_run_does() {
    for index in 0..2 {
        let sim = driven("happy").await;
        play_to(&sim, "release");
        let id = sim.truth().run_id.to_string();
        let all = Gh::all(&sim);
        let Some(gh) = all.get(index) else {
            continue;
        };
        let mark = sim.requests().mark();
        let mut command = gh.command(&["run", "watch", &id, "--exit-status", "--interval", "1"]);
        let watch = tokio::task::spawn_blocking(move || command.output().unwrap());
        // It looks at the jobs while the run still goes on, and only then does the run end.
        sim.requests()
            .answer(mark, |record| record.target.contains("/jobs"))
            .await;
        assert!(!sim.finished());
        play(&sim);
        let output = watch.await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}");
        assert!(text.contains(&format!("* v1.6.9 Release · {id}")), "{text}");
        assert!(text.contains(&format!("✓ v1.6.9 Release · {id}")), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn run_watch_fails_with_the_run() {
    let sim = driven("failed-gate").await;
    play(&sim);
    let id = sim.truth().run_id.to_string();
    for gh in Gh::all(&sim) {
        let output = gh.output(&["run", "watch", &id, "--exit-status"]).await;
        assert_eq!(output.status.code(), Some(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn releases_are_shown_and_listed() {
    let sim = driven("happy").await;
    play(&sim);
    for gh in Gh::all(&sim) {
        let fields = "tagName,targetCommitish,isDraft,assets,publishedAt";
        let release = gh
            .json(&["release", "view", "v1.6.9", "--json", fields])
            .await;
        assert_eq!(release["targetCommitish"], sim.truth().sha.as_str());
        assert_eq!(release["isDraft"], false);
        let names: Vec<&str> = release["assets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|asset| asset["name"].as_str().unwrap())
            .collect();
        assert!(names.contains(&"sbom-amd64.spdx.json"), "{names:?}");
        assert!(names.contains(&"provenance.sigstore.json"), "{names:?}");
        let latest = gh.json(&["release", "view", "--json", "tagName"]).await;
        assert_eq!(latest["tagName"], "v1.6.9");
        let list = gh.text(&["release", "list"]).await;
        assert_eq!(list.lines().count(), 3, "{list}");
        assert!(list.starts_with("v1.6.9\tLatest\t"), "{list}");
        let absent = gh.output(&["release", "view", "v9.9.9"]).await;
        assert!(!absent.status.success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plain_api_is_paged_and_the_login_is_known() {
    let sim = driven("happy").await;
    play(&sim);
    let id = sim.truth().run_id;
    for gh in Gh::all(&sim) {
        let path = format!("repos/acme/rocket/actions/runs/{id}/jobs?per_page=10");
        let names = gh
            .text(&["api", "--paginate", &path, "--jq", ".jobs[].name"])
            .await;
        let names: Vec<&str> = names.lines().collect();
        let total = gh.text(&["api", &path, "--jq", ".total_count"]).await;
        assert_eq!(names.len().to_string(), total.trim());
        assert!(names.contains(&"create-release"));
        let status = gh
            .output(&["auth", "status", "--hostname", "github.localhost"])
            .await;
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&status.stdout),
            String::from_utf8_lossy(&status.stderr)
        );
        assert!(
            text.contains("nova-hale") || text.contains("GH_TOKEN"),
            "{text}"
        );
        let user = gh.text(&["api", "user", "--jq", ".login"]).await;
        assert_eq!(user.trim(), "nova-hale");
        let listed = gh.text(&["workflow", "list"]).await;
        assert!(listed.contains("Publish to PyPI"), "{listed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn run_control_works_from_outside() {
    let sim = driven("failed-gate").await;
    play(&sim);
    let id = sim.truth().run_id.to_string();
    let all = Gh::all(&sim);
    let Some(gh) = all.last() else {
        return;
    };
    gh.text(&["run", "rerun", &id, "--failed"]).await;
    assert_eq!(sim.truth().state.run, "in_progress");
    play(&sim);
    // The second attempt passes the tests, so that it goes on to the gate and waits there.
    assert_eq!(sim.truth().state.waiting, ["publish-docker / publish"]);
    gh.text(&["run", "cancel", &id]).await;
    // The clean-up job runs whatever happened, and has a gate of its own.
    assert_eq!(sim.truth().state.waiting, ["cleanup-on-rejection"]);
    let force = format!("repos/acme/rocket/actions/runs/{id}/force-cancel");
    gh.text(&["api", "-X", "POST", &force]).await;
    assert_eq!(sim.truth().state.run, "completed/cancelled");
}
