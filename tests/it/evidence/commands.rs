//! The commands that are shown for copying are run as they stand, by real cosigns.

use std::path::Path;

use gonogo::domain::evidence::Verdict;
use gonogo::evidence::Judge;
use gonogo::present::cosign::cosign_commands;
use gonogo::sources::oci::{Freshness, Reference};

use super::cases::{client, folder, set, unpacked};
use crate::real_registries::server::{docker_registry_on, noon};
use crate::support::judges::judge;

/// How a command ends, with this cosign on the path; `more` names the set's own root, which no user has by default.
async fn exit(home: &Path, cosign: &Path, command: &str, more: &str, keys: Option<&Path>) -> i32 {
    let bin = home.join("bin");
    let _ = std::fs::remove_dir_all(&bin);
    std::fs::create_dir_all(&bin).unwrap();
    std::os::unix::fs::symlink(cosign, bin.join("cosign")).unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let mut shell = tokio::process::Command::new("/bin/sh");
    shell
        .args(["-c", &format!("{command}{more}")])
        .current_dir(home)
        .env_clear()
        .env("HOME", home)
        .env("PATH", path)
        .kill_on_drop(true);
    if let Some(keys) = keys {
        shell
            .env("SIGSTORE_ROOT_FILE", keys.join("fulcio-chain.pem"))
            .env("SIGSTORE_REKOR_PUBLIC_KEY", keys.join("rekor1.pub"))
            .env("SIGSTORE_CT_LOG_PUBLIC_KEY_FILE", keys.join("ctlog.pub"));
    }
    let output = shell.output().await.unwrap();
    output.status.code().unwrap_or(-1)
}

#[tokio::test]
async fn the_commands_do_what_they_promise() {
    let (Some(folder), Some(program), Some(cosign2), Some(cosign3)) = (
        folder(),
        judge("docker-registry"),
        judge("cosign2"),
        judge("cosign3"),
    ) else {
        return;
    };
    let storage = unpacked(&folder);
    let server = docker_registry_on(&program, None, Some(storage.path())).await;
    let set = set(&folder);
    let file = folder.join("trusted_root.json");
    let root = std::fs::read_to_string(&file).unwrap();
    let (file, keys) = (file.display().to_string(), folder.join("keys"));
    let home = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for (name, has_bundles, is_good) in [
        ("legacy-good", false, true),
        ("legacy-good-provenance-v1", false, true),
        ("v3-good-rekor1", true, true),
        ("v3-good-rekor2-tsa", true, true),
        ("v3-good-provenance-v1", true, true),
        ("both-layouts-good", true, true),
        ("id-regexp-unanchored", false, false),
        ("v3-id-release-yml", true, false),
    ] {
        let Some(case) = set.cases.iter().find(|case| case.name == name) else {
            continue;
        };
        let client = client(server.address, &case.repository);
        let digest = case.digests["index"].parse().unwrap();
        let gathered =
            Box::pin(client.evidence(Reference::Digest(&digest), Freshness::Fresh, noon()())).await;
        let recipe = set.recipe(case);
        let judge = Judge::of_root(&root, recipe.clone()).unwrap();
        let found = judge.judge(&gathered.outcome.unwrap().unwrap());
        assert_eq!(found.verdict == Verdict::Verified, is_good, "{name}");
        let repository = format!("{}/{}", server.address, case.repository);
        let commands = cosign_commands(&repository, &recipe, &found, None);
        assert_eq!(commands.len(), 4, "{commands:?}");
        let one = cosign_commands(&repository, &recipe, &found, Some(&found.sboms[0].platform));
        assert_eq!(one, commands[..3], "one platform's alone");
        let own_root = format!(" --trusted-root={file}");
        for command in &commands {
            let with_root = (own_root.as_str(), None);
            let with_keys = (" --offline", Some(keys.as_path()));
            for (cosign, (more, keys)) in [
                (&cosign2, if has_bundles { with_root } else { with_keys }),
                (&cosign3, with_root),
            ] {
                let code = exit(home.path(), cosign, command, more, keys).await;
                count += 1;
                if (code == 0) != is_good {
                    wrong.push(format!(
                        "{name}: exit {code} of {cosign:?}: {command}{more}"
                    ));
                }
            }
        }
    }
    assert!(count >= 40, "{count} commands were run");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
