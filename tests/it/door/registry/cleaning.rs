//! Cleaning up removes what nobody needs, in every kind of registry, and nothing else.

use std::collections::BTreeSet;

use gonogo::domain::journal::{Outcome, StepState};
use gonogo::domain::plan::{Intent, RefusalKind};
use gonogo::domain::run::Status;
use gonogo::sim::hub::{HubOptions, LackingDelete};
use gonogo::sim::image::Format;
use gonogo::sim::oci::{Access, Action as Right, Deletes, Paging, Referrers, Tokens, User};

use super::rig::{Made, OWNER, PATH, Rig, World, changes, sim_digest};
use crate::support::facts;

const CLEAN: Intent = Intent::CleanUp { orphans: false };
const RELEASE_TAGS: [&str; 3] = ["1.6.9", "1.6", "latest"];

/// The kinds of registry that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Removes single tags.
    Tags,
    /// Removes whole manifests, and is known by its ways.
    Whole,
    /// Removes whole manifests, which shows when it is tried.
    WholeInSecret,
    /// Removes nothing by itself; Docker Hub's interface does.
    Hub,
}

const KINDS: [Kind; 4] = [Kind::Tags, Kind::Whole, Kind::WholeInSecret, Kind::Hub];

impl Kind {
    fn rig(self, world: &World) -> Rig {
        world.registry.add_user(User::owner(OWNER.0, OWNER.1));
        world.registry.behave(|ways| {
            ways.deletes = match self {
                Self::Tags => Deletes::TagsAndDigests,
                Self::Whole => Deletes::DigestsOnly,
                Self::WholeInSecret => Deletes::DigestsOnlyUnsupported,
                Self::Hub => Deletes::Refused,
            };
            if matches!(self, Self::Whole) {
                ways.paging = Paging::Whole;
            }
            if matches!(self, Self::Whole | Self::Hub) {
                ways.referrers = Referrers::Absent;
            }
        });
        match self {
            Self::Hub => world.hub_rig(),
            _ => world.rig(),
        }
    }
}

/// 1.6.8 is out; 1.6.91 waits at its gate; 1.6.9 was made.
async fn three_releases() -> (World, Made, Made, Made) {
    let world = World::new().await;
    let old = Made::of("1.6.8", 1, Format::Oci);
    let other = Made::of("1.6.91", 3, Format::Oci);
    let this = Made::of("1.6.9", 2, Format::Oci);
    old.waiting(&world.registry);
    for tag in [
        old.prerelease(),
        format!("{}-amd64", old.prerelease()),
        format!("{}-arm64", old.prerelease()),
    ] {
        world.registry.delete_tag(PATH, &tag);
    }
    old.released(&world.registry, &["1.6.8", "1.6", "latest"]);
    other.waiting(&world.registry);
    this.waiting(&world.registry);
    (world, old, other, this)
}

#[tokio::test]
async fn a_rejected_release_leaves_nothing_and_takes_nothing_of_others_along() {
    for kind in KINDS {
        let (world, old, other, this) = three_releases().await;
        let before = world.tags();
        let mut rig = kind.rig(&world);
        rig.failed(&this, &["1.6.8"]);
        let plan = rig.do_it(&CLEAN).await;
        assert_eq!(plan.phrase.as_deref(), Some("1.6.9"));

        let mut gone = this.evidence_tags();
        let own = this.prerelease();
        gone.extend([own.clone(), format!("{own}-amd64"), format!("{own}-arm64")]);
        gone.insert("prerelease".to_owned());
        let left: BTreeSet<String> = world.tags().into_keys().collect();
        let expected: BTreeSet<String> = before
            .keys()
            .filter(|tag| !gone.contains(*tag))
            .cloned()
            .collect();
        assert_eq!(left, expected, "{kind:?}");
        for tag in old.evidence_tags().union(&other.evidence_tags()) {
            assert!(left.contains(tag), "{kind:?}: {tag}");
        }
        for tag in ["latest", "1.6", "1.6.8"] {
            assert_eq!(world.tags()[tag], old.index, "{kind:?}: {tag}");
        }
        assert!(left.contains(&other.prerelease()), "{kind:?}");

        // And back, tag for tag.
        let ended = rig.undo().await;
        assert_eq!(ended.outcome, Outcome::Done, "{kind:?}: {}", ended.why);
        assert_eq!(world.tags(), before, "{kind:?}");
    }
}

#[tokio::test]
async fn after_a_promote_every_release_tag_and_what_proves_it_stays() {
    for kind in KINDS {
        let (world, old, _, this) = three_releases().await;
        this.released(&world.registry, &RELEASE_TAGS);
        let before = world.tags();
        let mut rig = kind.rig(&world);
        rig.promoted(&this, &["1.6.8", "1.6.9"]);
        let own = this.prerelease();
        let prereleases = [
            own.clone(),
            format!("{own}-amd64"),
            format!("{own}-arm64"),
            "prerelease".to_owned(),
        ];
        match kind {
            Kind::Tags | Kind::Hub => {
                let plan = rig.do_it(&CLEAN).await;
                let kept = plan.notes.iter().filter(|note| note.starts_with("Kept:"));
                let kept: Vec<_> = kept.collect();
                assert_eq!(kept.len(), 3, "{kind:?}: {:?}", plan.notes);
                assert!(kept[0].contains("`1.6.9`"), "{kept:?}");
                let mut expected = before.clone();
                expected.retain(|tag, _| !prereleases.contains(tag));
                assert_eq!(world.tags(), expected, "{kind:?}");
            }
            // The prerelease tags share their manifest with the release: nothing can go, and that is said.
            Kind::Whole => {
                let refusal = rig.plan(&CLEAN).await.unwrap_err();
                assert_eq!(refusal.kind, RefusalKind::Nothing, "{refusal:?}");
                for tag in &prereleases {
                    assert!(refusal.unblock.contains(tag), "{tag}: {refusal:?}");
                }
                assert!(refusal.unblock.contains("only whole manifests"));
                assert_eq!(world.tags(), before);
                assert_eq!(world.writes(), Vec::<String>::new());
            }
            Kind::WholeInSecret => {
                let plan = rig.plan(&CLEAN).await.unwrap();
                let ended = rig.carry_out(&plan).await;
                assert_eq!(ended.outcome, Outcome::Refused, "{}", ended.why);
                assert!(ended.why.contains("removes no single tag"), "{}", ended.why);
                assert_eq!(world.tags(), before);
            }
        }
        for tag in this.evidence_tags().union(&old.evidence_tags()) {
            assert!(world.tags().contains_key(tag), "{kind:?}: {tag}");
        }
        for tag in RELEASE_TAGS {
            assert_eq!(world.tags()[tag], this.index, "{kind:?}: {tag}");
        }
    }
}

#[tokio::test]
async fn a_partial_promote_is_taken_back_before_what_it_needs_goes() {
    for kind in KINDS {
        let (world, old, _, this) = three_releases().await;
        let mut rig = kind.rig(&world);
        rig.failed(&this, &["1.6.8"]);
        rig.first_seen(&this, &RELEASE_TAGS).await;
        this.released(&world.registry, &["1.6.9", "1.6"]);
        let plan = rig.do_it(&CLEAN).await;
        let (put, removed) = changes(&plan);
        assert_eq!(put, ["1.6"], "{kind:?}");
        assert_eq!(removed[0], "1.6.9", "{kind:?}");
        let tags = world.tags();
        assert!(!tags.contains_key("1.6.9"), "{kind:?}");
        for tag in ["latest", "1.6", "1.6.8"] {
            assert_eq!(tags[tag], old.index, "{kind:?}: {tag}");
        }
        for tag in this.evidence_tags() {
            assert!(!tags.contains_key(&tag), "{kind:?}: {tag}");
        }
        assert!(tags.keys().all(|tag| !tag.starts_with(&this.prerelease())));
    }
}

#[tokio::test]
async fn without_the_right_nothing_is_begun_or_nothing_else_is_removed() {
    // A token that tells what it allows: refused before anything is sent.
    let (world, _, _, this) = three_releases().await;
    let writer = User::new(OWNER.0, OWNER.1, [Right::Pull, Right::Push]);
    world.registry.add_user(writer);
    world.registry.behave(|ways| {
        ways.access = Access::Token {
            anonymous_pull: false,
            ttl: std::time::Duration::from_secs(300),
        };
    });
    let before = world.tags();
    let mut rig = world.rig();
    rig.failed(&this, &["1.6.8"]);
    let refusal = rig.plan(&CLEAN).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::NotAllowed, "{refusal:?}");
    assert!(refusal.what.contains("`delete`"), "{refusal:?}");
    assert_eq!(world.writes(), Vec::<String>::new());

    // One that does not tell, and a registry with passwords: the first step says it, and is the last.
    world.registry.behave(|ways| ways.tokens = Tokens::Opaque);
    for access in [world.registry.behaviour().access, Access::Basic] {
        world.registry.behave(|ways| ways.access = access);
        let mut rig = world.rig();
        rig.failed(&this, &["1.6.8"]);
        let plan = rig.plan(&CLEAN).await.unwrap();
        let ended = rig.carry_out(&plan).await;
        assert_eq!(ended.outcome, Outcome::Refused, "{}", ended.why);
        assert!(ended.why.contains("`delete`"), "{}", ended.why);
        assert!(ended.why.contains("pull,push,delete"), "{}", ended.why);
        assert_eq!(world.tags(), before);
    }
    let removed = world.writes();
    assert!(removed.iter().all(|one| one.starts_with("DELETE")));
}

#[tokio::test]
async fn docker_hub_tells_the_right_that_lacks_in_either_of_its_ways() {
    for lacking_delete in [LackingDelete::Forbidden, LackingDelete::WrappedError] {
        let world = World::with(HubOptions {
            lacking_delete,
            ..HubOptions::default()
        })
        .await;
        let this = Made::of("1.6.9", 2, Format::Oci);
        this.waiting(&world.registry);
        world
            .registry
            .behave(|ways| ways.deletes = Deletes::Refused);
        let writer = User::new(OWNER.0, OWNER.1, [Right::Pull, Right::Push]);
        world.registry.add_user(writer);
        let before = world.tags();
        let mut rig = world.hub_rig();
        rig.failed(&this, &[]);
        let plan = rig.plan(&CLEAN).await.unwrap();
        let ended = rig.carry_out(&plan).await;
        assert_eq!(ended.outcome, Outcome::Refused, "{}", ended.why);
        assert!(ended.why.contains("Read, Write, Delete"), "{}", ended.why);
        assert!(matches!(rig.states()[0], StepState::Failed(_)));
        assert_eq!(world.tags(), before);
        assert_eq!(world.writes().len(), 1, "{:?}", world.writes());
    }
}

#[tokio::test]
async fn what_cannot_be_looked_up_is_named_and_left() {
    let (world, _, _, this) = three_releases().await;
    // An index of another release whose bytes are no manifest: whether it lists ours cannot be told.
    let odd = "application/vnd.oci.image.index.v1+json";
    let bytes = r#"{"schemaVersion":2,"manifests":[],"config":null,"layers":[]}"#;
    world
        .registry
        .put_manifest(PATH, "odd", odd, bytes)
        .unwrap();
    let mut rig = Kind::Tags.rig(&world);
    rig.failed(&this, &["1.6.8"]);
    let plan = rig.plan(&CLEAN).await.unwrap();
    let (_, removed) = changes(&plan);
    assert!(
        removed.iter().all(|tag| !tag.starts_with("sha256-")),
        "{removed:?}"
    );
    let left = plan
        .notes
        .iter()
        .filter(|note| note.contains("cannot be told"));
    assert_eq!(left.count(), 3, "{:?}", plan.notes);
    assert!(plan.notes.iter().any(|note| note.contains("`odd`")));
}

#[tokio::test]
async fn a_tag_that_comes_to_the_image_in_between_keeps_its_evidence() {
    let (world, _, _, this) = three_releases().await;
    let mut rig = Kind::Tags.rig(&world);
    rig.failed(&this, &["1.6.8"]);
    let plan = rig.plan(&CLEAN).await.unwrap();
    // A second maintainer promotes by hand.
    this.released(&world.registry, &["1.6.9"]);
    let ended = rig.carry_out(&plan).await;
    assert_eq!(ended.outcome, Outcome::Stopped, "{}", ended.why);
    assert!(ended.why.contains("`1.6.9`"), "{}", ended.why);
    for tag in this.evidence_tags() {
        assert!(world.tags().contains_key(&tag), "{tag}");
    }
}

#[tokio::test]
async fn while_the_run_can_still_act_nothing_is_planned() {
    let (world, _, _, this) = three_releases().await;
    let mut rig = Kind::Tags.rig(&world);
    let job = |name: &str, status| facts::job(this.run, 9, name, status, None);
    let waiting = job("publish-docker / publish", Status::Waiting);
    rig.run(&this, Status::InProgress, vec![waiting], &[]);
    let refusal = rig.plan(&CLEAN).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Precondition, "{refusal:?}");

    let failed = facts::job(
        this.run,
        9,
        "publish-docker / publish",
        Status::Completed,
        Some(gonogo::domain::run::Conclusion::Failure),
    );
    let mut cleaning = job("cleanup-on-rejection", Status::Waiting);
    cleaning.id = gonogo::domain::ids::JobId(10);
    rig.run(&this, Status::InProgress, vec![failed, cleaning], &[]);
    let refusal = rig.plan(&CLEAN).await.unwrap_err();
    assert!(refusal.what.contains("cleanup-on-rejection"), "{refusal:?}");
    assert!(refusal.unblock.contains("gonogo approve"), "{refusal:?}");
}

#[tokio::test]
async fn orphans_of_older_releases_are_found_and_those_that_wait_are_not() {
    for kind in [Kind::Tags, Kind::Whole, Kind::Hub] {
        let (world, old, other, this) = three_releases().await;
        // A release that failed long ago; of its run nothing is known any more.
        let dead = Made::of("1.6.5", 7, Format::Docker);
        dead.waiting(&world.registry);
        this.released(&world.registry, &RELEASE_TAGS);
        let mut rig = kind.rig(&world);
        rig.promoted(&this, &["1.6.8", "1.6.9"]);
        // 1.6.91 is higher than everything that is out, so nobody can tell that its run is over.
        let plan = rig.do_it(&Intent::CleanUp { orphans: true }).await;
        let tags = world.tags();
        assert!(tags.keys().all(|tag| !tag.contains("v1.6.5")), "{kind:?}");
        for tag in dead.evidence_tags() {
            assert!(!tags.contains_key(&tag), "{kind:?}: {tag}");
        }
        let others = old.evidence_tags();
        for tag in others
            .union(&other.evidence_tags())
            .chain(&this.evidence_tags())
        {
            assert!(tags.contains_key(tag), "{kind:?}: {tag}");
        }
        assert_eq!(tags[&other.prerelease()], other.index, "{kind:?}");
        for tag in RELEASE_TAGS {
            assert_eq!(tags[tag], this.index);
        }
        let left = format!("Left: `{}`", other.prerelease());
        assert!(
            plan.notes.iter().any(|note| note.starts_with(&left)),
            "{:?}",
            plan.notes
        );
    }
}

#[tokio::test]
async fn what_refers_to_a_dead_image_goes_and_comes_back() {
    let (world, _, _, this) = three_releases().await;
    let mut rig = Kind::Tags.rig(&world);
    let blob = world.registry.put_blob(PATH, b"{}".to_vec());
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": blob.as_str(), "size": 2},
        "layers": [{"mediaType": "application/vnd.oci.empty.v1+json", "digest": blob.as_str(), "size": 2}],
        "subject": {
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "digest": this.index.as_str(),
            "size": 3,
        },
    });
    let bytes = serde_json::to_vec_pretty(&manifest).unwrap();
    let name = gonogo::domain::digest::Digest::of(&bytes);
    let media = "application/vnd.oci.image.manifest.v1+json";
    world
        .registry
        .put_manifest(PATH, name.as_str(), media, bytes)
        .unwrap();
    rig.failed(&this, &["1.6.8"]);
    rig.do_it(&CLEAN).await;
    let subject = sim_digest(&this.index);
    assert_eq!(world.registry.referrers(PATH, &subject).len(), 0);
    let ended = rig.undo().await;
    assert_eq!(ended.outcome, Outcome::Done, "{}", ended.why);
    assert_eq!(world.registry.referrers(PATH, &subject).len(), 1);
}
