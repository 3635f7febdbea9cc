//! How the services answer: one word for all of them, one line for each.

use super::clean::clean;
use super::role::Sign;
use super::words::{ago, count, until};
use crate::domain::fact::{Failure, FailureKind, SourceId};
use crate::domain::snapshot::{Health, Snapshot};
use crate::domain::time::Timestamp;

/// One word for all services: `live`, or what is wrong with one.
pub fn overall(snapshot: &Snapshot, now: Timestamp) -> (Sign, String) {
    if snapshot.health.is_empty() {
        return (Sign::Queued, "asking".to_owned());
    }
    let mut failing = snapshot
        .health
        .iter()
        .filter(|(_, health)| !health.failing.is_empty());
    match (failing.next(), failing.count()) {
        (None, _) => (Sign::Running, "live".to_owned()),
        (Some((source, health)), 0) => (Sign::Warning, brief(source, health, now)),
        (Some(_), more) => (Sign::Warning, format!("{} services fail", more + 1)),
    }
}

fn brief(source: &SourceId, health: &Health, now: Timestamp) -> String {
    let name = name(source);
    match health.latest_failure() {
        None => name.to_owned(),
        Some((failure, _)) => match (failure.kind, health.paused_until) {
            (FailureKind::RateLimited, Some(at)) => format!("{name} limits us, {}", until(at, now)),
            _ => format!("{name} {}", fails_how(failure.kind)),
        },
    }
}

/// A service's name as people say it.
pub fn name(source: &SourceId) -> &'static str {
    match source {
        SourceId::Github => "GitHub",
        SourceId::Registry(_) => "registry",
        SourceId::Hub(_) => "Docker Hub",
        SourceId::Pypi => "PyPI",
        SourceId::Sigstore => "Sigstore's keys",
    }
}

/// How a service fails, after its name.
pub fn fails_how(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Timeout => "does not answer in time",
        FailureKind::Unreachable => "cannot be reached",
        FailureKind::Unauthorized => "refuses the credential",
        FailureKind::Forbidden => "forbids it",
        FailureKind::NotFound => "does not find it",
        FailureKind::Conflict => "sees a conflict",
        FailureKind::RateLimited => "limits us",
        FailureKind::Server => "has an error of its own",
        FailureKind::Malformed => "answers nonsense",
        FailureKind::CutBody => "cuts its answer short",
        FailureKind::WrongDigest => "answers other bytes",
        FailureKind::TooLarge => "answers too much",
        FailureKind::NoCredential => "needs a credential",
        FailureKind::Unexpected => "answers the unexpected",
    }
}

/// What failed and what to do, as one text of two sentences.
pub fn sentence(failure: &Failure) -> String {
    let (what, advice) = (clean(failure.what.trim()), clean(failure.advice.trim()));
    match (what.is_empty(), advice.is_empty()) {
        (false, false) if what.ends_with(['.', '!', '?']) => format!("{what} {advice}"),
        (false, false) => format!("{what}. {advice}"),
        (false, true) => what,
        (true, _) => advice,
    }
}

/// One line for each service: its sign, its name, and how it does.
pub fn lines(snapshot: &Snapshot, now: Timestamp) -> Vec<(Sign, String, String)> {
    snapshot
        .health
        .iter()
        .map(|(source, health)| {
            let label = match source {
                SourceId::Registry(image) => format!("registry of {}", clean(&image.0)),
                _ => name(source).to_owned(),
            };
            let cost = format!(
                "{} requests, {} charged",
                count(health.cost.requests.into()),
                count(health.cost.charged.into())
            );
            if let Some((failure, at)) = health.latest_failure() {
                let text = format!("{} ({}); {cost}", sentence(failure), ago(*at, now));
                return (Sign::Warning, label, text);
            }
            let good = health
                .last_good
                .map(|at| format!("answered {}; ", ago(at, now)))
                .unwrap_or_default();
            (Sign::Done, label, format!("{good}{cost}"))
        })
        .collect()
}

/// `4.8k calls left`, where GitHub has told.
pub fn calls_left(snapshot: &Snapshot) -> Option<(Sign, String)> {
    let rate = snapshot.health.get(&SourceId::Github)?.rate?;
    let sign = if rate.remaining.saturating_mul(10) < rate.limit {
        Sign::Warning
    } else {
        Sign::Absent
    };
    Some((sign, format!("{} calls left", count(rate.remaining))))
}
