//! What the security scan finds, as its report and as the table in its log.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::World;
use super::inst::Inst;
use super::run::Run;
use crate::sim::scenario::Outcome;

/// The job that scans.
pub(crate) const JOB: &str = "prerelease-docker/security-scan";

/// One vulnerability for which there is a fix.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) target: &'static str,
    pub(crate) library: &'static str,
    pub(crate) name: &'static str,
    pub(crate) severity: &'static str,
    pub(crate) installed: &'static str,
    pub(crate) fixed: &'static str,
}

/// The packages of the operating system.
pub(crate) const SYSTEM: &str = "scan:local (debian 12.11)";
const PYTHON: &str = "usr/lib/python3/dist-packages/launchpad-4.1.0.dist-info/METADATA";

/// What a scan that fails has found.
const ALL: [Found; 3] = [
    Found {
        target: SYSTEM,
        library: "libssl3",
        name: "CVE-2026-21001",
        severity: "HIGH",
        installed: "3.0.17-1~deb12u1",
        fixed: "3.0.17-1~deb12u2",
    },
    Found {
        target: SYSTEM,
        library: "zlib1g",
        name: "CVE-2026-21337",
        severity: "CRITICAL",
        installed: "1:1.2.13.dfsg-1",
        fixed: "1:1.2.13.dfsg-2",
    },
    Found {
        target: PYTHON,
        library: "launchpad",
        name: "CVE-2026-24680",
        severity: "HIGH",
        installed: "4.1.0",
        fixed: "4.1.2",
    },
];

/// What the scan of a run finds: nothing, unless the scenario lets it fail.
pub(crate) fn found(world: &World, run: &Run) -> Vec<Found> {
    let failed = |inst: &Inst| {
        inst.path == JOB
            && inst
                .plan
                .is_some_and(|plan| plan.outcome != Outcome::Success)
    };
    let fails = world.runs.get(&run.id).and_then(Run::newest);
    let fails = fails.is_some_and(|attempt| attempt.insts.iter().any(failed));
    if fails { ALL.to_vec() } else { Vec::new() }
}

/// The report in the scanner's JSON.
pub(crate) fn report(found: &[Found], at: Timestamp) -> Value {
    let result = |target: &str, class: &str, kind: &str| {
        let vulnerabilities: Vec<Value> = found
            .iter()
            .filter(|one| one.target == target)
            .map(|one| {
                json!({
                    "VulnerabilityID": one.name,
                    "PkgName": one.library,
                    "InstalledVersion": one.installed,
                    "FixedVersion": one.fixed,
                    "Status": "fixed",
                    "Severity": one.severity,
                })
            })
            .collect();
        json!({"Target": target, "Class": class, "Type": kind, "Vulnerabilities": vulnerabilities})
    };
    json!({
        "SchemaVersion": 2,
        "CreatedAt": at.to_string(),
        "ArtifactName": "scan:local",
        "ArtifactType": "container_image",
        "Results": [
            result(SYSTEM, "os-pkgs", "debian"),
            result(PYTHON, "lang-pkgs", "python-pkg"),
        ],
    })
}

/// The tables as the scanner prints them: the system's always, another target's where something was found in it.
pub(crate) fn tables(found: &[Found]) -> Vec<String> {
    let mut lines = vec![String::new(), "Report Summary".to_owned(), String::new()];
    let targets = [(SYSTEM, "debian"), (PYTHON, "python-pkg")];
    let count = |target: &str| {
        let here = found.iter().filter(|one| one.target == target);
        here.count().to_string()
    };
    let rows: Vec<Vec<String>> = targets
        .iter()
        .map(|(target, kind)| {
            vec![
                (*target).to_owned(),
                (*kind).to_owned(),
                count(target),
                "-".to_owned(),
            ]
        })
        .collect();
    table(
        &mut lines,
        &["Target", "Type", "Vulnerabilities", "Secrets"],
        &rows,
    );
    lines.push("Legend:".to_owned());
    lines.push("- '-': Not scanned".to_owned());
    lines.push("- '0': Clean (no security findings detected)".to_owned());
    for (target, _) in targets {
        let here: Vec<&Found> = found.iter().filter(|one| one.target == target).collect();
        if here.is_empty() && target != SYSTEM {
            continue;
        }
        let of = |severity: &str| here.iter().filter(|one| one.severity == severity).count();
        lines.extend([String::new(), String::new(), target.to_owned()]);
        lines.push("=".repeat(target.chars().count()));
        lines.push(format!(
            "Total: {} (HIGH: {}, CRITICAL: {})",
            here.len(),
            of("HIGH"),
            of("CRITICAL")
        ));
        if here.is_empty() {
            continue;
        }
        lines.push(String::new());
        let heads = [
            "Library",
            "Vulnerability",
            "Severity",
            "Status",
            "Installed Version",
            "Fixed Version",
        ];
        let rows: Vec<Vec<String>> = here
            .iter()
            .map(|one| {
                let cells = [
                    one.library,
                    one.name,
                    one.severity,
                    "fixed",
                    one.installed,
                    one.fixed,
                ];
                cells.iter().map(|cell| (*cell).to_owned()).collect()
            })
            .collect();
        table(&mut lines, &heads, &rows);
    }
    lines
}

/// A table in box-drawing characters.
fn table(lines: &mut Vec<String>, heads: &[&str], rows: &[Vec<String>]) {
    let widths: Vec<usize> = heads
        .iter()
        .enumerate()
        .map(|(column, head)| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
            widest.max(head.chars().count())
        })
        .collect();
    let rule = |left: &str, middle: &str, right: &str| {
        let bars: Vec<String> = widths.iter().map(|width| "─".repeat(width + 2)).collect();
        format!("{left}{}{right}", bars.join(middle))
    };
    let line = |cells: Vec<&str>| {
        let cells: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!(" {cell:<width$} "))
            .collect();
        format!("│{}│", cells.join("│"))
    };
    lines.push(rule("┌", "┬", "┐"));
    lines.push(line(heads.to_vec()));
    for row in rows {
        lines.push(rule("├", "┼", "┤"));
        lines.push(line(row.iter().map(String::as_str).collect()));
    }
    lines.push(rule("└", "┴", "┘"));
}
