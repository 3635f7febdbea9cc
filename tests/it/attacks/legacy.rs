//! Legacy signatures with odd payloads and log entries, and SBOMs that are odd.

use gonogo::sim::sigstore::{Attached, IN_TOTO, SPDX, simple_signing};
use serde_json::json;

use super::board::all_told;
use super::world::{World, subject};
use super::{Before, Case, Then, all_hold, case};

/// A signed SBOM of the first platform, over a predicate that is written like this, in place of the honest one.
fn sbom(world: &World, predicate: &str) {
    let digest = world.platform();
    let payload = format!(
        "{{\"_type\":\"https://in-toto.io/Statement/v0.1\",\"predicateType\":\"{SPDX}\",\
         \"subject\":[{{\"name\":\"x\",\"digest\":{{\"sha256\":\"{}\"}}}}],\"predicate\":{predicate}}}",
        digest.hex()
    );
    let layer = world
        .sigstore
        .attest_raw(world.claims(), IN_TOTO, payload.as_bytes(), SPDX, world.now)
        .unwrap();
    world.only(&[layer], &digest, Attached::Attestations);
}

/// A signed payload of a legacy signature, in place of the honest one.
fn payload(world: &World, payload: &[u8]) {
    let layer = world
        .sigstore
        .sign_raw(world.claims(), payload, world.now)
        .unwrap();
    world.only(&[layer], &world.index(), Attached::Signatures);
}

/// The log entry of the legacy signature, as text, changed.
fn log_entry(world: &World, change: impl FnOnce(String) -> String) {
    world.change_legacy(&world.index(), Attached::Signatures, |manifest| {
        let entry = &mut manifest["layers"][0]["annotations"]["dev.sigstore.cosign/bundle"];
        *entry = json!(change(entry.as_str().unwrap().to_owned()));
    });
}

const CASES: &[Case] = &[
    case(
        "a signed payload that names two digests",
        Before::Legacy,
        |world| {
            let honest = simple_signing(&world.subject());
            let twice = honest.replacen(
                "\"docker-manifest-digest\":",
                "\"docker-manifest-digest\":\"sha256:00\",\"docker-manifest-digest\":",
                1,
            );
            payload(world, twice.as_bytes());
        },
        Then::Refused,
        "malformed",
        "duplicate",
    )
    .told_by(&["signature"]),
    case(
        "a signed payload that is no text",
        Before::Legacy,
        |world| {
            let mut bytes = simple_signing(&world.subject()).into_bytes();
            let at = bytes.windows(6).position(|part| part == b"docker").unwrap();
            bytes[at + 30] = 0xff;
            payload(world, &bytes);
        },
        Then::Refused,
        "malformed",
        "",
    )
    .told_by(&["signature"]),
    case(
        "a signed payload with something behind it",
        Before::Legacy,
        |world| {
            let honest = simple_signing(&world.subject());
            payload(world, format!("{honest}{honest}").as_bytes());
        },
        Then::Refused,
        "malformed",
        "",
    )
    .told_by(&["signature"]),
    case(
        "a signed payload nested a hundred thousand deep",
        Before::Legacy,
        |world| {
            let honest = simple_signing(&world.subject());
            let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
            payload(world, honest.replace("null", &deep).as_bytes());
        },
        Then::Refused,
        "malformed",
        "",
    )
    .told_by(&["signature"]),
    case(
        "a signed payload of another thing",
        Before::Legacy,
        |world| {
            let other = subject(&world.platform());
            payload(world, simple_signing(&other).as_bytes());
        },
        Then::Refused,
        "digest-mismatch",
        "the signed payload names",
    )
    .told_by(&["signature"]),
    case(
        "a log entry with two bodies",
        Before::Legacy,
        |world| {
            log_entry(world, |entry| {
                entry.replacen("\"Payload\":{", "\"Payload\":{\"body\":\"e30=\",", 1)
            });
        },
        Then::Refused,
        "tlog-invalid",
        "twice",
    )
    .told_by(&["signature"]),
    case(
        "a log entry with two payloads",
        Before::Legacy,
        |world| log_entry(world, |entry| entry.replacen('{', "{\"Payload\":{},", 1)),
        Then::Refused,
        "tlog-invalid",
        "twice",
    )
    .told_by(&["signature"]),
    case(
        "a log entry nested a hundred thousand deep",
        Before::Legacy,
        |world| {
            log_entry(world, |_| {
                format!(
                    "{{\"SignedEntryTimestamp\":\"\",\"Payload\":{}",
                    "[".repeat(100_000)
                )
            });
        },
        Then::Refused,
        "tlog-invalid",
        "",
    )
    .told_by(&["signature"]),
    case(
        "a log entry with a number beyond all numbers",
        Before::Legacy,
        |world| {
            log_entry(world, |entry| {
                entry.replacen("\"logIndex\":", "\"logIndex\":99999999999999999999", 1)
            });
        },
        Then::Refused,
        "tlog-invalid",
        "",
    )
    .told_by(&["signature"]),
    case(
        "a signature with spaces in its encoding",
        Before::Legacy,
        |world| {
            world.change_legacy(&world.index(), Attached::Signatures, |manifest| {
                let signature =
                    &mut manifest["layers"][0]["annotations"]["dev.cosignproject.cosign/signature"];
                *signature = json!(format!(" {}\n", signature.as_str().unwrap()));
            });
        },
        Then::Refused,
        "signature-invalid",
        "",
    )
    .told_by(&["signature"]),
    case(
        "an SBOM with its packages twice",
        Before::Legacy,
        |world| {
            sbom(
                world,
                "{\"spdxVersion\":\"SPDX-2.3\",\"packages\":[],\"packages\":[{\"name\":\"x\"}]}",
            );
        },
        Then::Refused,
        "malformed",
        "",
    )
    .told_by(&["sbom"]),
    case(
        "an SBOM nested a hundred thousand deep",
        Before::Legacy,
        |world| {
            sbom(
                world,
                &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
            );
        },
        Then::Refused,
        "malformed",
        "",
    )
    .told_by(&["sbom"]),
    case(
        "an SBOM that is a number",
        Before::Legacy,
        |world| sbom(world, "7"),
        Then::Warned,
        "sbom-unread:amd64",
        "could not be read",
    )
    .told_by(&["evidence-notes"]),
    case(
        "an SBOM of a million packages",
        Before::Legacy,
        |world| {
            let packages = vec!["{\"name\":\"x\"}"; 1_000_000].join(",");
            sbom(
                world,
                &format!("{{\"spdxVersion\":\"SPDX-2.3\",\"packages\":[{packages}]}}"),
            );
        },
        Then::Silent,
        "",
        "",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_legacy_signature_or_an_sbom_is_read_in_one_way_or_not_at_all() {
    all_hold(CASES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_board_says_it_of_a_legacy_signature_or_an_sbom_that_is_odd() {
    all_told(CASES).await;
}
