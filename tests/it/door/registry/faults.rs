//! Every fault of a registry at every kind of step: the right outcome, the right sentence, no other tag touched.

use std::collections::BTreeMap;

use gonogo::domain::digest::Digest;
use gonogo::domain::journal::{Done, Outcome, StepState};
use gonogo::domain::plan::Intent;
use gonogo::sim::fault::{Fault, Kind};
use gonogo::sim::image::Format;
use gonogo::sim::oci::{Access, Deletes, User};
use gonogo::sim::requests::Service;

use super::acts::{promote_plan, waiting};
use super::rig::{OWNER, Rig, World};

/// What a fault of the request that changes something comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comes {
    /// The registry refused, and nothing was changed.
    Refused,
    /// Nobody knew; a look shows that nothing was changed.
    NotArrived,
    /// Nobody knew; a look shows that it was done.
    Found,
    /// It was answered with success.
    Done,
}

fn status(code: u16) -> Kind {
    Kind::Status {
        code,
        retry_after: (code == 429).then_some(60),
    }
}

/// The faults of one changing request, with what they come to and a word of the sentence.
fn faults() -> Vec<(Kind, Comes, &'static str)> {
    vec![
        (Kind::Timeout, Comes::NotArrived, "did not answer in time"),
        (Kind::Reset, Comes::NotArrived, "cannot be reached"),
        (Kind::LostAnswer, Comes::Found, ""),
        (status(401), Comes::Refused, "401"),
        (status(403), Comes::Refused, "403"),
        (status(404), Comes::Refused, "404"),
        (status(409), Comes::Refused, "409"),
        (status(429), Comes::Refused, "429"),
        (status(500), Comes::NotArrived, "500"),
        (status(503), Comes::NotArrived, "503"),
    ]
}

fn with_tokens(world: &World) {
    world.registry.add_user(User::owner(OWNER.0, OWNER.1));
    world.registry.behave(|ways| {
        ways.access = Access::Token {
            anonymous_pull: false,
            ttl: std::time::Duration::from_secs(300),
        };
    });
}

/// What a failed first step leaves: everything as it was.
fn untouched(world: &World, before: &BTreeMap<String, Digest>, name: &str) {
    assert_eq!(world.tags(), *before, "{name}");
}

async fn strike(
    rig: &Rig,
    world: &World,
    plan: &gonogo::domain::plan::Plan,
    fault: Fault,
) -> (gonogo::door::Ended, StepState) {
    // A 401 is answered with a new token and asked once more: only one that lasts is a refusal.
    let lasts = fault.kind == status(401);
    world.faults.add(if lasts { fault } else { fault.times(1) });
    let ended = rig.carry_out(plan).await;
    world.faults.clear();
    (ended, rig.states()[0].clone())
}

#[tokio::test]
async fn a_put_that_fails_is_told_as_what_it_is() {
    let mut cases = faults();
    cases.push((Kind::WrongDigest, Comes::Found, ""));
    cases.push((Kind::CutBody, Comes::Done, ""));
    for (kind, comes, word) in cases {
        let name = format!("{kind:?}");
        let (world, _, this) = waiting(Format::Oci).await;
        with_tokens(&world);
        let before = world.tags();
        let rig = world.rig();
        let plan = promote_plan(&rig, &this, &[("1.6.9", None)], &world);
        let fault = Fault::new(Service::Registry, kind).only("PUT");
        let (ended, state) = strike(&rig, &world, &plan, fault).await;
        check(&ended, &state, comes, word, &name);
        let puts = world
            .writes()
            .into_iter()
            .filter(|one| one.starts_with("PUT"));
        let most = if name.contains("401") { 2 } else { 1 };
        assert_eq!(puts.count(), most, "{name}: never sent twice");
        if matches!(comes, Comes::Refused | Comes::NotArrived) {
            untouched(&world, &before, &name);
        } else {
            let mut expected = before.clone();
            expected.insert("1.6.9".to_owned(), this.index.clone());
            assert_eq!(world.tags(), expected, "{name}");
        }
    }
}

fn check(ended: &gonogo::door::Ended, state: &StepState, comes: Comes, word: &str, name: &str) {
    let why = &ended.why;
    assert!(why.contains(word), "{name}: {why}");
    match comes {
        Comes::Refused | Comes::NotArrived => {
            assert_eq!(ended.outcome, Outcome::Refused, "{name}: {why}");
            assert!(matches!(state, StepState::Failed(_)), "{name}: {state:?}");
        }
        Comes::Found => {
            assert_eq!(ended.outcome, Outcome::Done, "{name}: {why}");
            assert_eq!(*state, StepState::Verified(Done::Found), "{name}");
        }
        Comes::Done => {
            assert_eq!(ended.outcome, Outcome::Done, "{name}: {why}");
            assert_eq!(*state, StepState::Verified(Done::Sent), "{name}");
        }
    }
}

#[tokio::test]
async fn a_removal_that_fails_is_told_as_what_it_is() {
    for hub in [false, true] {
        for (kind, comes, word) in faults() {
            let name = format!("{kind:?} hub {hub}");
            let (world, _, this) = waiting(Format::Oci).await;
            with_tokens(&world);
            let before = world.tags();
            let mut rig = if hub {
                world
                    .registry
                    .behave(|ways| ways.deletes = Deletes::Refused);
                world.hub_rig()
            } else {
                world.rig()
            };
            rig.failed(&this, &[]);
            let plan = rig.plan(&Intent::CleanUp { orphans: false }).await.unwrap();
            let service = if hub {
                Service::DockerHub
            } else {
                Service::Registry
            };
            // Only the first step: what follows would be another case.
            let plan = first_of(&plan);
            let fault = Fault::new(service, kind).only("DELETE");
            let (ended, state) = strike(&rig, &world, &plan, fault).await;
            check(&ended, &state, comes, word, &name);
            if matches!(comes, Comes::Refused | Comes::NotArrived) {
                untouched(&world, &before, &name);
            } else {
                assert_eq!(world.tags().len(), before.len() - 1, "{name}");
            }
        }
    }
}

fn first_of(plan: &gonogo::domain::plan::Plan) -> gonogo::domain::plan::Plan {
    let draft = gonogo::domain::plan::Draft {
        title: plan.title.clone(),
        phrase: plan.phrase.clone(),
        steps: plan.steps[..1].to_vec(),
        ..gonogo::domain::plan::Draft::default()
    };
    gonogo::domain::plan::Plan::new(
        plan.intent.clone(),
        plan.about.clone(),
        draft,
        plan.revision,
        plan.made_at,
    )
}

#[tokio::test]
async fn a_look_that_fails_before_the_first_change_changes_nothing() {
    let kinds = [
        Kind::Timeout,
        Kind::Reset,
        status(403),
        status(429),
        status(500),
        Kind::WrongDigest,
        Kind::CutBody,
        Kind::WrongBytes,
        Kind::MalformedJson,
    ];
    for kind in kinds {
        let (world, _, this) = waiting(Format::Oci).await;
        let before = world.tags();
        let rig = world.rig();
        let plan = promote_plan(&rig, &this, &[("1.6.9", None)], &world);
        world
            .faults
            .add(Fault::new(Service::Registry, kind.clone()).only("GET"));
        let ended = rig.carry_out(&plan).await;
        world.faults.clear();
        assert_eq!(ended.outcome, Outcome::Refused, "{kind:?}: {}", ended.why);
        untouched(&world, &before, &format!("{kind:?}"));
        assert_eq!(world.writes(), Vec::<String>::new(), "{kind:?}");
    }
}

#[tokio::test]
async fn what_is_said_of_a_limit_names_when_it_ends() {
    let (world, _, this) = waiting(Format::Oci).await;
    let rig = world.rig();
    let plan = promote_plan(&rig, &this, &[("1.6.9", None)], &world);
    let fault = Fault::new(Service::Registry, status(429)).only("PUT");
    let (ended, _) = strike(&rig, &world, &plan, fault).await;
    assert!(ended.why.contains("resume"), "{}", ended.why);
}
