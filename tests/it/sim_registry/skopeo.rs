//! skopeo against the simulated registry and its images.

use std::time::Duration;

use gonogo::sim::image::{Attestations, Format, ImageSpec, build};
use gonogo::sim::oci::{Access, Action, BlobDelivery, Digest, Registry, User};
use serde_json::Value;

use super::support::{commit, noon, run, serve, succeed};
use crate::support::judges::judge;

fn spec(format: Format, attestations: Attestations) -> ImageSpec {
    ImageSpec {
        format,
        attestations,
        ..ImageSpec::new("rocket", "1.6.9", &commit(), noon()())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inspect_copy_and_list_keep_every_byte() {
    let Some(skopeo) = judge("skopeo") else {
        return;
    };
    let registry = Registry::new(noon());
    let address = serve(registry.router()).await;
    for (tag, format, attestations) in [
        ("plain", Format::Oci, Attestations::Absent),
        ("attested", Format::Oci, Attestations::InIndex),
        ("docker", Format::Docker, Attestations::Absent),
    ] {
        let image = build(&spec(format, attestations));
        let digest = image.push(&registry, "acme/rocket", &[tag]).unwrap();
        let from = format!("docker://{address}/acme/rocket:{tag}");
        let raw = run(
            &skopeo,
            &["inspect", "--raw", "--tls-verify=false", &from],
            &[],
        )
        .await;
        assert_eq!(Digest::of(&raw.stdout), digest, "{tag}");

        let to = format!("docker://{address}/acme/copy:{tag}");
        succeed(
            &skopeo,
            &[
                "copy",
                "--all",
                "--preserve-digests",
                "--src-tls-verify=false",
                "--dest-tls-verify=false",
                &from,
                &to,
            ],
        )
        .await;
        assert_eq!(registry.resolve("acme/copy", tag), Some(digest));
        let copied = registry.manifest("acme/copy", tag).unwrap();
        assert_eq!(copied.bytes, image.index.bytes);
        assert_eq!(copied.media_type, image.index.media_type);
        for platform in &image.platforms {
            let child = platform.manifest.digest.as_str();
            assert!(registry.manifest("acme/copy", child).is_some());
        }
    }
    let repository = format!("docker://{address}/acme/copy");
    let list = succeed(&skopeo, &["list-tags", "--tls-verify=false", &repository]).await;
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(
        list["Tags"],
        serde_json::json!(["attested", "docker", "plain"])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_is_one_that_clients_understand() {
    let Some(skopeo) = judge("skopeo") else {
        return;
    };
    let registry = Registry::new(noon());
    let address = serve(registry.router()).await;
    let image = build(&spec(Format::Oci, Attestations::InIndex));
    image.push(&registry, "acme/rocket", &["1.6.9"]).unwrap();
    let reference = format!("docker://{address}/acme/rocket:1.6.9");
    for architecture in ["amd64", "arm64"] {
        let arguments = [
            "--override-os=linux",
            "--override-arch",
            architecture,
            "inspect",
            "--tls-verify=false",
            &reference,
        ];
        let seen: Value = serde_json::from_str(&succeed(&skopeo, &arguments).await).unwrap();
        assert_eq!(seen["Architecture"], architecture);
        assert_eq!(seen["Created"], "2026-03-01T12:00:00Z");
        assert_eq!(seen["Layers"].as_array().unwrap().len(), 2);
        let labels = &seen["Labels"];
        assert_eq!(labels["org.opencontainers.image.version"], "1.6.9");
        assert_eq!(labels["org.opencontainers.image.revision"], commit());
    }
}

/// Unpacking checks what no manifest check does: that the layers are gzipped tar files with the promised `diff_id`s.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_layers_are_what_the_config_says() {
    use sha2::Digest as _;
    use std::io::Read as _;
    let image = build(&spec(Format::Oci, Attestations::Absent));
    for platform in &image.platforms {
        let manifest: Value = serde_json::from_slice(&platform.manifest.bytes).unwrap();
        let blob = |descriptor: &Value| {
            let digest = Digest::parse(descriptor["digest"].as_str().unwrap()).unwrap();
            let bytes = &image.blobs[&digest];
            assert_eq!(descriptor["size"], bytes.len());
            bytes.clone()
        };
        let config: Value = serde_json::from_slice(&blob(&manifest["config"])).unwrap();
        let layers = manifest["layers"].as_array().unwrap();
        for (layer, diff_id) in layers
            .iter()
            .zip(config["rootfs"]["diff_ids"].as_array().unwrap())
        {
            let mut tar = Vec::new();
            let bytes = blob(layer);
            flate2::read::GzDecoder::new(&bytes[..])
                .read_to_end(&mut tar)
                .unwrap();
            let hash = hex::encode(sha2::Sha256::digest(&tar));
            assert_eq!(*diff_id, format!("sha256:{hash}"));
            assert!(tar::Archive::new(&tar[..]).entries().unwrap().count() >= 4);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_scopes_and_the_content_network_hold_for_a_real_client() {
    let Some(skopeo) = judge("skopeo") else {
        return;
    };
    let registry = Registry::new(noon());
    registry.add_user(User::owner("alice", "s3cret"));
    registry.add_user(User::new("bob", "s3cret", [Action::Pull, Action::Push]));
    let cdn = serve(registry.cdn_router()).await;
    registry.behave(|behaviour| {
        behaviour.access = Access::Token {
            anonymous_pull: true,
            ttl: Duration::from_secs(300),
        };
        behaviour.blobs = BlobDelivery::Redirected(format!("http://{cdn}"));
    });
    let address = serve(registry.router()).await;
    let image = build(&spec(Format::Oci, Attestations::Absent));
    let digest = image.push(&registry, "acme/rocket", &["1.6.9"]).unwrap();
    let from = format!("docker://{address}/acme/rocket:1.6.9");
    let to = format!("docker://{address}/acme/copy:1.6.9");
    let copy = |credentials: &'static str| {
        let (skopeo, from, to) = (skopeo.clone(), from.clone(), to.clone());
        async move {
            let arguments = [
                "copy",
                "--all",
                "--preserve-digests",
                "--src-tls-verify=false",
                "--dest-tls-verify=false",
                "--dest-creds",
                credentials,
                &from,
                &to,
            ];
            run(&skopeo, &arguments, &[]).await
        }
    };
    assert!(!copy("alice:wrong").await.status.success());
    assert_eq!(registry.resolve("acme/copy", "1.6.9"), None);
    let copied = copy("bob:s3cret").await;
    assert!(copied.status.success(), "{copied:?}");
    assert_eq!(registry.resolve("acme/copy", "1.6.9"), Some(digest));

    let delete = |credentials: &'static str| {
        let (skopeo, to) = (skopeo.clone(), to.clone());
        async move {
            let arguments = ["delete", "--tls-verify=false", "--creds", credentials, &to];
            run(&skopeo, &arguments, &[]).await
        }
    };
    assert!(!delete("bob:s3cret").await.status.success());
    assert!(registry.resolve("acme/copy", "1.6.9").is_some());
    let deleted = delete("alice:s3cret").await;
    assert!(deleted.status.success(), "{deleted:?}");
    assert_eq!(registry.resolve("acme/copy", "1.6.9"), None);
}
