//! A statement's predicate as a tree of lines that open and close.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::present::clean::clean;
use crate::present::words;

/// Lines of one predicate that are shown at a time.
const MOST_LINES: usize = 4_000;

/// One line of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it stands, as a JSON pointer.
    pub pointer: String,
    /// How deep.
    pub depth: usize,
    /// Whether it holds more, and shows it.
    pub fold: Fold,
    /// The name of the field, or its number; clean.
    pub name: String,
    /// What it says, or how much it holds; clean.
    pub value: String,
}

/// Whether a line holds more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    /// It is a value.
    Leaf,
    /// It holds more, which is not shown.
    Closed,
    /// It holds more, which stands below it.
    Open,
}

/// The lines of a predicate; what is in `toggled` is the other way round than at first: the fields of the document are
/// shown, and what those hold is not.
pub fn lines(value: &Value, toggled: &BTreeSet<String>) -> Vec<Line> {
    let mut found = Vec::new();
    inside(value, "", 0, toggled, &mut found);
    found
}

fn inside(
    value: &Value,
    pointer: &str,
    depth: usize,
    toggled: &BTreeSet<String>,
    found: &mut Vec<Line>,
) {
    let mut add = |key: &str, name: String, value: &Value| {
        if found.len() >= MOST_LINES {
            return;
        }
        let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
        let holds = match value {
            Value::Object(fields) => fields.len(),
            Value::Array(values) => values.len(),
            _ => 0,
        };
        let is_small = depth == 0 && holds <= 12;
        let fold = match (holds, is_small != toggled.contains(&pointer)) {
            (0, _) => Fold::Leaf,
            (_, true) => Fold::Open,
            (_, false) => Fold::Closed,
        };
        found.push(Line {
            depth,
            fold,
            name,
            value: said(value),
            pointer: pointer.clone(),
        });
        if fold == Fold::Open {
            inside(value, &pointer, depth + 1, toggled, found);
        }
    };
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                add(key, clean(key), value);
            }
        }
        Value::Array(values) => {
            for (n, value) in values.iter().enumerate() {
                add(&n.to_string(), n.to_string(), value);
            }
        }
        other => add("", String::new(), other),
    }
}

fn said(value: &Value) -> String {
    match value {
        Value::String(text) => clean(text),
        Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Array(values) if values.is_empty() => "[]".to_owned(),
        Value::Object(fields) => {
            let count = words::number_of(fields.len(), "field");
            match known_by(fields) {
                Some(name) => format!("{name}, {count}"),
                None => count,
            }
        }
        Value::Array(values) => match values.len() {
            1 => "1 entry".to_owned(),
            n => format!("{n} entries"),
        },
        other => other.to_string(),
    }
}

/// What an entry of a list is known by, where it says so in one of the usual fields.
fn known_by(fields: &serde_json::Map<String, Value>) -> Option<String> {
    ["name", "uri", "id", "SPDXID"]
        .iter()
        .find_map(|key| fields.get(*key)?.as_str())
        .map(|text| words::middle(&clean(text), 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_open_and_close_by_their_place() {
        let value = serde_json::json!({
            "builder": {"id": "https://x/\u{1b}[31m"},
            "a/b": [1, {"deep": {"er": true}}],
            "empty": {},
        });
        let shown = |toggled: &[&str]| {
            let toggled = toggled.iter().map(|text| (*text).to_owned()).collect();
            lines(&value, &toggled)
                .iter()
                .map(|line| format!("{}{}={}", " ".repeat(line.depth), line.name, line.value))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            shown(&[]),
            [
                "a/b=2 entries",
                " 0=1",
                " 1=1 field",
                "builder=https://x/, 1 field",
                " id=https://x/",
                "empty={}"
            ]
        );
        assert_eq!(
            shown(&["/builder", "/a~1b/1", "/empty"]),
            [
                "a/b=2 entries",
                " 0=1",
                " 1=1 field",
                "  deep=1 field",
                "builder=https://x/, 1 field",
                "empty={}"
            ]
        );
    }

    #[test]
    fn a_predicate_without_end_is_shown_in_part() {
        let value = serde_json::json!({"many": vec![0; 10_000]});
        assert_eq!(
            lines(&value, &BTreeSet::from(["/many".to_owned()])).len(),
            MOST_LINES
        );
        assert_eq!(lines(&serde_json::json!("text"), &BTreeSet::new()).len(), 1);
    }
}
