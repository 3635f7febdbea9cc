//! An image comes into another repository whole, and only then under a tag.

use gonogo::domain::fact::ImageId;
use gonogo::domain::journal::Outcome;
use gonogo::domain::plan::{About, Action, Condition, Draft, Intent, Plan, Repeat, Step, Undo};
use gonogo::domain::policy::ImageSpec;
use gonogo::sim::image::Format;
use gonogo::sim::oci::{Access, User};

use super::acts::waiting;
use super::rig::{Made, OWNER, Rig, World, sim_digest};
use crate::support::facts;

const OTHER: &str = "acme/mirror";

fn copy(made: &Made, from: &ImageId, to: &ImageId, repo: gonogo::domain::ids::RepoSlug) -> Plan {
    let digest = made.index.clone();
    let step = Step {
        action: Action::Copy {
            from: from.clone(),
            to: to.clone(),
            digest: digest.clone(),
        },
        before: vec![Condition::SourceIs {
            image: from.clone(),
            tag: made.prerelease(),
            digest: digest.clone(),
        }],
        after: vec![Condition::HasManifest {
            image: to.clone(),
            digest,
        }],
        undo: Undo::NotNeeded,
        repeat: Repeat::Safe,
    };
    let about = About {
        repo,
        version: Some(made.version.to_owned()),
        run: None,
    };
    let draft = Draft {
        title: "copy".to_owned(),
        steps: vec![step],
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

/// Two repositories, of one registry or of two.
async fn copied(near: bool, format: Format) -> (World, World, Made, String) {
    let (world, _, this) = waiting(format).await;
    let far = World::new().await;
    for one in [&world, &far] {
        one.registry.add_user(User::owner(OWNER.0, OWNER.1));
        one.registry.behave(|ways| {
            ways.access = Access::Token {
                anonymous_pull: false,
                ttl: std::time::Duration::from_secs(300),
            };
        });
    }
    let target = if near { world.address } else { far.address };
    let images = [
        (format!("{}/acme/rocket", world.address), world.address),
        (format!("{target}/{OTHER}"), target),
    ];
    let mut policy = facts::policy();
    policy.images = images
        .iter()
        .map(|(image, _)| ImageSpec::standard(image.parse().unwrap()))
        .collect();
    let repo = policy.repo.clone();
    let rig = Rig::over(policy, &images, None, Some(OWNER));
    let [from, to] = images.map(|(image, _)| ImageId(image));
    let plan = copy(&this, &from, &to, repo);
    let ended = rig.carry_out(&plan).await;
    assert_eq!(ended.outcome, Outcome::Done, "{}", ended.why);
    let writes = if near { world.writes() } else { far.writes() };
    (world, far, this, writes.join("\n"))
}

#[tokio::test]
async fn within_a_registry_blobs_are_mounted() {
    let (world, _, this, writes) = copied(true, Format::Oci).await;
    let held = world.registry.manifest(OTHER, this.index.as_str()).unwrap();
    assert_eq!(held.bytes, this.image.index.bytes);
    assert!(writes.contains("mount="), "{writes}");
    assert!(!writes.contains("PATCH"), "{writes}");
}

#[tokio::test]
async fn into_another_registry_blobs_are_sent_whole() {
    for format in [Format::Oci, Format::Docker] {
        let (_, far, this, writes) = copied(false, format).await;
        let held = far.registry.manifest(OTHER, this.index.as_str()).unwrap();
        assert_eq!(held.bytes, this.image.index.bytes);
        for (digest, bytes) in &this.image.blobs {
            assert_eq!(far.registry.blob(OTHER, digest).as_ref(), Some(bytes));
        }
        for part in &this.parts {
            let part = sim_digest(part);
            assert!(far.registry.manifest(OTHER, part.as_str()).is_some());
        }
        assert!(writes.contains("PATCH"), "{writes}");
        assert!(far.registry.tags(OTHER).is_empty(), "nothing is tagged");
    }
}
