//! The board in words: what it was computed for, and what a row rests on.

use super::clean::clean;
use super::{health, words};
use crate::domain::assess::{Act, Next, Row};
use crate::domain::time::Timestamp;

/// What would be let go, or comes next: `for publish-docker, which waits at release`.
pub fn next(next: &Next) -> String {
    if !next.is_waiting() {
        let what: Vec<&str> = next.acts.iter().copied().map(act).collect();
        return match what.as_slice() {
            [] => "nothing comes next".to_owned(),
            [one] => (*one).to_owned(),
            several => several.join(", "),
        };
    }
    let jobs: Vec<String> = next.jobs.iter().map(|job| clean(job)).collect();
    let gates: Vec<String> = next.environments.iter().map(|name| clean(name)).collect();
    let verb = if jobs.len() == 1 { "waits" } else { "wait" };
    format!("{} {verb} at {}", jobs.join(", "), gates.join(", "))
}

/// What an act is for a person, as what comes next.
fn act(act: Act) -> &'static str {
    match act {
        Act::Promote => "before the promote",
        Act::Dispatch => "before the publish is started",
        Act::Publish => "before the package is published",
        Act::Release => "before the Release is made",
        Act::CleanUp => "before the clean-up",
        Act::Nothing => "everything is out",
    }
}

/// What a row rests on and how old that is: `registry, GitHub; seen 12s ago`.
pub fn rests_on(row: &Row, now: Timestamp) -> String {
    let mut names: Vec<&str> = Vec::new();
    for ask in &row.rests_on {
        let name = health::name(&ask.source());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    match row.seen_at {
        Some(at) if !names.is_empty() => {
            format!("{}, seen {}", names.join(", "), words::ago(at, now))
        }
        _ => names.join(", "),
    }
}

/// A row's title, with the age of what it tells of where that matters: `scan 0 fixable, 31m ago`.
pub fn title(row: &Row, now: Timestamp) -> String {
    let title = clean(&row.title);
    match row.of {
        Some(at) => format!("{title}, {}", words::ago(at, now)),
        None => title,
    }
}
