//! The Go/No-Go board from outside: `gonogo check` on simulated releases that are not as they should be.

use std::path::Path;

use futures_util::{StreamExt as _, stream};
use gonogo::sim::forgery::{Forgery, Verdict};
use gonogo::sim::scenario::Scenario;
use gonogo::sim::{Sim, SimOptions};
use serde_json::Value;

use crate::support::program::{gonogo, said};

/// What `gonogo check --json` says of a scenario at its last gate or end, with its exit status.
async fn check(scenario: &str, more: &str) -> (i32, Value) {
    let home = tempfile::tempdir().unwrap();
    let mut options = SimOptions::new(Scenario::built_in(scenario).unwrap()).driven();
    options.trusted_root = Some(home.path().join("trusted_root.json"));
    let sim = Sim::start(options).await.unwrap();
    while sim.advance_to_next().is_some() {}
    let file = home.path().join("simulator.toml");
    std::fs::write(&file, sim.config_toml() + more).unwrap();
    let mut command = gonogo(home.path());
    command.args(["check", "--json", "--config"]).arg(&file);
    command.envs(sim.variables());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    let document = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{scenario}: {error}\n{}", said(&output)));
    (output.status.code().unwrap(), document)
}

#[tokio::test(flavor = "multi_thread")]
async fn explore() {
    let names: Vec<&str> = Forgery::all().map(Forgery::name).collect();
    let mut all = stream::iter(names)
        .map(|name| async move { (name, check(name, "").await) })
        .buffered(4);
    while let Some((name, (status, said))) = all.next().await {
        let truth = Forgery::named(name).unwrap().truth();
        let rows: Vec<String> = said["rows"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["verdict"] != "go")
            .map(|row| {
                format!(
                    "    {} {}:{} {} {}",
                    row["verdict"], row["id"], row["about"], row["sentence"], row["others"]
                )
            })
            .collect();
        println!(
            "{name}: {status} {} truth {:?} for {}\n{}",
            said["verdict"],
            truth.verdict,
            said["next"]["acts"],
            rows.join("\n")
        );
    }
}
