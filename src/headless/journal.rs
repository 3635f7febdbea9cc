//! The journal as text, and as documents.

use std::fmt::Write as _;

use serde::Serialize;

use crate::domain::journal::{Entry, Ledger, Record};
use crate::domain::time::Timestamp;
use crate::present::plan::{EntryWords, RecordWords};
use crate::present::words::ago;

/// Every plan on a line, newest first.
pub fn list(ledger: &Ledger, now: Timestamp) -> String {
    if ledger.is_empty() {
        return "Nothing was done from here yet.\n".to_owned();
    }
    let mut text = String::new();
    for record in ledger.newest_first() {
        let words = RecordWords::of(record, now);
        let started = record.confirmed_at.unwrap_or(record.plan.made_at);
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:<12}  {:<10}  {:<8}  {:<14}  {}",
            words.plan.id,
            words.state,
            record.plan.verb().name(),
            ago(started, now),
            words.plan.title
        );
    }
    text
}

/// One plan with everything that happened to it.
pub fn show(record: &Record, now: Timestamp) -> String {
    let words = RecordWords::of(record, now);
    let mut text = super::plan::text(&record.plan, now);
    let _ = writeln!(text, "\n{} by {}", words.state, words.by);
    if let Some(why) = &words.why {
        let _ = writeln!(text, "{why}");
    }
    for (at, (_, sign)) in words.steps.iter().enumerate() {
        let _ = writeln!(text, "{:>3}. {} {}", at + 1, sign.sign.symbol(), sign.text);
    }
    text.push('\n');
    text.push_str(&lines(record, 0));
    if let Some(next) = &words.next {
        let _ = writeln!(text, "\n{next}");
    }
    text
}

/// What was written of a plan, from this entry on, one a line.
pub fn lines(record: &Record, from: usize) -> String {
    let words = RecordWords::of(record, record.latest_at);
    let mut text = String::new();
    for entry in words.entries.iter().skip(from) {
        let _ = writeln!(text, "{}  {} {}", entry.at, entry.sign.symbol(), entry.text);
    }
    text
}

/// One entry on a line.
pub fn line(entry: &Entry) -> String {
    let words = EntryWords::of(entry);
    format!("{}  {} {}\n", words.at, words.sign.symbol(), words.text)
}

/// The list as a document, frozen.
#[derive(Debug, Serialize)]
pub struct JournalV1 {
    schema_version: u32,
    plans: Vec<ListedV1>,
}

#[derive(Debug, Serialize)]
struct ListedV1 {
    id: String,
    verb: &'static str,
    state: &'static str,
    started_at: String,
    title: String,
}

impl JournalV1 {
    /// The document of a ledger, newest first.
    pub fn of(ledger: &Ledger) -> Self {
        let plans = ledger.newest_first().map(|record| ListedV1 {
            id: record.plan.id.to_string(),
            verb: record.plan.verb().name(),
            state: record.state().name(),
            started_at: record
                .confirmed_at
                .unwrap_or(record.plan.made_at)
                .to_string(),
            title: crate::present::clean::clean(&record.plan.title),
        });
        Self {
            schema_version: 1,
            plans: plans.collect(),
        }
    }
}

/// One plan of the journal as a document.
#[derive(Debug, Serialize)]
pub struct RecordV1 {
    schema_version: u32,
    plan: super::plan::PlanV1,
    state: &'static str,
    why: Option<String>,
    by: String,
    steps: Vec<String>,
    entries: Vec<EntryV1>,
}

#[derive(Debug, Serialize)]
struct EntryV1 {
    at: String,
    text: String,
}

impl RecordV1 {
    /// The document of a record.
    pub fn of(record: &Record) -> Self {
        let words = RecordWords::of(record, record.latest_at);
        Self {
            schema_version: 1,
            plan: super::plan::PlanV1::of(&record.plan, record.latest_at),
            state: words.state,
            why: words.why,
            by: words.by,
            steps: words.steps.into_iter().map(|(_, sign)| sign.text).collect(),
            entries: words
                .entries
                .into_iter()
                .map(|entry| EntryV1 {
                    at: entry.at.to_string(),
                    text: entry.text,
                })
                .collect(),
        }
    }
}
