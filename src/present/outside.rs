//! The package index and the GitHub Release of the watched version, one line each.

use super::clean::clean;
use super::role::Sign;
use super::words::{ago, number_of};
use crate::domain::outlook::Outlook;
use crate::domain::policy::Policy;
use crate::domain::run::{Conclusion, Release, Run};
use crate::domain::snapshot::Snapshot;
use crate::domain::time::Timestamp;

/// A line: its sign and a sentence.
pub type Line = (Sign, String);

/// What the package index holds of the version; `None` where no package is released.
pub fn pypi(snapshot: &Snapshot, policy: &Policy, outlook: &Outlook) -> Option<Line> {
    let project = clean(policy.pypi.as_ref()?.project.as_str());
    let Some(version) = outlook
        .version
        .as_ref()
        .map(|version| clean(&version.value))
    else {
        return Some((Sign::Unknown, format!("{project}: version not known yet")));
    };
    let seen = snapshot.pypi.get(&version);
    let line = match seen.and_then(|seen| seen.value()) {
        Some(held) if !held.project_exists => (Sign::Absent, format!("{project} is not on PyPI")),
        Some(held) if held.is_there() => {
            let yanked = held
                .files
                .iter()
                .filter(|file| file.yanked.is_some())
                .count();
            let files = number_of(held.files.len(), "file");
            if yanked > 0 {
                (
                    Sign::Warning,
                    format!("{project} {version}, {yanked} of {files} yanked"),
                )
            } else {
                (Sign::Done, format!("{project} {version}, {files}"))
            }
        }
        Some(_) => (Sign::Absent, format!("{project} {version} not there")),
        None if seen.is_some_and(|seen| seen.failure().is_some()) => (
            Sign::Unknown,
            format!("{project} {version}: could not look"),
        ),
        None => (Sign::Unknown, format!("{project} {version}: asking PyPI")),
    };
    Some(line)
}

/// The published or drafted Release of the version.
pub fn release_of<'a>(snapshot: &'a Snapshot, outlook: &Outlook) -> Option<&'a Release> {
    let tag = format!("v{}", outlook.version.as_ref()?.value);
    snapshot
        .releases
        .value()?
        .iter()
        .find(|release| release.tag == tag)
}

/// The GitHub Release of the version.
pub fn release(snapshot: &Snapshot, outlook: &Outlook, now: Timestamp) -> Line {
    let Some(version) = outlook
        .version
        .as_ref()
        .map(|version| clean(&version.value))
    else {
        return (Sign::Unknown, "Release: version not known yet".to_owned());
    };
    match release_of(snapshot, outlook) {
        Some(found) if found.draft => (Sign::Running, format!("Release v{version} is a draft")),
        Some(found) => {
            let when = found
                .published_at
                .map(|at| format!(", {}", ago(at, now)))
                .unwrap_or_default();
            (Sign::Done, format!("Release v{version}{when}"))
        }
        None if snapshot.releases.value().is_some() => {
            (Sign::Absent, format!("Release v{version} not made"))
        }
        None if snapshot.releases.failure().is_some() => {
            (Sign::Unknown, format!("Release v{version}: could not look"))
        }
        None => (Sign::Unknown, format!("Release v{version}: asking GitHub")),
    }
}

/// The run that publishes the package, once it was dispatched.
pub fn publish_run<'a>(snapshot: &'a Snapshot, outlook: &Outlook) -> Option<(Line, &'a Run)> {
    let run = snapshot.run(outlook.publish_run?)?;
    let gates = super::gate::waiting(snapshot, run.id);
    let word = match (&run.conclusion, gates.first()) {
        (Some(Conclusion::Success), _) => "done".to_owned(),
        (None, Some(gate)) => format!("waits at {}", gate.name),
        _ => super::job::run_sign(run).word().to_owned(),
    };
    let sign = if gates.is_empty() {
        super::job::run_sign(run)
    } else {
        Sign::Waits
    };
    Some(((sign, format!("publish run #{} {word}", run.number)), run))
}
