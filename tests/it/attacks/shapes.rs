//! Indexes that are odd: what they name, how often, and as what.

use gonogo::sim::oci::Digest;
use gonogo::sim::sigstore::{Attached, legacy_tag};
use serde_json::{Value, json};

use super::board::all_told;
use super::world::{INDEX, MANIFEST, REPOSITORY, World, entry, index_of};
use super::{Before, Case, Then, all_hold, case};

const SCHEMA_1: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";

fn linux(architecture: &str) -> Value {
    json!({"os": "linux", "architecture": architecture})
}

/// The released platforms as entries of an index, with SBOMs.
fn honest(world: &World) -> Vec<Value> {
    ["amd64", "arm64"]
        .iter()
        .zip(&world.image.platforms)
        .map(|(architecture, built)| {
            world.sign_sbom(&built.manifest.digest);
            entry(&built.manifest.digest, &linux(architecture))
        })
        .collect()
}

/// Releases an index of the honest platforms and this entry.
fn with(world: &World, more: Value) {
    let mut entries = honest(world);
    entries.push(more);
    world.release_index(INDEX, index_of(&entries));
}

/// A manifest that is there under its digest, for whoever asks.
fn something(world: &World, name: &str) -> Digest {
    let bytes = json!({"schemaVersion": 2, "mediaType": MANIFEST, "name": name}).to_string();
    let digest = Digest::of(bytes.as_bytes());
    world.plant(digest.as_str(), MANIFEST, bytes)
}

/// Releases the image of one platform, changed, in place of the index.
fn image(world: &World, change: impl FnOnce(&mut Value)) -> Digest {
    let bytes = &world.image.platforms[0].manifest.bytes;
    let mut image: Value = serde_json::from_slice(bytes).unwrap();
    change(&mut image);
    world.release_index(MANIFEST, image.to_string())
}

const CASES: &[Case] = &[
    case(
        "an index that names nothing",
        Before::Unsigned,
        |world| {
            world.release_index(INDEX, index_of(&[]));
        },
        Then::Refused,
        "platform-missing",
        "names no platform",
    )
    .told_by(&["arch-tags", "platforms", "signature"]),
    case(
        "an index of BuildKit's attestations alone",
        Before::Unsigned,
        |world| {
            let unknown = json!({"os": "unknown", "architecture": "unknown"});
            let mut one = entry(&world.platform(), &unknown);
            one["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
            world.release_index(INDEX, index_of(&[one]));
        },
        Then::Refused,
        "platform-missing",
        "names no platform",
    )
    .told_by(&["arch-tags", "platforms", "signature"]),
    case(
        "an image that hides behind an unknown platform",
        Before::Unsigned,
        |world| {
            let unknown = json!({"os": "unknown", "architecture": "unknown"});
            with(world, entry(&something(world, "hidden"), &unknown));
        },
        Then::Refused,
        "sbom-absent:unknown",
        "SBOM absent",
    )
    .told_by(&["sbom"])
    .worded("Nothing lists what is in"),
    case(
        "an image that hides behind an unknown architecture",
        Before::Unsigned,
        |world| with(world, entry(&something(world, "hidden"), &linux("unknown"))),
        Then::Refused,
        "sbom-absent:unknown",
        "SBOM absent",
    )
    .told_by(&["sbom"])
    .worded("Nothing lists what is in"),
    case(
        "an image that hides behind no platform at all",
        Before::Unsigned,
        |world| with(world, entry(&something(world, "hidden"), &Value::Null)),
        Then::Refused,
        "sbom-absent:unknown",
        "SBOM absent",
    )
    .told_by(&["sbom"])
    .worded("Nothing lists what is in"),
    case(
        "sixty-five platforms",
        Before::Unsigned,
        |world| {
            let one = |number: u8| entry(&Digest::of(&[number]), &linux(&format!("a{number}")));
            let entries: Vec<Value> = (0..65).map(one).collect();
            world.release_index(INDEX, index_of(&entries));
        },
        Then::Unknown,
        "not-looked",
        "too many platforms",
    )
    .told_by(&["arch-tags", "platforms"])
    .otherwise(
        Then::Refused,
        "",
        "has no image for linux/amd64",
        "the index lacks what is configured, whatever else it holds",
    ),
    case(
        "a platform that is listed twice, and both have an SBOM",
        Before::Unsigned,
        |world| {
            let digest = something(world, "twin");
            world.sign_sbom(&digest);
            with(world, entry(&digest, &linux("amd64")));
        },
        Then::Warned,
        "platform-twice",
        "inux/amd64",
    )
    .told_by(&["evidence-notes"]),
    case(
        "a platform that is listed twice, and one has an SBOM",
        Before::Unsigned,
        |world| with(world, entry(&something(world, "twin"), &linux("amd64"))),
        Then::Refused,
        "sbom-absent:amd64",
        "SBOM absent",
    )
    .told_by(&["sbom"])
    .worded("Nothing lists what is in"),
    case(
        "a platform that is listed twice in two spellings",
        Before::Unsigned,
        |world| {
            let digest = something(world, "twin");
            world.sign_sbom(&digest);
            let mut platform = linux("arm64");
            platform["variant"] = json!("v8");
            with(world, entry(&digest, &platform));
        },
        Then::Warned,
        "platform-twice",
        "inux/arm64",
    )
    .told_by(&["evidence-notes"]),
    case(
        "variants of a platform, one of them without an SBOM",
        Before::Unsigned,
        |world| {
            let one = |variant: &&str| {
                let digest = something(world, variant);
                if *variant == "v6" {
                    world.sign_sbom(&digest);
                }
                let mut platform = linux("arm");
                platform["variant"] = json!(variant);
                entry(&digest, &platform)
            };
            let entries: Vec<Value> = ["v6", "v7"].iter().map(one).collect();
            world.release_index(INDEX, index_of(&entries));
        },
        Then::Refused,
        "sbom-absent:arm",
        "inux/arm/v7",
    )
    .told_by(&["arch-tags", "platforms", "sbom"]),
    case(
        "an index in an index",
        Before::Unsigned,
        |world| {
            let inner = world.plant("inner", INDEX, index_of(&[]));
            world.sign_sbom(&inner);
            let mut one = entry(&inner, &linux("s390x"));
            one["mediaType"] = json!(INDEX);
            with(world, one);
        },
        Then::Unknown,
        "platform-unseen",
        "an index",
    )
    .told_by(&["signature"]),
    case(
        "an index in an index that the registry sends as an image",
        Before::Unsigned,
        |world| {
            let inner = world.plant("inner", MANIFEST, index_of(&[]));
            world.sign_sbom(&inner);
            let mut one = entry(&inner, &linux("s390x"));
            one["mediaType"] = json!(INDEX);
            with(world, one);
        },
        Then::Unknown,
        "platform-unseen",
        "an index",
    )
    .told_by(&["signature"]),
    case(
        "an index in an index that is listed as an image",
        Before::Unsigned,
        |world| {
            let inner = world.plant("inner", INDEX, index_of(&[]));
            world.sign_sbom(&inner);
            with(world, entry(&inner, &linux("s390x")));
        },
        Then::Unknown,
        "platform-unseen",
        "an index",
    )
    .told_by(&["signature"]),
    case(
        "an image of schema 1",
        Before::Unsigned,
        |world| {
            let old = json!({"schemaVersion": 1, "name": "acme/rocket", "fsLayers": []});
            world.plant(&world.tag, SCHEMA_1, old.to_string());
        },
        Then::Unknown,
        "not-looked",
        "schema 1",
    )
    .told_by(&["platforms", "signature"]),
    case(
        "a platform of schema 1",
        Before::Unsigned,
        |world| {
            let old = json!({"schemaVersion": 1, "name": "acme/rocket", "fsLayers": []});
            let old = world.plant("old", SCHEMA_1, old.to_string());
            world.sign_sbom(&old);
            with(world, entry(&old, &linux("s390x")));
        },
        Then::Unknown,
        "platform-unseen",
        "schema 1",
    )
    .told_by(&["signature"]),
    case(
        "a signature in place of an image",
        Before::Legacy,
        |world| {
            let tag = legacy_tag(&world.index(), Attached::Signatures);
            let manifest = world.registry.resolve(REPOSITORY, &tag).unwrap();
            world
                .registry
                .tag(REPOSITORY, &world.tag, &manifest)
                .unwrap();
        },
        Then::Unknown,
        "not-looked",
        "is no image",
    )
    .told_by(&["tested-digest"])
    .otherwise(
        Then::Refused,
        "",
        "somebody moved it",
        "the tag holds another digest than was built",
    ),
    case(
        "an image that says what it refers to is an image all the same",
        Before::Unsigned,
        |world| {
            let index = world.index();
            let digest = image(world, |image| {
                image["subject"] = json!({"mediaType": INDEX, "digest": index.as_str(), "size": 1});
            });
            world.sign_sbom(&digest);
        },
        Then::Silent,
        "",
        "",
    )
    .told_by(&["platforms"])
    .otherwise(
        Then::Refused,
        "",
        "is a single manifest",
        "two platforms are configured",
    ),
    case(
        "an image with an artifact type is none",
        Before::Unsigned,
        |world| {
            image(world, |image| {
                image["artifactType"] = json!("application/vnd.evil\u{1b}[2J");
            });
        },
        Then::Unknown,
        "not-looked",
        "is no image",
    )
    .told_by(&["platforms"])
    .otherwise(
        Then::Refused,
        "",
        "is a single manifest",
        "two platforms are configured",
    ),
    case(
        "an index and an image at once",
        Before::Unsigned,
        |world| {
            image(world, |image| image["manifests"] = json!([]));
        },
        Then::Unknown,
        "not-looked",
        "an index and an image at once",
    )
    .told_by(&["platforms", "signature"]),
    case(
        "an image whose configuration is no configuration",
        Before::Unsigned,
        |world| {
            let digest = world.registry.put_blob(REPOSITORY, "[[[[");
            image(world, |image| {
                image["config"]["digest"] = json!(digest.as_str());
            });
        },
        Then::Unknown,
        "not-looked",
        "a configuration",
    )
    .told_by(&["platforms"])
    .otherwise(
        Then::Refused,
        "",
        "is a single manifest",
        "two platforms are configured",
    ),
    case(
        "a platform named by SHA-512",
        Before::Unsigned,
        |world| {
            let mut one = entry(&world.platform(), &linux("s390x"));
            one["digest"] = json!(format!("sha512:{}", "ab".repeat(64)));
            with(world, one);
        },
        Then::Refused,
        "platform-missing",
        "s390x",
    )
    .told_by(&["signature"]),
    case(
        "a platform whose digest is none",
        Before::Unsigned,
        |world| {
            let mut one = entry(&world.platform(), &linux("s390x"));
            one["digest"] = json!("sha256:../../../etc/passwd");
            with(world, one);
        },
        Then::Unknown,
        "not-looked",
        "is not a digest",
    )
    .told_by(&["platforms", "signature"]),
    case(
        "a platform with escape sequences in its name",
        Before::Unsigned,
        |world| {
            let platform = json!({"os": "linux\u{1b}[2J", "architecture": "am\u{0}d\u{202e}64"});
            with(world, entry(&something(world, "escape"), &platform));
        },
        Then::Refused,
        "",
        "SBOM absent",
    )
    .told_by(&["sbom"])
    .worded("linux [2J/am d64"),
    case(
        "an index with a list of platforms twice",
        Before::Unsigned,
        |world| {
            let entries = serde_json::to_string(&honest(world)).unwrap();
            let twice = format!("{{\"manifests\":[],\"schemaVersion\":2,\"manifests\":{entries}}}");
            world.release_index(INDEX, twice);
        },
        Then::Unknown,
        "not-looked",
        "duplicate",
    )
    .told_by(&["platforms", "signature"]),
    case(
        "an index that is no text",
        Before::Unsigned,
        |world| {
            let bytes = &b"{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"\xff\xfe\"}]}"[..];
            world.release_index(INDEX, bytes);
        },
        Then::Unknown,
        "not-looked",
        "cannot be read",
    )
    .told_by(&["platforms", "signature"]),
    case(
        "an index nested a million deep",
        Before::Unsigned,
        |world| {
            world.release_index(INDEX, format!("{{\"manifests\":{}", "[".repeat(1_000_000)));
        },
        Then::Unknown,
        "not-looked",
        "cannot be read",
    )
    .told_by(&["platforms", "signature"]),
    case(
        "an index nested a million deep where nobody looks",
        Before::Unsigned,
        |world| {
            let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
            let index = index_of(&honest(world));
            world.release_index(INDEX, index.replacen('{', &format!("{{\"x\":{deep},"), 1));
        },
        Then::Silent,
        "",
        "",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_odd_index_is_refused_or_told() {
    all_hold(CASES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_board_says_it_of_an_odd_index() {
    all_told(CASES).await;
}
