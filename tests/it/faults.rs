//! Services that misbehave: the engine over real HTTP, against the simulator's faults.

use std::time::Duration;

use gonogo::domain::fact::{Ask, SourceId};
use gonogo::domain::release::Stage;
use gonogo::engine::Model;
use gonogo::sim::fault::{Fault, Kind};
use gonogo::sim::requests::Service;
use gonogo::sim::scenario::Scenario;
use tokio::task::JoinSet;

use crate::support::sim::Rig;

fn kinds() -> Vec<(&'static str, Kind)> {
    let status = |code, retry_after| Kind::Status { code, retry_after };
    vec![
        ("timeout", Kind::Timeout),
        ("reset", Kind::Reset),
        ("401", status(401, None)),
        ("403", status(403, None)),
        ("404", status(404, None)),
        ("409", status(409, None)),
        ("429", status(429, Some(7))),
        ("500", status(500, None)),
        ("503", status(503, Some(3))),
    ]
}

/// Worlds that know nothing of each other, beside each other; fails with the first that does.
async fn at_once(worlds: impl Iterator<Item = impl Future<Output = ()> + Send + 'static>) {
    let mut running = JoinSet::new();
    for world in worlds {
        running.spawn(world);
    }
    while let Some(ended) = running.join_next().await {
        if let Err(failed) = ended {
            std::panic::resume_unwind(failed.into_panic());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_failed_polls_of_each_kind_leave_the_release_on_the_screen() {
    let all = kinds().into_iter();
    at_once(all.map(|(name, kind)| a_hundred_failed_polls(name, kind))).await;
}

async fn a_hundred_failed_polls(name: &'static str, kind: Kind) {
    // A poll that never ends costs its whole limit in real time; so short a one may strike on a busy machine by itself.
    let is_short = kind == Kind::Timeout;
    let limit = Duration::from_millis(if is_short { 300 } else { 30_000 });
    let scenario = Scenario::built_in("waiting-gate").unwrap();
    let mut rig = Rig::of(scenario, limit).await;
    rig.play_to("gate");
    let mut before = rig.settled().await;
    while before
        .snapshot
        .health
        .values()
        .any(|it| !it.failing.is_empty())
    {
        before = rig.settled().await;
    }
    let run = before.outlook.run.expect("a run is watched");
    assert!(
        matches!(before.outlook.stage.0, Stage::Waiting { for_you: true, .. }),
        "{name}"
    );
    let jobs = before
        .snapshot
        .record(run)
        .unwrap()
        .jobs
        .value()
        .unwrap()
        .clone();

    let fault = rig
        .sim
        .faults()
        .add(Fault::new(Service::Github, kind.clone()));
    let mut model = before.clone();
    while rig.sim.faults().struck(fault) < 100 {
        model = rig.pass(Duration::from_secs(20)).await;
    }
    assert_eq!(
        model.outlook.run, before.outlook.run,
        "{name}: the same run is watched"
    );
    assert_eq!(
        model.outlook.stage, before.outlook.stage,
        "{name}: the same stage"
    );
    let record = model.snapshot.record(run).unwrap();
    assert_eq!(
        record.jobs.value().unwrap(),
        &jobs,
        "{name}: the last good value stays"
    );
    assert!(
        record.jobs.failures_in_a_row() > 0,
        "{name}: and is known to be old"
    );
    let health = &model.snapshot.health[&SourceId::Github];
    let (failure, _) = health
        .latest_failure()
        .expect("the health line says what fails");
    assert!(
        failure.what.len() > 10 && !failure.advice.is_empty(),
        "{name}: {failure:?}"
    );
    assert!(
        matches!(
            model.freshness(&Ask::Jobs(run), model.now),
            gonogo::engine::pace::Freshness::Stale(_)
        ),
        "{name}: marked stale"
    );
    // The other sources are not touched by it.
    assert!(
        is_short || model.snapshot.health[&SourceId::Pypi].failing.is_empty(),
        "{name}"
    );

    rig.sim.faults().clear();
    for _ in 0..if is_short { 60 } else { 12 } {
        model = rig.pass(Duration::from_secs(60)).await;
        if model.snapshot.health[&SourceId::Github].failing.is_empty() {
            break;
        }
    }
    let health = &model.snapshot.health[&SourceId::Github];
    assert!(
        health.failing.is_empty(),
        "{name}: recovered without a key: {:?}",
        health.failing
    );
    assert_eq!(model.outlook.stage, before.outlook.stage, "{name}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_and_an_index_that_fail_keep_their_last_word() {
    let services = [Service::Registry, Service::Pypi];
    at_once(services.into_iter().map(the_last_word_is_kept)).await;
}

async fn the_last_word_is_kept(service: Service) {
    let mut scenario = Scenario::built_in("happy").unwrap();
    // The same world for every kind of fault, so it needs time.
    scenario.lead = Duration::from_secs(24 * 3600);
    let mut rig = Rig::of(scenario, Duration::from_secs(30)).await;
    while rig.sim.advance_to_next().is_some() {}
    let before = rig.settled().await;
    assert_eq!(before.outlook.stage.0, Stage::Released);
    assert_eq!(before.outlook.pypi_files, 2);
    for (name, kind) in kinds() {
        // Slow; and for a registry or an index 404 is an answer: it is not there.
        if kind != Kind::Timeout && name != "404" {
            the_last_word_is_kept_through(&mut rig, &before, service, name, kind).await;
        }
    }
}

async fn the_last_word_is_kept_through(
    rig: &mut Rig,
    before: &Model,
    service: Service,
    name: &str,
    kind: Kind,
) {
    let fault = rig.sim.faults().add(Fault::new(service, kind));
    let mut model = rig.pass(Duration::from_secs(30)).await;
    for _ in 0..200 {
        model = rig.pass(Duration::from_secs(30)).await;
        if rig.sim.faults().struck(fault) >= 10 {
            break;
        }
    }
    assert!(
        rig.sim.faults().struck(fault) >= 10,
        "{service:?} {name}: it is asked again"
    );
    assert_eq!(
        model.outlook.resolved, before.outlook.resolved,
        "{service:?} {name}"
    );
    assert_eq!(
        model.outlook.digests, before.outlook.digests,
        "{service:?} {name}"
    );
    assert_eq!(model.outlook.pypi_files, 2, "{service:?} {name}");
    assert!(
        model
            .snapshot
            .health
            .values()
            .any(|health| !health.failing.is_empty()),
        "{service:?} {name}: it is said"
    );

    rig.sim.faults().clear();
    for _ in 0..12 {
        model = rig.pass(Duration::from_secs(60)).await;
    }
    assert!(
        model
            .snapshot
            .health
            .values()
            .all(|health| health.failing.is_empty()),
        "{service:?} {name}: recovered without a key"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_limit_is_obeyed_by_every_question_to_that_service() {
    let mut rig = Rig::start("waiting-gate").await;
    rig.play_to("gate");
    rig.settled().await;
    let limited = Kind::Status {
        code: 429,
        retry_after: Some(600),
    };
    let fault = rig.sim.faults().add(Fault::new(Service::Github, limited));
    while rig.sim.faults().struck(fault) == 0 {
        rig.pass(Duration::from_secs(5)).await;
    }
    let struck = rig.sim.faults().struck(fault);
    for _ in 0..50 {
        rig.pass(Duration::from_secs(10)).await;
    }
    let later = rig.sim.faults().struck(fault);
    assert!(
        later <= struck + 1,
        "asked {} times while it was told to wait",
        later - struck
    );
}

/// A body can only be bad where there is one: an unchanged answer has none. So here every answer changes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_bad_bodies_change_nothing_and_the_next_good_one_is_taken() {
    let kinds = [Kind::CutBody, Kind::MalformedJson];
    at_once(kinds.into_iter().map(a_hundred_bad_bodies)).await;
}

async fn a_hundred_bad_bodies(kind: Kind) {
    let mut scenario = Scenario::scale(40).unwrap();
    // A hundred pauses of more than a minute: the world's time must not run into the real one before that.
    scenario.lead = Duration::from_secs(24 * 3600);
    let mut rig = Rig::of(scenario, Duration::from_secs(30)).await;
    rig.sim.advance(Duration::from_secs(60));
    let before = rig.settled().await;
    let run = before.outlook.run.expect("a run is watched");
    let jobs = before
        .snapshot
        .record(run)
        .unwrap()
        .jobs
        .value()
        .unwrap()
        .clone();
    let fault = rig
        .sim
        .faults()
        .add(Fault::new(Service::Github, kind.clone()).on("/jobs"));
    let mut model = before.clone();
    while rig.sim.faults().struck(fault) < 100 {
        model = rig.pass(Duration::from_secs(60)).await;
    }
    let record = model.snapshot.record(run).unwrap();
    assert_eq!(
        record.jobs.value().unwrap(),
        &jobs,
        "{kind:?}: the last good value stays"
    );
    assert!(record.jobs.failures_in_a_row() > 10, "{kind:?}");
    assert_eq!(model.outlook.run, before.outlook.run);
    rig.sim.faults().clear();
    for _ in 0..10 {
        model = rig.pass(Duration::from_secs(15)).await;
    }
    let record = model.snapshot.record(run).unwrap();
    assert_eq!(
        record.jobs.failures_in_a_row(),
        0,
        "{kind:?}: recovered without a key"
    );
    assert_ne!(
        record.jobs.value().unwrap(),
        &jobs,
        "{kind:?}: and up to date"
    );
}
