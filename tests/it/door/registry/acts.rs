//! Single steps against a registry: the exact bytes, looked at before and after.

use gonogo::domain::digest::Digest;
use gonogo::domain::journal::{Done, Outcome, StepState};
use gonogo::domain::plan::{
    About, Action, Condition, Draft, Intent, Plan, Repeat, Step, Tagged, Undo, stand_in,
};
use gonogo::sim::image::Format;
use gonogo::sim::oci::{Access, User};
use gonogo::sim::requests::Service;

use super::rig::{Made, OWNER, PATH, Rig, World, sim_digest};
use crate::support::facts;

/// A plan as a promote has it: these tags from what they are to the release's image.
pub(super) fn promote_plan(
    rig: &Rig,
    made: &Made,
    tags: &[(&str, Option<&str>)],
    world: &World,
) -> Plan {
    let now = |tag: &str| world.tags()[tag].clone();
    let moves: Vec<(&str, Option<Digest>)> = tags
        .iter()
        .map(|(tag, from)| (*tag, from.map(now)))
        .collect();
    plan_of(rig, made, &moves)
}

/// The same, where it is said what each tag is.
pub(super) fn plan_of(rig: &Rig, made: &Made, tags: &[(&str, Option<Digest>)]) -> Plan {
    let tagged = |tag: &str, digest: &Digest| Tagged {
        image: rig.image.clone(),
        tag: tag.to_owned(),
        digest: digest.clone(),
    };
    let is = |tag: &str, digest: Option<&Digest>| Condition::TagIs {
        image: rig.image.clone(),
        tag: tag.to_owned(),
        digest: digest.cloned(),
    };
    let mut steps: Vec<Step> = tags
        .iter()
        .map(|(tag, from)| Step {
            action: Action::PutTag(tagged(tag, &made.index)),
            before: vec![is(tag, from.as_ref())],
            after: vec![is(tag, Some(&made.index))],
            undo: Undo::By(match from {
                Some(old) => Action::PutTag(tagged(tag, old)),
                None => Action::DeleteTag {
                    tagged: tagged(tag, &made.index),
                    together: vec![(*tag).to_owned()],
                },
            }),
            repeat: Repeat::OnlyIfUnchanged,
        })
        .collect();
    steps[0].before.insert(
        0,
        Condition::SourceIs {
            image: rig.image.clone(),
            tag: made.prerelease(),
            digest: made.index.clone(),
        },
    );
    let about = About {
        repo: rig.policy.repo.clone(),
        version: Some(made.version.to_owned()),
        run: Some(gonogo::domain::ids::RunId(made.run)),
    };
    let draft = Draft {
        title: "promote".to_owned(),
        phrase: Some(made.version.to_owned()),
        steps,
        ..Draft::default()
    };
    Plan::new(
        Intent::Promote { reason: None },
        about,
        draft,
        1,
        facts::at(2),
    )
}

/// The same plan as it is made for a registry that removes whole manifests alone.
pub(super) fn with_stand_in(plan: &Plan, made: &str) -> Plan {
    let mut steps = plan.steps.clone();
    for step in &mut steps {
        if let Undo::By(Action::DeleteTag { tagged, .. }) = &step.undo
            && tagged.tag == made
        {
            let tagged = Tagged {
                digest: stand_in::digest(made),
                ..tagged.clone()
            };
            let together = vec![made.to_owned()];
            step.undo = Undo::InTurn(vec![
                Action::PutTag(tagged.clone()),
                Action::DeleteTag { tagged, together },
            ]);
        }
    }
    let draft = Draft {
        title: plan.title.clone(),
        phrase: plan.phrase.clone(),
        steps,
        ..Draft::default()
    };
    Plan::new(
        plan.intent.clone(),
        plan.about.clone(),
        draft,
        1,
        facts::at(2),
    )
}

/// 1.6.8 is out and 1.6.9 waits, in images of this format.
pub(super) async fn waiting(format: Format) -> (World, Made, Made) {
    let world = World::new().await;
    let old = Made::of("1.6.8", 1, format);
    let this = Made::of("1.6.9", 2, format);
    old.waiting(&world.registry);
    old.released(&world.registry, &["1.6.8", "1.6", "latest"]);
    this.waiting(&world.registry);
    (world, old, this)
}

const MOVES: [(&str, Option<&str>); 3] = [
    ("1.6.9", None),
    ("1.6", Some("1.6.8")),
    ("latest", Some("1.6.8")),
];

#[tokio::test]
async fn a_promote_puts_the_same_bytes_with_few_requests() {
    for format in [Format::Oci, Format::Docker] {
        let (world, _, this) = waiting(format).await;
        world.registry.add_user(User::owner(OWNER.0, OWNER.1));
        world.registry.behave(|ways| {
            ways.access = Access::Token {
                anonymous_pull: false,
                ttl: std::time::Duration::from_secs(300),
            };
        });
        let rig = world.rig();
        let plan = promote_plan(&rig, &this, &MOVES, &world);
        let mark = world.requests.mark();
        let ended = rig.carry_out(&plan).await;
        assert_eq!(ended.outcome, Outcome::Done, "{}", ended.why);
        for (tag, _) in MOVES {
            let held = world.registry.manifest(PATH, tag).unwrap();
            assert_eq!(held.bytes, this.image.index.bytes, "{tag}");
            assert_eq!(held.media_type, this.image.index.media_type, "{tag}");
        }
        let children = match format {
            Format::Oci => 4,
            Format::Docker => 2,
        };
        // 401 and token; the source; its children; HEAD, PUT, HEAD a tag; the old bytes of two tags, which are one
        // manifest.
        let sent = world.requests.since(mark);
        let all: Vec<String> = sent
            .iter()
            .filter(|one| one.service == Service::Registry)
            .map(|one| format!("{} {}", one.method, one.target))
            .collect();
        let most = 2 + 1 + children + 3 * 3 + 1;
        assert_eq!(all.len(), most, "{all:#?}");
        let tokens = all.iter().filter(|one| one.contains("/token"));
        assert_eq!(tokens.count(), 1, "{all:#?}");
    }
}

#[tokio::test]
async fn undo_brings_back_every_tag_and_removes_the_new_one() {
    let (world, _, this) = waiting(Format::Oci).await;
    let before = world.tags();
    let mut rig = world.rig();
    let plan = promote_plan(&rig, &this, &MOVES, &world);
    rig.carry_out(&plan).await;
    assert_ne!(world.tags(), before);
    let ended = rig.undo().await;
    assert_eq!(ended.outcome, Outcome::Done, "{}", ended.why);
    assert_eq!(world.tags(), before);
}

#[tokio::test]
async fn a_source_that_was_swapped_or_lacks_a_part_moves_nothing() {
    let (world, old, this) = waiting(Format::Oci).await;
    let rig = world.rig();
    let plan = promote_plan(&rig, &this, &MOVES, &world);
    old.released(&world.registry, &[&this.prerelease()]);
    let before = world.tags();
    let ended = rig.carry_out(&plan).await;
    assert_eq!(ended.outcome, Outcome::Refused, "{}", ended.why);
    assert!(ended.why.contains(&old.index.short()), "{}", ended.why);
    assert_eq!(world.tags(), before);

    this.released(&world.registry, &[&this.prerelease()]);
    world
        .registry
        .delete_manifest(PATH, &sim_digest(&this.parts[1]));
    let rig = world.rig();
    let before = world.tags();
    let ended = rig.carry_out(&plan).await;
    assert_eq!(ended.outcome, Outcome::Refused, "{}", ended.why);
    assert!(ended.why.contains(&this.parts[1].short()), "{}", ended.why);
    assert_eq!(world.tags(), before);
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_tag_that_was_moved_since_the_plan_stops_it_there() {
    let (world, old, this) = waiting(Format::Oci).await;
    let rig = world.rig();
    let plan = promote_plan(&rig, &this, &MOVES, &world);
    let other = Made::of("1.6.91", 3, Format::Oci);
    other.waiting(&world.registry);
    other.released(&world.registry, &["1.6"]);
    let ended = rig.carry_out(&plan).await;
    assert_eq!(ended.outcome, Outcome::Stopped, "{}", ended.why);
    assert!(ended.why.contains(&other.index.short()), "{}", ended.why);
    let tags = world.tags();
    assert_eq!(tags["1.6.9"], this.index);
    assert_eq!(tags["1.6"], other.index);
    assert_eq!(tags["latest"], old.index);
}

#[tokio::test]
async fn what_is_so_already_is_not_sent_again() {
    let (world, _, this) = waiting(Format::Oci).await;
    let rig = world.rig();
    let plan = promote_plan(&rig, &this, &MOVES, &world);
    this.released(&world.registry, &["1.6.9"]);
    let ended = rig.carry_out(&plan).await;
    assert_eq!(ended.outcome, Outcome::Done, "{}", ended.why);
    assert_eq!(rig.states()[0], StepState::Verified(Done::AlreadySo));
    assert_eq!(world.writes().len(), 2, "{:?}", world.writes());
}

#[tokio::test]
async fn an_immutable_tag_is_told_as_the_registry_tells_it() {
    let (world, old, this) = waiting(Format::Oci).await;
    world.registry.behave(|ways| {
        ways.immutable_tags.insert("latest".to_owned());
    });
    let rig = world.rig();
    let plan = promote_plan(&rig, &this, &MOVES, &world);
    let ended = rig.carry_out(&plan).await;
    assert_eq!(ended.outcome, Outcome::Stopped, "{}", ended.why);
    assert!(ended.why.contains("immutable"), "{}", ended.why);
    assert_eq!(world.tags()["latest"], old.index);
    assert_eq!(world.tags()["1.6"], this.index);
}
