//! Each forgery of evidence: refused by the product for the right reason, and by the real verifiers.

use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use gonogo::domain::evidence::cosign::{self, Ask, Client, Outcome};
use gonogo::domain::evidence::{Finding, Recipe, Verdict, Verification};
use gonogo::sim::forgery::{Forgery, Held, Root, Verdict as Truthful};

use super::verifiers::{Part, Stage, Verifiers};

/// What is true of a part of the image.
fn held(forgery: &Forgery, part: Part) -> Held {
    let truth = forgery.truth();
    match part {
        Part::Signature => truth.signature,
        Part::Provenance => truth.provenance,
        Part::SbomAmd64 => truth.sbom[0],
        Part::SbomArm64 => truth.sbom[1],
    }
}

fn word(verdict: impl serde::Serialize) -> String {
    let value = serde_json::to_value(verdict).unwrap();
    value.as_str().unwrap().to_owned()
}

fn codes(findings: &[Finding]) -> BTreeSet<&str> {
    findings.iter().map(|one| one.code.as_str()).collect()
}

/// What the product says of a part, in the words of the truth.
fn said_of(found: &Verification, part: Part) -> String {
    let sbom = |arch: &str| {
        let mut platforms = found.sboms.iter();
        let one = platforms.find(|one| one.platform.architecture == arch);
        word(one.unwrap().report.verdict)
    };
    match part {
        Part::Signature => word(found.signature.verdict),
        Part::Provenance => word(found.provenance.verdict),
        Part::SbomAmd64 => sbom("amd64"),
        Part::SbomArm64 => sbom("arm64"),
    }
}

/// A real verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Program {
    Cosign2,
    Cosign3,
}

/// Where real verifiers say something else than the recipe does, and why. All else they say as it does.
struct Differs {
    forgeries: &'static [&'static str],
    programs: &'static [Program],
    parts: &'static [Part],
    because: &'static str,
}

const BOTH: &[Program] = &[Program::Cosign2, Program::Cosign3];

const DIFFERS: &[Differs] = &[
    Differs {
        forgeries: &[
            "wrong-commit",
            "wrong-run",
            "wrong-attempt",
            "wrong-builder",
            "wrong-entry-point",
            "certificate-of-other-run",
            "certificate-of-other-commit",
        ],
        programs: BOTH,
        parts: &[Part::Provenance],
        because: "cosign accepts: it compares no field of a predicate with anything",
    },
    Differs {
        forgeries: &["two-names", "two-names-stranger-first", "name-and-email"],
        programs: BOTH,
        parts: &Part::ALL,
        because: "cosign accepts: any name of the certificate that fits is enough",
    },
    Differs {
        forgeries: &["attestation-for-signature", "bundles-signature-copied"],
        programs: BOTH,
        parts: &[Part::Signature],
        because: "cosign accepts: any valid bundle counts as a signature, whatever it states",
    },
    Differs {
        forgeries: &["legacy-good-bundles-bad"],
        programs: BOTH,
        parts: &Part::ALL,
        because: "cosign refuses: where there are bundles it looks no further, and so does the board say",
    },
    Differs {
        forgeries: &["trust-root-expired"],
        programs: &[Program::Cosign2],
        parts: &Part::ALL,
        because: "cosign 2 accepts: keys from variables have no end",
    },
    Differs {
        forgeries: &["duplicate-keys", "duplicate-subjects", "invalid-utf8"],
        programs: &[Program::Cosign2],
        parts: &[Part::Provenance],
        because: "cosign 2 accepts: the last of two keys counts, and broken text is mended",
    },
];

fn differs(forgery: &str, program: Program, part: Part) -> Option<&'static str> {
    let mut known = DIFFERS.iter();
    let found = known.find(|one| {
        one.forgeries.contains(&forgery)
            && one.programs.contains(&program)
            && one.parts.contains(&part)
    });
    found.map(|one| one.because)
}

/// What the product says of the evidence in the registry, against the truth.
fn product_differs(forgery: &Forgery, found: &Verification) -> Vec<String> {
    let truth = forgery.truth();
    let mut wrong = Vec::new();
    for part in Part::ALL {
        let (is, should) = (said_of(found, part), held(forgery, part));
        if is != format!("{should:?}").to_lowercase() {
            wrong.push(format!("{part:?} is {is}, not {should:?}"));
        }
    }
    let should = if truth.is_refused() {
        Verdict::Refused
    } else {
        Verdict::Verified
    };
    if found.verdict != should {
        wrong.push(format!("verdict {:?}, not {should:?}", found.verdict));
    }
    let (reasons, warnings) = (codes(&found.reasons), codes(&found.warnings));
    if reasons != truth.reasons.iter().copied().collect() {
        wrong.push(format!("reasons {reasons:?}, not {:?}", truth.reasons));
    }
    if warnings != truth.warnings.iter().copied().collect() {
        wrong.push(format!("warnings {warnings:?}, not {:?}", truth.warnings));
    }
    wrong
}

/// What the product foretells of a real verifier.
fn foretold(stage: &Stage, found: &Verification, program: Program, part: Part) -> Outcome {
    let digest = stage.digest(part);
    let client = match program {
        Program::Cosign2 if stage.has_bundles(digest) => Client::Cosign2Bundles,
        Program::Cosign2 => Client::Cosign2Keys,
        Program::Cosign3 => Client::Cosign3,
    };
    let ask = match part {
        Part::Signature => Ask::Signature,
        Part::Provenance => Ask::Attestation(stage.provenance.1),
        Part::SbomAmd64 | Part::SbomArm64 => Ask::Attestation(Recipe::SPDX),
    };
    let pieces = cosign::pieces(found, &digest.parse().unwrap());
    cosign::outcome(client, &pieces, ask)
}

async fn programs_differ(
    verifiers: &Verifiers,
    forgery: &Forgery,
    stage: &Stage,
    found: Option<&Verification>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for part in Part::ALL {
        for program in [Program::Cosign2, Program::Cosign3] {
            let said = match program {
                Program::Cosign2 => verifiers.cosign2(stage, part).await,
                Program::Cosign3 => verifiers.cosign3(stage, part).await,
            };
            let because = differs(forgery.name(), program, part);
            let should = (held(forgery, part) == Held::Valid) == because.is_none();
            if said.accepted != should {
                let because = because.unwrap_or("it was to say what the recipe says");
                let text = said.text.lines().last().unwrap_or_default();
                wrong.push(format!("{program:?} {part:?}: {because}; {text}"));
            }
            let Some(found) = found else {
                continue;
            };
            let foretold = foretold(stage, found, program, part);
            let was = match said.exit {
                Some(0) => Outcome::Accepts,
                other => Outcome::Refuses(u8::try_from(other.unwrap_or(255)).unwrap_or(255)),
            };
            // Keys from variables are no trust root: they have no end.
            let by_root = program == Program::Cosign3 || forgery.root() == Root::Honest;
            // To say that it cannot be told is never wrong.
            if by_root && foretold != Outcome::Unknown && foretold != was {
                wrong.push(format!(
                    "{program:?} {part:?} foretold {foretold:?}, was {was:?}"
                ));
            }
        }
    }
    wrong
}

async fn differences(verifiers: Option<&Verifiers>, forgery: &'static Forgery) -> Vec<String> {
    let stage = Stage::of(forgery.name()).await;
    let mut wrong = Vec::new();
    let found = stage.product().await;
    match &found {
        Ok(found) => wrong.extend(product_differs(forgery, found)),
        // Whoever trusts nobody cannot tell.
        Err(_) if forgery.truth().verdict == Truthful::Unknown => {}
        Err(error) => wrong.push(format!("cannot judge: {error}")),
    }
    if let Some(verifiers) = verifiers {
        let found = found.as_ref().ok();
        wrong.extend(programs_differ(verifiers, forgery, &stage, found).await);
    }
    wrong
        .iter()
        .map(|line| format!("{}: {line}", forgery.name()))
        .collect()
}

#[test]
fn each_known_difference_is_of_a_forgery() {
    for name in DIFFERS.iter().flat_map(|one| one.forgeries) {
        assert!(Forgery::named(name).is_ok(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_forgery_is_found_out() {
    let verifiers = Verifiers::found();
    let verifiers = verifiers.as_ref();
    let of_the_registry = Forgery::all()
        .filter(|one| one.is_of_evidence())
        // What GitHub alone keeps is looked for in a test of its own.
        .filter(|one| one.name() != "provenance-on-github-only");
    let wrong: Vec<String> =
        futures_util::stream::iter(of_the_registry.map(|one| differences(verifiers, one)))
            .buffered(3)
            .collect::<Vec<_>>()
            .await
            .concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
