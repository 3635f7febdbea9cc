//! The scan of the image, as the run itself made it.

use super::Scene;
use crate::domain::assess::{Row, Verdict};
use crate::domain::log::ScanCount;
use crate::domain::release::{self, role};
use crate::domain::run::{Conclusion, Job};

/// The scan before the gate has passed (and once more while promoting: incident 24).
pub(super) fn scan(scene: &Scene<'_>) -> Vec<Row> {
    let scans: Vec<&Job> = scene
        .jobs()
        .iter()
        .filter(|job| release::callee(&job.name) == role::SECURITY_SCAN)
        // A gate of that name scans the source.
        .filter(|job| !release::caller(&job.name).ends_with("-gate"))
        .filter(|job| !scene.policy.pipeline.is_advisory(&job.name))
        .collect();
    if scans.is_empty() {
        let row = Row::new(
            "scan",
            Verdict::Unknown,
            "no scan of the image",
            format!(
                "The run has no job `{}`, so nothing tells of vulnerabilities in the image.",
                role::SECURITY_SCAN
            ),
        )
        .remedy("Scan the image in the run, or switch the rule `scan` off with a reason.");
        return vec![row.rests_on(scene.jobs_ask())];
    }
    let rows = scans.into_iter().map(|job| {
        let row = of_job(scene, job).rests_on(scene.jobs_ask());
        // The scan that is made again while promoting is a row of its own.
        match release::caller(&job.name) {
            role::PRERELEASE => row,
            other => row.about(other),
        }
    });
    rows.collect()
}

fn of_job(scene: &Scene<'_>, job: &Job) -> Row {
    let say = |verdict, title: String, sentence: String| {
        let mut row = Row::new("scan", verdict, title, sentence);
        row.of = job.completed_at;
        row
    };
    let name = &job.name;
    let counts = scene
        .snapshot
        .record(job.run)
        .and_then(|record| record.logs.get(&job.id)?.value()?.as_ref())
        .and_then(|log| log.scan.as_ref());
    match &job.conclusion {
        Some(Conclusion::Success) => say(
            if counts.is_some_and(is_grave) {
                Verdict::Warn
            } else {
                Verdict::Go
            },
            match counts {
                Some(counts) => format!("scan {} fixable", counts.total),
                None => "scan passed".to_owned(),
            },
            match counts {
                Some(counts) => format!("`{name}` passed: {}.", told(counts)),
                None => format!("`{name}` passed; its counts could not be read."),
            },
        ),
        Some(Conclusion::Skipped) => say(
            Verdict::Unknown,
            "scan was skipped".to_owned(),
            format!("`{name}` was skipped, so nothing tells of vulnerabilities in the image."),
        )
        .remedy("See why its condition was false."),
        Some(_) => say(
            Verdict::NoGo,
            match counts {
                Some(counts) => format!("scan found {}", counts.total),
                None => "scan failed".to_owned(),
            },
            match counts {
                Some(counts) => format!("`{name}` found {}, which have fixes.", told(counts)),
                None => format!("`{name}` did not pass."),
            },
        )
        .remedy("Read its log; update what it names and release again."),
        None => say(
            Verdict::Unknown,
            "scan still runs".to_owned(),
            format!("`{name}` has not ended yet."),
        ),
    }
}

/// Whether something was found that a scan should stop at.
fn is_grave(counts: &ScanCount) -> bool {
    [counts.critical, counts.high]
        .into_iter()
        .flatten()
        .any(|count| count > 0)
}

fn told(counts: &ScanCount) -> String {
    match (counts.critical, counts.high) {
        (Some(critical), Some(high)) => format!(
            "{} vulnerabilities ({critical} critical, {high} high)",
            counts.total
        ),
        _ => format!("{} vulnerabilities", counts.total),
    }
}
