//! Bundles whose text is changed after they were signed.

use bytes::Bytes;
use gonogo::sim::sigstore::{BUNDLE, Bundle, SLSA_V02};
use serde_json::json;

use super::board::all_told;
use super::world::World;
use super::{Before, Case, Then, all_hold, case};

/// A bundle with this text, whatever it is, in place of the provenance.
fn text(world: &World, text: impl Into<Bytes>) {
    let bundle = Bundle {
        json: text.into(),
        predicate_type: SLSA_V02.to_owned(),
    };
    world.refer(&bundle, &world.index());
}

/// The honest bundle as text.
fn bundle(world: &World) -> String {
    String::from_utf8(world.provenance_bundle(world.claims()).json.to_vec()).unwrap()
}

const CASES: &[Case] = &[
    case(
        "a bundle that calls itself v0.1",
        Before::NoProvenance,
        |world| {
            world.refer_changed(|bundle| {
                bundle["mediaType"] = json!("application/vnd.dev.sigstore.bundle+json;version=0.1");
            });
        },
        Then::Refused,
        "tlog-invalid",
        "calls itself",
    )
    .told_by(&["provenance"]),
    case(
        "a bundle that calls itself v0.2",
        Before::NoProvenance,
        |world| {
            world.refer_changed(|bundle| {
                bundle["mediaType"] = json!("application/vnd.dev.sigstore.bundle+json;version=0.2");
            });
        },
        Then::Refused,
        "tlog-invalid",
        "calls itself",
    )
    .told_by(&["provenance"]),
    case(
        "a bundle of a version to come",
        Before::NoProvenance,
        |world| {
            world.refer_changed(|bundle| {
                bundle["mediaType"] = json!(BUNDLE.replace("v0.3", "v0.4"));
            });
        },
        Then::Unknown,
        "unsupported",
        "v0.4",
    )
    .told_by(&["provenance"]),
    case(
        "a bundle without a version",
        Before::NoProvenance,
        |world| {
            world.refer_changed(|bundle| {
                bundle.as_object_mut().unwrap().remove("mediaType");
            });
        },
        Then::Refused,
        "",
        "calls itself",
    )
    .told_by(&["provenance"]),
    case(
        "an envelope with two signatures",
        Before::NoProvenance,
        |world| {
            world.refer_changed(|bundle| {
                let signatures = bundle["dsseEnvelope"]["signatures"].as_array_mut().unwrap();
                signatures.push(signatures[0].clone());
            });
        },
        Then::Refused,
        "malformed",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "an envelope without a signature",
        Before::NoProvenance,
        |world| world.refer_changed(|bundle| bundle["dsseEnvelope"]["signatures"] = json!([])),
        Then::Refused,
        "malformed",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "an envelope with an empty signature",
        Before::NoProvenance,
        |world| {
            world
                .refer_changed(|bundle| bundle["dsseEnvelope"]["signatures"][0]["sig"] = json!(""));
        },
        Then::Refused,
        "",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "a statement and a signed message at once",
        Before::NoProvenance,
        |world| {
            world.refer_changed(|bundle| {
                let signature = bundle["dsseEnvelope"]["signatures"][0]["sig"].clone();
                bundle["messageSignature"] = json!({
                    "messageDigest": {"algorithm": "SHA2_256", "digest": "AAAA"},
                    "signature": signature,
                });
            });
        },
        Then::Refused,
        "malformed",
        "signed message",
    )
    .told_by(&["provenance"]),
    case(
        "a signed message alone",
        Before::NoProvenance,
        |world| {
            world.refer_changed(|bundle| {
                let signature = bundle["dsseEnvelope"]["signatures"][0]["sig"].clone();
                bundle.as_object_mut().unwrap().remove("dsseEnvelope");
                bundle["messageSignature"] = json!({
                    "messageDigest": {"algorithm": "SHA2_256", "digest": "AAAA"},
                    "signature": signature,
                });
            });
        },
        Then::Refused,
        "malformed",
        "no statement",
    )
    .told_by(&["provenance"]),
    case(
        "a log entry twice",
        Before::NoProvenance,
        |world| {
            world.refer_changed(|bundle| {
                let entries = bundle["verificationMaterial"]["tlogEntries"]
                    .as_array_mut()
                    .unwrap();
                entries.push(entries[0].clone());
            });
        },
        Then::Refused,
        "malformed",
        "twice",
    )
    .told_by(&["provenance"]),
    case(
        "a log entry that lies about its number",
        Before::NoProvenance,
        |world| {
            world.refer_changed(|bundle| {
                bundle["verificationMaterial"]["tlogEntries"][0]["logIndex"] = json!("9999999");
            });
        },
        Then::Refused,
        "tlog-invalid",
        "does not hold",
    )
    .told_by(&["provenance"]),
    case(
        "a proof that lies about its number",
        Before::NoProvenance,
        |world| {
            world.refer_changed(|bundle| {
                bundle["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["logIndex"] =
                    json!("0");
            });
        },
        Then::Refused,
        "tlog-invalid",
        "does not hold",
    )
    .told_by(&["provenance"]),
    case(
        "a proof with a negative number",
        Before::NoProvenance,
        |world| {
            world.refer_changed(|bundle| {
                bundle["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["logIndex"] =
                    json!("-1");
            });
        },
        Then::Refused,
        "",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "a proof of a tree of no size",
        Before::NoProvenance,
        |world| {
            world.refer_changed(|bundle| {
                bundle["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["treeSize"] =
                    json!("0");
            });
        },
        Then::Refused,
        "tlog-invalid",
        "does not hold",
    )
    .told_by(&["provenance"]),
    case(
        "a proof with ten thousand hashes",
        Before::NoProvenance,
        |world| {
            world.refer_changed(|bundle| {
                let proof = &mut bundle["verificationMaterial"]["tlogEntries"][0]["inclusionProof"];
                proof["hashes"] =
                    json!(vec!["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; 10_000]);
            });
        },
        Then::Refused,
        "tlog-invalid",
        "does not hold",
    )
    .told_by(&["provenance"]),
    case(
        "a log entry of a time to come",
        Before::NoProvenance,
        |world| {
            world.refer_changed(|bundle| {
                bundle["verificationMaterial"]["tlogEntries"][0]["integratedTime"] =
                    json!("9999999999");
            });
        },
        Then::Refused,
        "",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "a log entry of a time that is no number",
        Before::NoProvenance,
        |world| {
            world.refer_changed(|bundle| {
                bundle["verificationMaterial"]["tlogEntries"][0]["integratedTime"] =
                    json!("99999999999999999999999999");
            });
        },
        Then::Refused,
        "malformed",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "a key in place of a certificate",
        Before::NoProvenance,
        |world| {
            world.refer_changed(|bundle| {
                let material = bundle["verificationMaterial"].as_object_mut().unwrap();
                material.remove("certificate");
                material.insert("publicKey".to_owned(), json!({"hint": "x"}));
            });
        },
        Then::Refused,
        "not-keyless",
        "no certificate",
    )
    .told_by(&["provenance"]),
    case(
        "a certificate and a chain at once",
        Before::NoProvenance,
        |world| {
            world.refer_changed(|bundle| {
                let material = &mut bundle["verificationMaterial"];
                let certificate = material["certificate"].clone();
                material["x509CertificateChain"] = json!({"certificates": [certificate]});
            });
        },
        Then::Refused,
        "malformed",
        "two ways",
    )
    .told_by(&["provenance"]),
    case(
        "a certificate that is none",
        Before::NoProvenance,
        |world| {
            world.refer_changed(|bundle| {
                bundle["verificationMaterial"]["certificate"]["rawBytes"] = json!("MIIB");
            });
        },
        Then::Refused,
        "",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "a payload in a field too many",
        Before::NoProvenance,
        |world| world.refer_changed(|bundle| bundle["futureField"] = json!({"a": [1, 2, 3]})),
        Then::Silent,
        "",
        "",
    ),
    case(
        "a bundle with two envelopes",
        Before::NoProvenance,
        |world| {
            let twice = bundle(world).replacen('{', "{\"dsseEnvelope\":{\"payload\":\"e30=\"},", 1);
            text(world, twice);
        },
        Then::Refused,
        "malformed",
        "duplicate",
    )
    .told_by(&["provenance"]),
    case(
        "an envelope with two payloads",
        Before::NoProvenance,
        |world| {
            let twice =
                bundle(world).replacen("\"payload\":", "\"payload\":\"e30=\",\"payload\":", 1);
            text(world, twice);
        },
        Then::Refused,
        "malformed",
        "duplicate",
    )
    .told_by(&["provenance"]),
    case(
        "a bundle that is no text",
        Before::NoProvenance,
        |world| text(world, &b"{\"mediaType\":\"\xff\"}"[..]),
        Then::Refused,
        "malformed",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "a bundle that is empty",
        Before::NoProvenance,
        |world| text(world, ""),
        Then::Refused,
        "malformed",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "a bundle that is an object of nothing",
        Before::NoProvenance,
        |world| text(world, "{}"),
        Then::Refused,
        "malformed",
        "no verification material",
    )
    .told_by(&["provenance"]),
    case(
        "a bundle nested a million deep",
        Before::NoProvenance,
        |world| {
            text(
                world,
                format!("{{\"verificationMaterial\":{}", "[".repeat(1_000_000)),
            );
        },
        Then::Refused,
        "malformed",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "a bundle of escape sequences",
        Before::NoProvenance,
        |world| {
            world.refer_changed(|bundle| {
                bundle["mediaType"] = json!("\u{1b}]0;owned\u{7}\u{0}\u{202e}");
            });
        },
        Then::Refused,
        "",
        "calls itself",
    )
    .told_by(&["provenance"]),
    case(
        "a payload with spaces in its encoding",
        Before::NoProvenance,
        |world| {
            world.refer_changed(|bundle| {
                let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap();
                let (head, tail) = payload.split_at(40);
                bundle["dsseEnvelope"]["payload"] = json!(format!("{head}\n {tail}"));
            });
        },
        Then::Refused,
        "",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "a signature in the other alphabet without padding",
        Before::NoProvenance,
        |world| {
            world.refer_changed(|bundle| {
                let signature = &mut bundle["dsseEnvelope"]["signatures"][0]["sig"];
                let text = signature.as_str().unwrap();
                let other = text.replace('+', "-").replace('/', "_");
                *signature = json!(other.trim_end_matches('='));
            });
        },
        Then::Silent,
        "",
        "",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundle_is_what_it_must_be_or_refused() {
    all_hold(CASES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_board_says_it_of_a_bundle_that_was_changed() {
    all_told(CASES).await;
}
