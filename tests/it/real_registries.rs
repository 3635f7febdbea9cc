//! The image facts, against real registries: Debian's docker-registry and olareg, filled by skopeo.

pub(crate) mod server;

use std::collections::BTreeSet;
use std::path::Path;

use gonogo::domain::artifact::{ImageConfig, Manifest, ManifestContent};
use gonogo::domain::digest::Digest;
use gonogo::domain::fact::{Ask, Fact, FailureKind, ImageId};
use gonogo::secret::{Credential, Login, Provider, Secret};
use gonogo::sim::image::{Attestations, BuiltImage, Format, ImageSpec, build};
use gonogo::sim::oci::Registry;
use gonogo::sources::oci::{Client, RegistryAccess};
use server::{Server, docker_registry, noon, olareg, output_of, serve, sha256sum};

use crate::support::judges::judge;

const REVISION: &str = "4f2a9c1e4f2a9c1e4f2a9c1e4f2a9c1e4f2a9c1e";
const TAGS: [&str; 3] = ["1.6.9", "latest", "prerelease-v1.6.9-4f2a9c1"];

/// Name and password, as the registry's password file holds them.
const USER: (&str, &str) = ("alice", "s3cret");

fn login(user: Option<(&str, &str)>) -> Provider<Login> {
    Provider::fixed(match user {
        Some((username, password)) => Credential::Present {
            value: Login::Basic {
                username: username.to_owned(),
                password: Secret::new(password).unwrap(),
            },
            from: "the test".to_owned(),
        },
        None => Credential::Missing {
            todo: "Log in first.".to_owned(),
        },
    })
}

fn image_of(server: &Server, path: &str) -> ImageId {
    ImageId(format!("{}/{path}", server.address))
}

fn client(server: &Server, path: &str, user: Option<(&str, &str)>) -> Client {
    let access = RegistryAccess {
        image: image_of(server, path).0.parse().unwrap(),
        registry_url: format!("http://{}", server.address).parse().unwrap(),
        credentials: login(user),
    };
    let http = gonogo::net::client(&gonogo::net::Limits::default()).unwrap();
    Client::new(http, access)
}

async fn fact(client: &Client, ask: Ask) -> Fact {
    let answer = client.look(&ask, noon()()).await;
    answer
        .outcome
        .unwrap_or_else(|failure| panic!("{ask:?}: {failure:?}"))
}

/// Copies an image from the simulator into a real registry with skopeo, all platforms, digests kept.
async fn push(image: &BuiltImage, skopeo: &Path, server: &Server, path: &str) {
    let source = Registry::new(noon());
    image.push(&source, "acme/rocket", &["source"]).unwrap();
    let from = serve(source.router()).await;
    for tag in TAGS {
        let from = format!("docker://{from}/acme/rocket:source");
        let to = format!("docker://{}/{path}:{tag}", server.address);
        let mut arguments = vec![
            "copy",
            "--all",
            "--preserve-digests",
            "--src-tls-verify=false",
        ];
        arguments.push("--dest-tls-verify=false");
        let credentials = format!("--dest-creds={}:{}", USER.0, USER.1);
        if server.wants_password {
            arguments.push(&credentials);
        }
        arguments.extend([from.as_str(), to.as_str()]);
        output_of(skopeo, &arguments).await;
    }
}

async fn manifest(client: &Client, image: &ImageId, digest: &Digest) -> Manifest {
    match fact(client, Ask::Manifest(image.clone(), digest.clone())).await {
        Fact::Manifest(Some(manifest)) => manifest,
        other => panic!("{other:?}"),
    }
}

async fn config(client: &Client, image: &ImageId, digest: &Digest) -> ImageConfig {
    match fact(client, Ask::Config(image.clone(), digest.clone())).await {
        Fact::Config(config) => config,
        other => panic!("{other:?}"),
    }
}

/// Pushes an image and compares every fact with what skopeo and the image itself say.
async fn the_facts_come_out_right(server: &Server, format: Format, attestations: Attestations) {
    let Some(skopeo) = judge("skopeo") else {
        return;
    };
    let path = format!("acme/rocket-{format:?}-{attestations:?}").to_lowercase();
    let mut spec = ImageSpec::new("rocket", "1.6.9", REVISION, noon()());
    spec.format = format;
    spec.attestations = attestations;
    let built = build(&spec);
    push(&built, &skopeo, server, &path).await;

    let user = server.wants_password.then_some(USER);
    let client = client(server, &path, user);
    let image = image_of(server, &path);

    let Fact::Tags(tags) = fact(&client, Ask::Tags(image.clone())).await else {
        panic!("no tags");
    };
    let tags: BTreeSet<_> = tags.iter().map(String::as_str).collect();
    assert_eq!(tags, BTreeSet::from(TAGS));

    let reference = format!("docker://{}:latest", image.0);
    let mut arguments = vec!["inspect", "--raw", "--tls-verify=false"];
    let credentials = format!("--creds={}:{}", USER.0, USER.1);
    if server.wants_password {
        arguments.push(&credentials);
    }
    arguments.push(&reference);
    let raw = output_of(&skopeo, &arguments).await;
    let expected: Digest = format!("sha256:{}", sha256sum(&raw).await).parse().unwrap();
    for tag in TAGS {
        let found = fact(&client, Ask::Tag(image.clone(), tag.to_owned())).await;
        assert_eq!(found, Fact::Tag(Some(expected.clone())), "{tag}");
    }
    let absent = fact(&client, Ask::Tag(image.clone(), "absent".to_owned())).await;
    assert_eq!(absent, Fact::Tag(None));
    let none = Ask::Manifest(image.clone(), Digest::of(b"nothing"));
    assert_eq!(fact(&client, none).await, Fact::Manifest(None));

    let index = manifest(&client, &image, &expected).await;
    assert_eq!(index.size, raw.len() as u64);
    assert_eq!(index.media_type, built.index.media_type);
    let ManifestContent::Index {
        platforms,
        attestations: marked,
    } = index.content
    else {
        panic!("{index:?}");
    };
    let shown: Vec<_> = platforms
        .iter()
        .map(|entry| (entry.platform.to_string(), entry.digest.to_string()))
        .collect();
    let wanted: Vec<_> = built
        .platforms
        .iter()
        .map(|built| (built.platform.label(), built.manifest.digest.to_string()))
        .collect();
    assert_eq!(shown, wanted);
    assert_eq!(shown.len(), 2);

    for entry in &platforms {
        let child = manifest(&client, &image, &entry.digest).await;
        assert_eq!(child.size, entry.size);
        assert!(matches!(child.content, ManifestContent::Image { layers, .. } if layers > 0));
        let config = config(&client, &image, &entry.digest).await;
        assert_eq!(config.platform.to_string(), entry.platform.to_string());
        assert_eq!(config.revision.as_deref(), Some(REVISION));
        assert_eq!(config.version.as_deref(), Some("1.6.9"));
        assert_eq!(config.created, Some(noon()()));
    }

    let expected_marks = match attestations {
        Attestations::Absent => 0,
        Attestations::InIndex => 2,
    };
    assert_eq!(marked.len(), expected_marks);
    for entry in &marked {
        let of = entry.of.as_ref().unwrap();
        assert!(platforms.iter().any(|platform| platform.digest == *of));
        let attestation = manifest(&client, &image, &entry.digest).await;
        let other = ManifestContent::Other {
            artifact_type: "application/vnd.in-toto+json".to_owned(),
        };
        assert_eq!(attestation.content, other);
    }

    // All of it once more: what has a digest is not fetched again.
    for digest in platforms.iter().map(|entry| &entry.digest) {
        for ask in [
            Ask::Manifest(image.clone(), digest.clone()),
            Ask::Config(image.clone(), digest.clone()),
        ] {
            assert_eq!(client.look(&ask, noon()()).await.cost.requests, 0);
        }
    }
}

async fn a_repository_that_is_not_there_is_no_failure(server: &Server) {
    let client = client(server, "acme/absent", server.wants_password.then_some(USER));
    let image = image_of(server, "acme/absent");
    let tags = fact(&client, Ask::Tags(image.clone())).await;
    assert_eq!(tags, Fact::Tags(Vec::new()));
    let tag = fact(&client, Ask::Tag(image, "latest".to_owned())).await;
    assert_eq!(tag, Fact::Tag(None));
}

const ALL: [(Format, Attestations); 3] = [
    (Format::Oci, Attestations::Absent),
    (Format::Oci, Attestations::InIndex),
    (Format::Docker, Attestations::Absent),
];

#[tokio::test(flavor = "multi_thread")]
async fn docker_registry_agrees() {
    let Some(program) = judge("docker-registry") else {
        return;
    };
    let server = docker_registry(&program, None).await;
    for (format, attestations) in ALL {
        the_facts_come_out_right(&server, format, attestations).await;
    }
    a_repository_that_is_not_there_is_no_failure(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn docker_registry_with_passwords_agrees() {
    let Some(program) = judge("docker-registry") else {
        return;
    };
    // The bcrypt hash of USER's password.
    let line = "alice:$2b$04$pMe6aO3M47HVRXh5owBDQOiV7BieOLfLPotKGJSnkqgkKsvz/N0mu\n";
    let server = docker_registry(&program, Some(line)).await;
    the_facts_come_out_right(&server, Format::Oci, Attestations::InIndex).await;
    a_repository_that_is_not_there_is_no_failure(&server).await;

    let image = image_of(&server, "acme/rocket");
    for (user, kind) in [
        (None, FailureKind::NoCredential),
        (Some(("alice", "wrong")), FailureKind::Unauthorized),
        (Some(("bob", "s3cret")), FailureKind::Unauthorized),
    ] {
        let client = client(&server, "acme/rocket", user);
        let answer = client.look(&Ask::Tags(image.clone()), noon()()).await;
        let failure = answer.outcome.unwrap_err();
        assert_eq!(failure.kind, kind, "{failure:?}");
        assert!(!format!("{failure:?}").contains("s3cret"), "{failure:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn olareg_agrees() {
    let Some(program) = judge("olareg") else {
        return;
    };
    let server = olareg(&program, &[]).await;
    for (format, attestations) in ALL {
        the_facts_come_out_right(&server, format, attestations).await;
    }
    a_repository_that_is_not_there_is_no_failure(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_olareg_is_told_with_its_time() {
    let Some(program) = judge("olareg") else {
        return;
    };
    let server = olareg(&program, &["--rate-limit", "1"]).await;
    let client = client(&server, "acme/rocket", None);
    let ask = Ask::Tag(image_of(&server, "acme/rocket"), "latest".to_owned());
    // The budget may be of some requests in the first second: more than that are not let in.
    for _ in 0..100 {
        let Err(failure) = client.look(&ask, noon()()).await.outcome else {
            continue;
        };
        assert_eq!(failure.kind, FailureKind::RateLimited, "{failure:?}");
        assert!(failure.retry_at.unwrap() > noon()());
        return;
    }
    panic!("100 requests in a row were let in");
}
