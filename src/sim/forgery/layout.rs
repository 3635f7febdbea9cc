//! Where the evidence is kept.

use super::{Forgery, HONEST, Held, Truth};
use crate::sim::signing::{CALLER, Draft, Form, Item, Payload, What};
use crate::sim::sigstore::{SLSA_V1, slsa_v1};
use crate::sim::world::outside::Delivery;

pub(super) const ALL: &[Forgery] = &[
    Forgery {
        name: "bundles-only",
        summary: "The evidence is kept as bundles that refer to the image, which older clients do not find.",
        incident: Some(14),
        truth: Truth::GO,
        sign: Some(bundles_only),
        ..HONEST
    },
    Forgery {
        name: "both-layouts",
        summary: "The evidence is kept under cosign's tags and as bundles.",
        incident: Some(14),
        truth: Truth::GO,
        sign: Some(|draft| draft.also_as(Form::Bundle)),
        ..HONEST
    },
    Forgery {
        name: "legacy-good-bundles-bad",
        summary: "Under cosign's tags all is right; the bundles are signed by another workflow.",
        incident: Some(14),
        truth: Truth::no_go(&["layouts-differ", "identity-mismatch"]),
        sign: Some(|draft| by_another(draft, Form::Bundle)),
        ..HONEST
    },
    Forgery {
        name: "legacy-bad-bundles-good",
        summary: "The bundles are right; what is under cosign's tags is signed by another workflow.",
        incident: Some(14),
        truth: Truth::warned(&["layouts-differ"]),
        sign: Some(|draft| by_another(draft, Form::Legacy)),
        ..HONEST
    },
    Forgery {
        name: "github-attestations",
        summary: "GitHub keeps attestations too, beside what the registry holds.",
        incident: None,
        truth: Truth::GO,
        sign: Some(|draft| {
            draft.also_as(Form::Github(Delivery::Address));
            newer_provenance(draft);
        }),
        ..HONEST
    },
    Forgery {
        name: "github-attestations-inline",
        summary: "GitHub keeps attestations too, and its listing holds the bundles themselves.",
        incident: None,
        truth: Truth::GO,
        sign: Some(|draft| {
            draft.also_as(Form::Github(Delivery::Inline));
            newer_provenance(draft);
        }),
        ..HONEST
    },
    Forgery {
        name: "provenance-on-github-only",
        summary: "The provenance is with GitHub alone; all else is in the registry.",
        incident: Some(14),
        truth: Truth::warned(&["only-on-github", "provenance-v1"]),
        sign: Some(|draft| {
            for item in draft.of(&What::Provenance) {
                item.form = Form::Github(Delivery::Address);
            }
            newer_provenance(draft);
        }),
        ..HONEST
    },
    Forgery {
        name: "signature-missing",
        summary: "The image is not signed; its attestations are right.",
        incident: Some(17),
        truth: Truth {
            signature: Held::Absent,
            ..Truth::no_go(&["signature-absent"])
        },
        sign: Some(|draft| draft.items.retain(|item| item.what != What::Signature)),
        ..HONEST
    },
    Forgery {
        name: "attestation-for-signature",
        summary: "There is no signature; a client that takes any valid bundle for one is deceived.",
        incident: Some(17),
        truth: Truth {
            signature: Held::Absent,
            ..Truth::no_go(&["signature-absent"])
        },
        sign: Some(|draft| {
            bundles_only(draft);
            draft.items.retain(|item| item.what != What::Signature);
        }),
        ..HONEST
    },
    Forgery {
        name: "nothing-signed",
        summary: "The image has neither a signature nor attestations.",
        incident: Some(17),
        truth: Truth {
            signature: Held::Absent,
            provenance: Held::Absent,
            sbom: [Held::Absent; 2],
            ..Truth::no_go(&["signature-absent", "provenance-absent", "sbom-absent"])
        },
        sign: Some(|draft| draft.items.clear()),
        ..HONEST
    },
];

pub(super) fn bundles_only(draft: &mut Draft) {
    for item in &mut draft.items {
        item.form = Form::Bundle;
    }
}

/// Both layouts, one of them signed by the workflow that was started.
fn by_another(draft: &mut Draft, bad: Form) {
    draft.also_as(Form::Bundle);
    for item in draft.items.iter_mut().filter(|item| item.form == bad) {
        let claims = &mut item.craft.claims;
        claims.identity = format!(
            "https://github.com/{}/{CALLER}@{}",
            claims.repository, claims.git_ref
        );
    }
}

/// GitHub's own actions write SLSA's newer form.
fn newer_provenance(draft: &mut Draft) {
    let facts = draft.facts.clone();
    let kept = |item: &&mut Item| matches!(item.form, Form::Github(_));
    for item in draft.of(&What::Provenance).filter(kept) {
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
}
