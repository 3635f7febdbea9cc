//! The engine's pure half: what is asked when, what sticks, what failures leave alone.

use gonogo::domain::fact::{Ask, Fact, FailureKind, ImageId};
use gonogo::domain::ids::{Attempt, RunId};
use gonogo::domain::release::{FactSource, Stage};
use gonogo::domain::run::{Conclusion, PendingDeployment, Run, Status};
use gonogo::engine::{Effect, Message, Model, interest};

use crate::support::facts::*;

mod board;
mod doubts;
mod endings;
mod faces;
mod lasting;

fn looks(effects: &[Effect]) -> Vec<&Ask> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Look(ask) => Some(ask),
            _ => None,
        })
        .collect()
}

fn every(model: &Model, ask: &Ask) -> Option<std::time::Duration> {
    interest::of(model)
        .into_iter()
        .find(|interest| interest.ask == *ask)
        .unwrap_or_else(|| panic!("{ask:?} is of no interest"))
        .every
}

fn is_asked(model: &Model, ask: &Ask) -> bool {
    interest::of(model)
        .iter()
        .any(|interest| interest.ask == *ask)
}

fn gate(for_you: bool) -> PendingDeployment {
    PendingDeployment {
        environment: gonogo::domain::ids::EnvironmentId(7),
        name: "release".to_owned(),
        wait_minutes: 0,
        wait_started_at: None,
        viewer_may_approve: for_you,
        reviewers: Vec::new(),
    }
}

/// A release that waits at its gate.
fn waiting() -> Model {
    let mut model = model();
    feed(
        &mut model,
        0,
        [
            saw(
                Ask::Runs,
                Fact::Runs(vec![run(42, Status::InProgress, None)]),
                0,
            ),
            saw(
                Ask::Run(RunId(42)),
                Fact::Run(run(42, Status::InProgress, None)),
                0,
            ),
            saw(
                Ask::Jobs(RunId(42)),
                Fact::Jobs(vec![
                    done(42, 1, "version-check"),
                    done(42, 2, "prerelease-docker / create-manifest"),
                    job(42, 3, "publish-docker / promote", Status::Waiting, None),
                ]),
                0,
            ),
            saw(Ask::Pending(RunId(42)), Fact::Pending(vec![gate(true)]), 0),
        ],
    );
    model
}

#[test]
fn the_first_tick_asks_for_what_everything_else_follows_from() {
    let mut model = model();
    let effects = feed(&mut model, 0, [Message::Tick]);
    let asked = looks(&effects);
    assert!(asked.contains(&&Ask::Runs), "{asked:?}");
    assert!(asked.len() <= 8, "no more than 8 at a time: {asked:?}");
    let again = feed(&mut model, 0, [Message::Tick]);
    assert!(
        !looks(&again).contains(&&Ask::Runs),
        "what is on its way is not asked again"
    );
}

#[test]
fn gates_are_asked_for_only_while_a_job_waits() {
    let model = waiting();
    assert_eq!(
        model.outlook.stage.0,
        Stage::Waiting {
            environments: vec!["release".to_owned()],
            for_you: true
        }
    );
    assert!(is_asked(&model, &Ask::Pending(RunId(42))));

    let mut model = model;
    let running = vec![job(
        42,
        3,
        "publish-docker / promote",
        Status::InProgress,
        None,
    )];
    feed(
        &mut model,
        3,
        [saw(Ask::Jobs(RunId(42)), Fact::Jobs(running), 3)],
    );
    assert!(!is_asked(&model, &Ask::Pending(RunId(42))));
    assert_eq!(model.outlook.stage.0, Stage::Promoting);
}

#[test]
fn a_running_releases_jobs_are_polled_at_the_interval_and_its_run_object_much_slower() {
    let model = waiting();
    let jobs = every(&model, &Ask::Jobs(RunId(42))).unwrap();
    let run = every(&model, &Ask::Run(RunId(42))).unwrap();
    assert_eq!(jobs, model.interval);
    assert!(run >= jobs * 10, "{run:?}");
}

#[test]
fn a_finished_run_is_not_polled() {
    let mut model = waiting();
    let over = run(42, Status::Completed, Some(Conclusion::Success));
    let jobs = vec![done(42, 1, "version-check"), done(42, 9, "create-release")];
    feed(
        &mut model,
        60,
        [
            saw(Ask::Run(RunId(42)), Fact::Run(over.clone()), 60),
            saw(Ask::Runs, Fact::Runs(vec![over]), 60),
            saw(Ask::Jobs(RunId(42)), Fact::Jobs(jobs), 60),
        ],
    );
    assert_eq!(model.outlook.stage.0, Stage::Released);
    assert_eq!(every(&model, &Ask::Jobs(RunId(42))), None);
    assert_eq!(every(&model, &Ask::Run(RunId(42))), None);
}

#[test]
fn the_jobs_of_a_run_that_ended_are_asked_until_they_have_ended_too() {
    let mut model = waiting();
    let over = run(42, Status::Completed, Some(Conclusion::Failure));
    feed(
        &mut model,
        60,
        [saw(Ask::Run(RunId(42)), Fact::Run(over), 60)],
    );
    assert!(
        every(&model, &Ask::Jobs(RunId(42))).is_some(),
        "a job still stands as waiting"
    );
}

#[test]
fn a_rerun_seen_in_the_listing_is_followed_and_the_old_attempt_kept() {
    let mut model = waiting();
    let over = run(42, Status::Completed, Some(Conclusion::Failure));
    feed(
        &mut model,
        60,
        [saw(Ask::Run(RunId(42)), Fact::Run(over), 60)],
    );
    let again = Run {
        attempt: Attempt(2),
        updated_at: at(100),
        started_at: Some(at(100)),
        ..run(42, Status::InProgress, None)
    };
    feed(
        &mut model,
        100,
        [saw(Ask::Runs, Fact::Runs(vec![again.clone()]), 100)],
    );
    assert!(
        every(&model, &Ask::Run(RunId(42))).is_some(),
        "the listing knows more than the run's own look"
    );
    feed(
        &mut model,
        101,
        [saw(Ask::Run(RunId(42)), Fact::Run(again), 101)],
    );
    let record = model.snapshot.record(RunId(42)).unwrap();
    assert_eq!(
        record.attempts[&Attempt(1)].value().unwrap().len(),
        3,
        "the older attempt stays on record"
    );
    // The image is rightly of the first attempt, however many follow.
    feed(
        &mut model,
        102,
        [saw(
            Ask::Jobs(RunId(42)),
            Fact::Jobs(vec![done(42, 22, "prerelease-docker / create-manifest")]),
            102,
        )],
    );
    assert_eq!(model.outlook.built_in, Some(Attempt(1)));
}

#[test]
fn the_run_that_needs_a_person_most_is_watched_and_a_choice_sticks() {
    let mut model = model();
    let newest_has_nothing = vec![
        done(50, 500, "version-check"),
        job(
            50,
            501,
            "build",
            Status::Completed,
            Some(Conclusion::Skipped),
        ),
    ];
    let half_published = vec![
        done(48, 480, "version-check"),
        done(48, 481, "build"),
        done(48, 482, "publish-docker / promote"),
        job(
            48,
            483,
            "monitor-pypi",
            Status::Completed,
            Some(Conclusion::Failure),
        ),
    ];
    let released = vec![done(49, 490, "create-release")];
    feed(
        &mut model,
        0,
        [
            saw(
                Ask::Runs,
                Fact::Runs(vec![
                    run(50, Status::Completed, Some(Conclusion::Success)),
                    run(49, Status::Completed, Some(Conclusion::Success)),
                    run(48, Status::Completed, Some(Conclusion::Failure)),
                ]),
                0,
            ),
            saw(Ask::Jobs(RunId(50)), Fact::Jobs(newest_has_nothing), 0),
            saw(Ask::Jobs(RunId(49)), Fact::Jobs(released), 0),
            saw(Ask::Jobs(RunId(48)), Fact::Jobs(half_published), 0),
        ],
    );
    assert_eq!(
        model.outlook.run,
        Some(RunId(48)),
        "half-published comes before what is done"
    );
    feed(&mut model, 1, [Message::Watch(Some(RunId(49)))]);
    assert_eq!(model.outlook.run, Some(RunId(49)));
    feed(
        &mut model,
        2,
        [saw(
            Ask::Runs,
            Fact::Runs(vec![
                run(51, Status::InProgress, None),
                run(49, Status::Completed, None),
            ]),
            2,
        )],
    );
    assert_eq!(model.outlook.run, Some(RunId(49)), "a choice sticks");
    feed(&mut model, 3, [Message::Watch(None)]);
    assert_eq!(model.outlook.run, Some(RunId(51)), "and can be given back");
}

#[test]
fn the_first_digest_under_the_prerelease_tag_is_written_down_and_a_swap_is_a_no_go() {
    use gonogo::domain::digest::Digest;
    let mut model = waiting();
    let image = ImageId("docker.io/acme/rocket".to_owned());
    let tag = "prerelease-v1.7.0-a1b2c3d".to_owned();
    let (tested, other) = (Digest::of(b"tested"), Digest::of(b"other"));
    let ask = Ask::Tag(image.clone(), tag);
    feed(&mut model, 5, [saw(ask.clone(), Fact::Tag(None), 5)]);
    assert!(
        model.outlook.digests.is_empty(),
        "an absent tag tells no digest"
    );
    feed(
        &mut model,
        6,
        [saw(ask.clone(), Fact::Tag(Some(tested.clone())), 6)],
    );
    feed(&mut model, 7, [Message::Tick]);
    feed(
        &mut model,
        8,
        [saw(ask.clone(), Fact::Tag(Some(tested.clone())), 8)],
    );
    feed(&mut model, 9, [saw(ask, Fact::Tag(Some(other)), 9)]);
    let built = &model.outlook.digests[&image];
    assert_eq!(
        (&built.value, &built.source),
        (&tested, &FactSource::FirstSeen)
    );
    assert_eq!(model.board.verdict(), gonogo::domain::assess::Verdict::NoGo);
    assert_eq!(model.board.decisive().unwrap().id, "tested-digest");
}

#[test]
fn a_hundred_failures_of_each_kind_change_no_value_and_no_choice_and_recovery_needs_no_key() {
    for kind in [
        FailureKind::Timeout,
        FailureKind::Unreachable,
        FailureKind::Unauthorized,
        FailureKind::Forbidden,
        FailureKind::NotFound,
        FailureKind::Conflict,
        FailureKind::RateLimited,
        FailureKind::Server,
        FailureKind::Malformed,
        FailureKind::CutBody,
        FailureKind::WrongDigest,
        FailureKind::TooLarge,
    ] {
        let mut model = waiting();
        let before = model.outlook.clone();
        let ask = Ask::Jobs(RunId(42));
        let mut asked = 0;
        let mut now = 10;
        for _ in 0..100 {
            // Time jumps to when the engine itself says something is due.
            let mut effects = feed(&mut model, now, [Message::Tick]);
            while !looks(&effects).contains(&&ask) {
                let wake = effects
                    .iter()
                    .filter_map(|effect| match effect {
                        Effect::WakeAt(time) => Some(*time),
                        _ => None,
                    })
                    .min()
                    .expect("something is due some day");
                now = now.max(wake.as_second() - at(0).as_second()) + 1;
                model.in_flight.retain(|flying, _| *flying == ask);
                effects = feed(&mut model, now, [Message::Tick]);
            }
            asked += 1;
            feed(&mut model, now, [failed(ask.clone(), kind, now)]);
        }
        assert_eq!(asked, 100, "{kind:?}: it is asked again and again");
        let jobs = &model.snapshot.record(RunId(42)).unwrap().jobs;
        assert_eq!(
            jobs.value().unwrap().len(),
            3,
            "{kind:?}: the last good value stays"
        );
        assert_eq!(jobs.failures_in_a_row(), 100);
        assert_eq!(
            (model.outlook.run, &model.outlook.stage),
            (before.run, &before.stage),
            "{kind:?}"
        );
        feed(
            &mut model,
            now + 1,
            [saw(
                ask,
                Fact::Jobs(vec![done(42, 1, "version-check")]),
                now + 1,
            )],
        );
        let health = &model.snapshot.health[&gonogo::domain::fact::SourceId::Github];
        assert!(
            health.failing.is_empty(),
            "{kind:?}: recovered without a key"
        );
    }
}

#[test]
fn late_and_foreign_answers_are_ignored() {
    let mut model = waiting();
    let before = model.snapshot.clone();
    feed(
        &mut model,
        5,
        [saw(
            Ask::Run(RunId(42)),
            Fact::Run(run(43, Status::Queued, None)),
            5,
        )],
    );
    feed(&mut model, 5, [saw(Ask::Viewer, Fact::Tags(Vec::new()), 5)]);
    feed(
        &mut model,
        5,
        [saw(Ask::Jobs(RunId(42)), Fact::Jobs(Vec::new()), -5)],
    );
    assert_eq!(model.snapshot.records, before.records);
    assert_eq!(model.snapshot.revision, before.revision);
}

#[test]
fn an_empty_list_empties() {
    let mut model = waiting();
    feed(
        &mut model,
        5,
        [saw(Ask::Pending(RunId(42)), Fact::Pending(Vec::new()), 5)],
    );
    assert!(
        model
            .snapshot
            .record(RunId(42))
            .unwrap()
            .pending
            .value()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn earlier_runs_say_how_long_a_run_takes_and_which_jobs_decide() {
    use gonogo::domain::fact::WorkflowKey;
    use gonogo::domain::run::Job;
    use std::time::Duration;
    let workflow = "on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{run: a}]\n  quick:\n    runs-on: x\n    steps: [{run: q}]\n  b:\n    needs: [a, quick]\n    runs-on: x\n    steps: [{run: b}]\n";
    let took = |run, id, name: &str, seconds: i64| Job {
        completed_at: Some(at(-500 + seconds)),
        ..done(run, id, name)
    };
    let mut model = model();
    let key = WorkflowKey {
        repo: "acme/rocket".parse().unwrap(),
        path: ".github/workflows/release.yml".to_owned(),
        sha: sha(),
    };
    let earlier = vec![
        took(41, 1, "a", 60),
        took(41, 2, "quick", 5),
        took(41, 3, "b", 120),
    ];
    feed(
        &mut model,
        0,
        [
            saw(
                Ask::Runs,
                Fact::Runs(vec![
                    run(42, Status::InProgress, None),
                    run(41, Status::Completed, Some(Conclusion::Failure)),
                ]),
                0,
            ),
            saw(
                Ask::Workflow(key),
                Fact::Workflow(Some(workflow.to_owned())),
                0,
            ),
            saw(Ask::Jobs(RunId(41)), Fact::Jobs(earlier), 0),
            saw(
                Ask::Jobs(RunId(42)),
                Fact::Jobs(vec![job(42, 11, "a", Status::InProgress, None)]),
                0,
            ),
        ],
    );
    let path = |model: &Model| {
        let critical = &model.outlook.expected.critical;
        let jobs: Vec<String> = critical.jobs.iter().map(ToString::to_string).collect();
        (jobs.join(" "), critical.total)
    };
    assert_eq!(path(&model), ("a b".to_owned(), Duration::from_secs(180)));
    assert_eq!(
        model.outlook.expected.usual.of("b"),
        Some(Duration::from_secs(120))
    );
    let slow = vec![took(42, 11, "a", 100), took(42, 12, "quick", 300)];
    feed(
        &mut model,
        10,
        [saw(Ask::Jobs(RunId(42)), Fact::Jobs(slow), 10)],
    );
    assert_eq!(
        path(&model),
        ("quick b".to_owned(), Duration::from_secs(420)),
        "real times win"
    );
}

/// The end follows from jobs that were seen after it, also where they are the same as before: a look that only
/// confirms must still be drawn from.
#[test]
fn jobs_confirmed_after_the_end_are_the_last_and_the_stage_says_so() {
    let mut model = model();
    let jobs = vec![
        done(42, 1, "version-check"),
        job(
            42,
            2,
            "ci-gate / lint",
            Status::Completed,
            Some(Conclusion::Failure),
        ),
    ];
    let over = run(42, Status::Completed, Some(Conclusion::Failure));
    feed(
        &mut model,
        0,
        [
            saw(
                Ask::Runs,
                Fact::Runs(vec![run(42, Status::InProgress, None)]),
                0,
            ),
            saw(Ask::Jobs(RunId(42)), Fact::Jobs(jobs.clone()), 1),
            saw(Ask::Run(RunId(42)), Fact::Run(over), 2),
        ],
    );
    assert_eq!(
        model.outlook.stage.0,
        Stage::Building,
        "these jobs may not be the last"
    );
    feed(
        &mut model,
        3,
        [saw(Ask::Jobs(RunId(42)), Fact::Jobs(jobs), 3)],
    );
    assert_eq!(model.outlook.stage.0, Stage::Failed);
}
