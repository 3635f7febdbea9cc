use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn digest(n: u64) -> String {
    Digest::of(&n.to_be_bytes()).to_string()
}

fn read(value: &Value, sent: &str) -> Result<ManifestContent, ConvertError> {
    let bytes = value.to_string().into_bytes();
    manifest(&bytes, sent, &Digest::of(&bytes)).map(|manifest| manifest.content)
}

fn index_of(entries: &Value) -> Result<ManifestContent, ConvertError> {
    read(
        &json!({"schemaVersion": 2, "manifests": entries}),
        OCI_IMAGE_INDEX_MEDIA_TYPE,
    )
}

#[test]
fn attestations_are_told_apart_from_platforms() {
    let marked = json!({"vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": digest(1)});
    let content = index_of(&json!([
        {"digest": digest(1), "size": 10, "platform": {"os": "linux", "architecture": "arm", "variant": "v7"}},
        {"digest": digest(2), "size": 20, "platform": {"os": "unknown", "architecture": "unknown"}, "annotations": marked},
        {"digest": digest(3), "platform": {"os": "linux", "architecture": "amd64"}, "annotations": marked},
        {"digest": digest(4), "platform": null, "annotations": {"a": null}},
    ]))
    .unwrap();
    let ManifestContent::Index {
        platforms,
        attestations,
    } = content
    else {
        panic!("{content:?}");
    };
    let shown: Vec<_> = platforms
        .iter()
        .map(|entry| (entry.platform.to_string(), entry.size))
        .collect();
    assert_eq!(
        shown,
        [
            ("linux/arm/v7".to_owned(), 10),
            // Marked as an attestation, and yet what somebody on amd64 would run.
            ("linux/amd64".to_owned(), 0),
            ("unknown/unknown".to_owned(), 0),
        ]
    );
    assert_eq!(attestations.len(), 1);
    assert_eq!(attestations[0].digest.to_string(), digest(2));
    assert_eq!(attestations[0].of.as_ref().unwrap().to_string(), digest(1));
}

#[test]
fn an_image_is_told_apart_from_other_artifacts() {
    let layer = |media_type: &str, size: u64| json!({"mediaType": media_type, "digest": digest(size), "size": size});
    let gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
    let docker = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    let with = |config: &str, layers: Value| {
        read(
            &json!({"config": {"mediaType": config, "digest": digest(9)}, "layers": layers}),
            OCI_IMAGE_MEDIA_TYPE,
        )
        .unwrap()
    };
    for (config, layers, size) in [
        (
            IMAGE_CONFIG_MEDIA_TYPE,
            json!([layer(gzip, 5), layer(gzip, 7)]),
            12,
        ),
        (IMAGE_DOCKER_CONFIG_MEDIA_TYPE, json!([layer(docker, 5)]), 5),
        (IMAGE_CONFIG_MEDIA_TYPE, json!([]), 0),
        (
            IMAGE_CONFIG_MEDIA_TYPE,
            json!([layer(gzip, u64::MAX), layer(gzip, 7)]),
            u64::MAX,
        ),
    ] {
        let ManifestContent::Image {
            config: found,
            layers_size,
            ..
        } = with(config, layers)
        else {
            panic!("{config}");
        };
        assert_eq!((found.to_string(), layers_size), (digest(9), size));
    }
    let in_toto = "application/vnd.in-toto+json";
    for (config, layers, expected) in [
        (IMAGE_CONFIG_MEDIA_TYPE, json!([layer(in_toto, 1)]), in_toto),
        (
            "application/vnd.oci.empty.v1+json",
            json!([]),
            "application/vnd.oci.empty.v1+json",
        ),
    ] {
        let other = ManifestContent::Other {
            artifact_type: expected.to_owned(),
        };
        assert_eq!(with(config, layers), other);
    }
}

#[test]
fn what_two_readers_would_read_differently_is_refused() {
    let index = json!({"mediaType": OCI_IMAGE_INDEX_MEDIA_TYPE, "manifests": []});
    let image = json!({"config": {"digest": digest(1)}, "layers": []});
    let both = json!({"manifests": [], "config": {"digest": digest(1)}, "layers": []});
    assert!(matches!(
        read(&index, IMAGE_MANIFEST_LIST_MEDIA_TYPE),
        Err(ConvertError::TwoTypes { .. })
    ));
    for sent in [
        OCI_IMAGE_INDEX_MEDIA_TYPE,
        OCI_IMAGE_MEDIA_TYPE,
        "application/json",
        "",
    ] {
        assert_eq!(read(&both, sent), Err(ConvertError::TwoShapes), "{sent}");
    }
    assert!(matches!(
        read(&image, OCI_IMAGE_INDEX_MEDIA_TYPE),
        Err(ConvertError::NotItsType(_))
    ));
    assert!(matches!(
        read(&json!({"manifests": []}), OCI_IMAGE_MEDIA_TYPE),
        Err(ConvertError::NotItsType(_))
    ));
    let twice = format!(
        r#"{{"manifests":[{{"digest":"{}","digest":"{}"}}]}}"#,
        digest(1),
        digest(2)
    );
    let of = Digest::of(twice.as_bytes());
    assert!(matches!(
        manifest(twice.as_bytes(), OCI_IMAGE_INDEX_MEDIA_TYPE, &of),
        Err(ConvertError::Json(_))
    ));
}

#[test]
fn an_absent_or_general_type_is_made_up_for_by_the_manifest_itself() {
    let written = json!({"mediaType": OCI_IMAGE_INDEX_MEDIA_TYPE, "manifests": []});
    let bytes = written.to_string().into_bytes();
    for sent in ["", "application/json", "application/octet-stream"] {
        let manifest = manifest(&bytes, sent, &Digest::of(&bytes)).unwrap();
        assert_eq!(manifest.media_type, OCI_IMAGE_INDEX_MEDIA_TYPE, "{sent}");
    }
    assert!(read(&json!({"manifests": []}), "").is_ok());
    assert_eq!(
        read(
            &json!({"fsLayers": []}),
            "application/vnd.docker.distribution.manifest.v1+prettyjws"
        ),
        Err(ConvertError::Old)
    );
}

#[test]
fn a_large_index_is_read_and_a_deep_one_is_refused() {
    let entries: Vec<_> = (0..10_000)
        .map(|n| json!({"digest": digest(n), "size": n, "platform": {"os": "linux", "architecture": "amd64"}}))
        .collect();
    let Ok(ManifestContent::Index { platforms, .. }) = index_of(&json!(entries)) else {
        panic!("not read");
    };
    assert_eq!(platforms.len(), 10_000);
    let deep = format!(
        r#"{{"manifests":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert!(manifest(deep.as_bytes(), "", &Digest::of(b"")).is_err());
    // What is not looked at is passed over without going into its depth.
    let hidden = format!(
        r#"{{"manifests":[],"x":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert!(manifest(hidden.as_bytes(), "", &Digest::of(b"")).is_ok());
}

#[test]
fn a_configuration_is_read_and_cleaned() {
    let value = json!({"os": "linux", "architecture": "arm64", "variant": "v8", "created": "2026-01-02T03:04:05Z",
        "config": {"Labels": {"org.opencontainers.image.revision": "abc\u{1b}[2J", "org.opencontainers.image.version": "", "x": null}}});
    let bytes = value.to_string().into_bytes();
    let read = config(&bytes, &Digest::of(&bytes)).unwrap();
    assert_eq!(read.platform.to_string(), "linux/arm64/v8");
    assert_eq!(read.created.unwrap().to_string(), "2026-01-02T03:04:05Z");
    assert_eq!(read.revision.as_deref(), Some("abc [2J"));
    assert_eq!(read.version, None);
    let bare = config(b"{}", &Digest::of(b"{}")).unwrap();
    assert_eq!(bare.platform.to_string(), "unknown/unknown");
    assert!(config(b"[]", &Digest::of(b"[]")).is_err());
}

/// JSON that has the keys of a manifest with values of any kind.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        any::<u64>().prop_map(|n| Value::from(digest(n))),
    ];
    let keys = prop_oneof![
        Just("mediaType"),
        Just("artifactType"),
        Just("manifests"),
        Just("config"),
        Just("layers"),
        Just("digest"),
        Just("size"),
        Just("platform"),
        Just("annotations"),
        Just("os"),
        Just("created"),
        Just("Labels"),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map(keys.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(Value::from_iter),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), sent in "\\PC{0,60}") {
        let _ = manifest(&bytes, &sent, &Digest::of(&bytes));
        let _ = config(&bytes, &Digest::of(&bytes));
    }

    #[test]
    fn any_json_is_read_without_panic(value in any_json()) {
        for sent in [OCI_IMAGE_INDEX_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE, ""] {
            let _ = read(&value, sent);
        }
        let bytes = value.to_string().into_bytes();
        let _ = config(&bytes, &Digest::of(&bytes));
    }
}
