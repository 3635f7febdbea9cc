//! Real material of the public good instance: it holds with the built-in root, and with nothing else changed it is
//! refused for another digest, identity, issuer or repository.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gonogo::domain::digest::Digest;
use gonogo::domain::evidence::{
    Attached, Claim, Collected, Fault, Item, ItemVerdict, Piece, Place, Problem, Recipe,
};
use gonogo::domain::policy::{IdentityPattern, Platform};
use gonogo::evidence::Judge;
use serde_json::{Value, json};

use crate::support::judges::shared;

pub(super) const GITHUB: &str = "https://token.actions.githubusercontent.com";
pub(super) const BEACON: &str = "sigstore-conformance/extremely-dangerous-public-oidc-beacon";

pub(super) fn folder() -> Option<PathBuf> {
    shared().map(|shared| shared.join("fixtures/sigstore"))
}

pub(super) fn recipe(identity: &str, issuer: &str, repository: Option<&str>) -> Recipe {
    let mut recipe = Recipe::of(issuer, IdentityPattern::literal(identity));
    recipe.repository = repository.map(str::to_owned);
    recipe
}

/// What the built-in root says of one piece that hangs on a digest.
pub(super) fn judged(recipe: Recipe, piece: Piece, subject: &Digest) -> Item {
    let attached = |pieces| Attached {
        digest: subject.clone(),
        pieces,
        gaps: Vec::new(),
    };
    let found = Judge::of_public_good(recipe).unwrap().judge(&Collected {
        is_index: true,
        whole: attached(vec![piece]),
        platforms: vec![(Platform::new("linux", "amd64"), attached(Vec::new()))],
        missing: Vec::new(),
        buildkit: Vec::new(),
    });
    let mut items = found.signature.items;
    items.extend(found.provenance.items);
    items.extend(found.others);
    assert_eq!(items.len(), 1);
    items.remove(0)
}

fn piece(place: Place, bytes: Vec<u8>, annotations: BTreeMap<String, String>) -> Piece {
    Piece {
        place,
        digest: Digest::of(&bytes),
        annotations,
        bytes: bytes.into(),
    }
}

/// The annotations that cosign would have written for this bundle.
pub(super) fn annotations(bundle: &Value) -> BTreeMap<String, String> {
    let material = &bundle["verificationMaterial"];
    let certificate = material
        .pointer("/certificate/rawBytes")
        .or_else(|| material.pointer("/x509CertificateChain/certificates/0/rawBytes"))
        .unwrap()
        .as_str()
        .unwrap();
    let entry = &material["tlogEntries"][0];
    let number = |value: &Value| value.as_str().unwrap().parse::<u64>().unwrap();
    let log_id = STANDARD
        .decode(entry["logId"]["keyId"].as_str().unwrap())
        .unwrap();
    let log = json!({
        "SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
        "Payload": {
            "body": entry["canonicalizedBody"],
            "integratedTime": number(&entry["integratedTime"]),
            "logIndex": number(&entry["logIndex"]),
            "logID": hex::encode(log_id),
        },
    });
    let lines: Vec<_> = certificate
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    );
    let signature = bundle.pointer("/messageSignature/signature");
    [
        ("dev.sigstore.cosign/certificate", pem),
        ("dev.sigstore.cosign/bundle", log.to_string()),
        (
            "dev.cosignproject.cosign/signature",
            signature
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
        ),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}

pub(super) fn is(problem: &Problem, claim: Claim) -> bool {
    matches!(problem, Problem::Differs { claim: found, .. } if *found == claim)
}

#[test]
fn public_bundles_hold_and_are_refused_for_anything_else() {
    let Some(folder) = folder() else {
        return;
    };
    let kubewarden = "kubewarden/kubewarden-controller";
    for (file, subject, identity, issuer, repository) in [
        (
            "cosign-v3-container-signature.bundle-v0.3.json",
            "sha256:c811d58de79c92f03214e63aa339484e488d694ae8a6283b5f3f17a9faf50172",
            r"https://github\.com/kubewarden/kubewarden-controller/\.github/workflows/release\.yml@refs/tags/v",
            GITHUB,
            Some(kubewarden),
        ),
        (
            "cosign-container-attestation.bundle-v0.3.json",
            "sha256:732112270d7e59418a8c080b134b24cabd67d250d0d0147a97ed95ba5c280aa4",
            r"cody@soyland\.com$",
            "https://github.com/login/oauth",
            None,
        ),
    ] {
        let bytes = std::fs::read(folder.join(file)).unwrap();
        let subject: Digest = subject.parse().unwrap();
        let judge = |recipe, subject: &Digest| {
            judged(
                recipe,
                piece(Place::Referrer, bytes.clone(), BTreeMap::new()),
                subject,
            )
        };
        let good = judge(recipe(identity, issuer, repository), &subject);
        assert_eq!(
            good.verdict,
            ItemVerdict::Valid,
            "{file}: {:?}",
            good.problems
        );
        assert!(good.claims.unwrap().log_index.is_some());

        let other = judge(
            recipe(identity, issuer, repository),
            &Digest::of(b"another"),
        );
        assert!(
            is(&other.problems[0], Claim::SubjectDigest),
            "{file}: {:?}",
            other.problems
        );
        assert!(other.problems[0].words().contains(subject.as_str()));
        for (wrong, claim) in [
            (
                recipe("https://github.com/acme/", issuer, repository),
                Claim::Identity,
            ),
            // Only the middle of the identity fits.
            (
                recipe("github|soyland", issuer, repository),
                Claim::Identity,
            ),
            (
                recipe(identity, "https://accounts.google.com", repository),
                Claim::Issuer,
            ),
            (
                recipe(identity, &issuer[..issuer.len() - 1], repository),
                Claim::Issuer,
            ),
        ] {
            let item = judge(wrong, &subject);
            assert_eq!(item.verdict, ItemVerdict::Invalid);
            assert!(is(&item.problems[0], claim), "{file}: {:?}", item.problems);
        }
        // A person signs for no repository.
        let claim = if repository.is_some() {
            Claim::Repository
        } else {
            Claim::Identity
        };
        let item = judge(recipe(identity, issuer, Some("acme/rocket")), &subject);
        assert!(is(&item.problems[0], claim), "{file}: {:?}", item.problems);
    }
}

#[test]
fn public_material_holds_as_legacy_layers_too() {
    let Some(folder) = folder() else {
        return;
    };
    let read = |file: &str| -> Value {
        serde_json::from_slice(&std::fs::read(folder.join(file)).unwrap()).unwrap()
    };
    let artifact = std::fs::read(folder.join("a.txt")).unwrap();
    let identity = format!("https://github.com/{BEACON}/.github/workflows/");
    let beacon = || recipe(&identity, GITHUB, Some(BEACON));

    // The signature is over a text that is no payload of cosign's: everything holds but that.
    let blob = read("blob-signature.bundle-v0.1.json");
    let layer = piece(Place::Sig, artifact.clone(), annotations(&blob));
    let item = judged(beacon(), layer.clone(), &Digest::of(&artifact));
    assert!(
        item.claims.is_some(),
        "the signature itself holds: {:?}",
        item.problems
    );
    assert!(matches!(
        item.problems[..],
        [Problem::Broken {
            fault: Fault::Malformed,
            ..
        }]
    ));
    let mut changed = layer;
    changed.bytes = b"another text".to_vec().into();
    let item = judged(beacon(), changed, &Digest::of(&artifact));
    assert!(matches!(
        item.problems[..],
        [Problem::Broken {
            fault: Fault::SignatureInvalid,
            ..
        }]
    ));

    // An attestation in the order of fields in which it was logged.
    let bundle = read("intoto-dsse.bundle-v0.3.json");
    let envelope = &bundle["dsseEnvelope"];
    let bytes = format!(
        r#"{{"payload":{},"payloadType":{},"signatures":[{{"sig":{}}}]}}"#,
        envelope["payload"], envelope["payloadType"], envelope["signatures"][0]["sig"]
    );
    let layer = |bytes: &str| piece(Place::Att, bytes.as_bytes().to_vec(), annotations(&bundle));
    let item = judged(beacon(), layer(&bytes), &Digest::of(&artifact));
    let claims = item.claims.expect("cryptography and identity hold");
    assert_eq!(claims.repository.as_deref(), Some(BEACON));
    // The statement is an example that says nothing of its build, which its signer does.
    assert!(
        item.problems
            .iter()
            .all(|problem| matches!(problem, Problem::Differs { .. }))
    );
    let item = judged(beacon(), layer(&bytes), &Digest::of(b"another"));
    assert!(is(&item.problems[0], Claim::SubjectDigest));
    // The same envelope with one space more is not what was logged.
    let item = judged(
        beacon(),
        layer(&bytes.replacen(':', ": ", 1)),
        &Digest::of(&artifact),
    );
    assert!(matches!(
        item.problems[0],
        Problem::Broken {
            fault: Fault::LogInvalid,
            ..
        }
    ));

    // The same material as bundles: the newer one likewise, the older one is no referrer.
    let as_bundle = |value: &Value| {
        let bytes = serde_json::to_vec(value).unwrap();
        judged(
            beacon(),
            piece(Place::Referrer, bytes, BTreeMap::new()),
            &Digest::of(&artifact),
        )
    };
    assert!(as_bundle(&bundle).claims.is_some());
    assert!(matches!(
        as_bundle(&blob).problems[0],
        Problem::Broken {
            fault: Fault::LogInvalid,
            ..
        }
    ));
}
