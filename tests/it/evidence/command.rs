//! `gonogo verify`, from outside.

use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tokio::process::Command;

use super::cases::{Set, folder, set, unpacked};
use crate::real_registries::server::{docker_registry_on, sha256sum};
use crate::support::judges::judge;

/// Runs `gonogo verify` in an empty world.
pub(super) async fn verify(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gonogo"))
        .arg("verify")
        .args(arguments)
        .current_dir(home)
        .env_clear()
        .env("HOME", home)
        .kill_on_drop(true)
        .output()
        .await
        .unwrap()
}

pub(super) fn signer(set: &Set, folder: &Path) -> Vec<String> {
    let root = folder.join("trusted_root.json");
    [
        "--trusted-root",
        root.to_str().unwrap(),
        "--issuer",
        &set.issuer,
        "--identity",
        &set.identity_regexp,
        "--github-repo",
        &set.github_repository,
    ]
    .map(str::to_owned)
    .to_vec()
}

#[tokio::test]
async fn the_command_says_what_is_found_and_how_to_exit() {
    let (Some(folder), Some(program)) = (folder(), judge("docker-registry")) else {
        return;
    };
    let set = set(&folder);
    let storage = unpacked(&folder);
    let server = docker_registry_on(&program, None, Some(storage.path())).await;
    let home = tempfile::tempdir().unwrap();
    let signer = signer(&set, &folder);
    let run = async |name: &str, more: &[&str]| {
        let reference = format!("{}/lab/{name}:prerelease", server.address);
        let mut arguments = vec![reference.as_str()];
        arguments.extend(signer.iter().map(String::as_str));
        arguments.extend(more);
        verify(home.path(), &arguments).await
    };
    let json = |output: &Output| -> Value {
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    };

    let good = run("both-layouts-good", &["--json"]).await;
    assert_eq!(good.status.code(), Some(0), "{good:?}");
    let document = json(&good);
    assert_eq!(document["schema_version"], 1);
    assert_eq!(document["verdict"], "verified");
    assert_eq!(document["signature"]["layout"], "both");
    assert_eq!(document["signature"]["items"].as_array().unwrap().len(), 2);
    assert_eq!(document["sbom"]["linux/arm64"]["verdict"], "valid");
    assert_eq!(document["reasons"], serde_json::json!([]));

    let bad = run("id-foreign-caller", &["--json"]).await;
    assert_eq!(bad.status.code(), Some(1), "{bad:?}");
    let document = json(&bad);
    assert_eq!(document["verdict"], "refused");
    let reason = document["reasons"][0].as_str().unwrap();
    assert!(
        reason.contains("evil/rocket") && reason.contains("acme/rocket"),
        "{reason}"
    );

    // What was judged good within the hour is judged again from its kept bytes; what was not is looked at anew.
    let again = run("both-layouts-good", &["--json"]).await;
    assert_eq!(again.status.code(), Some(0), "{again:?}");
    assert_eq!(json(&again)["collected_at"], json(&good)["collected_at"]);
    assert_eq!(json(&again)["signature"], json(&good)["signature"]);
    assert_eq!(json(&again)["trusted_root"]["origin"], "file");
    let told = run("both-layouts-good", &[]).await;
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains("(--fresh looks again)"), "{told}");
    assert!(told.contains("trusted root  /"), "{told}");
    let fresh = run("both-layouts-good", &["--fresh", "--json"]).await;
    assert_ne!(json(&fresh)["collected_at"], json(&good)["collected_at"]);
    let other = run("both-layouts-good", &["--json", "--expect-run", "1-1"]).await;
    assert_eq!(other.status.code(), Some(1), "{other:?}");
    assert_ne!(json(&other)["collected_at"], json(&fresh)["collected_at"]);

    // What is not asked for is not missed; what is asked for is compared.
    let partial = run("absent-provenance", &["--require", "signature,sbom"]).await;
    assert_eq!(partial.status.code(), Some(0), "{partial:?}");
    let commit = sha256sum(b"another commit").await[..40].to_owned();
    let other = run("legacy-good", &["--expect-commit", &commit]).await;
    assert_eq!(other.status.code(), Some(1), "{other:?}");
    let text = String::from_utf8(other.stdout).unwrap();
    assert!(
        text.starts_with("REFUSED") && text.contains(&commit),
        "{text}"
    );

    // No image, no answer, no registry: cannot tell.
    let none = run("no-such-image", &["--json"]).await;
    assert_eq!(none.status.code(), Some(2), "{none:?}");
    assert_eq!(json(&none)["verdict"], "unknown");
    let nowhere = verify(
        home.path(),
        &["127.0.0.1:9/lab/x:1", "--identity", "^x", "--json"],
    )
    .await;
    assert_eq!(nowhere.status.code(), Some(2), "{nowhere:?}");
    // Nobody says who must have signed: that is a matter of configuration.
    let nobody = verify(home.path(), &["127.0.0.1:9/lab/x:1"]).await;
    assert_eq!(nobody.status.code(), Some(78), "{nobody:?}");
}
