//! Just enough of a YAML tree for workflow files: text, lists and mappings in the order of the file.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser};

/// A part of a YAML document. All scalars are text; a workflow's own types do not matter here.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Yaml {
    Text(String),
    List(Vec<Yaml>),
    Map(Vec<(String, Yaml)>),
}

impl Yaml {
    /// The first document of `text`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut builder = Builder::default();
        let mut parser = Parser::new_from_str(text);
        while let Some(event) = parser.next_event() {
            let (event, _) = event.map_err(|error| error.to_string())?;
            if matches!(event, Event::DocumentEnd | Event::StreamEnd) {
                break;
            }
            builder.take(event);
        }
        builder.root.ok_or_else(|| "it is empty".to_owned())
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    pub(super) fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Yaml>,
    root: Option<Yaml>,
}

struct Open {
    anchor: usize,
    node: Yaml,
    key: Option<String>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Scalar(text, _, anchor, _) => self.add(anchor, Yaml::Text(text.into_owned())),
            Event::Alias(anchor) => {
                if let Some(node) = self.anchors.get(&anchor).cloned() {
                    self.add(0, node);
                }
            }
            Event::SequenceStart(anchor, _) => self.begin(anchor, Yaml::List(Vec::new())),
            Event::MappingStart(anchor, _) => self.begin(anchor, Yaml::Map(Vec::new())),
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    self.add(open.anchor, open.node);
                }
            }
            _ => {}
        }
    }

    fn begin(&mut self, anchor: usize, node: Yaml) {
        self.open.push(Open {
            anchor,
            node,
            key: None,
        });
    }

    fn add(&mut self, anchor: usize, node: Yaml) {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root.get_or_insert(node);
            return;
        };
        match &mut open.node {
            Yaml::List(items) => items.push(node),
            Yaml::Map(entries) => match open.key.take() {
                Some(key) => entries.push((key, node)),
                None => open.key = Some(node.text().unwrap_or_default().to_owned()),
            },
            Yaml::Text(_) => {}
        }
    }
}
