//! The provenance says something else than what was built.

use super::{Forgery, HONEST, Held, Truth};
use crate::sim::signing::{CALLER, Payload, What};
use crate::sim::sigstore::{SLSA_V1, slsa_v1};

pub(super) const ALL: &[Forgery] = &[
    Forgery {
        name: "wrong-commit",
        summary: "The provenance names another commit.",
        incident: Some(16),
        truth: Truth::bad_provenance(&["provenance-commit"]),
        sign: Some(|draft| draft.provenance(|facts| facts.sha = "0".repeat(40))),
        ..HONEST
    },
    Forgery {
        name: "wrong-run",
        summary: "The provenance names another run.",
        incident: Some(16),
        truth: Truth::bad_provenance(&["provenance-run"]),
        sign: Some(|draft| draft.provenance(|facts| facts.run_id -= 7_919)),
        ..HONEST
    },
    Forgery {
        name: "wrong-attempt",
        summary: "The provenance names another attempt of the run.",
        incident: Some(16),
        truth: Truth::bad_provenance(&["provenance-run"]),
        sign: Some(|draft| draft.provenance(|facts| facts.attempt += 1)),
        ..HONEST
    },
    Forgery {
        name: "wrong-builder",
        summary: "The provenance names release.yml as the builder.",
        incident: Some(16),
        truth: Truth::bad_provenance(&["provenance-builder"]),
        sign: Some(|draft| draft.provenance(|facts| CALLER.clone_into(&mut facts.builder))),
        ..HONEST
    },
    Forgery {
        name: "wrong-entry-point",
        summary: "The provenance says that another workflow was started.",
        incident: Some(16),
        truth: Truth::bad_provenance(&["provenance-entry-point"]),
        sign: Some(|draft| {
            draft.provenance(|facts| {
                ".github/workflows/nightly.yml".clone_into(&mut facts.entry_point);
            });
        }),
        ..HONEST
    },
    Forgery {
        name: "certificate-of-other-run",
        summary: "The provenance's certificate was issued in another run than the provenance names.",
        incident: Some(16),
        truth: Truth::bad_provenance(&["certificate-run"]),
        sign: Some(|draft| {
            for item in draft.of(&What::Provenance) {
                let claims = &mut item.craft.claims;
                claims.run_invocation = format!(
                    "https://github.com/{}/actions/runs/7/attempts/1",
                    claims.repository
                );
            }
        }),
        ..HONEST
    },
    Forgery {
        name: "certificate-of-other-commit",
        summary: "The provenance's certificate was issued for another commit than the provenance names.",
        incident: Some(16),
        truth: Truth::bad_provenance(&["certificate-commit"]),
        sign: Some(|draft| {
            for item in draft.of(&What::Provenance) {
                item.craft.claims.sha = "0".repeat(40);
            }
        }),
        ..HONEST
    },
    Forgery {
        name: "completeness-claimed",
        summary: "The provenance claims that it lists all materials.",
        incident: Some(16),
        truth: Truth::warned(&["completeness"]),
        sign: Some(|draft| {
            for item in draft.of(&What::Provenance) {
                if let Payload::Statement { predicate, .. } = &mut item.payload
                    && let Some(claim) = predicate.pointer_mut("/metadata/completeness/materials")
                {
                    *claim = true.into();
                }
            }
        }),
        ..HONEST
    },
    Forgery {
        name: "provenance-v1",
        summary: "The provenance is of SLSA's newer form.",
        incident: None,
        truth: Truth::warned(&["provenance-v1"]),
        sign: Some(|draft| {
            let facts = draft.facts.clone();
            for item in draft.of(&What::Provenance) {
                if let Payload::Statement {
                    predicate_type,
                    predicate,
                    ..
                } = &mut item.payload
                {
                    SLSA_V1.clone_into(predicate_type);
                    *predicate = slsa_v1(&facts);
                }
            }
        }),
        ..HONEST
    },
    Forgery {
        name: "provenance-missing",
        summary: "There is no provenance.",
        incident: Some(16),
        truth: Truth {
            provenance: Held::Absent,
            ..Truth::no_go(&["provenance-absent"])
        },
        sign: Some(|draft| draft.items.retain(|item| item.what != What::Provenance)),
        ..HONEST
    },
    Forgery {
        name: "provenance-of-other-image",
        summary: "The provenance is that of another image.",
        incident: Some(16),
        truth: Truth::bad_provenance(&["subject-mismatch"]),
        sign: Some(|draft| {
            for item in draft.of(&What::Provenance) {
                if let Payload::Statement { subjects, .. } = &mut item.payload {
                    *subjects = vec![super::shape::stranger()];
                }
            }
        }),
        ..HONEST
    },
];
