//! YAML text to a small tree that knows where each value stands, with every size bounded.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::error::{Fault, Place};

/// Largest workflow file that is read, in bytes; real ones stay below 200 KiB.
pub(crate) const MAX_BYTES: usize = 1 << 20;
/// Deepest nesting of lists and mappings.
const MAX_DEPTH: usize = 64;
/// Most values in one file.
const MAX_VALUES: usize = 200_000;

/// A value's number within its [`Document`]; an alias is the number of what it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ValueId(usize);

/// One file. Aliases share values instead of copying them, so that no file grows while it is read.
#[derive(Debug)]
pub(crate) struct Document {
    values: Vec<Value>,
    root: ValueId,
}

#[derive(Debug)]
struct Value {
    place: Place,
    kind: Kind,
}

/// What a value is.
#[derive(Debug)]
pub(crate) enum Kind {
    /// Text, number, truth value or nothing: GitHub reads all of them as text where a name is wanted.
    Scalar {
        /// The text as written, without quotes.
        text: String,
        /// Whether it had no quotes and no tag, so that `3.10` is a number and `~` is nothing.
        plain: bool,
    },
    /// A list.
    List(Vec<ValueId>),
    /// Keys with their places, in file order.
    Map(Vec<Entry>),
}

/// One key of a mapping.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The key's text.
    pub(crate) key: String,
    /// Where the key stands.
    pub(crate) place: Place,
    /// The value.
    pub(crate) value: ValueId,
}

/// A fault with its place.
pub(crate) type Located = (Place, Fault);

impl Document {
    /// Reads the first document of a text.
    pub(crate) fn read(text: &str) -> Result<Self, Located> {
        if text.len() > MAX_BYTES {
            return Err((Place::START, Fault::TooBig));
        }
        // GitHub's parser takes a byte order mark; the scanner would read it as part of the first key.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut builder = Builder::default();
        let mut parser = Parser::new_from_str(text);
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| {
                let mark = error.marker();
                (
                    Place::new(mark.line(), mark.col() + 1),
                    Fault::Yaml(super::error::clip(error.info())),
                )
            })?;
            match event {
                Event::DocumentEnd | Event::StreamEnd => break,
                event => builder.take(event, span)?,
            }
        }
        let root = builder.root.ok_or((Place::START, Fault::Empty))?;
        Ok(Self {
            values: builder.values,
            root,
        })
    }

    /// The outermost value.
    pub(crate) fn root(&self) -> ValueId {
        self.root
    }

    /// Where a value stands.
    pub(crate) fn place(&self, id: ValueId) -> Place {
        self.values.get(id.0).map_or(Place::START, |v| v.place)
    }

    /// What a value is.
    pub(crate) fn kind(&self, id: ValueId) -> &Kind {
        const NOTHING: &Kind = &Kind::List(Vec::new());
        self.values.get(id.0).map_or(NOTHING, |v| &v.kind)
    }

    /// The entries of a mapping.
    pub(crate) fn map(&self, id: ValueId) -> Option<&[Entry]> {
        match self.kind(id) {
            Kind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of one key of a mapping.
    pub(crate) fn get(&self, id: ValueId, key: &str) -> Option<ValueId> {
        self.map(id)?.iter().find(|e| e.key == key).map(|e| e.value)
    }

    /// The items of a list.
    pub(crate) fn list(&self, id: ValueId) -> Option<&[ValueId]> {
        match self.kind(id) {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// A scalar as GitHub turns it into text: `3.10` is the number 3.1, `~` and nothing are empty.
    pub(crate) fn text(&self, id: ValueId) -> Option<String> {
        match self.kind(id) {
            Kind::Scalar { text, plain: true } => Some(plain_text(text)),
            Kind::Scalar { text, plain: false } => Some(text.clone()),
            _ => None,
        }
    }

    /// Whether a value is nothing: left out, `~` or `null`.
    pub(crate) fn is_null(&self, id: ValueId) -> bool {
        matches!(self.kind(id), Kind::Scalar { text, plain: true } if is_null(text))
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// The core schema's plain scalars, written as GitHub's expressions write them.
fn plain_text(text: &str) -> String {
    match text {
        _ if is_null(text) => return String::new(),
        "true" | "True" | "TRUE" => return "true".to_owned(),
        "false" | "False" | "FALSE" => return "false".to_owned(),
        _ => {}
    }
    let radix = |digits: &str, radix| i64::from_str_radix(digits, radix).ok();
    if let Some(number) = text.strip_prefix("0x").and_then(|d| radix(d, 16)) {
        return number.to_string();
    }
    if let Some(number) = text.strip_prefix("0o").and_then(|d| radix(d, 8)) {
        return number.to_string();
    }
    let numeric = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
        && text.bytes().any(|b| b.is_ascii_digit());
    match text.parse::<f64>() {
        Ok(number) if numeric && number.is_finite() => number.to_string(),
        _ => text.to_owned(),
    }
}

#[derive(Default)]
struct Builder {
    values: Vec<Value>,
    open: Vec<Open>,
    anchors: HashMap<usize, ValueId>,
    root: Option<ValueId>,
}

struct Open {
    place: Place,
    anchor: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<ValueId>),
    Map {
        entries: Vec<Entry>,
        key: Option<(String, Place)>,
    },
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Located> {
        let place = Place::new(span.start.line(), span.start.col() + 1);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let kind = Kind::Scalar {
                    text: text.into_owned(),
                    plain,
                };
                let id = self.add(place, kind)?;
                self.name(anchor, id);
                self.put(id)
            }
            Event::SequenceStart(anchor, _) => self.open(place, anchor, OpenKind::List(Vec::new())),
            Event::MappingStart(anchor, _) => self.open(
                place,
                anchor,
                OpenKind::Map {
                    entries: Vec::new(),
                    key: None,
                },
            ),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else {
                    return Ok(());
                };
                let kind = match open.kind {
                    OpenKind::List(items) => Kind::List(items),
                    OpenKind::Map { entries, .. } => Kind::Map(entries),
                };
                let id = self.add(open.place, kind)?;
                self.name(open.anchor, id);
                self.put(id)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(id) => self.put(*id),
                // The scanner refuses an anchor that does not exist: this one is still open.
                None => Err((place, Fault::Circular)),
            },
            _ => Ok(()),
        }
    }

    fn open(&mut self, place: Place, anchor: usize, kind: OpenKind) -> Result<(), Located> {
        if self.open.len() >= MAX_DEPTH {
            return Err((place, Fault::TooDeep));
        }
        self.open.push(Open {
            place,
            anchor,
            kind,
        });
        Ok(())
    }

    fn add(&mut self, place: Place, kind: Kind) -> Result<ValueId, Located> {
        if self.values.len() >= MAX_VALUES {
            return Err((place, Fault::TooBig));
        }
        self.values.push(Value { place, kind });
        Ok(ValueId(self.values.len() - 1))
    }

    fn name(&mut self, anchor: usize, id: ValueId) {
        if anchor > 0 {
            self.anchors.insert(anchor, id);
        }
    }

    fn put(&mut self, id: ValueId) -> Result<(), Located> {
        let Some(open) = self.open.last_mut() else {
            self.root.get_or_insert(id);
            return Ok(());
        };
        match &mut open.kind {
            OpenKind::List(items) => items.push(id),
            OpenKind::Map { entries, key } => match key.take() {
                Some((key, place)) => entries.push(Entry {
                    key,
                    place,
                    value: id,
                }),
                None => match self.values.get(id.0) {
                    Some(Value {
                        place,
                        kind: Kind::Scalar { text, .. },
                    }) => *key = Some((text.clone(), *place)),
                    Some(value) => return Err((value.place, Fault::KeyNotText)),
                    None => return Ok(()),
                },
            },
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_become_text_as_github_writes_them() {
        for (written, read) in [
            ("3.10", "3.1"),
            ("0x1F", "31"),
            ("1e3", "1000"),
            ("~", ""),
            ("True", "true"),
            ("1.2.3", "1.2.3"),
            ("v1", "v1"),
            ("e", "e"),
            ("-", "-"),
        ] {
            assert_eq!(plain_text(written), read, "{written}");
        }
    }

    #[test]
    fn aliases_are_shared_and_never_circular() {
        let doc = Document::read("a: &x [1, 2]\nb: *x\n").unwrap();
        let a = doc.get(doc.root(), "a").unwrap();
        assert_eq!(Some(a), doc.get(doc.root(), "b"));
        assert!(matches!(
            Document::read("a: &x [*x]\n"),
            Err((_, Fault::Circular))
        ));
    }

    #[test]
    fn bombs_are_refused_at_their_place() {
        let deep = |n: usize| Document::read(&format!("a: {}{}", "[".repeat(n), "]".repeat(n)));
        assert!(deep(MAX_DEPTH - 1).is_ok());
        assert!(matches!(
            deep(MAX_DEPTH),
            Err((Place { line: 1, .. }, Fault::TooDeep))
        ));
        assert!(deep(100_000).is_err());
        assert!(Document::read(&"- ".repeat(100_000)).is_err());
        let big = "a: b\n".repeat(MAX_BYTES / 5 + 1);
        assert!(matches!(Document::read(&big), Err((_, Fault::TooBig))));
        let many = format!("[{}]", "1,".repeat(MAX_VALUES + 1));
        assert!(matches!(Document::read(&many), Err((_, Fault::TooBig))));
    }
}
