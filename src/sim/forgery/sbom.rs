//! SBOMs that are missing, misplaced or of something else.

use super::{Forgery, HONEST, Held, Truth};
use crate::sim::image::Platform;
use crate::sim::signing::{Draft, Item, Payload, What, named};
use crate::sim::sigstore::{Existing, SPDX, spdx};

const ARM: &str = "arm64";

pub(super) const ALL: &[Forgery] = &[
    Forgery {
        name: "sbom-on-index",
        summary: "An SBOM is attested at the index, beside the right ones of the platforms.",
        incident: Some(11),
        truth: Truth::no_go(&["sbom-on-index"]),
        sign: Some(on_index),
        ..HONEST
    },
    Forgery {
        name: "sbom-on-index-only",
        summary: "The only SBOM is attested at the index.",
        incident: Some(11),
        truth: Truth {
            sbom: [Held::Absent; 2],
            ..Truth::no_go(&["sbom-on-index", "sbom-absent"])
        },
        sign: Some(|draft| {
            on_index(draft);
            let index = draft.index.digest.clone();
            draft
                .items
                .retain(|item| !matches!(item.what, What::Sbom(_)) || item.on == index);
        }),
        ..HONEST
    },
    Forgery {
        name: "sbom-missing-arm64",
        summary: "One platform has no SBOM.",
        incident: Some(12),
        truth: Truth {
            sbom: [Held::Valid, Held::Absent],
            ..Truth::no_go(&["sbom-absent:arm64"])
        },
        sign: Some(|draft| {
            draft
                .items
                .retain(|item| item.what != What::Sbom(ARM.to_owned()));
        }),
        ..HONEST
    },
    Forgery {
        name: "sbom-copied-to-arm64",
        summary: "One platform's attestation hangs at the other's digest.",
        incident: Some(12),
        truth: Truth {
            sbom: [Held::Valid, Held::Invalid],
            ..Truth::no_go(&["subject-mismatch"])
        },
        sign: Some(|draft| {
            let amd = draft.platforms.iter().find(|(arch, _)| arch != ARM);
            let Some(about) = amd.map(|(_, subject)| named(subject)) else {
                return;
            };
            for item in draft.of(&What::Sbom(ARM.to_owned())) {
                if let Payload::Statement { subjects, .. } = &mut item.payload {
                    *subjects = vec![about.clone()];
                }
            }
        }),
        ..HONEST
    },
    Forgery {
        name: "sbom-of-other-architecture",
        summary: "One platform's SBOM lists what the other one holds.",
        incident: None,
        truth: Truth::warned(&["sbom-other-arch"]),
        sign: Some(|draft| {
            let at = draft.at;
            document(draft, |predicate| {
                *predicate = spdx("rocket", "1.6.9", &Platform::linux("amd64"), at);
            });
        }),
        ..HONEST
    },
    Forgery {
        name: "sbom-empty",
        summary: "One platform's SBOM lists nothing.",
        incident: None,
        truth: Truth::warned(&["sbom-empty:arm64"]),
        sign: Some(|draft| {
            document(draft, |predicate| {
                for list in ["/packages", "/relationships"] {
                    if let Some(list) = predicate.pointer_mut(list) {
                        *list = serde_json::json!([]);
                    }
                }
            });
        }),
        ..HONEST
    },
    Forgery {
        name: "attestations-piled-up",
        summary: "Everything was attested twice, as re-runs without replacement do it.",
        incident: Some(13),
        truth: Truth::warned(&[
            "duplicate-attestation",
            "duplicate-attestation:amd64",
            "duplicate-attestation:arm64",
        ]),
        sign: Some(|draft| twice(draft, |item| item.what != What::Signature)),
        ..HONEST
    },
    Forgery {
        name: "signed-twice",
        summary: "The image was signed twice.",
        incident: None,
        truth: Truth::warned(&["duplicate-signature"]),
        sign: Some(|draft| twice(draft, |item| item.what == What::Signature)),
        ..HONEST
    },
];

fn on_index(draft: &mut Draft) {
    let (index, at) = (draft.index.clone(), draft.at);
    let Some(model) = draft.of(&What::Sbom("amd64".to_owned())).next().cloned() else {
        return;
    };
    draft.items.push(Item {
        on: index.digest.clone(),
        payload: Payload::Statement {
            subjects: vec![named(&index)],
            predicate_type: SPDX.to_owned(),
            predicate: spdx("rocket", "1.6.9", &Platform::linux("amd64"), at),
        },
        ..model
    });
}

/// Changes the document in arm64's SBOM.
fn document(draft: &mut Draft, change: impl Fn(&mut serde_json::Value)) {
    for item in draft.of(&What::Sbom(ARM.to_owned())) {
        if let Payload::Statement { predicate, .. } = &mut item.payload {
            change(predicate);
        }
    }
}

fn twice(draft: &mut Draft, which: impl Fn(&Item) -> bool) {
    let again: Vec<Item> = draft
        .items
        .iter()
        .filter(|item| which(item))
        .cloned()
        .collect();
    draft.items.extend(again);
    for item in &mut draft.items {
        item.existing = Existing::Kept;
    }
}
