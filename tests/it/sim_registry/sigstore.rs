//! What the simulated Sigstore signs, held against the verifier of the Sigstore project.

use std::collections::BTreeMap;

use gonogo::sim::image::{BuiltImage, ImageSpec, build};
use gonogo::sim::oci::{Digest, Referrers, Registry};
use gonogo::sim::sigstore::{
    Attached, BuildFacts, Claims, Existing, Layer, Layout, SLSA_V02, SPDX, Signing, Sigstore,
    Subject, legacy_tag, slsa_v02,
};
use serde_json::{Value, json};
use sigstore_trust_root::TrustedRoot;
use sigstore_verify::rekor::LogEntry;
use sigstore_verify::types::bundle::{
    CertificateContent, KindVersion, MediaType, MessageSignature, SignatureContent,
    VerificationMaterial, VerificationMaterialContent,
};
use sigstore_verify::types::{
    Artifact, Bundle, DerCertificate, DsseEnvelope, Sha256Hash, SignatureBytes,
};
use sigstore_verify::{VerificationPolicy, Verifier};

use super::support::{commit, noon};

const ISSUER: &str = "https://token.actions.githubusercontent.com";
const IDENTITY: &str =
    "https://github.com/acme/rocket/.github/workflows/prerelease-docker.yml@refs/tags/v1.6.9";

pub(super) fn sigstore() -> Sigstore {
    Sigstore::new(noon()()).unwrap()
}

fn claims() -> Claims {
    Claims::github(
        "acme/rocket",
        ".github/workflows/release.yml",
        ".github/workflows/prerelease-docker.yml",
        "refs/tags/v1.6.9",
        &commit(),
        (4711, 1),
    )
}

fn facts() -> BuildFacts {
    BuildFacts {
        repository: "acme/rocket".to_owned(),
        builder: ".github/workflows/prerelease-docker.yml".to_owned(),
        entry_point: ".github/workflows/release.yml".to_owned(),
        git_ref: "refs/tags/v1.6.9".to_owned(),
        sha: commit(),
        run_id: 4711,
        attempt: 1,
        started: noon()(),
        finished: noon()(),
    }
}

fn subject(digest: &Digest) -> Subject {
    Subject {
        name: "docker.io/acme/rocket".to_owned(),
        digest: digest.clone(),
    }
}

/// Verifies as a user of the image would; says what is wrong.
fn verify(root: &Sigstore, artifact: Artifact<'_>, bundle: &Bundle) -> Result<(), String> {
    let root =
        TrustedRoot::from_json(&root.trusted_root_json()).map_err(|error| error.to_string())?;
    let verifier = Verifier::new(&root).map_err(|error| error.to_string())?;
    let policy = VerificationPolicy::any_identity().require_issuer(ISSUER);
    let result = verifier
        .verify(artifact, bundle, &policy)
        .map_err(|error| error.to_string())?;
    assert!(result.certificate_verified() && result.sct_verified() && result.tlog_verified());
    let certificate = result.certificate().unwrap();
    let github = &certificate.ci_claims.deprecated_github;
    assert_eq!(github.workflow_repository.as_deref(), Some("acme/rocket"));
    assert_eq!(github.workflow_sha, Some(commit()));
    let run = "https://github.com/acme/rocket/actions/runs/4711/attempts/1";
    assert_eq!(
        certificate.ci_claims.run_invocation_uri.as_deref(),
        Some(run)
    );
    assert!(format!("{:?}", result.identity()).contains(IDENTITY));
    Ok(())
}

fn of_digest(digest: &Digest) -> Artifact<'static> {
    Artifact::from_digest(Sha256Hash::from_hex(digest.hex()).unwrap())
}

/// The conversion of a legacy layer to a v0.1 bundle.
fn legacy(
    annotations: &BTreeMap<String, String>,
    content: SignatureContent,
) -> Result<Bundle, String> {
    let text = &annotations["dev.sigstore.cosign/bundle"];
    let bundle: Value = serde_json::from_str(text).unwrap();
    let mut entry = bundle["Payload"].clone();
    entry["verification"] = json!({"signedEntryTimestamp": bundle["SignedEntryTimestamp"]});
    let entry: LogEntry = serde_json::from_value(entry).map_err(|error| error.to_string())?;
    let body: Value =
        serde_json::from_slice(entry.body.as_bytes()).map_err(|error| error.to_string())?;
    let kind: KindVersion =
        serde_json::from_value(json!({"kind": body["kind"], "version": body["apiVersion"]}))
            .unwrap();
    let certificate = DerCertificate::from_pem(&annotations["dev.sigstore.cosign/certificate"])
        .map_err(|error| error.to_string())?;
    let entry = entry
        .to_bundle_entry(kind)
        .map_err(|error| error.to_string())?;
    let material = VerificationMaterial::new(VerificationMaterialContent::Certificate(
        CertificateContent::new(certificate),
    ))
    .with_tlog_entries(vec![entry]);
    Ok(Bundle::new(MediaType::Bundle0_1, material, content))
}

fn verify_signature(root: &Sigstore, layer: &Layer) -> Result<(), String> {
    let signature = &layer.annotations["dev.cosignproject.cosign/signature"];
    let signature = SignatureBytes::from_base64(signature).map_err(|error| error.to_string())?;
    let content = SignatureContent::MessageSignature(MessageSignature::new(signature));
    let bundle = legacy(&layer.annotations, content)?;
    verify(root, Artifact::from(&layer.bytes[..]), &bundle)
}

fn verify_attestation(root: &Sigstore, layer: &Layer, digest: &Digest) -> Result<(), String> {
    let envelope: DsseEnvelope =
        serde_json::from_slice(&layer.bytes).map_err(|error| error.to_string())?;
    let bundle = legacy(&layer.annotations, SignatureContent::DsseEnvelope(envelope))?;
    verify(root, of_digest(digest), &bundle)
}

fn verify_bundle(root: &Sigstore, json: &[u8], digest: &Digest) -> Result<(), String> {
    let text = std::str::from_utf8(json).unwrap();
    let bundle = Bundle::from_json(text).map_err(|error| error.to_string())?;
    verify(root, of_digest(digest), &bundle)
}

/// The same text with one character of the named value changed, somewhere in its middle.
fn flipped(text: &str) -> String {
    let middle = text.len() / 2;
    let other = if text.as_bytes()[middle] == b'A' {
        "B"
    } else {
        "A"
    };
    format!("{}{other}{}", &text[..middle], &text[middle + 1..])
}

#[test]
fn signatures_verify_and_flipped_ones_do_not() {
    let sigstore = sigstore();
    let digest = Digest::of(b"an index");
    let layer = sigstore
        .sign_image(claims(), &subject(&digest), noon()())
        .unwrap();
    verify_signature(&sigstore, &layer).unwrap();
    let payload: Value = serde_json::from_slice(&layer.bytes).unwrap();
    let signed = &payload["critical"]["image"]["docker-manifest-digest"];
    assert_eq!(signed, digest.as_str());

    let name = "dev.cosignproject.cosign/signature";
    let mut wrong = layer.clone();
    let value = flipped(&wrong.annotations[name]);
    wrong.annotations.insert(name.to_owned(), value);
    assert!(verify_signature(&sigstore, &wrong).is_err());

    let mut wrong = layer.clone();
    let text = String::from_utf8(wrong.bytes.to_vec()).unwrap();
    wrong.bytes = text
        .replace(digest.hex(), Digest::of(b"another").hex())
        .into();
    assert!(verify_signature(&sigstore, &wrong).is_err());

    let mut wrong = layer.clone();
    let bundle = wrong.annotations["dev.sigstore.cosign/bundle"].clone();
    let time = noon()().as_second();
    let bundle = bundle.replace(&time.to_string(), &(time + 1).to_string());
    wrong
        .annotations
        .insert("dev.sigstore.cosign/bundle".to_owned(), bundle);
    assert!(verify_signature(&sigstore, &wrong).is_err());

    let other = Sigstore::new(noon()()).unwrap();
    assert!(verify_signature(&other, &layer).is_err());
}

#[test]
fn attestations_verify_and_flipped_ones_do_not() {
    let sigstore = sigstore();
    let digest = Digest::of(b"an index");
    let layer = sigstore
        .attest(
            claims(),
            &subject(&digest),
            SLSA_V02,
            &slsa_v02(&facts()),
            noon()(),
        )
        .unwrap();
    verify_attestation(&sigstore, &layer, &digest).unwrap();
    assert!(verify_attestation(&sigstore, &layer, &Digest::of(b"another")).is_err());

    let mut envelope: Value = serde_json::from_slice(&layer.bytes).unwrap();
    let signature = envelope["signatures"][0]["sig"]
        .as_str()
        .unwrap()
        .to_owned();
    envelope["signatures"][0]["sig"] = json!(flipped(&signature));
    let mut wrong = layer.clone();
    wrong.bytes = serde_json::to_vec(&envelope).unwrap().into();
    assert!(verify_attestation(&sigstore, &wrong, &digest).is_err());

    // What the log holds is the hash of these very bytes, which a verifier compares by itself.
    let bundle: Value =
        serde_json::from_str(&layer.annotations["dev.sigstore.cosign/bundle"]).unwrap();
    let body = SignatureBytes::from_base64(bundle["Payload"]["body"].as_str().unwrap()).unwrap();
    let body: Value = serde_json::from_slice(body.as_bytes()).unwrap();
    let logged = &body["spec"]["envelopeHash"]["value"];
    assert_eq!(logged, Digest::of(&layer.bytes).hex());
}

#[test]
fn bundles_verify_with_their_proof_and_flipped_ones_do_not() {
    let sigstore = sigstore();
    let digest = Digest::of(b"an index");
    let make = || {
        let predicate = slsa_v02(&facts());
        sigstore.attest_bundle(claims(), &subject(&digest), SLSA_V02, &predicate, noon()())
    };
    // In a log of every size up to nine entries, so that each shape of proof occurs.
    for _ in 0..9 {
        verify_bundle(&sigstore, &make().unwrap().json, &digest).unwrap();
    }
    let signature = sigstore
        .sign_image_bundle(claims(), &subject(&digest), noon()())
        .unwrap();
    verify_bundle(&sigstore, &signature.json, &digest).unwrap();
    assert!(verify_bundle(&sigstore, &signature.json, &Digest::of(b"another")).is_err());

    let good: Value = serde_json::from_slice(&make().unwrap().json).unwrap();
    for pointer in [
        "/dsseEnvelope/signatures/0/sig",
        "/verificationMaterial/tlogEntries/0/inclusionPromise/signedEntryTimestamp",
        "/verificationMaterial/tlogEntries/0/inclusionProof/rootHash",
        "/verificationMaterial/tlogEntries/0/inclusionProof/hashes/0",
        "/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope",
        "/verificationMaterial/tlogEntries/0/integratedTime",
        "/verificationMaterial/certificate/rawBytes",
    ] {
        let mut wrong = good.clone();
        let value = wrong.pointer_mut(pointer).unwrap();
        let text = value.as_str().unwrap();
        *value = match pointer.rsplit('/').next().unwrap() {
            "integratedTime" => json!((noon()().as_second() + 1).to_string()),
            // The middle of the envelope is the log's name; the root is on its third line.
            "envelope" => {
                let root = text.lines().nth(2).unwrap();
                json!(text.replace(root, &flipped(root)))
            }
            _ => json!(flipped(text)),
        };
        let wrong = serde_json::to_vec(&wrong).unwrap();
        assert!(
            verify_bundle(&sigstore, &wrong, &digest).is_err(),
            "{pointer}"
        );
    }
}

pub(super) fn released(layout: Layout, referrers: Referrers) -> (Sigstore, Registry, BuiltImage) {
    let (sigstore, registry) = (sigstore(), Registry::new(noon()));
    registry.behave(|behaviour| behaviour.referrers = referrers);
    let image = build(&ImageSpec::new("rocket", "1.6.9", &commit(), noon()()));
    image
        .push(&registry, "acme/rocket", &["prerelease-v1.6.9-4f2a9c1"])
        .unwrap();
    let signing = Signing {
        name: "docker.io/acme/rocket".to_owned(),
        program: "rocket".to_owned(),
        version: "1.6.9".to_owned(),
        claims: claims(),
        facts: facts(),
        layout,
    };
    sigstore
        .sign_release(&registry, "acme/rocket", &image, &signing, noon()())
        .unwrap();
    (sigstore, registry, image)
}

/// The layers under a legacy tag, read back from the registry.
fn layers(registry: &Registry, digest: &Digest, attached: Attached) -> Vec<Layer> {
    let Some(manifest) = registry.manifest("acme/rocket", &legacy_tag(digest, attached)) else {
        return Vec::new();
    };
    let manifest: Value = serde_json::from_slice(&manifest.bytes).unwrap();
    let layers = manifest["layers"].as_array().unwrap().iter();
    layers
        .map(|layer| Layer {
            media_type: layer["mediaType"].as_str().unwrap().to_owned(),
            bytes: {
                let digest = Digest::parse(layer["digest"].as_str().unwrap()).unwrap();
                registry.blob("acme/rocket", &digest).unwrap()
            },
            annotations: serde_json::from_value(layer["annotations"].clone()).unwrap(),
        })
        .collect()
}

#[test]
fn a_release_is_signed_as_the_recipe_asks() {
    let (sigstore, registry, image) = released(Layout::Legacy, Referrers::Served);
    let index = &image.index.digest;
    let signatures = layers(&registry, index, Attached::Signatures);
    assert_eq!(signatures.len(), 1);
    verify_signature(&sigstore, &signatures[0]).unwrap();
    let provenance = layers(&registry, index, Attached::Attestations);
    assert_eq!(provenance.len(), 1);
    assert_eq!(provenance[0].annotations["predicateType"], SLSA_V02);
    verify_attestation(&sigstore, &provenance[0], index).unwrap();
    for built in &image.platforms {
        let digest = &built.manifest.digest;
        let sboms = layers(&registry, digest, Attached::Attestations);
        assert_eq!(sboms.len(), 1);
        assert_eq!(sboms[0].annotations["predicateType"], SPDX);
        verify_attestation(&sigstore, &sboms[0], digest).unwrap();
        assert!(layers(&registry, digest, Attached::Signatures).is_empty());
    }
    assert!(registry.referrers("acme/rocket", index).is_empty());
}

#[test]
fn bundles_are_referrers_or_hang_at_the_fallback_tag() {
    for referrers in [Referrers::Served, Referrers::Absent] {
        let (sigstore, registry, image) = released(Layout::Bundles, referrers);
        let index = &image.index.digest;
        let found: Vec<Digest> = match referrers {
            Referrers::Served => registry
                .referrers("acme/rocket", index)
                .into_iter()
                .map(|descriptor| descriptor.digest)
                .collect(),
            Referrers::Absent => {
                let tag = format!("sha256-{}", index.hex());
                let fallback = registry.manifest("acme/rocket", &tag).unwrap();
                let fallback: Value = serde_json::from_slice(&fallback.bytes).unwrap();
                let manifests = fallback["manifests"].as_array().unwrap().iter();
                manifests
                    .map(|manifest| Digest::parse(manifest["digest"].as_str().unwrap()).unwrap())
                    .collect()
            }
        };
        assert_eq!(found.len(), 2);
        for referrer in found {
            let manifest = registry.manifest("acme/rocket", referrer.as_str()).unwrap();
            let manifest: Value = serde_json::from_slice(&manifest.bytes).unwrap();
            assert_eq!(manifest["subject"]["digest"], index.as_str());
            let layer = Digest::parse(manifest["layers"][0]["digest"].as_str().unwrap()).unwrap();
            let bundle = registry.blob("acme/rocket", &layer).unwrap();
            verify_bundle(&sigstore, &bundle, index).unwrap();
        }
        assert!(
            registry
                .resolve("acme/rocket", &legacy_tag(index, Attached::Signatures))
                .is_none()
        );
    }
}

#[test]
fn attestations_replace_their_kind_or_pile_up() {
    let (sigstore, registry, image) = released(Layout::Legacy, Referrers::Served);
    let index = &image.index.digest;
    let again = sigstore
        .attest(
            claims(),
            &subject(index),
            SLSA_V02,
            &slsa_v02(&facts()),
            noon()(),
        )
        .unwrap();
    let push = |existing: Existing| {
        again
            .push(
                &registry,
                "acme/rocket",
                index,
                Attached::Attestations,
                existing,
            )
            .unwrap();
        layers(&registry, index, Attached::Attestations).len()
    };
    assert_eq!(push(Existing::Replaced), 1);
    assert_eq!(push(Existing::Kept), 2);
}
