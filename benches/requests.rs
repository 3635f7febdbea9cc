//! What an hour of watching costs in GitHub's budget, ours beside `gh run watch`, against the same server.
//!
//! `cargo bench --bench requests`. Ours is driven through a whole virtual hour, a second at a time, over real HTTP.
//! `gh` waits in real time, so it is watched for a minute of a world that runs three times as fast at `-i 1`: three
//! seconds of that world a poll, which is its default; the count is scaled to the hour.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a benchmark prints, and ends where it meets the unexpected"
)]

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use gonogo::engine::Message;
use gonogo::net::Limits;
use gonogo::run::on_simulator;
use gonogo::sim::clock::Pace;
use gonogo::sim::requests::{Requests, Service};
use gonogo::sim::scenario::Scenario;
use gonogo::sim::{Sim, SimOptions, TOKEN};

const HOUR: u64 = 3600;

struct Count {
    requests: u64,
    charged: u64,
}

fn count(requests: &Requests) -> Count {
    let tally = requests.tally(Service::Github);
    Count {
        requests: tally.arrived,
        charged: tally.arrived - tally.not_modified,
    }
}

/// One virtual hour of ours on a scenario, from a settled start; `skip` is played before the hour begins.
async fn ours(scenario: Scenario, skip: Duration) -> Count {
    let sim = Sim::start(SimOptions::new(scenario).driven())
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    sim.advance(skip);
    let (mut engine, ..) = on_simulator(&sim, folder.path(), Limits::default()).unwrap();
    engine.refreshed().await.unwrap();
    let before = count(sim.requests());
    for _ in 0..HOUR {
        let now = sim.advance(Duration::from_secs(1));
        engine.send(Message::Tick);
        engine
            .wait_for(|model| model.now >= now && model.in_flight.is_empty())
            .await
            .unwrap();
    }
    let after = count(sim.requests());
    Count {
        requests: after.requests - before.requests,
        charged: after.charged - before.charged,
    }
}

/// `gh run watch` on a run of 100 jobs, scaled to the hour.
async fn theirs(scenario: Scenario, gh: PathBuf) -> Option<Count> {
    const SPEED: f64 = 3.0;
    const WATCHED: u64 = 60;
    let options = SimOptions {
        pace: Pace::Speed(SPEED),
        ..SimOptions::new(scenario)
    };
    let sim = Sim::start(options).await.unwrap();
    let run = sim.truth().run_id;
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(gh)
        .args([
            "run",
            "watch",
            &run.to_string(),
            "-i",
            "1",
            "-R",
            &sim.scenario().2,
        ])
        .env("HTTP_PROXY", &sim.endpoints().github)
        .env("http_proxy", &sim.endpoints().github)
        .env("GH_HOST", "github.localhost")
        .env("GH_TOKEN", TOKEN)
        .env("GH_CONFIG_DIR", folder.path())
        .env("GH_NO_UPDATE_NOTIFIER", "1")
        .env("NO_COLOR", "1")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let before = count(sim.requests());
    tokio::time::sleep(Duration::from_secs(WATCHED)).await;
    let after = count(sim.requests());
    let _ = child.kill();
    let _ = child.wait();
    let scale = |n: u64| n * HOUR / (WATCHED * 3);
    Some(Count {
        requests: scale(after.requests - before.requests),
        charged: scale(after.charged - before.charged),
    })
}

fn gh() -> Option<PathBuf> {
    let judges = std::env::var_os("GONOGO_JUDGES")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/gonogo-judges")))?;
    Some(judges.join("bin/gh-modern")).filter(|path| path.is_file())
}

fn say(what: &str, limit: Option<u64>, count: &Count) {
    let limit = limit.map_or(String::new(), |limit| format!("  (budget {limit})"));
    println!(
        "{what:<52} {:>6} requests/h  {:>6} charged/h{limit}",
        count.requests, count.charged
    );
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let minute = Duration::from_secs(60);
    let hundred = ours(Scenario::scale(100).unwrap(), minute).await;
    say("gonogo, 100 jobs, a change every 10 s", Some(520), &hundred);
    let idle = ours(Scenario::built_in("idle").unwrap(), Duration::ZERO).await;
    say("gonogo, nothing runs", Some(60), &idle);
    // Jobs come one after another: only late in the run are there so many that a listing takes three pages.
    let late = Duration::from_secs(8_300);
    let large = ours(Scenario::scale(300).unwrap(), late).await;
    say(
        "gonogo, 300 jobs (3 pages), a change every 10 s",
        None,
        &large,
    );
    let release = ours(Scenario::built_in("happy").unwrap(), Duration::ZERO).await;
    say(
        "gonogo, a whole release with its publish run",
        None,
        &release,
    );
    match gh() {
        None => println!("gh run watch: not on this machine (.ci/judges installs it)"),
        Some(gh) => {
            if let Some(theirs) = theirs(Scenario::scale(100).unwrap(), gh).await {
                say("gh run watch, the same 100 jobs", None, &theirs);
                println!(
                    "charged, ours to theirs: 1 to {:.1}",
                    theirs.charged as f64 / hundred.charged.max(1) as f64
                );
            }
        }
    }
}
