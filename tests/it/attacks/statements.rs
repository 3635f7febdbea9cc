//! What is signed and how it is written down: statements that two readers read in two ways.

use gonogo::sim::sigstore::{IN_TOTO, SLSA_V02, SPDX};
use serde_json::{Value, json};

use super::board::all_told;
use super::world::World;
use super::{Before, Case, Then, all_hold, case};

/// A bundle over a payload that is signed and logged as it should be, in place of the provenance.
fn signed(world: &World, payload: impl AsRef<[u8]>) {
    let bundle = world
        .sigstore
        .bundle_raw(
            world.claims(),
            IN_TOTO,
            payload.as_ref(),
            SLSA_V02,
            world.now,
        )
        .unwrap();
    world.refer(&bundle, &world.index());
}

/// The honest statement as text.
fn statement(world: &World) -> String {
    statement_of(
        world,
        &json!([{"name": "x", "digest": {"sha256": world.index().hex()}}]),
    )
    .to_string()
}

fn statement_of(world: &World, subjects: &Value) -> Value {
    json!({
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": SLSA_V02,
        "subject": subjects,
        "predicate": world.provenance(),
    })
}

/// The same with another type of predicate.
fn typed(world: &World, predicate_type: &str) {
    let mut value: Value = serde_json::from_str(&statement(world)).unwrap();
    value["predicateType"] = json!(predicate_type);
    signed(world, value.to_string());
}

const CASES: &[Case] = &[
    case(
        "the honest statement, signed like the others",
        Before::NoProvenance,
        |world| signed(world, statement(world)),
        Then::Silent,
        "",
        "",
    ),
    case(
        "a statement with two types",
        Before::NoProvenance,
        |world| {
            let twice = statement(world).replacen(
                '{',
                "{\"predicateType\":\"https://example.com/other\",",
                1,
            );
            signed(world, twice);
        },
        Then::Refused,
        "malformed",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "a statement with two lists of subjects",
        Before::NoProvenance,
        |world| {
            let other = "{\"subject\":[{\"name\":\"y\",\"digest\":{\"sha256\":\"00\"}}],";
            signed(world, statement(world).replacen('{', other, 1));
        },
        Then::Refused,
        "malformed",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "a statement with two predicates",
        Before::NoProvenance,
        |world| {
            signed(
                world,
                statement(world).replacen('{', "{\"predicate\":{},", 1),
            );
        },
        Then::Refused,
        "malformed",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "a subject with two digests of one kind",
        Before::NoProvenance,
        |world| {
            let other = format!("\"digest\":{{\"sha256\":\"{:064}\",\"sha256\":", 0);
            signed(
                world,
                statement(world).replace("\"digest\":{\"sha256\":", &other),
            );
        },
        Then::Refused,
        "malformed",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "a predicate that names two commits",
        Before::NoProvenance,
        |world| {
            let twice = statement(world).replace(
                "\"digest\":{\"sha1\":",
                "\"digest\":{\"sha1\":\"1111111111111111111111111111111111111111\",\"sha1\":",
            );
            signed(world, twice);
        },
        Then::Refused,
        "malformed",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "a predicate that names two builders",
        Before::NoProvenance,
        |world| {
            let twice = statement(world).replacen(
                "\"builder\":{",
                "\"builder\":{\"id\":\"https://evil.example\"},\"builder\":{",
                1,
            );
            signed(world, twice);
        },
        Then::Refused,
        "malformed",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "a statement that is no text",
        Before::NoProvenance,
        |world| {
            let mut bytes = statement(world).into_bytes();
            let at = bytes
                .windows(6)
                .position(|part| part == b"\"name\"")
                .unwrap();
            bytes[at + 8] = 0xff;
            signed(world, bytes);
        },
        Then::Refused,
        "malformed",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "a statement nested a hundred thousand deep",
        Before::NoProvenance,
        |world| {
            let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
            signed(
                world,
                statement(world).replacen('{', &format!("{{\"deep\":{deep},"), 1),
            );
        },
        Then::Refused,
        "malformed",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "a predicate nested a hundred thousand deep",
        Before::NoProvenance,
        |world| {
            let deep = format!("{}{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
            let deep = deep.replace(":}", ":1}");
            signed(
                world,
                statement(world).replacen(
                    "\"predicate\":{",
                    &format!("\"predicate\":{{\"x\":{deep},"),
                    1,
                ),
            );
        },
        Then::Refused,
        "malformed",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "a huge predicate",
        Before::NoProvenance,
        |world| {
            let mut value: Value = serde_json::from_str(&statement(world)).unwrap();
            value["predicate"]["more"] = json!("x".repeat(20 << 20));
            signed(world, value.to_string());
        },
        Then::Silent,
        "",
        "",
    ),
    case(
        "an empty payload",
        Before::NoProvenance,
        |world| signed(world, ""),
        Then::Refused,
        "malformed",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "a payload that is null",
        Before::NoProvenance,
        |world| signed(world, "null"),
        Then::Refused,
        "malformed",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "a payload with something behind it",
        Before::NoProvenance,
        |world| signed(world, statement(world) + "{}"),
        Then::Refused,
        "malformed",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "a statement without a predicate",
        Before::NoProvenance,
        |world| {
            let mut value: Value = serde_json::from_str(&statement(world)).unwrap();
            value.as_object_mut().unwrap().remove("predicate");
            signed(world, value.to_string());
        },
        Then::Refused,
        "provenance-builder",
        "builder.id is nothing",
    )
    .told_by(&["commit", "provenance"]),
    case(
        "a predicate that is a text of the predicate",
        Before::NoProvenance,
        |world| {
            let mut value: Value = serde_json::from_str(&statement(world)).unwrap();
            value["predicate"] = json!(world.provenance().to_string());
            signed(world, value.to_string());
        },
        Then::Refused,
        "malformed",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "a type with a slash behind it",
        Before::NoProvenance,
        |world| typed(world, "https://slsa.dev/provenance/v0.2/"),
        Then::Unknown,
        "unsupported",
        "v0.2/",
    )
    .told_by(&["provenance"]),
    case(
        "a type in capitals",
        Before::NoProvenance,
        |world| typed(world, "https://slsa.dev/Provenance/v0.2"),
        Then::Refused,
        "provenance-absent",
        "nothing says how",
    )
    .told_by(&["provenance"])
    .worded("Nothing says how"),
    case(
        "a type of another version",
        Before::NoProvenance,
        |world| typed(world, "https://slsa.dev/provenance/v9"),
        Then::Unknown,
        "unsupported",
        "v9",
    )
    .told_by(&["provenance"]),
    case(
        "a type with a space before it",
        Before::NoProvenance,
        |world| typed(world, " https://slsa.dev/provenance/v0.2"),
        Then::Refused,
        "provenance-absent",
        "nothing says how",
    )
    .told_by(&["provenance"])
    .worded("Nothing says how"),
    case(
        "a type with an end of text in it",
        Before::NoProvenance,
        |world| typed(world, "https://slsa.dev/provenance/v0.2\u{0}\u{1b}[2J"),
        Then::Unknown,
        "unsupported",
        "v0.2",
    )
    .told_by(&["provenance"]),
    case(
        "provenance that calls itself an SBOM",
        Before::NoProvenance,
        |world| typed(world, SPDX),
        Then::Refused,
        "sbom-on-index",
        "SBOM on the index",
    )
    .told_by(&["provenance", "sbom-place"]),
    case(
        "a payload that is no statement by its type",
        Before::NoProvenance,
        |world| {
            let bundle = world
                .sigstore
                .bundle_raw(
                    world.claims(),
                    "application/json",
                    statement(world).as_bytes(),
                    SLSA_V02,
                    world.now,
                )
                .unwrap();
            world.refer(&bundle, &world.index());
        },
        Then::Unknown,
        "unsupported",
        "application/json",
    )
    .told_by(&["provenance"]),
    case(
        "ten thousand subjects, and the last is ours",
        Before::NoProvenance,
        |world| {
            let mut subjects: Vec<Value> = (0..10_000)
                .map(|number| json!({"name": "x", "digest": {"sha256": format!("{number:064x}")}}))
                .collect();
            subjects.push(json!({"name": "x", "digest": {"sha256": world.index().hex()}}));
            signed(world, statement_of(world, &json!(subjects)).to_string());
        },
        Then::Silent,
        "",
        "",
    ),
    case(
        "ten thousand subjects, and none is ours",
        Before::NoProvenance,
        |world| {
            let subjects: Vec<Value> = (0..10_000)
                .map(|number| json!({"name": "x", "digest": {"sha256": format!("{number:064x}")}}))
                .collect();
            signed(world, statement_of(world, &json!(subjects)).to_string());
        },
        Then::Refused,
        "subject-mismatch",
        "the statement is about",
    )
    .told_by(&["provenance"]),
    case(
        "no subject",
        Before::NoProvenance,
        |world| signed(world, statement_of(world, &json!([])).to_string()),
        Then::Refused,
        "malformed",
        "no subjects",
    )
    .told_by(&["provenance"]),
    case(
        "a subject named by SHA-512 alone",
        Before::NoProvenance,
        |world| {
            use sha2::Digest as _;
            let sha512 = hex::encode(sha2::Sha512::digest(&world.image.index.bytes));
            let subjects = json!([{"name": "x", "digest": {"sha512": sha512}}]);
            signed(world, statement_of(world, &subjects).to_string());
        },
        Then::Refused,
        "subject-mismatch",
        "the statement is about",
    )
    .told_by(&["provenance"]),
    case(
        "a subject whose digest is in capitals",
        Before::NoProvenance,
        |world| {
            let subjects =
                json!([{"name": "x", "digest": {"sha256": world.index().hex().to_uppercase()}}]);
            signed(world, statement_of(world, &subjects).to_string());
        },
        Then::Silent,
        "",
        "",
    ),
    case(
        "a subject whose digest has its algorithm before it",
        Before::NoProvenance,
        |world| {
            let subjects = json!([{"name": "x", "digest": {"sha256": world.index().to_string()}}]);
            signed(world, statement_of(world, &subjects).to_string());
        },
        Then::Refused,
        "",
        "",
    )
    .told_by(&["provenance"]),
    case(
        "our digest under another algorithm's name",
        Before::NoProvenance,
        |world| {
            let subjects = json!([{"name": "x", "digest": {"gitCommit": world.index().hex()}}]);
            signed(world, statement_of(world, &subjects).to_string());
        },
        Then::Refused,
        "subject-mismatch",
        "the statement is about",
    )
    .told_by(&["provenance"]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_statement_is_read_in_one_way_or_not_at_all() {
    all_hold(CASES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_board_says_it_of_a_statement_that_is_odd() {
    all_told(CASES).await;
}
