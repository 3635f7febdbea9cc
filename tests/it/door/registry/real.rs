//! The same against registries that were not written here: Debian's docker-registry and olareg.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use gonogo::domain::digest::Digest;
use gonogo::domain::fact::{Ask, Fact};
use gonogo::domain::journal::Outcome;
use gonogo::domain::plan::{Intent, RefusalKind, Target};
use gonogo::sim::image::Format;
use gonogo::sim::oci::Registry;

use super::acts::{plan_of, with_stand_in};
use super::rig::{Made, PATH, Rig};
use crate::real_registries::server::{
    Server, docker_registry, noon, olareg, output_of, serve, sha256sum,
};
use crate::support::judges::judge;

const TAGS: [&str; 3] = ["1.6.9", "1.6", "latest"];
const CLEAN: Intent = Intent::CleanUp { orphans: false };

/// Copies every tag into a real registry with skopeo, bytes kept.
async fn transplant(skopeo: &Path, from: &Registry, server: &Server) {
    let source = serve(from.router()).await;
    for tag in from.tags(PATH) {
        let from = format!("docker://{source}/{PATH}:{tag}");
        let to = format!("docker://{}/{PATH}:{tag}", server.address);
        let arguments = [
            "copy",
            "--all",
            "--preserve-digests",
            "--src-tls-verify=false",
            "--dest-tls-verify=false",
            &from,
            &to,
        ];
        output_of(skopeo, &arguments).await;
    }
}

/// What `skopeo inspect --raw | sha256sum` says of a tag.
async fn raw(skopeo: &Path, server: &Server, tag: &str) -> String {
    let reference = format!("docker://{}/{PATH}:{tag}", server.address);
    let arguments = ["inspect", "--raw", "--tls-verify=false", &reference];
    sha256sum(&output_of(skopeo, &arguments).await).await
}

/// Every tag and what it points to, by our own looks, which other tests hold against skopeo's.
async fn tags(rig: &Rig) -> BTreeMap<String, Digest> {
    let client = &rig.sources.registries[&rig.image];
    let list = client.look(&Ask::Tags(rig.image.clone()), noon()()).await;
    let Ok(Fact::Tags(names)) = list.outcome else {
        panic!("{list:?}");
    };
    let mut tags = BTreeMap::new();
    for name in names {
        let ask = Ask::Tag(rig.image.clone(), name.clone());
        let held = client.look(&ask, noon()()).await;
        if let Ok(Fact::Tag(Some(digest))) = held.outcome {
            tags.insert(name, digest);
        }
    }
    tags
}

struct Scene {
    skopeo: PathBuf,
    server: Server,
    rig: Rig,
    old: Made,
    this: Made,
}

/// 1.6.8 is out and 1.6.9 waits.
async fn scene(server: Server, format: Format) -> Option<Scene> {
    let skopeo = judge("skopeo")?;
    let source = Registry::new(noon());
    let old = Made::of("1.6.8", 1, format);
    let this = Made::of("1.6.9", 2, format);
    old.waiting(&source);
    for tag in source.tags(PATH) {
        if tag.starts_with("prerelease") {
            source.delete_tag(PATH, &tag);
        }
    }
    old.released(&source, &["1.6.8", "1.6", "latest"]);
    this.waiting(&source);
    transplant(&skopeo, &source, &server).await;
    let rig = Rig::new(server.address, None, None);
    Some(Scene {
        skopeo,
        server,
        rig,
        old,
        this,
    })
}

async fn debian() -> Option<Server> {
    let program = judge("docker-registry")?;
    Some(docker_registry(&program, None).await)
}

async fn removing() -> Option<Server> {
    let program = judge("olareg")?;
    Some(olareg(&program, &["--api-delete"]).await)
}

/// Promotes from here: every release tag from what it is.
async fn promote(scene: &mut Scene) {
    let old = Some(scene.old.index.clone());
    let moves = [("1.6.9", None), ("1.6", old.clone()), ("latest", old)];
    let plan = plan_of(&scene.rig, &scene.this, &moves);
    let ended = scene.rig.carry_out(&plan).await;
    assert_eq!(ended.outcome, Outcome::Done, "{}", ended.why);
}

#[tokio::test]
async fn a_promote_keeps_every_byte() {
    for format in [Format::Oci, Format::Docker] {
        for server in [debian().await, removing().await] {
            let Some(server) = server else { return };
            let Some(mut scene) = scene(server, format).await else {
                return;
            };
            promote(&mut scene).await;
            for tag in TAGS {
                let sum = raw(&scene.skopeo, &scene.server, tag).await;
                assert_eq!(sum, scene.this.index.hex(), "{format:?} {tag}");
            }
            let kept = raw(&scene.skopeo, &scene.server, "1.6.8").await;
            assert_eq!(kept, scene.old.index.hex());
        }
    }
}

#[tokio::test]
async fn after_a_promote_nothing_that_is_in_use_goes() {
    // Debian's registry removes whole manifests alone: nothing can go, which is told before anything is sent.
    let Some(server) = debian().await else { return };
    let Some(mut scene_) = scene(server, Format::Oci).await else {
        return;
    };
    promote(&mut scene_).await;
    scene_.rig.promoted(&scene_.this, &["1.6.8", "1.6.9"]);
    let before = tags(&scene_.rig).await;
    let refusal = scene_.rig.plan(&CLEAN).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Nothing, "{refusal:?}");
    assert!(refusal.unblock.contains("only whole manifests"));
    assert_eq!(tags(&scene_.rig).await, before);

    // olareg removes tags; without leave to remove anything it refuses the first step, and nothing is lost.
    let Some(program) = judge("olareg") else {
        return;
    };
    for may in [true, false] {
        let arguments: &[&str] = if may { &["--api-delete"] } else { &[] };
        let server = olareg(&program, arguments).await;
        let Some(mut scene) = scene(server, Format::Oci).await else {
            return;
        };
        promote(&mut scene).await;
        scene.rig.promoted(&scene.this, &["1.6.8", "1.6.9"]);
        let before = tags(&scene.rig).await;
        let plan = scene.rig.plan(&CLEAN).await.unwrap();
        let ended = scene.rig.carry_out(&plan).await;
        let left = tags(&scene.rig).await;
        if may {
            assert_eq!(ended.outcome, Outcome::Done, "{}", ended.why);
            let own = scene.this.prerelease();
            let stays = |tag: &String| *tag != "prerelease" && !tag.starts_with(&own);
            let expected: BTreeSet<&String> = before.keys().filter(|tag| stays(tag)).collect();
            assert_eq!(left.keys().collect::<BTreeSet<_>>(), expected);
        } else {
            assert_eq!(ended.outcome, Outcome::Refused, "{}", ended.why);
            assert_eq!(left, before, "{}", ended.why);
        }
        for tag in TAGS {
            assert_eq!(left[tag], scene.this.index, "{tag}");
        }
        for tag in scene.this.evidence_tags() {
            assert!(left.contains_key(&tag), "{tag}");
        }
    }
}

#[tokio::test]
async fn a_rejected_release_goes_whole_and_comes_back() {
    for server in [debian().await, removing().await] {
        let Some(server) = server else { return };
        let Some(mut scene) = scene(server, Format::Oci).await else {
            return;
        };
        scene.rig.failed(&scene.this, &["1.6.8"]);
        let before = tags(&scene.rig).await;
        scene.rig.do_it(&CLEAN).await;
        let left = tags(&scene.rig).await;
        let mut expected = before.clone();
        let evidence = scene.this.evidence_tags();
        let own = scene.this.prerelease();
        expected.retain(|tag, _| {
            !evidence.contains(tag) && tag != "prerelease" && !tag.starts_with(&own)
        });
        assert_eq!(left, expected);
        for tag in ["1.6.8", "1.6", "latest"] {
            let sum = raw(&scene.skopeo, &scene.server, tag).await;
            assert_eq!(sum, scene.old.index.hex(), "{tag}");
        }
        let ended = scene.rig.undo().await;
        assert_eq!(ended.outcome, Outcome::Done, "{}", ended.why);
        assert_eq!(tags(&scene.rig).await, before);
    }
}

#[tokio::test]
async fn a_promote_is_taken_back_tag_for_tag() {
    let Some(server) = debian().await else { return };
    let Some(mut scene) = scene(server, Format::Oci).await else {
        return;
    };
    let before = tags(&scene.rig).await;
    let old = Some(scene.old.index.clone());
    let moves = [("1.6.9", None), ("1.6", old.clone()), ("latest", old)];
    let plan = plan_of(&scene.rig, &scene.this, &moves);
    let plan = with_stand_in(&plan, "1.6.9");
    let ended = scene.rig.carry_out(&plan).await;
    assert_eq!(ended.outcome, Outcome::Done, "{}", ended.why);
    assert_ne!(tags(&scene.rig).await, before);
    let ended = scene.rig.undo().await;
    assert_eq!(ended.outcome, Outcome::Done, "{}", ended.why);
    assert_eq!(tags(&scene.rig).await, before);
    for part in &scene.this.parts {
        let ask = Ask::Manifest(scene.rig.image.clone(), part.clone());
        let client = &scene.rig.sources.registries[&scene.rig.image];
        let held = client.look(&ask, noon()()).await.outcome;
        assert!(matches!(held, Ok(Fact::Manifest(Some(_)))), "{held:?}");
    }
}

#[tokio::test]
async fn a_roll_back_leaves_the_release_before() {
    for server in [debian().await, removing().await] {
        let Some(server) = server else { return };
        let Some(mut scene) = scene(server, Format::Docker).await else {
            return;
        };
        let before = tags(&scene.rig).await;
        promote(&mut scene).await;
        scene.rig.promoted(&scene.this, &["1.6.8", "1.6.9"]);
        let back = Intent::RollBack {
            to: Target::Previous,
        };
        let plan = scene.rig.do_it(&back).await;
        let mut left = tags(&scene.rig).await;
        // Where a tag cannot go alone it stays, and the plan says so.
        if let Some(stays) = left.remove("1.6.9") {
            assert_eq!(stays, scene.this.index);
            assert!(
                plan.notes
                    .iter()
                    .any(|note| note.starts_with("Left: `1.6.9`"))
            );
        }
        assert_eq!(left, before);
    }
}
