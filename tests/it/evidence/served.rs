//! Real material of the public good instance, served by Debian's registry.
//!
//! Each signature is over a digest that was fixed when it was made, and the bytes under that digest are not at hand: two
//! are about images of others, two about a text file, which no registry takes for a manifest. So the material hangs on
//! an image of our own. The command must refuse it there, for the reason that it is about something else; and what
//! the registry served, put to the digest that it is about, must hold.

use gonogo::domain::digest::Digest;
use gonogo::domain::evidence::{ItemVerdict, Piece, Place};
use gonogo::sources::oci::{Freshness, Reference};
use serde_json::{Value, json};

use super::cases::client;
use super::command::verify;
use super::public::{BEACON, GITHUB, annotations, folder, judged, recipe};
use crate::real_registries::server::{docker_registry_on, noon};
use crate::support::judges::judge;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// A repository of the registry that is written to.
struct Shelf {
    http: reqwest::Client,
    base: String,
}

impl Shelf {
    /// Puts bytes there; gives a descriptor.
    async fn blob(&self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = Digest::of(bytes);
        let start = format!("{}/blobs/uploads/", self.base);
        let started = self.http.post(start).send().await.unwrap();
        let location = started.headers()["location"].to_str().unwrap().to_owned();
        let join = if location.contains('?') { '&' } else { '?' };
        let put = self
            .http
            .put(format!("{location}{join}digest={digest}"))
            .header("content-type", "application/octet-stream")
            .body(bytes.to_vec())
            .send()
            .await
            .unwrap();
        assert_eq!(put.status(), 201);
        json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    }

    /// Puts a manifest there under a tag; gives a descriptor.
    async fn manifest(&self, tag: &str, media_type: &str, manifest: &Value) -> Value {
        let bytes = serde_json::to_vec(manifest).unwrap();
        let digest = Digest::of(&bytes);
        let put = self
            .http
            .put(format!("{}/manifests/{tag}", self.base))
            .header("content-type", media_type)
            .body(bytes.clone())
            .send()
            .await
            .unwrap();
        let status = put.status();
        assert_eq!(status, 201, "{}", put.text().await.unwrap());
        json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    }

    async fn image(&self, layers: Vec<Value>) -> Value {
        let config = json!({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": []}});
        let config = self.blob(CONFIG, config.to_string().as_bytes()).await;
        json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers})
    }
}

/// One file of the material, as it hangs on an image.
struct Material {
    name: &'static str,
    place: Place,
    subject: String,
    identity: String,
    issuer: &'static str,
    repository: Option<&'static str>,
    /// Why the command refuses it on an image that it is not about.
    code: &'static str,
    bytes: Vec<u8>,
    annotations: Value,
}

fn material(folder: &std::path::Path) -> Vec<Material> {
    let read = |file: &str| std::fs::read(folder.join(file)).unwrap();
    let value = |file: &str| -> Value { serde_json::from_slice(&read(file)).unwrap() };
    let text = read("a.txt");
    let of_text = Digest::of(&text).to_string();
    let beacon = format!("https://github.com/{BEACON}/.github/workflows/");
    let blob = value("blob-signature.bundle-v0.1.json");
    let intoto = value("intoto-dsse.bundle-v0.3.json");
    let envelope = &intoto["dsseEnvelope"];
    let logged = format!(
        r#"{{"payload":{},"payloadType":{},"signatures":[{{"sig":{}}}]}}"#,
        envelope["payload"], envelope["payloadType"], envelope["signatures"][0]["sig"]
    );
    let of_beacon = |name, place, code, bytes, annotations| Material {
        name,
        place,
        subject: of_text.clone(),
        identity: beacon.clone(),
        issuer: GITHUB,
        repository: Some(BEACON),
        code,
        bytes,
        annotations,
    };
    vec![
        of_beacon(
            "blob-as-layer",
            Place::Sig,
            "malformed",
            text,
            json!(annotations(&blob)),
        ),
        of_beacon(
            "statement-as-layer",
            Place::Att,
            "subject-mismatch",
            logged.into_bytes(),
            json!(annotations(&intoto)),
        ),
        of_beacon(
            "statement-as-referrer",
            Place::Referrer,
            "subject-mismatch",
            read("intoto-dsse.bundle-v0.3.json"),
            json!({}),
        ),
        Material {
            name: "signature-as-referrer",
            place: Place::Referrer,
            subject: "sha256:c811d58de79c92f03214e63aa339484e488d694ae8a6283b5f3f17a9faf50172".to_owned(),
            identity: r"https://github\.com/kubewarden/kubewarden-controller/\.github/workflows/release\.yml@refs/tags/v"
                .to_owned(),
            issuer: GITHUB,
            repository: Some("kubewarden/kubewarden-controller"),
            code: "subject-mismatch",
            bytes: read("cosign-v3-container-signature.bundle-v0.3.json"),
            annotations: json!({}),
        },
        Material {
            name: "attestation-as-referrer",
            place: Place::Referrer,
            subject: "sha256:732112270d7e59418a8c080b134b24cabd67d250d0d0147a97ed95ba5c280aa4".to_owned(),
            identity: r"cody@soyland\.com$".to_owned(),
            issuer: "https://github.com/login/oauth",
            repository: None,
            code: "subject-mismatch",
            bytes: read("cosign-container-attestation.bundle-v0.3.json"),
            annotations: json!({}),
        },
    ]
}

/// Hangs a piece on a new image; gives the image's digest.
async fn hung(shelf: &Shelf, material: &Material) -> Digest {
    let image = shelf.image(Vec::new()).await;
    let image = shelf.manifest("image", MANIFEST, &image).await;
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [{
        "mediaType": MANIFEST, "digest": image["digest"], "size": image["size"],
        "platform": {"os": "linux", "architecture": "amd64"},
    }]});
    let index = shelf.manifest("release", INDEX, &index).await;
    let digest: Digest = index["digest"].as_str().unwrap().parse().unwrap();
    let tag = format!("sha256-{}", digest.hex());
    let media_type = match material.place {
        Place::Sig => "application/vnd.dev.cosign.simplesigning.v1+json",
        Place::Att => "application/vnd.dsse.envelope.v1+json",
        _ => BUNDLE,
    };
    let mut layer = shelf.blob(media_type, &material.bytes).await;
    layer["annotations"] = material.annotations.clone();
    let mut manifest = shelf.image(vec![layer]).await;
    match material.place {
        Place::Sig => drop(
            shelf
                .manifest(&format!("{tag}.sig"), MANIFEST, &manifest)
                .await,
        ),
        Place::Att => drop(
            shelf
                .manifest(&format!("{tag}.att"), MANIFEST, &manifest)
                .await,
        ),
        _ => {
            manifest["subject"] =
                json!({"mediaType": INDEX, "digest": digest, "size": index["size"]});
            manifest["artifactType"] = json!(BUNDLE);
            let referrer = shelf.manifest("referrer", MANIFEST, &manifest).await;
            let list = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [referrer]});
            shelf.manifest(&tag, INDEX, &list).await;
        }
    }
    digest
}

#[tokio::test]
async fn public_material_is_judged_right_from_debians_registry() {
    let (Some(folder), Some(program)) = (folder(), judge("docker-registry")) else {
        return;
    };
    let server = docker_registry_on(&program, None, None).await;
    let home = tempfile::tempdir().unwrap();
    for material in material(&folder) {
        let name = material.name;
        let shelf = Shelf {
            http: reqwest::Client::new(),
            base: format!("http://{}/v2/real/{name}", server.address),
        };
        let digest = hung(&shelf, &material).await;

        // The command, on the image that it is not about.
        let reference = format!("{}/real/{name}@{digest}", server.address);
        let mut arguments = vec![
            reference.as_str(),
            "--json",
            "--trusted-root",
            "public-good",
            "--issuer",
            material.issuer,
            "--identity",
            &material.identity,
            "--github-repo",
        ];
        arguments.push(material.repository.unwrap_or("acme/rocket"));
        let output = verify(home.path(), &arguments).await;
        assert_eq!(output.status.code(), Some(1), "{name}: {output:?}");
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let items = ["signature", "provenance"]
            .iter()
            .flat_map(|subject| document[subject]["items"].as_array().unwrap())
            .chain(document["other"].as_array().unwrap());
        let codes: Vec<&str> = items
            .flat_map(|item| item["codes"].as_array().unwrap())
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(codes, [material.code], "{name}: {document}");

        // What the registry served, put to the digest that it is about.
        let client = client(server.address, &format!("real/{name}"));
        let gathered =
            Box::pin(client.evidence(Reference::Digest(&digest), Freshness::Fresh, noon()())).await;
        let collected = gathered.outcome.unwrap().unwrap();
        let [piece] = &collected.whole.pieces[..] else {
            panic!("{name}: {:?}", collected.whole);
        };
        assert_eq!(
            (piece.place, &piece.bytes[..]),
            (material.place, &material.bytes[..])
        );
        let subject: Digest = material.subject.parse().unwrap();
        let of = |identity: &str, issuer: &str, repository: Option<&str>, subject: &Digest| {
            let piece: Piece = piece.clone();
            judged(recipe(identity, issuer, repository), piece, subject)
        };
        let right = of(
            &material.identity,
            material.issuer,
            material.repository,
            &subject,
        );
        assert!(right.claims.is_some(), "{name}: {:?}", right.problems);
        let is_image = name.ends_with("as-referrer") && !name.starts_with("statement");
        // The others are no evidence of an image in form, and say nothing of a build: but for that they hold.
        assert_eq!(
            right.verdict == ItemVerdict::Valid,
            is_image,
            "{name}: {:?}",
            right.problems
        );
        for wrong in [
            of(
                "https://github.com/acme/",
                material.issuer,
                material.repository,
                &subject,
            ),
            of(
                &material.identity,
                "https://accounts.google.com",
                material.repository,
                &subject,
            ),
            of(
                &material.identity,
                material.issuer,
                Some("acme/rocket"),
                &subject,
            ),
            of(
                &material.identity,
                material.issuer,
                material.repository,
                &digest,
            ),
        ] {
            assert_eq!(
                wrong.verdict,
                ItemVerdict::Invalid,
                "{name}: {:?}",
                wrong.problems
            );
        }
    }
}
