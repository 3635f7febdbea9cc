//! Statements that are signed rightly and are not what a reader may take them for.

use serde_json::{Value, json};

use super::{Forgery, HONEST, Truth};
use crate::sim::oci::Digest;
use crate::sim::signing::{Draft, Payload, What};

/// How deep the deeply nested predicate is; most readers stop at 128.
const DEPTH: usize = 20_000;

pub(super) const ALL: &[Forgery] = &[
    Forgery {
        name: "duplicate-keys",
        summary: "The provenance has two predicates under one key: ours, and before it another commit's.",
        incident: Some(16),
        truth: Truth::bad_provenance(&["malformed"]),
        sign: Some(|draft| {
            raw(draft, |text| {
                text.replacen(
                    "\"predicate\":",
                    "\"predicate\":{\"builder\":{\"id\":\"https://example.com\"}},\"predicate\":",
                    1,
                )
                .into_bytes()
            });
        }),
        ..HONEST
    },
    Forgery {
        name: "duplicate-subjects",
        summary: "The provenance has two lists of subjects under one key: ours, and another image's.",
        incident: Some(16),
        truth: Truth::bad_provenance(&["malformed"]),
        sign: Some(|draft| {
            let theirs = format!("\"subject\":[{}],\"subject\":", stranger());
            raw(draft, move |text| {
                text.replacen("\"subject\":", &theirs, 1).into_bytes()
            });
        }),
        ..HONEST
    },
    Forgery {
        name: "invalid-utf8",
        summary: "The provenance holds bytes that are no text.",
        incident: Some(16),
        truth: Truth::bad_provenance(&["malformed"]),
        sign: Some(|draft| {
            raw(draft, |text| {
                let (before, after) = text.split_once("\"buildType\":\"").unwrap_or_default();
                [
                    before.as_bytes(),
                    b"\"buildType\":\"\xff\xfe",
                    after.as_bytes(),
                ]
                .concat()
            });
        }),
        ..HONEST
    },
    Forgery {
        name: "deep-nesting",
        summary: "The provenance is nested deeper than any reader should follow.",
        incident: Some(16),
        truth: Truth::bad_provenance(&["malformed"]),
        sign: Some(|draft| {
            raw(draft, |text| {
                let deep = format!("\"parameters\":{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
                text.replacen("\"parameters\":{}", &deep, 1).into_bytes()
            });
        }),
        ..HONEST
    },
    Forgery {
        name: "not-a-statement",
        summary: "What is attested as provenance is a bare list.",
        incident: Some(16),
        truth: Truth::bad_provenance(&["malformed"]),
        sign: Some(|draft| raw(draft, |_| b"[1, 2, 3]".to_vec())),
        ..HONEST
    },
    Forgery {
        name: "sha1-subject",
        summary: "The provenance names its subject by SHA-1 alone.",
        incident: Some(16),
        truth: Truth::bad_provenance(&["subject-mismatch"]),
        sign: Some(|draft| {
            subjects(draft, |list| {
                for subject in list {
                    if let Some(digest) = subject.get_mut("digest") {
                        *digest = json!({"sha1": "4".repeat(40)});
                    }
                }
            });
        }),
        ..HONEST
    },
    Forgery {
        name: "no-subject",
        summary: "The provenance is about nothing.",
        incident: Some(16),
        truth: Truth::bad_provenance(&["malformed"]),
        sign: Some(|draft| subjects(draft, Vec::clear)),
        ..HONEST
    },
    Forgery {
        name: "another-subject-too",
        summary: "The provenance is about another image and ours.",
        incident: None,
        truth: Truth::GO,
        sign: Some(|draft| subjects(draft, |list| list.insert(0, stranger()))),
        ..HONEST
    },
];

/// The digest of an image that is none of ours.
pub(super) fn elsewhere() -> Digest {
    Digest::of(b"another image")
}

/// Another image as a statement names it.
pub(super) fn stranger() -> Value {
    json!({"name": "docker.io/mallory/rocket", "digest": {"sha256": elsewhere().hex()}})
}

/// Signs a changed text of the provenance.
fn raw(draft: &mut Draft, change: impl Fn(&str) -> Vec<u8>) {
    for item in draft.of(&What::Provenance) {
        let text = String::from_utf8_lossy(&item.payload.bytes()).into_owned();
        if let Payload::Statement { predicate_type, .. } = &item.payload {
            item.payload = Payload::Raw {
                predicate_type: predicate_type.clone(),
                bytes: change(&text),
            };
        }
    }
}

/// Changes the subjects of the provenance.
fn subjects(draft: &mut Draft, change: impl Fn(&mut Vec<Value>)) {
    for item in draft.of(&What::Provenance) {
        if let Payload::Statement { subjects, .. } = &mut item.payload {
            change(subjects);
        }
    }
}
