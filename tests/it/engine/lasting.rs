//! What outlives a moment: the cache of the last session, clocks that jump, questions that are no longer asked.

use std::time::Duration;

use gonogo::domain::digest::Digest;
use gonogo::domain::fact::{Ask, Cost, Fact, FailureKind, ImageId, Observation, Rate, SourceId};
use gonogo::domain::ids::{CommitSha, JobId, RunId};
use gonogo::domain::run::{Conclusion, Run, Status};
use gonogo::engine::{Effect, Message, Model, interest};

use super::{is_asked, looks, waiting};
use crate::support::facts::*;

const RUN: RunId = RunId(42);

fn image() -> ImageId {
    ImageId("docker.io/acme/rocket".to_owned())
}

fn tag(name: &str) -> Ask {
    Ask::Tag(image(), name.to_owned())
}

#[test]
fn a_failure_of_what_nobody_asks_any_more_does_not_keep_its_source_red() {
    let mut model = waiting();
    feed(
        &mut model,
        5,
        [failed(Ask::Pending(RUN), FailureKind::Forbidden, 5)],
    );
    assert!(!model.snapshot.health[&SourceId::Github].failing.is_empty());
    let running = vec![job(
        42,
        3,
        "publish-docker / promote",
        Status::InProgress,
        None,
    )];
    let effects = feed(&mut model, 8, [saw(Ask::Jobs(RUN), Fact::Jobs(running), 8)]);
    assert!(!is_asked(&model, &Ask::Pending(RUN)));
    assert!(model.snapshot.health[&SourceId::Github].failing.is_empty());
    assert!(
        effects.iter().any(|effect| matches!(
            effect,
            Effect::Announce(gonogo::domain::event::Event::SourceRecovered { .. })
        )),
        "{effects:?}"
    );
}

/// An answer that says when to ask again.
fn limited(ask: Ask, second: i64, until: i64) -> Message {
    let Message::Observed(observation) = failed(ask, FailureKind::RateLimited, second) else {
        unreachable!()
    };
    let mut observation = *observation;
    if let Err(failure) = &mut observation.outcome {
        failure.retry_at = Some(at(until));
    }
    Message::Observed(Box::new(observation))
}

#[test]
fn a_pause_outlives_the_question_that_met_it_and_an_answer_sent_before_it() {
    let mut model = waiting();
    feed(&mut model, 5, [limited(Ask::Pending(RUN), 5, 600)]);
    model.in_flight.clear();
    let running = vec![job(
        42,
        3,
        "publish-docker / promote",
        Status::InProgress,
        None,
    )];
    // Sent before the limit was met, answered after.
    feed(&mut model, 6, [saw(Ask::Jobs(RUN), Fact::Jobs(running), 6)]);
    model.in_flight.clear();
    let effects = feed(&mut model, 300, [Message::Tick, Message::Refresh]);
    let asked: Vec<_> = looks(&effects)
        .into_iter()
        .filter(|ask| ask.source() == SourceId::Github)
        .collect();
    assert!(asked.is_empty(), "{asked:?}");
    model.in_flight.clear();
    let effects = feed(&mut model, 601, [Message::Tick]);
    assert!(looks(&effects).contains(&&Ask::Jobs(RUN)));
}

#[test]
fn absurd_budgets_do_not_overflow() {
    for (limit, remaining) in [(u64::MAX, u64::MAX), (0, u64::MAX), (u64::MAX, 0), (0, 0)] {
        let mut model = waiting();
        let observation = Observation {
            ask: Ask::Releases,
            at: at(5),
            outcome: Ok(Fact::Releases(Vec::new())),
            cost: Cost::default(),
            rate: Some(Rate {
                limit,
                remaining,
                reset: None,
            }),
        };
        feed(&mut model, 5, [Message::Observed(Box::new(observation))]);
        let every = super::every(&model, &Ask::Jobs(RUN)).unwrap();
        assert!(every <= Duration::from_secs(60), "{every:?}");
        assert!(gonogo::present::health::calls_left(&model.snapshot).is_some());
    }
}

#[test]
fn a_clock_that_is_set_back_stops_nothing() {
    let mut model = waiting();
    let jobs = Ask::Jobs(RUN);
    // An hour back.
    model.in_flight.clear();
    let mut answered = false;
    for second in -3600..-3300 {
        let effects = feed(&mut model, second, [Message::Tick]);
        if looks(&effects).contains(&&jobs) {
            model.in_flight.clear();
            let list = vec![done(42, 1, "version-check")];
            feed(
                &mut model,
                second,
                [saw(jobs.clone(), Fact::Jobs(list), second)],
            );
            answered = true;
        }
    }
    assert!(answered, "it is asked");
    let record = model.snapshot.record(RUN).unwrap();
    assert_eq!(
        record.jobs.value().unwrap().len(),
        1,
        "and the answer taken"
    );
    assert!(record.jobs.seen_at().unwrap() < at(0));
}

/// What a second session has of the first.
fn reopened(model: &Model, second: i64) -> Model {
    let text = serde_json::to_string(&model.snapshot).unwrap();
    let snapshot = serde_json::from_str(&text).unwrap();
    let mut next = crate::support::facts::model();
    next = Model::new(next.policy, next.interval, 2, at(second));
    next.with_cached(snapshot, at(second - 100))
}

#[test]
fn failures_and_the_viewer_belong_to_the_session_that_met_them() {
    let mut model = waiting();
    let viewer = gonogo::domain::fact::Viewer {
        login: "ada".to_owned(),
        scopes: None,
    };
    feed(
        &mut model,
        5,
        [
            saw(Ask::Viewer, Fact::Viewer(viewer), 5),
            failed(Ask::Jobs(RUN), FailureKind::Unauthorized, 6),
            failed(Ask::Runs, FailureKind::Unauthorized, 6),
        ],
    );
    let mut next = reopened(&model, 10);
    assert!(next.snapshot.health.is_empty());
    assert!(next.snapshot.record(RUN).unwrap().jobs.failure().is_none());
    // No more than a few are on their way at a time; within the second all are.
    let mut asked: Vec<Ask> = Vec::new();
    for _ in 0..10 {
        feed(&mut next, 10, [Message::Tick]);
        let round: Vec<Ask> = next.in_flight.keys().cloned().collect();
        for ask in round {
            feed(
                &mut next,
                10,
                [failed(ask.clone(), FailureKind::NotFound, 10)],
            );
            asked.push(ask);
        }
    }
    for ask in [Ask::Jobs(RUN), Ask::Runs, Ask::Viewer] {
        assert!(
            asked.contains(&ask),
            "a new credential is tried at once: {ask:?} in {asked:?}"
        );
    }
}

/// Answers every question that is asked with what is known already.
fn confirm_all(model: &mut Model, second: i64) {
    for _ in 0..20 {
        let asks: Vec<Ask> = feed(model, second, [Message::Tick])
            .iter()
            .filter_map(|effect| match effect {
                Effect::Look(ask) => Some(ask.clone()),
                _ => None,
            })
            .chain(model.in_flight.keys().cloned())
            .collect();
        if asks.is_empty() {
            return;
        }
        for ask in asks {
            let same = known(model, &ask);
            let message = match same {
                Some(fact) => saw(ask, fact, second),
                None => failed(ask, FailureKind::NotFound, second),
            };
            feed(model, second, [message]);
        }
    }
}

fn known(model: &Model, ask: &Ask) -> Option<Fact> {
    let snapshot = &model.snapshot;
    Some(match ask {
        Ask::Runs => Fact::Runs(snapshot.runs.value()?.clone()),
        Ask::Run(id) => Fact::Run(snapshot.run(*id)?.clone()),
        Ask::Jobs(id) => Fact::Jobs(snapshot.record(*id)?.jobs.value()?.clone()),
        Ask::PublishRuns => Fact::PublishRuns(snapshot.publish_runs.value()?.clone()),
        Ask::Releases => Fact::Releases(snapshot.releases.value()?.clone()),
        _ => return None,
    })
}

#[test]
fn the_mark_of_the_last_session_goes_when_all_is_confirmed_though_nothing_changed() {
    let mut model = model();
    let over = run(42, Status::Completed, Some(Conclusion::Success));
    feed(
        &mut model,
        0,
        [
            saw(Ask::Runs, Fact::Runs(vec![over.clone()]), 0),
            saw(Ask::Run(RUN), Fact::Run(over), 0),
            saw(
                Ask::Jobs(RUN),
                Fact::Jobs(vec![done(42, 9, "create-release")]),
                0,
            ),
            saw(Ask::PublishRuns, Fact::PublishRuns(Vec::new()), 0),
            saw(Ask::Releases, Fact::Releases(Vec::new()), 0),
        ],
    );
    let mut next = reopened(&model, 500);
    assert!(next.cached_at.is_some());
    assert!(!next.is_settled(), "nothing was looked at in this session");
    let runs = known(&next, &Ask::Runs).unwrap();
    feed(&mut next, 501, [saw(Ask::Runs, runs, 501)]);
    assert!(next.cached_at.is_some(), "one fact is not all of them");
    confirm_all(&mut next, 502);
    assert!(next.is_settled());
    assert_eq!(next.cached_at, None);
}

#[test]
fn a_tag_of_the_last_session_is_not_what_a_new_run_found() {
    let mut model = waiting();
    let (then, now) = (Digest::of(b"then"), Digest::of(b"now"));
    feed(
        &mut model,
        5,
        [saw(tag("latest"), Fact::Tag(Some(then)), 5)],
    );
    let mut next = reopened(&model, 9000);
    let newer = Run {
        created_at: at(8000),
        updated_at: at(8500),
        ..run(43, Status::Waiting, None)
    };
    feed(
        &mut next,
        9001,
        [saw(Ask::Runs, Fact::Runs(vec![newer]), 9001)],
    );
    feed(
        &mut next,
        9002,
        [saw(
            Ask::Jobs(RunId(43)),
            Fact::Jobs(vec![job(
                43,
                430,
                "publish-docker / x",
                Status::Waiting,
                None,
            )]),
            9002,
        )],
    );
    feed(
        &mut next,
        9003,
        [saw(tag("latest"), Fact::Tag(Some(now.clone())), 9003)],
    );
    feed(
        &mut next,
        9004,
        [saw(tag("1.7"), Fact::Tag(Some(now.clone())), 9004)],
    );
    let watched = next.outlook.run.unwrap();
    assert_eq!(watched, RunId(43));
    let seen = &next.snapshot.record(watched).unwrap().first_seen[&image()]["latest"];
    assert_eq!(seen.digest, Some(now));
}

#[test]
fn a_choice_is_worth_writing_down_at_once() {
    let mut model = waiting();
    let effects = feed(&mut model, 1, [Message::Watch(Some(RunId(7)))]);
    assert!(effects.contains(&Effect::Save), "{effects:?}");
}

#[test]
fn a_run_that_is_not_listed_any_more_is_still_looked_at() {
    let mut model = waiting();
    let old = run(7, Status::Completed, Some(Conclusion::Failure));
    feed(
        &mut model,
        1,
        [
            Message::Watch(Some(RunId(7))),
            saw(Ask::Run(RunId(7)), Fact::Run(old), 1),
            saw(
                Ask::Jobs(RunId(7)),
                Fact::Jobs(vec![done(7, 70, "version-check")]),
                1,
            ),
        ],
    );
    assert!(
        super::every(&model, &Ask::Run(RunId(7))).is_some_and(|every| every.as_secs() >= 60),
        "nothing else would tell that it is run again"
    );
}

#[test]
fn what_is_kept_is_bounded() {
    let mut model = waiting();
    for n in 0..2000_u64 {
        let sha: CommitSha = format!("{n:040x}").parse().unwrap();
        let key = gonogo::domain::fact::WorkflowKey {
            repo: "acme/rocket".parse().unwrap(),
            path: "a.yml".to_owned(),
            sha,
        };
        let digest = Digest::of(&n.to_le_bytes());
        let second = i64::try_from(n).unwrap();
        for message in [
            saw(Ask::Workflow(key), Fact::Workflow(None), second),
            saw(tag(&format!("t{n}")), Fact::Tag(None), second),
            saw(Ask::Manifest(image(), digest), Fact::Manifest(None), second),
            saw(Ask::TagRef(format!("v{n}")), Fact::TagRef(None), second),
        ] {
            feed(&mut model, second, [message]);
        }
    }
    let record = model.snapshot.image(&image()).unwrap();
    assert!(model.snapshot.workflows.len() <= 200);
    assert!(record.tags.len() <= 600);
    assert!(record.manifests.len() <= 600);
    assert!(model.snapshot.tag_refs.len() <= 200);
}

#[test]
fn the_record_of_the_watched_run_is_not_the_one_that_goes() {
    let mut model = waiting();
    feed(
        &mut model,
        1,
        [
            Message::Watch(Some(RunId(1))),
            saw(
                Ask::Jobs(RunId(1)),
                Fact::Jobs(vec![done(1, 11, "version-check")]),
                1,
            ),
        ],
    );
    for n in 100..200_u64 {
        let second = i64::try_from(n).unwrap();
        feed(
            &mut model,
            second,
            [
                saw(
                    Ask::Jobs(RunId(n)),
                    Fact::Jobs(vec![done(n, n * 10, "version-check")]),
                    second,
                ),
                saw(
                    Ask::Run(RunId(1)),
                    Fact::Run(run(1, Status::Completed, Some(Conclusion::Failure))),
                    second,
                ),
                saw(
                    Ask::Runs,
                    Fact::Runs(vec![run(42, Status::InProgress, None)]),
                    second,
                ),
            ],
        );
    }
    assert!(model.snapshot.records.len() <= 60);
    let kept = model.snapshot.record(RunId(1)).expect("it is watched");
    assert_eq!(kept.jobs.value().unwrap()[0].id, JobId(11));
}

#[test]
fn every_question_of_interest_has_one_answer_at_most() {
    let model = waiting();
    let interests = interest::of(&model);
    for (place, one) in interests.iter().enumerate() {
        assert!(
            !interests
                .iter()
                .skip(place + 1)
                .any(|other| other.ask == one.ask),
            "{one:?} twice"
        );
    }
}

#[tokio::test]
async fn a_choice_outlives_a_session_that_ends_at_once() {
    use gonogo::domain::fact::Failure;
    use gonogo::engine::cache::Cache;
    use gonogo::engine::runtime::{Engine, SystemClock};

    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path(), &"acme/rocket".parse().unwrap(), "here");
    let no_network = || {
        Err(Failure {
            kind: FailureKind::Unreachable,
            what: "There is no network.".to_owned(),
            advice: "Wait.".to_owned(),
            retry_at: None,
        })
    };
    let clock = std::sync::Arc::new(SystemClock);
    let mut engine = Engine::start(model(), no_network, clock, Some(cache.clone()));
    engine.send(Message::Watch(Some(RunId(7))));
    engine.send(Message::Follow(RunId(9)));
    let model = engine.wait_for(|model| model.pinned == Some(RunId(9)));
    assert_eq!(model.await.unwrap().chosen, Some(RunId(7)));
    drop(engine);
    let kept = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            if let Some(cached) = cache.read() {
                return cached;
            }
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(kept.await.unwrap().pinned, Some(RunId(7)));
}
