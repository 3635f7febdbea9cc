//! How `config show` prints: a line a value, or one JSON document.

use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

use crate::config::{Origin, Row};

/// Whether it is told where each value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origins {
    /// Told.
    Shown,
    /// Left out.
    Hidden,
}

/// The values as lines: `key = value`, and the origin behind a `#`.
pub fn text(rows: &[Row], origins: Origins) -> String {
    let lines: Vec<String> = rows
        .iter()
        .map(|row| format!("{} = {}", row.key, plain(&row.value.to_string())))
        .collect();
    // One overlong pattern must not push every origin off the screen.
    let width = lines
        .iter()
        .map(|line| line.width())
        .filter(|width| *width <= 72)
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for (line, row) in lines.iter().zip(rows) {
        text.push_str(line);
        if origins == Origins::Shown {
            let gap = width.saturating_sub(line.width()) + 2;
            text.push_str(&" ".repeat(gap));
            text.push_str("# ");
            text.push_str(&plain(&row.origin.to_string()));
        }
        text.push('\n');
    }
    text
}

/// The document that `config show --json` prints.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    schema_version: u32,
    values: Vec<Entry<'a>>,
}

#[derive(Debug, Serialize)]
struct Entry<'a> {
    key: &'a str,
    value: &'a serde_json::Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<OriginEntry>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum OriginEntry {
    Default,
    File { path: String, line: usize },
    Env { name: String },
    Flag { name: &'static str },
    GitRemote,
    Guess,
    Simulator,
}

/// The values as one document.
pub fn document<'a>(rows: &'a [Row], origins: Origins) -> Document<'a> {
    let entry = |row: &'a Row| Entry {
        key: &row.key,
        value: &row.value,
        origin: (origins == Origins::Shown).then(|| origin_entry(&row.origin)),
    };
    Document {
        schema_version: 1,
        values: rows.iter().map(entry).collect(),
    }
}

fn origin_entry(origin: &Origin) -> OriginEntry {
    match origin {
        Origin::Default => OriginEntry::Default,
        Origin::File(path, line) => OriginEntry::File {
            path: path.display().to_string(),
            line: *line,
        },
        Origin::Env(name) => OriginEntry::Env { name: name.clone() },
        Origin::Flag(name) => OriginEntry::Flag { name },
        Origin::GitRemote => OriginEntry::GitRemote,
        Origin::Guess => OriginEntry::Guess,
        Origin::Simulator => OriginEntry::Simulator,
    }
}

/// A text without control characters: a path may hold anything.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}
