//! Certificates, logs and trusted roots that are not what they should be.

use gonogo::sim::sigstore::{Attached, Claims, Craft, Logging, Name, Party, Receipt, Signer};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::board::all_told;
use super::world::World;
use super::{Before, Case, Then, all_hold, case, verify_with};

/// The provenance in both layouts, made with this craft in place of the honest one.
fn both(world: &World, craft: &Craft) {
    world.refer(&world.provenance_bundle(craft), &world.index());
    let layer = world.provenance_layer(craft);
    world.only(&[layer], &world.index(), Attached::Attestations);
}

fn crafted(world: &World, change: impl FnOnce(&mut Craft)) {
    let mut craft = Craft::from(world.claims());
    change(&mut craft);
    both(world, &craft);
}

fn claimed(world: &World, change: impl FnOnce(&mut Claims)) {
    crafted(world, |craft| change(&mut craft.claims));
}

const EVIL: &str =
    "https://github.com/evil/rocket/.github/workflows/prerelease-docker.yml@refs/tags/v1.6.9";

const CASES: &[Case] = &[
    case(
        "ours, then a stranger's identity",
        Before::NoProvenance,
        |world| {
            crafted(world, |craft| {
                craft.more_names.push(Name::Uri(EVIL.to_owned()));
            });
        },
        Then::Refused,
        "certificate-malformed",
        "more than one identity",
    )
    .told_by(&["provenance"]),
    case(
        "a stranger's identity, then ours",
        Before::NoProvenance,
        |world| {
            crafted(world, |craft| {
                let ours = std::mem::replace(&mut craft.claims.identity, EVIL.to_owned());
                craft.more_names.push(Name::Uri(ours));
            });
        },
        Then::Refused,
        "certificate-malformed",
        "more than one identity",
    )
    .told_by(&["provenance"]),
    case(
        "ours, then an address of a person",
        Before::NoProvenance,
        |world| {
            crafted(world, |craft| {
                craft
                    .more_names
                    .push(Name::Email("mallory@evil.example".to_owned()));
            });
        },
        Then::Refused,
        "certificate-malformed",
        "more than one identity",
    )
    .told_by(&["provenance"]),
    case(
        "two issuers",
        Before::NoProvenance,
        |world| {
            crafted(world, |craft| {
                craft
                    .more_extensions
                    .push((8, "https://evil.example".to_owned()));
            });
        },
        Then::Refused,
        "certificate-malformed",
        "twice",
    )
    .told_by(&["provenance"]),
    case(
        "two repositories",
        Before::NoProvenance,
        |world| {
            crafted(world, |craft| {
                craft
                    .more_extensions
                    .push((12, "https://github.com/evil/rocket".to_owned()));
            });
        },
        Then::Refused,
        "certificate-malformed",
        "twice",
    )
    .told_by(&["provenance"]),
    case(
        "another authority",
        Before::NoProvenance,
        |world| crafted(world, |craft| craft.authority = Party::Stranger),
        Then::Refused,
        "untrusted-ca",
        "outside the trusted root",
    )
    .told_by(&["provenance"]),
    case(
        "no receipt of the certificate's log",
        Before::NoProvenance,
        |world| crafted(world, |craft| craft.receipt = Receipt::Missing),
        Then::Refused,
        "sct-missing",
        "never logged",
    )
    .told_by(&["provenance"]),
    case(
        "a receipt of another certificate log",
        Before::NoProvenance,
        |world| crafted(world, |craft| craft.receipt = Receipt::Stranger),
        Then::Refused,
        "sct-invalid",
        "does not hold",
    )
    .told_by(&["provenance"]),
    case(
        "a forged receipt",
        Before::NoProvenance,
        |world| crafted(world, |craft| craft.receipt = Receipt::Forged),
        Then::Refused,
        "sct-invalid",
        "does not hold",
    )
    .told_by(&["provenance"]),
    case(
        "another log",
        Before::NoProvenance,
        |world| crafted(world, |craft| craft.log = Logging::Stranger),
        Then::Refused,
        "tlog-invalid",
        "does not hold",
    )
    .told_by(&["provenance"]),
    case(
        "no log",
        Before::NoProvenance,
        |world| crafted(world, |craft| craft.log = Logging::Nowhere),
        Then::Refused,
        "tlog-missing",
        "no entry",
    )
    .told_by(&["provenance"]),
    case(
        "a key pair",
        Before::NoProvenance,
        |world| crafted(world, |craft| craft.signer = Signer::KeyPair),
        Then::Refused,
        "not-keyless",
        "no certificate",
    )
    .told_by(&["provenance"]),
    case(
        "logged an hour after the certificate had ended",
        Before::NoProvenance,
        |world| {
            crafted(world, |craft| {
                craft.logged_at = Some(world.now + SignedDuration::from_hours(1));
            });
        },
        Then::Refused,
        "certificate-expired",
        "outside of the certificate's minutes",
    )
    .told_by(&["provenance"]),
    case(
        "logged an hour before the certificate began",
        Before::NoProvenance,
        |world| {
            crafted(world, |craft| {
                craft.logged_at = Some(world.now - SignedDuration::from_hours(1));
            });
        },
        Then::Refused,
        "certificate-expired",
        "outside of the certificate's minutes",
    )
    .told_by(&["provenance"]),
    case(
        "signed in the year 2040",
        Before::NoProvenance,
        |world| {
            let then = "2040-01-01T00:00:00Z".parse().unwrap();
            let bundle = world
                .sigstore
                .attest_bundle(
                    world.claims(),
                    &world.subject(),
                    gonogo::sim::sigstore::SLSA_V02,
                    &world.provenance(),
                    then,
                )
                .unwrap();
            world.refer(&bundle, &world.index());
        },
        Then::Refused,
        "",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "another owner whose name begins like ours",
        Before::NoProvenance,
        |world| {
            claimed(world, |claims| {
                claims.identity = claims
                    .identity
                    .replace("/acme/", "/acme/rocket/../../evil/");
            });
        },
        Then::Refused,
        "identity-mismatch",
        "signed by",
    )
    .told_by(&["signer"]),
    case(
        "an identity with ours in its query",
        Before::NoProvenance,
        |world| {
            claimed(world, |claims| {
                claims.identity = format!("https://evil.example/?x={}", claims.identity);
            });
        },
        Then::Refused,
        "identity-mismatch",
        "evil.example",
    )
    .told_by(&["signer"]),
    case(
        "an identity on a line behind another",
        Before::NoProvenance,
        |world| {
            claimed(world, |claims| {
                claims.identity = format!("https://evil.example\n{}", claims.identity);
            });
        },
        Then::Refused,
        "",
        "",
    )
    .told_by(&["signer"]),
    case(
        "an identity with a letter of another alphabet",
        Before::NoProvenance,
        |world| {
            claimed(world, |claims| {
                claims.repository = String::from("\u{430}cme/rocket");
            });
        },
        Then::Refused,
        "repository-mismatch",
        "signed in a run of",
    )
    .told_by(&["signer"]),
    case(
        "a repository in other letters",
        Before::NoProvenance,
        |world| {
            claimed(world, |claims| {
                claims.repository = String::from("ACME/rocket");
            });
        },
        Then::Refused,
        "repository-mismatch",
        "ACME/rocket",
    )
    .told_by(&["signer"]),
    case(
        "a repository that is empty",
        Before::NoProvenance,
        |world| claimed(world, |claims| claims.repository = String::new()),
        Then::Refused,
        "repository-mismatch",
        "signed in a run of",
    )
    .told_by(&["signer"]),
    case(
        "a repository with an end of text in it",
        Before::NoProvenance,
        |world| {
            claimed(world, |claims| {
                claims.repository = String::from("acme/rocket\u{0}evil");
            });
        },
        Then::Refused,
        "repository-mismatch",
        "signed in a run of",
    )
    .told_by(&["signer"]),
    case(
        "escape sequences in what the certificate claims",
        Before::NoProvenance,
        |world| {
            claimed(world, |claims| {
                claims.repository = String::from("\u{1b}]52;c;ZXZpbA==\u{7}acme/rocket");
                claims.trigger = String::from("\u{1b}[2J");
                claims.git_ref = String::from("refs/tags/\u{202e}v1.6.9");
            });
        },
        Then::Refused,
        "repository-mismatch",
        "signed in a run of",
    )
    .told_by(&["signer"]),
    case(
        "an issuer with a slash behind it",
        Before::NoProvenance,
        |world| claimed(world, |claims| claims.issuer.push('/')),
        Then::Refused,
        "issuer-mismatch",
        "vouched for by",
    )
    .told_by(&["signer"]),
    case(
        "the certificate of another run",
        Before::NoProvenance,
        |world| {
            claimed(world, |claims| {
                claims.run_invocation =
                    String::from("https://github.com/acme/rocket/actions/runs/4712/attempts/1");
            });
        },
        Then::Refused,
        "certificate-run",
        "4712",
    )
    .told_by(&["provenance"]),
    case(
        "the certificate of another commit",
        Before::NoProvenance,
        |world| claimed(world, |claims| claims.sha = "0".repeat(40)),
        Then::Refused,
        "certificate-commit",
        "0000",
    )
    .told_by(&["commit"]),
    case(
        "a machine of the owner's own",
        Before::NoProvenance,
        |world| claimed(world, |claims| claims.runner = String::from("self-hosted")),
        Then::Warned,
        "self-hosted-runner",
        "self-hosted",
    )
    .told_by(&["evidence-notes"]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_is_not_what_it_should_be_does_not_count() {
    all_hold(CASES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_board_says_it_of_a_certificate_that_is_not_what_it_should_be() {
    all_told(CASES).await;
}

/// What is wrong with a root, how it is made so, and the words that say it.
type Root = (&'static str, fn(&mut Value), &'static str);

/// What the trusted root may be instead of the right one, and the words that say so.
const ROOTS: &[Root] = &[
    (
        "no authority",
        |root| root["certificateAuthorities"] = json!([]),
        "the trusted root cannot be used",
    ),
    (
        "no log",
        |root| root["tlogs"] = json!([]),
        "the trusted root cannot be used",
    ),
    (
        "no certificate log",
        |root| root["ctlogs"] = json!([]),
        "the trusted root cannot be used",
    ),
    ("nothing", |root| *root = json!({}), "trusted root"),
    ("no object", |root| *root = json!([]), "trusted root"),
    (
        "a key that is none",
        |root| root["tlogs"][0]["publicKey"]["rawBytes"] = json!("AAAA"),
        "trusted root",
    ),
    (
        "one log twice",
        |root| {
            let log = root["tlogs"][0].clone();
            root["tlogs"].as_array_mut().unwrap().push(log);
        },
        "trusted root",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_judged_by_a_trusted_root_that_is_none() {
    let world = Before::Legacy.world().await;
    let home = tempfile::tempdir().unwrap();
    let honest: Value = serde_json::from_str(&world.sigstore.trusted_root_json()).unwrap();
    let file = home.path().join("root.json");
    let reference = format!("{}/{}:{}", world.address, super::REPOSITORY, world.tag);
    let mut texts: Vec<(&str, Vec<u8>, &str)> = ROOTS
        .iter()
        .map(|(name, change, words)| {
            let mut root = honest.clone();
            change(&mut root);
            (*name, root.to_string().into_bytes(), *words)
        })
        .collect();
    texts.push(("an empty file", Vec::new(), "trusted root"));
    texts.push(("no text", vec![0xff; 100], "trusted root"));
    texts.push(("deep", vec![b'['; 1_000_000], "trusted root"));
    for (name, text, words) in texts {
        std::fs::write(&file, text).unwrap();
        let output = verify_with(&reference, &file, home.path(), &["--json"]).await;
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(78), "{name}: {stderr}");
        assert!(output.stdout.is_empty(), "{name}");
        assert!(stderr.contains(words), "{name}: {stderr}");
        assert!(!stderr.contains("panicked"), "{name}: {stderr}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_root_trusted_at_another_time_is_not_trusted() {
    let world = Before::Bundles.world().await;
    let home = tempfile::tempdir().unwrap();
    let honest: Value = serde_json::from_str(&world.sigstore.trusted_root_json()).unwrap();
    let file = home.path().join("root.json");
    let reference = format!("{}/{}:{}", world.address, super::REPOSITORY, world.tag);
    let past = json!({"start": "2020-01-01T00:00:00Z", "end": "2021-01-01T00:00:00Z"});
    let future = json!({"start": "2035-01-01T00:00:00Z"});
    for window in [past, future] {
        for (pointer, code) in [
            ("/certificateAuthorities/0/validFor", "untrusted-ca"),
            ("/tlogs/0/publicKey/validFor", "tlog-invalid"),
            ("/ctlogs/0/publicKey/validFor", "sct-invalid"),
        ] {
            let mut root = honest.clone();
            *root.pointer_mut(pointer).unwrap() = window.clone();
            std::fs::write(&file, root.to_string()).unwrap();
            let output = verify_with(&reference, &file, home.path(), &["--json"]).await;
            let document: Value = serde_json::from_slice(&output.stdout)
                .unwrap_or_else(|_| panic!("{pointer}: {output:?}"));
            assert_eq!(output.status.code(), Some(1), "{pointer}: {document}");
            let codes = document["reason_codes"].to_string();
            assert!(codes.contains(code), "{pointer} {window}: {codes}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_text_for_a_person_holds_nothing_that_moves_the_cursor() {
    let world = Before::NoProvenance.world().await;
    claimed(&world, |claims| {
        claims.repository = String::from("\u{1b}]0;owned\u{7}\u{9b}2Jacme/rocket\r\nVERIFIED");
    });
    let home = tempfile::tempdir().unwrap();
    let output = super::verify(&world, home.path(), &[]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let bad = text.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(bad, None, "{text:?}");
    assert!(!text.contains("\nVERIFIED"), "{text}");
    assert!(text.starts_with("REFUSED"), "{text}");
}
