//! Pieces that are signed for real and yet say two things at once, or none that can be judged.

use std::collections::BTreeMap;

use gonogo::domain::digest::Digest;
use gonogo::domain::evidence::{
    Attached, Check, Collected, Form, Item, ItemVerdict, Piece, Place, Problem, Recipe,
    SubjectVerdict, Verdict, Verification,
};
use gonogo::domain::policy::{IdentityPattern, Platform};
use gonogo::evidence::Judge;
use gonogo::sim::sigstore::{
    Bundle, Claims, Craft, IN_TOTO, Layer, Name, SIGN_PREDICATE, SPDX, Sigstore, Subject,
    simple_signing,
};
use serde_json::json;

use crate::real_registries::server::noon;

const SCAN: &str = "https://cosign.sigstore.dev/attestation/vuln/v1";

fn image() -> Digest {
    Digest::of(b"image")
}

fn platform() -> Digest {
    Digest::of(b"platform")
}

fn subject(digest: &Digest) -> Subject {
    Subject {
        name: "example.org/acme/rocket".to_owned(),
        digest: gonogo::sim::oci::Digest::parse(digest.as_str()).unwrap(),
    }
}

fn claims() -> Claims {
    Claims::github(
        "acme/rocket",
        ".github/workflows/release.yml",
        ".github/workflows/sign.yml",
        "refs/tags/v1",
        "0c1e66342554433892bfac39aebe628cc606cf32",
        (7, 1),
    )
}

fn legacy(place: Place, layer: Layer) -> Piece {
    Piece {
        place,
        digest: Digest::of(&layer.bytes),
        annotations: layer.annotations,
        bytes: layer.bytes,
    }
}

fn referrer(bundle: &Bundle) -> Piece {
    Piece {
        place: Place::Referrer,
        digest: Digest::of(&bundle.json),
        annotations: BTreeMap::new(),
        bytes: bundle.json.clone(),
    }
}

fn attached(digest: Digest, pieces: Vec<Piece>) -> Attached {
    Attached {
        digest,
        pieces,
        gaps: Vec::new(),
    }
}

fn judged(sigstore: &Sigstore, whole: Vec<Piece>, platform_pieces: Vec<Piece>) -> Verification {
    let pattern = r"https://github\.com/acme/rocket/\.github/workflows/sign\.yml@";
    let mut recipe = Recipe::of(claims().issuer, IdentityPattern::literal(pattern));
    recipe.repository = Some("acme/rocket".to_owned());
    let judge = Judge::of_root(&sigstore.trusted_root_json(), recipe).unwrap();
    judge.judge(&Collected {
        is_index: true,
        whole: attached(image(), whole),
        platforms: vec![(
            Platform::new("linux", "amd64"),
            attached(platform(), platform_pieces),
        )],
        missing: Vec::new(),
        buildkit: Vec::new(),
    })
}

/// The one item that is made of one piece at the image.
fn item(sigstore: &Sigstore, piece: Piece) -> Item {
    let found = judged(sigstore, vec![piece], Vec::new());
    let mut items = found.signature.items;
    items.extend(found.provenance.items);
    items.extend(found.index_sboms);
    items.extend(found.others);
    assert_eq!(items.len(), 1);
    items.remove(0)
}

fn codes(item: &Item) -> Vec<&'static str> {
    item.problems.iter().map(Problem::code).collect()
}

fn sigstore() -> Sigstore {
    Sigstore::new(noon()()).unwrap()
}

#[test]
fn a_certificate_says_each_thing_once() {
    let sigstore = sigstore();
    let honest = Craft::from(claims());
    let with = |change: &dyn Fn(&mut Craft)| {
        let mut craft = honest.clone();
        change(&mut craft);
        craft
    };
    let stranger = "https://github.com/evil/rocket/.github/workflows/sign.yml@refs/tags/v1";
    let issuer = claims().issuer;
    for (what, craft, is_valid) in [
        ("honest", honest.clone(), true),
        (
            "two addresses",
            with(&|craft| craft.more_names.push(Name::Uri(stranger.to_owned()))),
            false,
        ),
        (
            "the same address twice",
            with(&|craft| {
                craft
                    .more_names
                    .push(Name::Uri(craft.claims.identity.clone()));
            }),
            false,
        ),
        (
            "an e-mail address beside",
            with(&|craft| {
                craft
                    .more_names
                    .push(Name::Email("me@evil.example".to_owned()));
            }),
            false,
        ),
        (
            "two issuers",
            with(&|craft| {
                craft
                    .more_extensions
                    .push((8, "https://evil.example".to_owned()));
            }),
            false,
        ),
        (
            "one issuer twice",
            with(&|craft| craft.more_extensions.push((8, issuer.clone()))),
            false,
        ),
        (
            "two repositories",
            with(&|craft| craft.more_extensions.push((5, "evil/rocket".to_owned()))),
            false,
        ),
    ] {
        let layer = sigstore
            .sign_image(&craft, &subject(&image()), noon()())
            .unwrap();
        let bundle = sigstore
            .sign_image_bundle(&craft, &subject(&image()), noon()())
            .unwrap();
        for piece in [legacy(Place::Sig, layer), referrer(&bundle)] {
            let item = item(&sigstore, piece);
            let expected = if is_valid {
                vec![]
            } else {
                vec!["certificate-malformed"]
            };
            assert_eq!(codes(&item), expected, "{what}: {:?}", item.problems);
            assert_eq!(item.verdict == ItemVerdict::Valid, is_valid, "{what}");
        }
    }
}

#[test]
fn signed_text_that_readers_may_read_differently_does_not_count() {
    let sigstore = sigstore();
    let digest = image();
    let hex = digest.hex().to_owned();
    let statement = |more: &str, predicate: &str| {
        format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"digest":{{"sha256":"{hex}"}}}}],
            "predicateType":"{SCAN}",{more}"predicate":{predicate}}}"#
        )
    };
    let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    for (what, text, is_valid) in [
        ("honest", statement("", r#"{"a":1,"b":{"a":1}}"#), true),
        (
            "a field twice",
            statement("", r#"{"x":{"a":1,"a":2}}"#),
            false,
        ),
        (
            "a predicate twice",
            statement(r#""predicate":{},"#, "{}"),
            false,
        ),
        (
            "an unknown field twice",
            statement(r#""x":1,"x":2,"#, "{}"),
            false,
        ),
        ("sixty levels", statement("", &deep(60)), true),
        ("seventy levels", statement("", &deep(70)), false),
        ("ten thousand levels", statement("", &deep(10_000)), false),
    ] {
        let layer = sigstore
            .attest_raw(claims(), IN_TOTO, text.as_bytes(), SCAN, noon()())
            .unwrap();
        let bundle = sigstore
            .bundle_raw(claims(), IN_TOTO, text.as_bytes(), SCAN, noon()())
            .unwrap();
        for piece in [legacy(Place::Att, layer), referrer(&bundle)] {
            let item = item(&sigstore, piece);
            let is_as_expected = (item.verdict == ItemVerdict::Valid) == is_valid;
            assert!(is_as_expected, "{what}: {:?}", item.problems);
            assert!(
                is_valid || codes(&item) == ["malformed"],
                "{what}: {:?}",
                item.problems
            );
        }
    }
    // The same in the payload of a signature, and bytes that are no text.
    let honest = simple_signing(&subject(&digest));
    let twice = honest.replace("\"optional\":null", "\"optional\":null,\"optional\":{}");
    let mut no_text = honest.clone().into_bytes();
    let at = honest.find("example.org").unwrap();
    no_text[at] = 0xff;
    for (payload, is_valid) in [
        (honest.clone().into_bytes(), true),
        (twice.into_bytes(), false),
        (no_text, false),
    ] {
        let layer = sigstore.sign_raw(claims(), &payload, noon()()).unwrap();
        let item = item(&sigstore, legacy(Place::Sig, layer));
        assert_eq!(
            item.verdict == ItemVerdict::Valid,
            is_valid,
            "{:?}",
            item.problems
        );
        assert!(is_valid || codes(&item) == ["malformed"]);
    }
}

#[test]
fn what_hangs_on_another_kind_of_digest_is_called_unsupported() {
    let sigstore = sigstore();
    let recipe = Recipe::of(claims().issuer, IdentityPattern::literal("https://"));
    let judge = Judge::of_root(&sigstore.trusted_root_json(), recipe).unwrap();
    let long: Digest = format!("sha512:{}", "ab".repeat(64)).parse().unwrap();
    let found = judge.judge(&Collected {
        is_index: true,
        whole: attached(long.clone(), Vec::new()),
        platforms: vec![(
            Platform::new("linux", "amd64"),
            attached(platform(), Vec::new()),
        )],
        missing: Vec::new(),
        buildkit: Vec::new(),
    });
    assert_eq!(found.signature.verdict, SubjectVerdict::Unsupported);
    assert_eq!(found.provenance.verdict, SubjectVerdict::Unsupported);
    assert_eq!(found.sboms[0].report.verdict, SubjectVerdict::Absent);
    let unsupported = found.reasons.iter().find(|it| it.code == "unsupported");
    assert!(unsupported.unwrap().sentence.contains("SHA-256"));
}

#[test]
fn a_bad_bundle_of_any_kind_keeps_clients_from_the_tags() {
    let sigstore = sigstore();
    let on = subject(&platform());
    let sbom = json!({"spdxVersion": "SPDX-2.3", "name": "x", "packages": [{"name": "zlib"}]});
    let good = sigstore
        .attest(claims(), &on, SPDX, &sbom, noon()())
        .unwrap();
    let stranger = Claims {
        repository: "evil/rocket".to_owned(),
        ..claims()
    };
    let bad = sigstore
        .attest_bundle(stranger, &on, SCAN, &json!({}), noon()())
        .unwrap();
    let good = legacy(Place::Att, good);
    let alone = judged(&sigstore, Vec::new(), vec![good.clone()]);
    assert_eq!(alone.sboms[0].report.verdict, SubjectVerdict::Valid);
    let differs = |found: &Verification| {
        let mut codes = found.reasons.iter().map(|reason| reason.code.as_str());
        codes.any(|code| code == "layouts-differ")
    };
    assert!(!differs(&alone));
    let both = judged(&sigstore, Vec::new(), vec![good, referrer(&bad)]);
    assert_eq!(both.sboms[0].report.verdict, SubjectVerdict::Valid);
    assert!(differs(&both), "{:?}", both.reasons);
    assert_eq!(both.verdict, Verdict::Refused);
    let bad = &both.others[0];
    assert_eq!(bad.on.as_ref(), Some(&platform()));
    assert_eq!(bad.checks.form, Form::Bundle);
    assert_eq!(
        (bad.checks.by_log, bad.checks.signer),
        (Check::Holds, Check::Fails)
    );
}

#[test]
fn a_bundle_of_another_type_is_no_signature() {
    let sigstore = sigstore();
    let signed = sigstore
        .sign_image_bundle(claims(), &subject(&image()), noon()())
        .unwrap();
    assert_eq!(signed.predicate_type, SIGN_PREDICATE);
    let found = judged(&sigstore, vec![referrer(&signed)], Vec::new());
    assert_eq!(found.signature.verdict, SubjectVerdict::Valid);
    let scanned = sigstore
        .attest_bundle(claims(), &subject(&image()), SCAN, &json!({}), noon()())
        .unwrap();
    let found = judged(&sigstore, vec![referrer(&scanned)], Vec::new());
    assert_eq!(found.signature.verdict, SubjectVerdict::Absent);
}
