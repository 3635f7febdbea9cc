//! What cosign is said to say is what it said: every exit code of the real programs, for every image of the shared set.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use gonogo::domain::evidence::cosign::{self, Ask, Client, Outcome};
use gonogo::domain::evidence::{Recipe, Verification};
use gonogo::evidence::Judge;
use gonogo::sources::oci::Reference;

use super::cases::{Case, Set, client, folder, set, unpacked};
use crate::real_registries::server::{docker_registry_on, noon};
use crate::support::judges::judge;

/// `CycloneDX` in the version that `--type cyclonedx` means.
const CYCLONEDX: &str = "https://cyclonedx.org/bom";
const SPDX_23: &str = "https://spdx.dev/Document/v2.3";

fn client_of(name: &str) -> Option<Client> {
    Some(match name {
        "v2env" => Client::Cosign2Keys,
        "v2tr" => Client::Cosign2Root,
        "v2nbf" => Client::Cosign2Bundles,
        "v2nbf-ts" => Client::Cosign2BundlesStamps,
        "v3" => Client::Cosign3,
        "v3ts" => Client::Cosign3Stamps,
        // `verify-blob-attestation` of single files: another command, which no user of an image runs.
        "v3blob" => return None,
        other => panic!("a client that is not known: {other}"),
    })
}

/// The digest that was asked about, and what was asked.
fn asked<'a>(case: &'a Case, subject: &str) -> (&'a str, Ask<'static>) {
    let (digest, ask) = match subject {
        "signature" => ("index", Ask::Signature),
        "provenance" => ("index", Ask::Attestation(Recipe::SLSA_V02)),
        "provenance-v1" => ("index", Ask::Attestation(Recipe::SLSA_V1)),
        "sbom-on-index" => ("index", Ask::Attestation(Recipe::SPDX)),
        "cyclonedx" => ("amd64", Ask::Attestation(CYCLONEDX)),
        "spdx-v2.3" => ("amd64", Ask::Attestation(SPDX_23)),
        other => {
            let architecture = other.strip_prefix("sbom:").expect("a known subject");
            (architecture, Ask::Attestation(Recipe::SPDX))
        }
    };
    (&case.digests[digest], ask)
}

/// How each prediction differs from what happened.
fn wrong(case: &Case, found: &Verification) -> (usize, Vec<String>) {
    let mut count = 0;
    let mut wrong = Vec::new();
    for (name, exits) in &case.cosign_exit {
        let Some(client) = client_of(name) else {
            continue;
        };
        for (subject, exit) in exits {
            let (digest, ask) = asked(case, subject);
            let pieces = cosign::pieces(found, &digest.parse().unwrap());
            let outcome = cosign::outcome(client, &pieces, ask);
            let expected = match exit {
                0 => Outcome::Accepts,
                exit => Outcome::Refuses(*exit),
            };
            count += 1;
            if outcome != expected {
                wrong.push(format!(
                    "{} {name} {subject}: {outcome:?}, not {expected:?}",
                    case.name
                ));
            }
        }
    }
    (count, wrong)
}

async fn judged(set: &Set, case: &Case, root: &str, address: std::net::SocketAddr) -> Verification {
    let client = client(address, &case.repository);
    let digest = case.digests["index"].parse().unwrap();
    let gathered = Box::pin(client.evidence(
        Reference::Digest(&digest),
        gonogo::sources::oci::Freshness::Fresh,
        noon()(),
    ))
    .await;
    let collected = gathered.outcome.unwrap().expect("the image is there");
    Judge::of_root(root, set.recipe(case))
        .unwrap()
        .judge(&collected)
}

#[tokio::test]
async fn every_exit_code_of_the_real_programs_is_foretold() {
    let (Some(folder), Some(program)) = (folder(), judge("docker-registry")) else {
        return;
    };
    let storage = unpacked(&folder);
    let server = docker_registry_on(&program, None, Some(storage.path())).await;
    let set = set(&folder);
    let root = std::fs::read_to_string(folder.join("trusted_root.json")).unwrap();
    let (set, root) = (&set, root.as_str());
    let looks = set.cases.iter().map(|case| async move {
        let found = judged(set, case, root, server.address).await;
        for view in &found.clients {
            assert_eq!(view.accepts.is_none(), view.exit.is_none());
            assert_eq!(view.differs, view.because.is_some(), "{view:?}");
        }
        let said = cosign::differences(&found.clients);
        let differs = found.clients.iter();
        let differs = differs.filter(|view| view.differs && view.client.is_plain());
        assert_eq!(said.is_empty(), differs.count() == 0, "{}", case.name);
        let (count, wrong) = wrong(case, &found);
        (count, wrong, (case.name.as_str(), said))
    });
    let all: Vec<_> = futures_util::stream::iter(looks)
        .buffer_unordered(8)
        .collect()
        .await;
    let count: usize = all.iter().map(|(count, ..)| count).sum();
    assert!(count > 1000, "{count} exit codes were compared");
    let wrong: Vec<&String> = all.iter().flat_map(|(_, wrong, _)| wrong).collect();
    assert!(wrong.is_empty(), "{} of {count}: {wrong:#?}", wrong.len());

    // What a person is told: nothing where both say what is found here.
    let said: BTreeMap<&str, Vec<String>> = all.into_iter().map(|(.., said)| said).collect();
    for (case, expected) in [
        ("legacy-good", None),
        ("both-layouts-good", None),
        ("v3-good-rekor1", None),
        (
            "prov-other-run",
            Some("cosign 2.6 and 3.1 accept the provenance: the run is not compared there."),
        ),
        (
            "v3-attestation-only",
            Some(
                "cosign 2.6 and 3.1 accept the signature: any bundle that holds counts as a signature there, whatever \
                 is signed in it.",
            ),
        ),
        (
            "both-legacy-good-v3-bad",
            Some(
                "cosign 2.6 and 3.1 refuse the signature, the provenance, the SBOM of linux/amd64 and the SBOM of \
                 linux/arm64: bundles are looked for first and then not the tags, and all of the bundles are bad.",
            ),
        ),
        (
            "legacy-good-intoto-entry",
            Some(
                "cosign 2.6 and 3.1 accept the provenance: its form of log entry is known there and cannot be judged \
                 here.",
            ),
        ),
    ] {
        if let Some(said) = said.get(case) {
            let said: Vec<&str> = said.iter().map(String::as_str).collect();
            assert_eq!(said, Vec::from_iter(expected), "{case}");
        }
    }
}
