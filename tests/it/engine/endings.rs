//! Where a run stands when it has ended, been re-run, or is only half known.

use gonogo::domain::event::Event;
use gonogo::domain::fact::{Ask, Fact, ImageId};
use gonogo::domain::ids::{Attempt, JobId, RunId};
use gonogo::domain::release::Stage;
use gonogo::domain::run::{Approval, Conclusion, Job, Release, ReviewState, Run, Status};
use gonogo::engine::{Effect, Message, Model};

use super::{every, gate, is_asked, waiting};
use crate::support::facts::*;

const RUN: RunId = RunId(42);

fn over(conclusion: Conclusion) -> Run {
    run(42, Status::Completed, Some(conclusion))
}

fn ended(id: u64, name: &str, conclusion: Conclusion) -> Job {
    job(42, id, name, Status::Completed, Some(conclusion))
}

/// A model that watches run 42, with these jobs.
fn with(run: Run, jobs: Vec<Job>) -> Model {
    let mut model = model();
    feed(
        &mut model,
        0,
        [
            saw(Ask::Runs, Fact::Runs(vec![run.clone()]), 0),
            saw(Ask::Run(RUN), Fact::Run(run), 0),
            saw(Ask::Jobs(RUN), Fact::Jobs(jobs), 0),
        ],
    );
    model
}

fn announced(effects: &[Effect]) -> Vec<&Event> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Announce(event) => Some(event),
            _ => None,
        })
        .collect()
}

#[test]
fn a_run_that_ended_before_its_last_jobs_were_looked_at_has_no_ending_yet() {
    let jobs = vec![
        done(42, 1, "publish-docker / promote"),
        job(42, 2, "create-release", Status::InProgress, None),
    ];
    let mut model = with(run(42, Status::InProgress, None), jobs);
    let effects = feed(
        &mut model,
        5,
        [saw(Ask::Run(RUN), Fact::Run(over(Conclusion::Success)), 5)],
    );
    assert_eq!(
        model.outlook.stage.0,
        Stage::Publishing,
        "the Release may be out already"
    );
    assert!(
        !announced(&effects)
            .iter()
            .any(|event| matches!(event, Event::Stage { .. })),
        "{effects:?}"
    );
    let jobs = vec![
        done(42, 1, "publish-docker / promote"),
        done(42, 2, "create-release"),
    ];
    feed(&mut model, 8, [saw(Ask::Jobs(RUN), Fact::Jobs(jobs), 8)]);
    assert_eq!(model.outlook.stage.0, Stage::Released);
}

#[test]
fn a_job_that_github_forgot_does_not_keep_an_ended_run_alive() {
    let stuck = vec![
        done(42, 1, "version-check"),
        job(42, 2, "ci-gate / unit", Status::Queued, None),
    ];
    let mut model = with(over(Conclusion::Failure), stuck.clone());
    feed(&mut model, 9, [saw(Ask::Jobs(RUN), Fact::Jobs(stuck), 9)]);
    assert_eq!(model.outlook.stage.0, Stage::Failed);
}

#[test]
fn a_run_without_a_single_job_has_failed_to_start() {
    let model = with(over(Conclusion::StartupFailure), Vec::new());
    assert_eq!(model.outlook.stage.0, Stage::Failed);
}

#[test]
fn a_skipped_job_inside_a_called_workflow_does_not_undo_its_success() {
    let model = with(
        over(Conclusion::Failure),
        vec![
            done(42, 1, "publish-docker / promote"),
            ended(2, "publish-docker / tell on failure", Conclusion::Skipped),
            ended(3, "monitor-pypi", Conclusion::Failure),
        ],
    );
    assert_eq!(
        model.outlook.stage.0,
        Stage::HalfPublished,
        "the image is out"
    );
}

#[test]
fn a_rejection_that_ends_the_run_is_seen_though_reviews_were_looked_at_before() {
    let mut model = waiting();
    let review = |state| Approval {
        environments: vec!["release".to_owned()],
        state,
        user: Some("grace".to_owned()),
        comment: String::new(),
    };
    feed(
        &mut model,
        5,
        [saw(
            Ask::Approvals(RUN),
            Fact::Approvals(vec![review(ReviewState::Pending)]),
            5,
        )],
    );
    let jobs = vec![
        done(42, 1, "version-check"),
        done(42, 2, "prerelease-docker / create-manifest"),
        ended(3, "publish-docker / promote", Conclusion::Failure),
    ];
    let effects = feed(
        &mut model,
        60,
        [
            saw(Ask::Jobs(RUN), Fact::Jobs(jobs), 60),
            saw(Ask::Run(RUN), Fact::Run(over(Conclusion::Failure)), 60),
        ],
    );
    assert!(
        super::looks(&effects).contains(&&Ask::Approvals(RUN)),
        "the reviews are older than the end"
    );
    feed(
        &mut model,
        61,
        [saw(
            Ask::Approvals(RUN),
            Fact::Approvals(vec![review(ReviewState::Rejected)]),
            61,
        )],
    );
    assert_eq!(model.outlook.stage.0, Stage::Rejected);
    assert_eq!(every(&model, &Ask::Approvals(RUN)), None, "and that is all");
}

#[test]
fn a_neighbour_that_ended_is_looked_at_once_more() {
    let mut model = waiting();
    let neighbour = |status, conclusion| run(41, status, conclusion);
    feed(
        &mut model,
        1,
        [
            saw(
                Ask::Runs,
                Fact::Runs(vec![
                    run(42, Status::InProgress, None),
                    neighbour(Status::InProgress, None),
                ]),
                1,
            ),
            saw(
                Ask::Jobs(RunId(41)),
                Fact::Jobs(vec![job(
                    41,
                    410,
                    "create-release",
                    Status::InProgress,
                    None,
                )]),
                1,
            ),
        ],
    );
    feed(
        &mut model,
        60,
        [saw(
            Ask::Runs,
            Fact::Runs(vec![
                run(42, Status::InProgress, None),
                neighbour(Status::Completed, Some(Conclusion::Success)),
            ]),
            60,
        )],
    );
    assert!(every(&model, &Ask::Jobs(RunId(41))).is_some());
    feed(
        &mut model,
        61,
        [saw(
            Ask::Jobs(RunId(41)),
            Fact::Jobs(vec![done(41, 410, "create-release")]),
            61,
        )],
    );
    assert_eq!(every(&model, &Ask::Jobs(RunId(41))), None);
}

/// Attempt `n` of run 42, started at that second.
fn attempt(n: u32, second: i64) -> Run {
    Run {
        attempt: Attempt(n),
        started_at: Some(at(second)),
        updated_at: at(second),
        ..run(42, Status::InProgress, None)
    }
}

/// `create-manifest` as attempt `n` lists it, begun at that second.
fn manifest(id: u64, n: u32, begun: i64) -> Job {
    Job {
        attempt: Some(Attempt(n)),
        started_at: Some(at(begun)),
        completed_at: Some(at(begun + 60)),
        ..done(42, id, "prerelease-docker / create-manifest")
    }
}

#[test]
fn the_attempt_that_built_is_the_first_that_lists_this_execution() {
    let mut model = with(attempt(3, 2000), vec![manifest(30, 3, 100)]);
    assert_eq!(
        model.outlook.built_in, None,
        "the earlier attempts are not known yet"
    );
    // Attempts 2 and 3 list the job of attempt 1 again: new number, old times.
    feed(
        &mut model,
        2001,
        [saw(
            Ask::AttemptJobs(RUN, Attempt(2)),
            Fact::Jobs(vec![manifest(20, 2, 100)]),
            2001,
        )],
    );
    assert_eq!(model.outlook.built_in, None);
    feed(
        &mut model,
        2002,
        [saw(
            Ask::AttemptJobs(RUN, Attempt(1)),
            Fact::Jobs(vec![manifest(10, 1, 100)]),
            2002,
        )],
    );
    assert_eq!(model.outlook.built_in, Some(Attempt(1)));

    // Built again in attempt 2, and carried into 3.
    let mut model = with(attempt(3, 2000), vec![manifest(30, 3, 1100)]);
    feed(
        &mut model,
        2001,
        [
            saw(
                Ask::AttemptJobs(RUN, Attempt(1)),
                Fact::Jobs(vec![manifest(10, 1, 100)]),
                2001,
            ),
            saw(
                Ask::AttemptJobs(RUN, Attempt(2)),
                Fact::Jobs(vec![manifest(20, 2, 1100)]),
                2001,
            ),
        ],
    );
    assert_eq!(model.outlook.built_in, Some(Attempt(2)));

    let model = with(attempt(3, 2000), vec![manifest(30, 3, 2100)]);
    assert_eq!(model.outlook.built_in, Some(Attempt(3)));
}

#[test]
fn jobs_of_the_new_attempt_are_not_put_down_as_the_old_ones() {
    let mut model = with(attempt(1, -600), vec![manifest(10, 1, 100)]);
    // Jobs are polled faster than their run: they can belong to an attempt that the run does not tell of yet.
    feed(
        &mut model,
        1005,
        [saw(
            Ask::Jobs(RUN),
            Fact::Jobs(vec![manifest(20, 2, 100)]),
            1005,
        )],
    );
    feed(
        &mut model,
        1010,
        [saw(Ask::Run(RUN), Fact::Run(attempt(2, 1000)), 1010)],
    );
    let record = model.snapshot.record(RUN).unwrap();
    assert_eq!(record.jobs.value().unwrap()[0].id, JobId(20));
    assert!(!record.attempts.contains_key(&Attempt(1)));
    assert!(is_asked(&model, &Ask::AttemptJobs(RUN, Attempt(1))));
}

#[test]
fn an_earlier_attempt_that_was_left_in_mid_run_is_looked_at_again() {
    let mut model = waiting();
    feed(
        &mut model,
        5000,
        [saw(Ask::Run(RUN), Fact::Run(attempt(2, 4000)), 5000)],
    );
    let ask = Ask::AttemptJobs(RUN, Attempt(1));
    assert!(
        every(&model, &ask).is_some(),
        "what is on record was still waiting"
    );
    feed(
        &mut model,
        5001,
        [saw(
            ask.clone(),
            Fact::Jobs(vec![done(42, 1, "version-check")]),
            5001,
        )],
    );
    assert_eq!(every(&model, &ask), None);
}

#[test]
fn absurd_attempts_ask_for_few() {
    let model = with(attempt(u32::MAX, 0), Vec::new());
    let attempts = gonogo::engine::interest::of(&model)
        .into_iter()
        .filter(|interest| matches!(interest.ask, Ask::AttemptJobs(..)))
        .count();
    assert!(attempts <= 20, "{attempts}");
}

#[test]
fn jobs_carried_into_a_new_attempt_do_not_end_a_second_time() {
    let mut model = with(attempt(1, -600), vec![manifest(10, 1, -500)]);
    feed(
        &mut model,
        1010,
        [saw(Ask::Run(RUN), Fact::Run(attempt(2, 1000)), 1010)],
    );
    let effects = feed(
        &mut model,
        1011,
        [saw(
            Ask::Jobs(RUN),
            Fact::Jobs(vec![
                manifest(20, 2, -500),
                Job {
                    attempt: Some(Attempt(2)),
                    started_at: Some(at(1005)),
                    completed_at: Some(at(1009)),
                    ..done(42, 21, "monitor-pypi")
                },
            ]),
            1011,
        )],
    );
    let ends: Vec<&str> = announced(&effects)
        .iter()
        .filter_map(|event| match event {
            Event::JobEnded { name, .. } => Some(name.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(ends, ["monitor-pypi"]);
}

#[test]
fn a_gate_is_told_of_once_and_the_publish_runs_too() {
    let mut model = model();
    let mut events = Vec::new();
    let publish = Run {
        id: RunId(77),
        event: "repository_dispatch".to_owned(),
        title: "publish v1.7.0 (run 42)".to_owned(),
        path: ".github/workflows/publish.yml".to_owned(),
        head_branch: Some("main".to_owned()),
        ..run(77, Status::Waiting, None)
    };
    let jobs = vec![job(
        42,
        3,
        "publish-docker / promote",
        Status::Waiting,
        None,
    )];
    let later = vec![
        done(42, 3, "publish-docker / promote"),
        job(42, 4, "monitor-pypi", Status::InProgress, None),
    ];
    let steps = [
        saw(
            Ask::Runs,
            Fact::Runs(vec![run(42, Status::Waiting, None)]),
            0,
        ),
        saw(Ask::Jobs(RUN), Fact::Jobs(jobs), 1),
        saw(Ask::Pending(RUN), Fact::Pending(vec![gate(true)]), 2),
        saw(Ask::Pending(RUN), Fact::Pending(vec![gate(true)]), 8),
        saw(
            Ask::Run(RUN),
            Fact::Run(run(42, Status::InProgress, None)),
            9,
        ),
        saw(Ask::Jobs(RUN), Fact::Jobs(later), 9),
        saw(Ask::PublishRuns, Fact::PublishRuns(vec![publish]), 10),
        saw(
            Ask::Jobs(RunId(77)),
            Fact::Jobs(vec![job(77, 9, "publish", Status::Waiting, None)]),
            11,
        ),
        saw(Ask::Pending(RunId(77)), Fact::Pending(vec![gate(true)]), 12),
    ];
    for (second, step) in steps.into_iter().enumerate() {
        let effects = feed(&mut model, i64::try_from(second).unwrap(), [step]);
        events.extend(announced(&effects).into_iter().cloned());
    }
    let told: Vec<String> = events
        .iter()
        .filter(|event| {
            matches!(
                event,
                Event::GateWaits { .. } | Event::GateLeft { .. } | Event::Stage { .. }
            )
        })
        .map(gonogo::headless::watch::sentence)
        .collect();
    assert_eq!(
        told,
        [
            "gate release waits for you",
            "gate release was decided",
            "release: image is out, publishing the rest",
            "gate release waits for you",
        ],
        "{events:#?}"
    );
}

#[test]
fn gates_of_a_job_that_went_on_do_not_speak_for_the_next_that_waits() {
    let mut model = waiting();
    let running = vec![job(
        42,
        3,
        "publish-docker / promote",
        Status::InProgress,
        None,
    )];
    let next = vec![
        done(42, 3, "publish-docker / promote"),
        job(42, 4, "trigger-pypi", Status::Waiting, None),
    ];
    feed(&mut model, 3, [saw(Ask::Jobs(RUN), Fact::Jobs(running), 3)]);
    feed(&mut model, 6, [saw(Ask::Jobs(RUN), Fact::Jobs(next), 6)]);
    assert_eq!(
        model.outlook.stage.0,
        Stage::Waiting {
            environments: Vec::new(),
            for_you: false
        },
        "which gate holds it is not known yet"
    );
}

#[test]
fn a_failed_promote_that_moved_a_tag_is_half_published() {
    use gonogo::domain::digest::Digest;
    let mut model = waiting();
    let image = ImageId("docker.io/acme/rocket".to_owned());
    let tag = |name: &str| Ask::Tag(image.clone(), name.to_owned());
    let (built, old) = (Digest::of(b"built"), Digest::of(b"old"));
    let jobs = vec![
        done(42, 2, "prerelease-docker / create-manifest"),
        ended(3, "publish-docker / promote", Conclusion::Failure),
    ];
    feed(
        &mut model,
        5,
        [
            saw(
                tag("prerelease-v1.7.0-a1b2c3d"),
                Fact::Tag(Some(built.clone())),
                5,
            ),
            saw(tag("1.7.0"), Fact::Tag(None), 5),
            saw(tag("latest"), Fact::Tag(Some(old)), 5),
            saw(Ask::Jobs(RUN), Fact::Jobs(jobs), 6),
            saw(Ask::Run(RUN), Fact::Run(over(Conclusion::Failure)), 6),
        ],
    );
    assert_eq!(model.outlook.stage.0, Stage::Failed);
    feed(
        &mut model,
        9,
        [saw(tag("1.7.0"), Fact::Tag(Some(built)), 9)],
    );
    assert_eq!(model.outlook.stage.0, Stage::HalfPublished);
    assert_eq!(model.outlook.runs[0].1, Stage::HalfPublished);
}

#[test]
fn a_release_finished_by_hand_is_released() {
    use gonogo::domain::artifact::PypiVersion;
    let mut model = with(
        over(Conclusion::Failure),
        vec![
            done(42, 1, "publish-docker / promote"),
            ended(2, "monitor-pypi", Conclusion::TimedOut),
            ended(3, "create-release", Conclusion::Skipped),
        ],
    );
    assert_eq!(model.outlook.stage.0, Stage::HalfPublished);
    let made = Release {
        id: 1,
        tag: "v1.7.0".to_owned(),
        name: None,
        draft: false,
        prerelease: false,
        immutable: false,
        target: SHA.to_owned(),
        published_at: Some(at(50)),
        assets: Vec::new(),
        html_url: String::new(),
    };
    feed(
        &mut model,
        60,
        [saw(Ask::Releases, Fact::Releases(vec![made]), 60)],
    );
    assert_eq!(
        model.outlook.stage.0,
        Stage::HalfPublished,
        "the package may still be missing"
    );
    let held: PypiVersion = pypi_holds("1.7.0");
    feed(
        &mut model,
        61,
        [saw(Ask::Pypi("1.7.0".to_owned()), Fact::Pypi(held), 61)],
    );
    assert_eq!(model.outlook.stage.0, Stage::Released);
}

#[test]
fn a_message_without_news_changes_nothing() {
    let mut model = waiting();
    let before = model.snapshot.revision;
    feed(&mut model, 4, [Message::Tick]);
    assert_eq!(model.snapshot.revision, before);
}
