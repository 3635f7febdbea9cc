//! `gonogo check`: the Go/No-Go board, in text and in JSON whose names are frozen.

use std::fmt::Write as _;

use serde::Serialize;

use crate::domain::assess::{self, Act, Row, Verdict};
use crate::domain::evidence::TrustRoot;
use crate::domain::time::Timestamp;
use crate::engine::Model;
use crate::present::clean::clean;
use crate::present::{board, phrases, words};

/// The document of `check --json`. Fields may be added, none renamed.
#[derive(Debug, Serialize)]
pub struct CheckV1 {
    schema_version: u32,
    repository: String,
    at: Timestamp,
    /// `go`, `no_go` or `unknown`.
    verdict: Verdict,
    /// The deciding row's sentence.
    reason: Option<String>,
    version: Option<String>,
    commit: Option<String>,
    run: Option<u64>,
    attempt: Option<u32>,
    /// The digests that the run built, by image.
    digests: std::collections::BTreeMap<String, String>,
    next: NextV1,
    rows: Vec<RowV1>,
    trusted_root: Option<TrustRoot>,
}

#[derive(Debug, Serialize)]
struct NextV1 {
    run: Option<u64>,
    environments: Vec<String>,
    jobs: Vec<String>,
    acts: Vec<Act>,
}

/// One row of the board.
#[derive(Debug, Serialize)]
pub struct RowV1 {
    id: String,
    about: Option<String>,
    verdict: Verdict,
    title: String,
    sentence: String,
    remedy: Option<String>,
    /// Short names of what it tells of the evidence, as in `verify --json`.
    codes: Vec<String>,
    /// What other programs say of the same, where that differs.
    others: Vec<String>,
    /// The services whose answers it rests on.
    rests_on: Vec<String>,
    /// When the oldest of those answers was given.
    seen_at: Option<Timestamp>,
    /// The time of what it tells of, where that matters: the end of a scan.
    of: Option<Timestamp>,
}

impl RowV1 {
    /// A row, fit for a terminal.
    pub fn of(row: &Row) -> Self {
        let mut rests_on: Vec<String> = Vec::new();
        for ask in &row.rests_on {
            let source = clean(&ask.source().to_string());
            if !rests_on.contains(&source) {
                rests_on.push(source);
            }
        }
        Self {
            id: clean(&row.id),
            about: row.about.as_deref().map(clean),
            verdict: row.verdict,
            title: clean(&row.title),
            sentence: clean(&row.sentence),
            remedy: row.remedy.as_deref().map(clean),
            codes: row.codes.iter().map(|code| clean(code)).collect(),
            others: row.others.iter().map(|text| clean(text)).collect(),
            rests_on,
            seen_at: row.seen_at,
            of: row.of,
        }
    }
}

impl CheckV1 {
    /// The board of the watched release.
    pub fn of(model: &Model) -> Self {
        let (outlook, next) = (&model.outlook, &model.board.next);
        Self {
            schema_version: 1,
            repository: model.policy.repo.to_string(),
            at: model.now,
            verdict: verdict(model),
            reason: model.board.decisive().map(|row| clean(&row.sentence)),
            version: outlook
                .version
                .as_ref()
                .map(|version| clean(&version.value)),
            commit: outlook.commit.as_ref().map(ToString::to_string),
            run: outlook.run.map(|run| run.0),
            attempt: outlook.run.map(|_| outlook.attempt.0),
            digests: outlook
                .digests
                .iter()
                .map(|(image, digest)| (clean(&image.0), digest.value.to_string()))
                .collect(),
            next: NextV1 {
                run: next.run.map(|run| run.0),
                environments: next.environments.iter().map(|name| clean(name)).collect(),
                jobs: next.jobs.iter().map(|job| clean(job)).collect(),
                acts: next.acts.iter().copied().collect(),
            },
            rows: model.board.rows.iter().map(RowV1::of).collect(),
            trusted_root: model.snapshot.trust.value().cloned(),
        }
    }
}

/// The board's verdict as one of three words.
fn verdict(model: &Model) -> Verdict {
    // What was not looked at in this session decides nothing.
    if !model.has_seen_the_run() {
        return Verdict::Unknown;
    }
    match model.board.verdict() {
        Verdict::Warn => Verdict::Go,
        Verdict::NotApplicable => Verdict::Unknown,
        other => other,
    }
}

/// The exit status: 0 GO, 1 NO-GO, 2 cannot tell.
pub fn exit(model: &Model) -> u8 {
    match verdict(model) {
        Verdict::Go => 0,
        Verdict::NoGo => 1,
        _ => 2,
    }
}

/// The same for a person: the verdict, what it is about, and a line a rule.
pub fn text(model: &Model) -> String {
    let mut out = String::new();
    let outlook = &model.outlook;
    let mut what = model.policy.repo.to_string();
    if let Some(version) = &outlook.version {
        // Writing to a String cannot fail.
        let _ = write!(what, " v{}", clean(&version.value));
    }
    for digest in outlook.digests.values() {
        let _ = write!(what, " {}", digest.value.short());
    }
    let _ = writeln!(out, "{}  {what}", phrases::verdict(verdict(model)));
    let _ = writeln!(out, "{}", board::next(&model.board.next));
    let _ = rows(&mut out, model);
    out
}

/// The rows, worst first.
pub(super) fn rows(out: &mut String, model: &Model) -> std::fmt::Result {
    let (held, all) = model.board.held();
    writeln!(out, "board  {held}/{all}")?;
    for row in &model.board.rows {
        let mark = match row.verdict {
            Verdict::Go => "+",
            Verdict::Warn => "!",
            Verdict::NoGo => "x",
            Verdict::Unknown | Verdict::NotApplicable => "?",
        };
        let age = row.of.map_or_else(String::new, |at| {
            format!(" ({})", words::ago(at, model.now))
        });
        writeln!(out, "       {mark} {}{age}", clean(&row.sentence))?;
        let is_bad = matches!(
            row.verdict,
            Verdict::NoGo | Verdict::Unknown | Verdict::Warn
        );
        for other in &row.others {
            writeln!(out, "         {}", clean(other))?;
        }
        if let Some(remedy) = row.remedy.as_ref().filter(|_| is_bad) {
            writeln!(out, "         {}", clean(remedy))?;
        }
    }
    Ok(())
}

/// Every rule's name, what it guards, and whether it can be switched off.
pub fn rules() -> String {
    let mut out = String::new();
    for rule in assess::rules() {
        let firm = if rule.is_firm { "  (always)" } else { "" };
        let _ = writeln!(out, "{:<16} {}{firm}", rule.id, rule.what);
    }
    out
}
