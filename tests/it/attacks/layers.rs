//! Manifests of evidence that are odd: their layers, how many, how large, and what is written beside them.

use gonogo::sim::oci::{Digest, Lie};
use gonogo::sim::sigstore::{Attached, legacy_tag};
use serde_json::{Value, json};

use super::board::all_told;
use super::world::{INDEX, MANIFEST, REPOSITORY, World, descriptor, index_of};
use super::{Before, Case, Then, all_hold, case};

/// The layers of the signatures, changed.
fn signatures(world: &World, change: impl FnOnce(&mut Vec<Value>)) {
    layers(world, Attached::Signatures, change);
}

/// The layers of the attestations, changed.
fn attestations(world: &World, change: impl FnOnce(&mut Vec<Value>)) {
    layers(world, Attached::Attestations, change);
}

fn layers(world: &World, attached: Attached, change: impl FnOnce(&mut Vec<Value>)) {
    world.change_legacy(&world.index(), attached, |manifest| {
        change(manifest["layers"].as_array_mut().unwrap());
    });
}

/// Another manifest of signatures, whatever it is.
fn manifest(world: &World, media_type: &str, bytes: impl Into<bytes::Bytes>) {
    let tag = legacy_tag(&world.index(), Attached::Signatures);
    world.plant(&tag, media_type, bytes);
}

/// A layer that the registry does not have.
fn gone(number: usize) -> Value {
    let digest = Digest::of(number.to_string().as_bytes());
    json!({"mediaType": "application/vnd.dsse.envelope.v1+json", "digest": digest.as_str(), "size": 10})
}

/// A layer of 60 MiB.
fn large(world: &World, number: u8) -> Value {
    let mut blob = vec![b' '; 60 << 20];
    blob[0] = number;
    let digest = world.registry.put_blob(REPOSITORY, blob);
    json!({"mediaType": "x", "digest": digest.as_str(), "size": 60 << 20})
}

const CASES: &[Case] = &[
    case(
        "a manifest of signatures that is an index",
        Before::Legacy,
        |world| manifest(world, INDEX, index_of(&[])),
        Then::Unknown,
        "not-looked",
        "something else than a manifest of layers",
    )
    .told_by(&["signature"]),
    case(
        "a manifest of signatures without layers",
        Before::Legacy,
        |world| signatures(world, Vec::clear),
        Then::Refused,
        "signature-absent",
        "not signed",
    )
    .told_by(&["signature"]),
    case(
        "a manifest of signatures with its layers twice",
        Before::Legacy,
        |world| {
            let honest = world
                .legacy(&world.index(), Attached::Signatures)
                .to_string();
            manifest(world, MANIFEST, honest.replacen('{', "{\"layers\":[],", 1));
        },
        Then::Unknown,
        "not-looked",
        "something else than a manifest",
    )
    .told_by(&["signature"]),
    case(
        "a manifest of signatures that is no text",
        Before::Legacy,
        |world| {
            manifest(
                world,
                MANIFEST,
                &b"{\"layers\":[{\"digest\":\"\xc3\x28\"}]}"[..],
            );
        },
        Then::Unknown,
        "not-looked",
        "something else than a manifest",
    )
    .told_by(&["signature"]),
    case(
        "annotations that are numbers",
        Before::Legacy,
        |world| {
            signatures(world, |layers| {
                layers[0]["annotations"]["dev.sigstore.cosign/certificate"] = json!(7);
            });
        },
        Then::Unknown,
        "not-looked",
        "something else than a manifest",
    )
    .told_by(&["signature"]),
    case(
        "annotations that are null",
        Before::Legacy,
        |world| {
            signatures(world, |layers| {
                layers[0]["annotations"]["dev.sigstore.cosign/certificate"] = Value::Null;
            });
        },
        Then::Refused,
        "not-keyless",
        "no certificate",
    )
    .told_by(&["signature"]),
    case(
        "no annotations",
        Before::Legacy,
        |world| signatures(world, |layers| layers[0]["annotations"] = json!({})),
        Then::Refused,
        "not-keyless",
        "no certificate",
    )
    .told_by(&["signature"]),
    case(
        "escape sequences in annotations",
        Before::Legacy,
        |world| {
            signatures(world, |layers| {
                let annotations = &mut layers[0]["annotations"];
                annotations["dev.cosignproject.cosign/signature"] =
                    json!("\u{1b}]0;owned\u{7}\u{0}");
                annotations["\u{1b}[2J"] = json!("\u{0}");
            });
        },
        Then::Refused,
        "signature-invalid",
        "does not fit",
    )
    .told_by(&["signature"]),
    case(
        "a layer whose digest is none",
        Before::Legacy,
        |world| signatures(world, |layers| layers[0]["digest"] = json!("sha256:zz")),
        Then::Unknown,
        "not-looked",
        "a layer's digest",
    )
    .told_by(&["signature"]),
    case(
        "a layer that is larger than its manifest says",
        Before::Legacy,
        |world| signatures(world, |layers| layers[0]["size"] = json!(10)),
        Then::Unknown,
        "not-looked",
        "a layer of the size",
    )
    .told_by(&["signature"]),
    case(
        "a layer that is smaller than its manifest says",
        Before::Legacy,
        |world| signatures(world, |layers| layers[0]["size"] = json!(1_000_000)),
        Then::Unknown,
        "not-looked",
        "a layer of the size",
    )
    .told_by(&["signature"]),
    case(
        "a layer that says that it is of 64 MiB and a byte",
        Before::Legacy,
        |world| signatures(world, |layers| layers[0]["size"] = json!((64 << 20) + 1)),
        Then::Unknown,
        "not-looked",
        "larger than 64 MiB",
    )
    .told_by(&["signature"]),
    case(
        "an attestation of 64 MiB and a byte that hides its size",
        Before::Legacy,
        |world| {
            let digest = world
                .registry
                .put_blob(REPOSITORY, vec![b' '; (64 << 20) + 1]);
            attestations(world, |layers| {
                layers[0]["digest"] = json!(digest.as_str());
                layers[0].as_object_mut().unwrap().remove("size");
            });
        },
        Then::Unknown,
        "not-looked",
        "larger than 64 MiB",
    )
    .told_by(&["provenance"]),
    case(
        "a hundred attestations of 60 MiB behind the good one",
        Before::Legacy,
        |world| {
            let all: Vec<Value> = (0..3).map(|number| large(world, number)).collect();
            attestations(world, |layers| {
                layers.extend(all.into_iter().cycle().take(100));
            });
        },
        Then::Warned,
        "not-looked",
        "too many bytes",
    )
    .told_by(&["evidence-notes"]),
    case(
        "layers that lie elsewhere are not fetched from there",
        Before::Legacy,
        |world| {
            attestations(world, |layers| {
                let mut layer = gone(0);
                layer["urls"] = json!(["http://192.0.2.1/x", "file:///etc/passwd"]);
                *layers = vec![layer];
            });
        },
        Then::Refused,
        "provenance-absent",
        "nothing says how",
    )
    .told_by(&["provenance"])
    .worded("Nothing says how"),
    case(
        "ten thousand layers, and the first is good",
        Before::Legacy,
        |world| attestations(world, |layers| layers.extend((1..10_000).map(gone))),
        Then::Warned,
        "not-looked",
        "too many layers",
    )
    .told_by(&["evidence-notes"]),
    case(
        "ten thousand layers, and the last is good",
        Before::Legacy,
        |world| {
            attestations(world, |layers| {
                layers.splice(..0, (1..10_000).map(gone));
            });
        },
        Then::Unknown,
        "not-looked",
        "too many layers",
    )
    .told_by(&["provenance"]),
    case(
        "three hundred signatures",
        Before::Legacy,
        |world| signatures(world, |layers| *layers = vec![layers[0].clone(); 300]),
        Then::Warned,
        "not-looked",
        "too many layers",
    )
    .told_by(&["duplicates", "evidence-notes"]),
    case(
        "ten thousand referrers",
        Before::Legacy,
        |world| {
            let one = |number: usize| {
                let digest = Digest::of(&number.to_be_bytes());
                json!({"mediaType": MANIFEST, "digest": digest.as_str(), "size": 10})
            };
            let entries: Vec<Value> = (0..10_000).map(one).collect();
            let path = format!("referrers/{}", world.index());
            world.lie(&path, Lie::Bytes(index_of(&entries).into()));
        },
        Then::Warned,
        "not-looked",
        "too many referrers",
    )
    .told_by(&["evidence-notes"]),
    case(
        "a stranger's signature before ours",
        Before::Legacy,
        |world| {
            let mut stranger = world.claims();
            stranger.identity = stranger.identity.replace("acme", "evil");
            let signed = world
                .sigstore
                .sign_image(stranger, &world.subject(), world.now);
            let layer = signed.unwrap();
            world.registry.put_blob(REPOSITORY, layer.bytes.clone());
            let annotations = layer.annotations.iter();
            let annotations = annotations.map(|(key, value)| (key.clone(), json!(value)));
            let first = descriptor(&layer, &annotations.collect());
            signatures(world, |layers| layers.insert(0, first));
        },
        Then::Warned,
        "invalid-layer",
        "evil/rocket",
    )
    .told_by(&["evidence-notes"]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_layers_are_refused_or_told() {
    all_hold(CASES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_board_says_it_of_odd_layers() {
    all_told(CASES).await;
}
