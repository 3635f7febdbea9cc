//! A registry that answers something else than it holds, or without end.

use gonogo::sim::oci::{Digest, Lie, Mischief};
use gonogo::sim::sigstore::{Attached, legacy_tag};
use http::{HeaderValue, Method};
use serde_json::json;

use super::board::all_told;
use super::world::{CONTENT_DIGEST, INDEX, MANIFEST, REPOSITORY, header, index_of};
use super::{Before, Case, Then, all_hold, case};

fn redirect(to: &str) -> Lie {
    Lie::Redirect(HeaderValue::from_str(to).unwrap())
}

const CASES: &[Case] = &[
    case(
        "the tag's manifest is announced with another digest",
        Before::Legacy,
        |world| {
            let other = Digest::of(b"another");
            world.lie(
                &world.tagged(),
                header("docker-content-digest", other.as_str()),
            );
        },
        Then::Unknown,
        "not-looked",
        "which was announced",
    )
    .told_by(&["tested-digest"])
    .otherwise(
        Then::Refused,
        "",
        "somebody moved it",
        "what the tag is announced to be is not what was built",
    ),
    case(
        "the tag's manifest is announced with a digest that is none",
        Before::Legacy,
        |world| {
            world.lie(&world.tagged(), header("docker-content-digest", "md5:abc"));
        },
        Then::Unknown,
        "not-looked",
        "a digest that is none",
    )
    .told_by(&["platforms", "signature", "tested-digest"]),
    case(
        "no digest is announced, on HEAD and GET",
        Before::Legacy,
        |world| world.lie("manifests/*", Lie::Header(CONTENT_DIGEST, None)),
        Then::Silent,
        "",
        "",
    ),
    case(
        "a tag that moves while it is looked at",
        Before::Legacy,
        |world| {
            // The first answer is the released image, every later one another that nobody signed.
            let other = index_of(&[]);
            let path = format!("{REPOSITORY}/{}", world.tagged());
            for lie in [
                Lie::Bytes(other.clone().into()),
                header(
                    "docker-content-digest",
                    Digest::of(other.as_bytes()).as_str(),
                ),
            ] {
                world.registry.mislead(Mischief::on(&path, lie).after(1));
            }
        },
        Then::Silent,
        "",
        "",
    )
    .told_by(&["tested-digest"])
    .otherwise(
        Then::Refused,
        "",
        "somebody moved it",
        "the board looks at the tag until it decides",
    ),
    case(
        "another platform's manifest on HEAD",
        Before::Legacy,
        |world| {
            let other = world.image.platforms[1].manifest.digest.to_string();
            world.lie(
                &format!("manifests/{}", world.platform()),
                Lie::AnswerOf(format!("{REPOSITORY}/manifests/{other}")),
            );
        },
        Then::Unknown,
        "platform-unseen",
        "not those of",
    )
    .told_by(&["signature"]),
    case(
        "the signatures of another image under this one's tag",
        Before::Legacy,
        |world| {
            let other = Digest::of(b"another image");
            world.sign_index(&other);
            let from = legacy_tag(&other, Attached::Signatures);
            let to = legacy_tag(&world.index(), Attached::Signatures);
            world.lie(
                &format!("manifests/{to}"),
                Lie::AnswerOf(format!("{REPOSITORY}/manifests/{from}")),
            );
        },
        Then::Refused,
        "digest-mismatch",
        "the signed payload names sha256:",
    )
    .told_by(&["signature"]),
    case(
        "the referrers of another image in this one's list",
        Before::Bundles,
        |world| {
            world.lie(
                &format!("referrers/{}", world.index()),
                Lie::AnswerOf(format!("{REPOSITORY}/referrers/{}", world.platform())),
            );
        },
        Then::Refused,
        "signature-absent",
        "not signed",
    )
    .told_by(&["provenance", "signature"]),
    case(
        "a referrer that is answered with another manifest",
        Before::Bundles,
        |world| {
            let referrers = world.registry.referrers(REPOSITORY, &world.index());
            for referrer in referrers {
                world.lie(
                    &format!("manifests/{}", referrer.digest),
                    Lie::AnswerOf(format!("{REPOSITORY}/manifests/{}", world.platform())),
                );
            }
        },
        Then::Unknown,
        "not-looked",
        "not those of",
    )
    .told_by(&["provenance", "signature"]),
    case(
        "blobs with other bytes",
        Before::Legacy,
        |world| world.lie("blobs/*", Lie::Bytes("{}".into())),
        Then::Unknown,
        "not-looked",
        "not those of",
    )
    .told_by(&["provenance", "sbom", "signature"]),
    case(
        "blobs that are cut",
        Before::Bundles,
        |world| world.lie("blobs/*", Lie::Cut),
        Then::Unknown,
        "not-looked",
        "ended too early",
    )
    .told_by(&["provenance", "sbom", "signature"]),
    case(
        "a manifest that is cut",
        Before::Legacy,
        |world| world.lie(&world.tagged(), Lie::Cut),
        Then::Unknown,
        "not-looked",
        "ended too early",
    )
    .told_by(&["platforms", "signature"]),
    case(
        "a manifest without end",
        Before::Legacy,
        |world| world.lie(&world.tagged(), Lie::Flood),
        Then::Unknown,
        "not-looked",
        "larger than 4 MiB",
    )
    .told_by(&["platforms", "signature"]),
    case(
        "blobs without end",
        Before::Legacy,
        |world| world.lie("blobs/*", Lie::Flood),
        Then::Unknown,
        "not-looked",
        "a layer of the size",
    )
    .told_by(&["provenance", "sbom", "signature"]),
    case(
        "a manifest of 4 MiB",
        Before::Legacy,
        |world| {
            let bytes = padded(&world.image.index.bytes, 4 << 20);
            let digest = world.release_index(INDEX, bytes);
            assert!(
                world
                    .registry
                    .resolve(REPOSITORY, &legacy_tag(&digest, Attached::Signatures))
                    .is_some()
            );
        },
        Then::Silent,
        "",
        "",
    ),
    case(
        "a manifest of 4 MiB and a byte",
        Before::Legacy,
        |world| {
            let bytes = padded(&world.image.index.bytes, (4 << 20) + 1);
            world.release_index(INDEX, bytes);
        },
        Then::Unknown,
        "not-looked",
        "larger than 4 MiB",
    )
    .told_by(&["platforms", "signature"]),
    case(
        "a packed manifest that unpacks to 32 MiB",
        Before::Legacy,
        |world| {
            world.lie(&world.tagged(), Lie::Packed(vec![b' '; 32 << 20].into()));
        },
        Then::Unknown,
        "not-looked",
        "larger than 4 MiB",
    )
    .told_by(&["platforms", "signature"]),
    case(
        "packed blobs that are honest",
        Before::Legacy,
        |world| {
            let tag = legacy_tag(&world.index(), Attached::Signatures);
            let manifest = world.registry.manifest(REPOSITORY, &tag).unwrap();
            world.lie(&format!("manifests/{tag}"), Lie::Packed(manifest.bytes));
        },
        Then::Silent,
        "",
        "",
    ),
    case(
        "a list of referrers without end",
        Before::Bundles,
        |world| {
            let path = format!("referrers/{}", world.index());
            let next = format!("</v2/{REPOSITORY}/{path}?page=x>; rel=\"next\"");
            world.lie(&format!("{path}*"), header("link", &next));
        },
        Then::Warned,
        "not-looked",
        "a list of referrers that ends",
    )
    .told_by(&["evidence-notes"]),
    case(
        "a list of referrers whose next page is on another host",
        Before::Bundles,
        |world| {
            let path = format!("referrers/{}", world.index());
            world.lie(
                &path,
                header("link", "<http://192.0.2.1/v2/x>; rel=\"next\""),
            );
        },
        Then::Warned,
        "not-looked",
        "a next page of referrers on its own address",
    )
    .told_by(&["evidence-notes"]),
    case(
        "a list of referrers that fails, and nothing elsewhere",
        Before::Unsigned,
        |world| world.lie("referrers/*", Lie::Status(500)),
        Then::Unknown,
        "not-looked",
        "500",
    )
    .told_by(&["provenance", "sbom", "signature"]),
    case(
        "a list of referrers that is a page for people",
        Before::Unsigned,
        |world| {
            world.lie("referrers/*", Lie::Bytes("<html>".into()));
            world.lie("referrers/*", header("content-type", "text/html"));
        },
        Then::Unknown,
        "not-looked",
        "something else than a list of referrers",
    )
    .told_by(&["provenance", "sbom", "signature"]),
    case(
        "a list of referrers that is an image",
        Before::Unsigned,
        |world| {
            let bytes = world.image.platforms[0].manifest.bytes.clone();
            world.lie("referrers/*", Lie::Bytes(bytes));
        },
        Then::Unknown,
        "not-looked",
        "something else than a list of referrers",
    )
    .told_by(&["provenance", "sbom", "signature"]),
    case(
        "a fallback tag that is an image",
        Before::Unsigned,
        |world| {
            let tag = format!("sha256-{}", world.index().hex());
            world
                .registry
                .tag(REPOSITORY, &tag, &world.platform())
                .unwrap();
        },
        Then::Refused,
        "not-looked",
        "something else than a list of referrers",
    )
    .told_by(&["sbom"])
    .otherwise(
        Then::Refused,
        "sbom-absent",
        "Nothing lists what is in",
        "that nothing is there is told first",
    ),
    case(
        "a fallback tag that names the image itself and its platform",
        Before::Legacy,
        |world| {
            let tag = format!("sha256-{}", world.index().hex());
            let index = world.index();
            let list = index_of(&[
                json!({"mediaType": INDEX, "digest": index.as_str(), "size": 1}),
                json!({"mediaType": MANIFEST, "digest": world.platform().as_str(), "size": 1}),
            ]);
            world.plant(&tag, INDEX, list);
        },
        Then::Silent,
        "",
        "",
    ),
    case(
        "manifests that redirect in a circle",
        Before::Legacy,
        |world| {
            let path = world.tagged();
            world.lie(&path, redirect(&format!("/v2/{REPOSITORY}/{path}")));
        },
        Then::Unknown,
        "not-looked",
        "307",
    )
    .told_by(&["platforms", "signature", "tested-digest"]),
    case(
        "blobs that redirect in a circle",
        Before::Legacy,
        |world| {
            let signature = world.legacy(&world.index(), Attached::Signatures);
            let digest = signature["layers"][0]["digest"]
                .as_str()
                .unwrap()
                .to_owned();
            world.lie(
                "blobs/*",
                redirect(&format!("/v2/{REPOSITORY}/blobs/{digest}")),
            );
        },
        Then::Unknown,
        "not-looked",
        "redirects",
    )
    .told_by(&["provenance", "sbom", "signature"]),
    case(
        "blobs that redirect to a file",
        Before::Legacy,
        |world| world.lie("blobs/*", redirect("file:///etc/passwd")),
        Then::Unknown,
        "not-looked",
        "must not lead",
    )
    .told_by(&["provenance", "sbom", "signature"]),
    case(
        "blobs that redirect to another host without encryption",
        Before::Bundles,
        |world| world.lie("blobs/*", redirect("http://192.0.2.1/x")),
        Then::Unknown,
        "not-looked",
        "must not lead",
    )
    .told_by(&["provenance", "sbom", "signature"]),
    case(
        "blobs that redirect nowhere",
        Before::Bundles,
        |world| {
            world.lie("blobs/*", redirect("/x"));
            world.lie("blobs/*", Lie::Header(http::header::LOCATION, None));
        },
        Then::Unknown,
        "not-looked",
        "names no address",
    )
    .told_by(&["provenance", "sbom", "signature"]),
    case(
        "an index that is sent as an image",
        Before::Legacy,
        |world| {
            world.lie(&world.tagged(), header("content-type", MANIFEST));
        },
        Then::Unknown,
        "not-looked",
        "calls itself",
    )
    .told_by(&["platforms", "signature"]),
    case(
        "an index that is sent as Docker's list",
        Before::Legacy,
        |world| {
            let list = "application/vnd.docker.distribution.manifest.list.v2+json";
            world.lie(&world.tagged(), header("content-type", list));
        },
        Then::Unknown,
        "not-looked",
        "calls itself",
    )
    .told_by(&["platforms", "signature"]),
    case(
        "an image that is sent as an index",
        Before::Legacy,
        |world| {
            world.lie(
                &world.tagged(),
                Lie::AnswerOf(format!("{REPOSITORY}/manifests/{}", world.platform())),
            );
            world.lie(&world.tagged(), header("content-type", INDEX));
        },
        Then::Unknown,
        "not-looked",
        "calls itself",
    )
    .told_by(&["tested-digest"])
    .otherwise(
        Then::Refused,
        "",
        "somebody moved it",
        "the tag holds another digest than was built",
    ),
    case(
        "a platform whose HEAD calls it an index",
        Before::Legacy,
        |world| {
            let path = format!("manifests/{}", world.platform());
            world.lie(&path, header("content-type", INDEX));
        },
        Then::Unknown,
        "platform-unseen",
        "index",
    )
    .told_by(&["signature"]),
    case(
        "a platform that is gone",
        Before::Legacy,
        |world| world.lie(&format!("manifests/{}", world.platform()), Lie::Status(404)),
        Then::Refused,
        "platform-missing",
        "does not have it",
    )
    .told_by(&["signature"]),
    case(
        "a platform whose HEAD is not allowed and whose GET lies",
        Before::Legacy,
        |world| {
            let path = format!("{REPOSITORY}/manifests/{}", world.platform());
            world
                .registry
                .mislead(Mischief::on(&path, Lie::Status(405)).only(Method::HEAD));
            world
                .registry
                .mislead(Mischief::on(&path, Lie::Bytes("{}".into())).only(Method::GET));
        },
        Then::Unknown,
        "platform-unseen",
        "not those of",
    )
    .told_by(&["signature"]),
    case(
        "a page for people in place of everything",
        Before::Legacy,
        |world| {
            world.lie("*", Lie::Bytes("<html>log in</html>".into()));
            world.lie("*", Lie::Header(CONTENT_DIGEST, None));
            world.lie("*", header("content-type", "text/html"));
        },
        Then::Unknown,
        "not-looked",
        "something else than a manifest",
    )
    .told_by(&["platforms", "release-tags", "signature", "tested-digest"])
    .worded("not those of"),
];

/// The same JSON with so many spaces behind it that it has this length.
fn padded(bytes: &[u8], length: usize) -> Vec<u8> {
    let mut padded = bytes.to_vec();
    padded.resize(length, b' ');
    padded
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_that_lies_is_not_believed() {
    all_hold(CASES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_board_says_it_of_an_image_in_a_registry_that_lies() {
    all_told(CASES).await;
}
