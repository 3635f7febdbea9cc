//! A roll-back touches what this release moved, and puts each tag back to what it was.

use gonogo::domain::digest::Digest;
use gonogo::domain::journal::Outcome;
use gonogo::domain::plan::{Action, Intent, Refusal, RefusalKind, Target};
use gonogo::domain::run::Status;
use gonogo::sim::image::Format;
use gonogo::sim::oci::Deletes;

use super::acts::promote_plan;
use super::rig::{Made, PATH, World, changes, sim_digest};
use crate::support::facts;

const BACK: Intent = Intent::RollBack {
    to: Target::Previous,
};
const TAGS: [&str; 3] = ["1.6.9", "1.6", "latest"];

/// 1.6.8 is out and 1.6.9 was made.
async fn two_releases() -> (World, Made, Made) {
    let world = World::new().await;
    let old = Made::of("1.6.8", 1, Format::Oci);
    let this = Made::of("1.6.9", 2, Format::Oci);
    old.waiting(&world.registry);
    old.released(&world.registry, &["1.6.8", "1.6", "latest"]);
    this.waiting(&world.registry);
    (world, old, this)
}

fn refused(refusal: &Refusal, kind: RefusalKind, word: &str) {
    assert_eq!(refusal.kind, kind, "{refusal:?}");
    let whole = format!("{} {}", refusal.what, refusal.unblock);
    assert!(whole.contains(word), "{word}: {refusal:?}");
}

#[tokio::test]
async fn each_tag_goes_back_to_what_the_run_first_saw() {
    let (world, old, this) = two_releases().await;
    let before = world.tags();
    let mut rig = world.rig();
    rig.promoted(&this, &["1.6.8", "1.6.9"]);
    rig.first_seen(&this, &TAGS).await;
    this.released(&world.registry, &TAGS);
    let promoted = world.tags();

    let plan = rig.do_it(&BACK).await;
    let (put, removed) = changes(&plan);
    assert_eq!(put, ["latest", "1.6"], "what most people pull comes first");
    assert_eq!(removed, ["1.6.9"]);
    // The Release stops being one that is out before its version tag goes.
    let mark = plan.steps.iter().position(
        |step| matches!(&step.action, Action::MarkRelease { mark, .. } if mark.prerelease),
    );
    assert_eq!(mark, Some(2), "{plan:#?}");
    assert_eq!(world.tags(), before);
    assert_eq!(world.tags()["latest"], old.index);

    let ended = rig.undo().await;
    assert_eq!(ended.outcome, Outcome::Done, "{}", ended.why);
    assert_eq!(world.tags(), promoted);
}

#[tokio::test]
async fn the_journal_tells_what_a_promote_from_here_has_moved() {
    let (world, _, this) = two_releases().await;
    let before = world.tags();
    let mut rig = world.rig();
    rig.failed(&this, &["1.6.8"]);
    let promote = promote_plan(
        &rig,
        &this,
        &[("1.6.9", None), ("1.6", Some("1.6.8"))],
        &world,
    );
    let ended = rig.carry_out(&promote).await;
    assert_eq!(ended.outcome, Outcome::Done, "{}", ended.why);
    // Nobody saw the tags before, and the earlier release is another one by now.
    let plan = rig.plan(&BACK).await.unwrap();
    let notes = plan.notes.join("\n");
    assert!(notes.contains(&format!("plan {}", promote.id)), "{notes}");
    assert!(notes.contains("Left alone: `latest`"), "{notes}");
    let ended = rig.carry_out(&plan).await;
    assert_eq!(ended.outcome, Outcome::Done, "{}", ended.why);
    assert_eq!(world.tags(), before);
}

#[tokio::test]
async fn without_any_record_the_earlier_release_tells() {
    let (world, old, this) = two_releases().await;
    this.released(&world.registry, &TAGS);
    let mut rig = world.rig();
    rig.promoted(&this, &["1.6.7", "1.6.8"]);
    let plan = rig.do_it(&BACK).await;
    assert!(
        plan.notes
            .iter()
            .any(|note| note.contains("the image of v1.6.8"))
    );
    assert_eq!(world.tags()["latest"], old.index);
    assert_eq!(world.tags()["1.6"], old.index);
    assert!(!world.tags().contains_key("1.6.9"));
}

#[tokio::test]
async fn where_nothing_tells_an_image_has_to_be_named() {
    let (world, old, this) = two_releases().await;
    this.released(&world.registry, &TAGS);
    let mut rig = world.rig();
    // The only earlier release has no `1.6`.
    rig.promoted(&this, &["1.5.0"]);
    let refusal = rig.plan(&BACK).await.unwrap_err();
    refused(&refusal, RefusalKind::CannotTell, "--to DIGEST");

    let to = Intent::RollBack {
        to: Target::Digest(old.index.clone()),
    };
    rig.do_it(&to).await;
    assert_eq!(world.tags()["latest"], old.index);
    assert_eq!(world.tags()["1.6"], old.index);
    assert!(!world.tags().contains_key("1.6.9"));

    let itself = Intent::RollBack {
        to: Target::Digest(this.index.clone()),
    };
    this.released(&world.registry, &["latest"]);
    let refusal = rig.plan(&itself).await.unwrap_err();
    refused(
        &refusal,
        RefusalKind::Precondition,
        "of this release itself",
    );
}

#[tokio::test]
async fn a_tag_that_a_later_release_holds_is_left_alone() {
    let (world, old, this) = two_releases().await;
    let mut rig = world.rig();
    rig.promoted(&this, &["1.6.8"]);
    rig.first_seen(&this, &TAGS).await;
    this.released(&world.registry, &TAGS);
    let later = Made::of("1.7.0", 3, Format::Docker);
    later.waiting(&world.registry);
    later.released(&world.registry, &["1.7.0", "1.7", "latest"]);
    rig.do_it(&BACK).await;
    let tags = world.tags();
    assert_eq!(tags["latest"], later.index);
    assert_eq!(tags["1.6"], old.index);
    assert!(!tags.contains_key("1.6.9"));
}

#[tokio::test]
async fn a_lost_image_comes_back_from_what_was_kept_or_not_at_all() {
    let (world, old, this) = two_releases().await;
    let mut rig = world.rig();
    rig.promoted(&this, &[]);
    rig.first_seen(&this, &TAGS).await;
    // A promote from here keeps the bytes of what it replaces.
    let moves = [
        ("1.6.9", None),
        ("1.6", Some("1.6.8")),
        ("latest", Some("1.6.8")),
    ];
    let promote = promote_plan(&rig, &this, &moves, &world);
    let ended = rig.carry_out(&promote).await;
    assert_eq!(ended.outcome, Outcome::Done, "{}", ended.why);
    // The registry's collection takes the index that no tag holds any more.
    for tag in ["1.6.8", old.prerelease().as_str()] {
        world.registry.delete_tag(PATH, tag);
    }
    assert!(
        world
            .registry
            .delete_manifest(PATH, &sim_digest(&old.index))
    );
    rig.do_it(&BACK).await;
    assert_eq!(world.tags()["latest"], old.index);

    // A part of it is gone too: then it is no image any more.
    this.released(&world.registry, &TAGS);
    world
        .registry
        .delete_manifest(PATH, &sim_digest(&old.index));
    world
        .registry
        .delete_manifest(PATH, &sim_digest(&old.parts[0]));
    let before = world.tags();
    let plan = rig.plan(&BACK).await.unwrap();
    let ended = rig.carry_out(&plan).await;
    assert_eq!(ended.outcome, Outcome::Refused, "{}", ended.why);
    assert!(ended.why.contains(&old.parts[0].short()), "{}", ended.why);
    assert_eq!(world.tags(), before);

    // And a digest that never was.
    let to = Intent::RollBack {
        to: Target::Digest(Digest::of(b"nothing")),
    };
    let plan = rig.plan(&to).await.unwrap();
    let ended = rig.carry_out(&plan).await;
    assert_eq!(ended.outcome, Outcome::Refused, "{}", ended.why);
    assert_eq!(world.tags(), before);
}

#[tokio::test]
async fn a_tag_that_moved_since_the_plan_voids_it() {
    let (world, _, this) = two_releases().await;
    let mut rig = world.rig();
    rig.promoted(&this, &[]);
    rig.first_seen(&this, &TAGS).await;
    this.released(&world.registry, &TAGS);
    let plan = rig.plan(&BACK).await.unwrap();
    let later = Made::of("1.7.0", 3, Format::Oci);
    later.waiting(&world.registry);
    later.released(&world.registry, &["latest"]);
    let before = world.tags();
    let ended = rig.carry_out(&plan).await;
    assert_eq!(ended.outcome, Outcome::Refused, "{}", ended.why);
    assert!(ended.why.contains(&later.index.short()), "{}", ended.why);
    assert_eq!(world.tags(), before);
}

#[tokio::test]
async fn a_version_tag_that_cannot_go_alone_is_named_and_the_rest_goes_back() {
    let (world, old, this) = two_releases().await;
    world.registry.behave(|ways| {
        ways.deletes = Deletes::DigestsOnly;
        ways.paging = gonogo::sim::oci::Paging::Whole;
    });
    let mut rig = world.rig();
    rig.promoted(&this, &["1.6.8"]);
    rig.first_seen(&this, &TAGS).await;
    this.released(&world.registry, &TAGS);
    let plan = rig.do_it(&BACK).await;
    assert_eq!(changes(&plan).1, Vec::<String>::new());
    let left = "Left: `1.6.9`. This registry removes only whole manifests";
    assert!(
        plan.notes.iter().any(|note| note.starts_with(left)),
        "{:?}",
        plan.notes
    );
    assert_eq!(world.tags()["latest"], old.index);
    assert_eq!(world.tags()["1.6.9"], this.index);
}

#[tokio::test]
async fn nothing_is_rolled_back_while_the_pipeline_can_promote() {
    let (world, _, this) = two_releases().await;
    let mut rig = world.rig();
    let waiting = facts::job(2, 9, "publish-docker / publish", Status::Waiting, None);
    rig.run(&this, Status::InProgress, vec![waiting], &[]);
    let refusal = rig.plan(&BACK).await.unwrap_err();
    refused(&refusal, RefusalKind::Precondition, "gonogo cancel");

    rig.failed(&this, &[]);
    let refusal = rig.plan(&BACK).await.unwrap_err();
    refused(&refusal, RefusalKind::Nothing, "No release tag");
}

#[tokio::test]
async fn what_the_package_index_holds_is_said_to_stay() {
    let (world, _, this) = two_releases().await;
    let mut rig = world.rig();
    rig.promoted(&this, &[]);
    rig.first_seen(&this, &TAGS).await;
    this.released(&world.registry, &TAGS);
    let held = facts::pypi_holds("1.6.9");
    rig.see(
        gonogo::domain::fact::Ask::Pypi("1.6.9".to_owned()),
        gonogo::domain::fact::Fact::Pypi(held),
    );
    let plan = rig.plan(&BACK).await.unwrap();
    let page = "/manage/project/rocket/release/1.6.9/";
    assert!(
        plan.notes.iter().any(|note| note.contains(page)),
        "{:?}",
        plan.notes
    );
}
