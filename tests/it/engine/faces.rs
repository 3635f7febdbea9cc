//! What the printing faces say and exit with, as a script meets them.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use gonogo::domain::policy::Certainty;
use gonogo::engine::Model;

use super::waiting;
use crate::support::facts::*;
use crate::support::program::{Served, gonogo, said};

#[test]
fn a_guess_is_labelled_on_every_printing_face() {
    let with = |certainty| {
        let mut policy = policy();
        policy.images[0].certainty = certainty;
        let mut model = waiting();
        model.policy = std::sync::Arc::new(policy);
        model
    };
    let (guess, sure) = (with(Certainty::Guessed), with(Certainty::Configured));
    let json = |model: &Model| {
        serde_json::to_value(gonogo::headless::json_v1::StatusV1::of(model)).unwrap()["images"][0]
            ["guessed"]
            .clone()
    };
    assert!(gonogo::headless::status::text(&guess).contains("a guess"));
    assert!(!gonogo::headless::status::text(&sure).contains("a guess"));
    assert_eq!((json(&guess), json(&sure)), (true.into(), false.into()));
}

#[test]
fn a_run_that_does_not_exist_is_no_success() {
    let home = tempfile::tempdir().unwrap();
    let served = Served::start(home.path(), "idle", "1");
    for command in ["status", "watch"] {
        let output = served
            .gonogo(home.path(), &[command, "--run", "999"])
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(2),
            "{command}: {}",
            said(&output)
        );
        let all = said(&output);
        assert!(all.contains("999"), "{command}: {all}");
    }
}

#[test]
fn a_finished_run_ends_the_watch_with_and_without_a_cache_and_a_named_run_is_no_choice() {
    let home = tempfile::tempdir().unwrap();
    let served = Served::start(home.path(), "idle", "1");
    let run = |args: &[&str]| served.gonogo(home.path(), args).output().unwrap();

    let output = run(&["runs", "--json"]);
    let listing: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let runs = listing["runs"].as_array().unwrap();
    let watched = runs.iter().find(|run| run["watched"] == true).unwrap();
    let other = runs.iter().find(|run| run["watched"] == false).unwrap();

    for way in ["without a cache", "with a cache"] {
        let output = run(&["watch"]);
        assert_eq!(output.status.code(), Some(0), "{way}: {}", said(&output));
        let story = String::from_utf8_lossy(&output.stdout).into_owned();
        let ending = story.lines().last().unwrap_or_default();
        assert!(ending.ends_with("release: released"), "{way}: {story}");
    }
    let mut cached: Vec<_> = walk(&home.path().join("cache"));
    // Beside the snapshot lies what was proved, by digest.
    cached.retain(|file| file.extension().is_some_and(|ending| ending == "json"));
    assert_eq!(cached.len(), 1, "what was seen is kept: {cached:?}");

    run(&["status", "--run", &other["id"].to_string()]);
    let output = run(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(status["run"]["id"], watched["id"], "the flag was for once");
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else {
            files.push(path);
        }
    }
    files
}

#[test]
fn a_service_that_is_gone_is_no_success_though_a_cache_is_shown() {
    let home = tempfile::tempdir().unwrap();
    let served = Served::start(home.path(), "idle", "1");
    let output = served.gonogo(home.path(), &["status"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let file = home.path().join("simulator.toml");
    let exports = served.exports.clone();
    drop(served);
    for command in ["status", "runs"] {
        let output = gonogo(home.path())
            .arg("--config")
            .arg(&file)
            .arg(command)
            .envs(exports.iter().cloned())
            .output()
            .unwrap();
        let all = said(&output);
        assert_eq!(output.status.code(), Some(2), "{all}");
        assert!(all.contains("released"), "what was known is shown: {all}");
        assert!(all.contains("seen ") || all.contains("stale"), "{all}");
        assert!(
            !output.stderr.is_empty(),
            "and why it is old is said: {all}"
        );
    }
}

#[test]
fn a_reader_that_goes_away_ends_the_watch() {
    let home = tempfile::tempdir().unwrap();
    let served = Served::start(home.path(), "happy", "60");
    let mut child = served
        .gonogo(home.path(), &["watch"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    drop(lines);
    // The next event meets a closed pipe.
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(141), "{status}");
}
