//! Logs of simulated jobs: each line dated, colours and groups as GitHub's runners write them.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::clock::plus;
use super::world::World;
use super::world::inst::Inst;
use super::world::repo::{VIEWER, object_name};
use super::world::run::{Run, StepView};
use super::world::scan;

/// A part of a job's log that belongs to one step.
#[derive(Debug, Clone)]
pub(crate) struct StepLog {
    pub(crate) number: usize,
    pub(crate) name: String,
    pub(crate) text: String,
}

/// The log of a job that has ended, step by step.
pub(crate) fn of_job(world: &World, run: &Run, inst: &Inst) -> Vec<StepLog> {
    let steps = inst.steps_at(world.now);
    steps
        .iter()
        .filter(|step| step.conclusion.is_some_and(|word| word != "skipped"))
        .map(|step| StepLog {
            number: step.number,
            name: step.name.clone(),
            text: step_text(world, run, inst, step),
        })
        .collect()
}

/// The whole log of a job, as the log end-point answers it: with a byte order mark in front.
pub(crate) fn whole(world: &World, run: &Run, inst: &Inst) -> String {
    let mut out = String::from('\u{feff}');
    for step in of_job(world, run, inst) {
        out.push_str(&step.text);
    }
    out
}

struct Writer {
    out: String,
    at: Timestamp,
    tick: u32,
}

impl Writer {
    fn line(&mut self, text: &str) {
        self.tick = self.tick.wrapping_add(1);
        let second = self.at.as_second();
        let whole = Timestamp::from_second(second).unwrap_or(self.at);
        let whole = whole.to_string();
        let fraction = (self.tick.wrapping_mul(1_730_911)) % 10_000_000;
        let _ = writeln!(
            self.out,
            "{}.{fraction:07}Z {text}",
            whole.trim_end_matches('Z')
        );
    }
}

fn step_text(world: &World, run: &Run, inst: &Inst, step: &StepView) -> String {
    let mut log = Writer {
        out: String::new(),
        at: step.started.unwrap_or(world.now),
        tick: u32::try_from(step.number).unwrap_or(0),
    };
    match step.name.as_str() {
        "Set up job" => set_up(&mut log, inst),
        "Complete job" => log.line("Cleaning up orphan processes"),
        name if name.starts_with("Post ") => log.line("Post job cleanup."),
        name if name.contains("actions/checkout@") => checkout(&mut log, world, run, name),
        name => command(&mut log, world, run, inst, name),
    }
    log.at = step.completed.unwrap_or(log.at);
    if step.conclusion == Some("failure") {
        failure(&mut log, inst);
    }
    log.out
}

fn set_up(log: &mut Writer, inst: &Inst) {
    log.line("Current runner version: '2.329.0'");
    log.line("##[group]Runner Image");
    log.line(&format!("Image: {}", inst.runner));
    log.line("Version: 20261116.1.0");
    log.line("##[endgroup]");
    log.line("##[group]GITHUB_TOKEN Permissions");
    log.line("Contents: read");
    log.line("Metadata: read");
    log.line("##[endgroup]");
    log.line("Secret source: Actions");
    log.line("Prepare workflow directory");
    for step in inst
        .steps
        .iter()
        .filter_map(|step| step.strip_prefix("Run "))
    {
        if let Some((action, version)) = step.split_once('@') {
            log.line(&format!(
                "Download action repository '{action}@{version}' (SHA:{})",
                object_name(step)
            ));
        }
    }
    log.line(&format!("Complete job name: {}", inst.name));
}

fn checkout(log: &mut Writer, world: &World, run: &Run, name: &str) {
    // A publish run checks out the commit of its payload, which need not be the one it started at.
    let payload = run.payload.as_ref();
    let named = payload.and_then(|payload| payload.get("sha")?.as_str());
    let sha = named.unwrap_or(&run.sha);
    let message = world
        .repo
        .commit(sha)
        .map_or("", |commit| commit.message.as_str());
    let first = message.lines().next().unwrap_or_default();
    let short = sha.get(..7).unwrap_or_default();
    log.line(&format!("##[group]{name}"));
    log.line("with:");
    log.line("  persist-credentials: false");
    log.line(&format!("  repository: {}", world.scenario.repo));
    log.line("##[endgroup]");
    log.line(&format!("Syncing repository: {}", world.scenario.repo));
    log.line("##[group]Fetching the repository");
    log.line(&format!(
        "[command]/usr/bin/git -c protocol.version=2 fetch --no-tags --prune --no-recurse-submodules --depth=1 origin +{sha}:{}",
        run.full_ref()
    ));
    log.line("##[endgroup]");
    log.line("##[group]Checking out the ref");
    log.line(&format!(
        "[command]/usr/bin/git checkout --progress --force {sha}"
    ));
    log.line(&format!("HEAD is now at {short} {first}"));
    log.line("##[endgroup]");
    log.line("[command]/usr/bin/git log -1 --format=%H");
    log.line(sha);
}

fn command(log: &mut Writer, world: &World, run: &Run, inst: &Inst, name: &str) {
    let shown = name.strip_prefix("Run ").unwrap_or(name);
    log.line(&format!("##[group]Run {shown}"));
    log.line(&format!("\u{1b}[36;1m{shown}\u{1b}[0m"));
    log.line("shell: /usr/bin/bash -e {0}");
    log.line("##[endgroup]");
    let digest = run.built.as_ref().map(|built| built.digest.as_str());
    let image = format!("docker.io/{}", world.scenario.repo);
    match (inst.home.1.as_str(), shown) {
        ("create-manifest", shown) if shown.starts_with("docker buildx imagetools create") => {
            if let Some(digest) = digest {
                log.line(&format!(
                    "#1 pushing {digest} to {image}:prerelease-v{}-{}",
                    run.version,
                    run.short_sha()
                ));
                log.line(&format!("manifest digest: {digest}"));
            }
        }
        ("create-manifest", "Sign") => {
            log.line("Generating ephemeral keys...");
            log.line("Retrieving signed certificate...");
            log.line("tlog entry created with index: 1");
            log.line(&format!("Pushing signature to: {image}"));
        }
        ("security-scan", "Scan") => {
            for line in scan::tables(&scan::found(world, run)) {
                log.line(&line);
            }
        }
        ("publish", shown) if shown.starts_with("pypa/") => {
            log.line(&format!(
                "Uploading distributions of {} {}",
                world.scenario.project(),
                run.version
            ));
            log.line("\u{1b}[32mView at:\u{1b}[0m the project's page");
        }
        ("trigger-pypi", _) => log.line(&format!(
            "dispatched publish-pypi for v{} by {VIEWER}",
            run.version
        )),
        ("unit" | "slow", shown) if shown.contains("pytest") => {
            let step = log.at;
            for (offset, file) in
                (0u64..).zip(["test_orbit", "test_staging", "test_telemetry", "test_abort"])
            {
                log.at = plus(step, std::time::Duration::from_secs(offset));
                log.line(&format!(
                    "tests/unit/{file}.py \u{1b}[32m{}\u{1b}[0m",
                    ".".repeat(24)
                ));
            }
            log.line("\u{1b}[32m\u{1b}[1m96 passed\u{1b}[0m");
        }
        _ => log.line("done"),
    }
}

fn failure(log: &mut Writer, inst: &Inst) {
    match inst.home.1.as_str() {
        "e2e" => {
            log.line("  1) [firefox] › launch.spec.ts:41:5 › countdown › holds at T-9");
            log.line("\u{1b}[31m    Error: expect(locator).toHaveText(expected)\u{1b}[0m");
            log.line("    Expected: \"HOLD\"");
            log.line("    Received: \"T-8\"");
            log.line("  1 failed");
            log.line("  63 passed (6.1m)");
        }
        "vulture" => log.line("src/rocket/legacy.py:12: unused function 'ignite' (90% confidence)"),
        _ => log.line("\u{1b}[31mfatal: the step failed\u{1b}[0m"),
    }
    log.line("##[error]Process completed with exit code 1.");
}
