//! The same attacks on an image that a whole release waits with: what `gonogo check` says at the gate.
//!
//! An attack on the evidence never makes a GO of what `verify` does not vouch for. Where the board says something else
//! than `verify`, because it knows the digest and the run, the case says so with its reason.

use std::collections::BTreeSet;
use std::process::Output;

use futures_util::StreamExt as _;
use serde_json::Value;

use super::{BOARD_MEMORY, Case, Then, program, run};

/// What the board says of a case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    then: Then,
    /// The rules whose rows carry the verdict; those that warn, where it may go out.
    rules: &'static [&'static str],
    code: &'static str,
    words: &'static str,
    /// Why it is not what `verify` says; empty where it is the same.
    differs: &'static str,
}

impl Told {
    pub(super) const fn as_verified(then: Then, code: &'static str, words: &'static str) -> Self {
        Self {
            then,
            rules: &[],
            code,
            words,
            differs: "",
        }
    }
}

impl Case {
    /// The rules that carry the board's verdict.
    pub(super) const fn told_by(mut self, rules: &'static [&'static str]) -> Self {
        self.board.rules = rules;
        self
    }

    /// The board says the same in these words.
    pub(super) const fn worded(mut self, words: &'static str) -> Self {
        self.board.words = words;
        self
    }

    /// What the board says instead of what `verify` says, and why.
    pub(super) const fn otherwise(
        mut self,
        then: Then,
        code: &'static str,
        words: &'static str,
        differs: &'static str,
    ) -> Self {
        self.board.then = then;
        self.board.code = code;
        self.board.words = words;
        self.board.differs = differs;
        self
    }
}

/// What `gonogo check` says of an attacked release.
async fn check(case: &Case) -> Output {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("trusted_root.json");
    let world = case.before.at_the_gate(root).await;
    (case.attack)(&world);
    let sim = world.sim.as_ref().unwrap();
    let file = home.path().join("simulator.toml");
    std::fs::write(&file, sim.config_toml()).unwrap();
    let mut command = program(home.path(), BOARD_MEMORY);
    command.args(["check", "--json", "--config"]).arg(&file);
    command.envs(sim.variables());
    run(command, case.name).await
}

fn texts<'a>(row: &'a Value, name: &str) -> Vec<&'a str> {
    let texts = row[name].as_array().unwrap().iter();
    texts.map(|text| text.as_str().unwrap()).collect()
}

/// What is wrong with what the board says; nothing, if all is as expected.
fn wrong(case: &Case, output: &Output) -> Option<String> {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let Ok(document) = serde_json::from_slice::<Value>(&output.stdout) else {
        return Some(format!("{}: no JSON: {output:?}", case.name));
    };
    let told = &case.board;
    assert_eq!(
        told.then == case.then && told.code == case.code,
        told.differs.is_empty(),
        "{}: what differs has its reason, and nothing else has",
        case.name
    );
    let (status, verdict, carrying) = match told.then {
        Then::Silent | Then::Warned => (0, "go", "warn"),
        Then::Refused => (1, "no_go", "no_go"),
        Then::Unknown => (2, "unknown", "unknown"),
    };
    let rows = document["rows"].as_array().unwrap();
    let carriers: Vec<&Value> = rows
        .iter()
        .filter(|row| row["verdict"] == carrying)
        .collect();
    let ids: BTreeSet<&str> = carriers
        .iter()
        .map(|row| row["id"].as_str().unwrap())
        .collect();
    let expected: BTreeSet<&str> = told.rules.iter().copied().collect();
    let is_told = |row: &&Value| {
        (told.code.is_empty() || texts(row, "codes").contains(&told.code))
            && row["sentence"].as_str().unwrap().contains(told.words)
    };
    let is_told = match told.then {
        Then::Silent => carriers.is_empty(),
        _ => carriers.iter().any(is_told),
    };
    // What verify does not vouch for never goes out.
    let is_let_go = matches!(told.then, Then::Silent | Then::Warned)
        && !matches!(case.then, Then::Silent | Then::Warned);
    let is_clean = stderr.is_empty()
        && !rows.iter().any(|row| {
            let sentence = row["sentence"].as_str().unwrap();
            sentence.chars().any(char::is_control)
        });
    let is_good = output.status.code() == Some(status)
        && document["verdict"] == verdict
        && ids == expected
        && is_told
        && is_clean
        && !is_let_go;
    (!is_good).then(|| {
        let said: Vec<String> = carriers
            .iter()
            .map(|row| format!("{} {} {}", row["id"], row["codes"], row["sentence"]))
            .collect();
        format!(
            "{}: {:?} {} {ids:?}, not {:?} {expected:?}: {said:#?} {stderr}",
            case.name,
            output.status.code(),
            document["verdict"],
            told.then,
        )
    })
}

/// Asks the board about every case, and says of all at once what does not hold.
pub(super) async fn all_told(cases: &[Case]) {
    let runs = cases
        .iter()
        .map(|case| async move { wrong(case, &check(case).await) });
    let wrong: Vec<String> = futures_util::stream::iter(runs)
        .buffer_unordered(4)
        .filter_map(std::future::ready)
        .collect()
        .await;
    assert!(
        wrong.is_empty(),
        "{} of {}: {wrong:#?}",
        wrong.len(),
        cases.len()
    );
}
