//! What SBOMs list and differ in, from outside.

use std::collections::BTreeSet;

use serde_json::Value;

use super::cases::{folder, set, unpacked};
use super::command::{signer, verify};
use crate::real_registries::server::docker_registry_on;
use crate::support::judges::judge;

#[tokio::test]
async fn lists_and_differences_stand_in_the_document() {
    let (Some(folder), Some(program)) = (folder(), judge("docker-registry")) else {
        return;
    };
    let set = set(&folder);
    let storage = unpacked(&folder);
    let server = docker_registry_on(&program, None, Some(storage.path())).await;
    let home = tempfile::tempdir().unwrap();
    let signer = signer(&set, &folder);
    let digest = |name: &str| {
        let case = set.cases.iter().find(|case| case.name == name).unwrap();
        case.digests["index"].clone()
    };
    let run = async |name: &str, more: &[&str]| {
        let reference = format!("{}/lab/{name}@{}", server.address, digest(name));
        let mut arguments = vec![reference.as_str()];
        arguments.extend(signer.iter().map(String::as_str));
        arguments.extend(more);
        verify(home.path(), &arguments).await
    };
    let json = async |name: &str, more: &[&str]| -> Value {
        let output = run(name, &[&["--json"], more].concat()).await;
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    };

    let good = json("legacy-good", &[]).await;
    let list = good["packages"]["linux/arm64"].as_array().unwrap();
    let count = good["sbom"]["linux/arm64"]["items"][0]["packages"].as_u64();
    assert_eq!(Some(list.len() as u64), count, "the number keeps its name");
    let names: BTreeSet<_> = list.iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert!(!names.is_empty() && list[0]["version"].is_string() && list[0]["purl"].is_string());
    let differences = good["platform_differences"].as_array().unwrap();
    assert_eq!(differences.len(), 1);
    assert_eq!(differences[0]["from"], "linux/amd64");
    assert_eq!(differences[0]["to"], "linux/arm64");
    assert!(good.get("previous").is_none() && good.get("previous_difference").is_none());

    // The same packages for every platform and since, where the image is its own predecessor.
    let reference = format!(
        "{}/lab/legacy-good@{}",
        server.address,
        digest("legacy-good")
    );
    let same = json("legacy-good", &["--previous", &reference]).await;
    assert_eq!(same["previous"]["verdict"], "verified");
    for platform in ["linux/amd64", "linux/arm64"] {
        let difference = &same["previous_difference"][platform];
        for what in ["added", "removed", "changed"] {
            assert_eq!(difference[what], serde_json::json!([]), "{platform} {what}");
        }
    }
    let text = run("legacy-good", &["--previous", &reference]).await;
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("the same packages"), "{text}");

    // One SBOM is empty: all that the other lists is told. One that does not hold is never read.
    let empty = json("sbom-empty", &[]).await;
    assert_eq!(empty["packages"]["linux/arm64"], serde_json::json!([]));
    let removed = empty["platform_differences"][0]["removed"]
        .as_array()
        .unwrap();
    let other = empty["packages"]["linux/amd64"].as_array().unwrap();
    assert_eq!(removed.len(), other.len());
    let copied = json("sbom-copied-from-amd64", &[]).await;
    assert!(copied["packages"].get("linux/arm64").is_none());
    assert_eq!(copied["platform_differences"], serde_json::json!([]));

    // Another repository's image is no predecessor; one that is not there is said to be unknown.
    let stranger = format!("{}/lab/sbom-empty@{}", server.address, digest("sbom-empty"));
    let refused = run("legacy-good", &["--previous", &stranger]).await;
    assert!(!refused.status.success());
    let nothing = format!("{}/lab/legacy-good:nothing", server.address);
    let nothing = json("legacy-good", &["--previous", &nothing]).await;
    assert_eq!(nothing["verdict"], "verified");
    assert_eq!(nothing["previous"]["verdict"], "unknown");
    assert!(nothing["previous"]["why"].is_string());

    // What a build tool put into the index is listed for what it is.
    let built = json("legacy-good-buildkit", &[]).await;
    let listed = built["buildkit"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    assert!(
        listed
            .iter()
            .all(|it| it["signed"] == false && it["of"].is_string())
    );
    let text = run("legacy-good-buildkit", &[]).await;
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("BuildKit attestation  unsigned"), "{text}");
    let on_index = run("sbom-on-index-too", &[]).await;
    let text = String::from_utf8(on_index.stdout).unwrap();
    assert!(text.contains("SBOM on the index"), "{text}");

    // What cosign says, for each client and subject.
    let other = json("prov-other-run", &["--expect-run", "4820001-1"]).await;
    let said = other["cosign"].as_array().unwrap();
    assert_eq!(said.len(), 7 * 4);
    let view = said
        .iter()
        .find(|it| it["client"] == "cosign-2.6" && it["subject"] == "provenance")
        .unwrap();
    assert_eq!(
        (&view["accepts"], &view["differs"]),
        (&true.into(), &true.into())
    );
    let sentence = view["sentence"].as_str().unwrap();
    assert!(
        sentence.contains("accepts the provenance") && sentence.contains("run"),
        "{sentence}"
    );
}
