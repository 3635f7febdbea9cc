//! Gates: what an approval lets go, who may give it, and when the board forbids it.

use std::sync::Arc;

use gonogo::domain::fact::{Ask, Cost, Fact, Observation};
use gonogo::domain::observed::Observed;
use gonogo::domain::plan::{Action, Condition, Decision, Intent, RefusalKind, Undo};
use gonogo::domain::run::Status;
use gonogo::sim::Protection;

use super::*;

fn comment_of(plan: &Plan) -> &str {
    match &plan.steps[0].action {
        Action::Review { comment, .. } => comment,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_approval_says_what_it_lets_go_and_is_sent_once() {
    let mut rig = ended("waiting-gate").await;
    let mark = rig.sim.requests().mark();
    let plan = done(&mut rig, approve()).await;
    assert_eq!(jobs_of(&plan), ["publish-docker / publish"]);
    assert!(
        plan.title.contains("`publish-docker / publish` goes on"),
        "{}",
        plan.title
    );
    assert_eq!(plan.phrase, None);
    assert_eq!(plan.overridden, None);
    assert!(matches!(plan.steps[0].undo, Undo::Never(_)));
    let digest = rig.sim.truth().digest.unwrap();
    assert_eq!(comment_of(&plan), format!("1.6.9 {digest} GO"));
    let sent = changes(&rig, mark);
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!(sent[0].status(), Some(200));
    fits_the_description(&rig);
    // It is really let go: it comes to the next gate by itself.
    while rig.sim.advance_to_next().is_some() {}
    assert_eq!(rig.sim.truth().state.waiting, ["trigger-pypi"]);
    assert!(
        rig.sim
            .truth()
            .state
            .promoted
            .contains(&"latest".to_owned())
    );
}

#[tokio::test]
async fn a_second_approval_of_the_same_gate_counts_the_first() {
    let mut rig = ended("waiting-gate").await;
    done(&mut rig, approve()).await;
    while rig.sim.advance_to_next().is_some() {}
    let plan = done(&mut rig, approve()).await;
    assert_eq!(jobs_of(&plan), ["trigger-pypi"]);
    let times = plan.steps[0].after.iter().map(|after| match after {
        Condition::Reviewed { times, .. } => *times,
        other => panic!("{other:?}"),
    });
    assert_eq!(times.collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn a_rejection_ends_what_waits_and_the_clean_up_needs_no_go() {
    let mut rig = ended("waiting-gate").await;
    let plan = done(&mut rig, reject()).await;
    assert!(matches!(
        &plan.steps[0].action,
        Action::Review {
            decision: Decision::Reject,
            ..
        }
    ));
    assert!(
        comment_of(&plan).contains("rejected: GO"),
        "{}",
        comment_of(&plan)
    );
    assert!(
        plan.notes.iter().any(|note| note.contains("cleans up")),
        "{:?}",
        plan.notes
    );
    while rig.sim.advance_to_next().is_some() {}
    assert_eq!(rig.sim.truth().state.waiting, ["cleanup-on-rejection"]);
    let mark = rig.sim.requests().mark();
    let plan = done(&mut rig, approve()).await;
    assert_eq!(jobs_of(&plan), ["cleanup-on-rejection"]);
    assert!(
        comment_of(&plan).ends_with("clean-up"),
        "{}",
        comment_of(&plan)
    );
    assert_eq!(plan.overridden, None);
    assert_eq!(changes(&rig, mark).len(), 1);
    fits_the_description(&rig);
    while rig.sim.advance_to_next().is_some() {}
    let tags = rig.sim.truth().state.tags;
    assert!(
        !tags.iter().any(|tag| tag.starts_with("prerelease-v1.6.9")),
        "{tags:?}"
    );
}

#[tokio::test]
async fn the_publish_gate_asks_for_the_version() {
    let scenario = Scenario::parse(
        r#"
        name = "publish-waits"
        summary = "The publish run waits for a reviewer."
        version = "1.6.9"
        trigger = "tag"
        [[gate]]
        path = "publish-docker"
        after = "4m"
        [[gate]]
        path = "trigger-pypi"
        after = "1m"
        [expect]
        run = "in_progress"
        phase = "publish"
        tags = []
        pypi_files = 0
        released = false
        "#,
    )
    .unwrap();
    let mut rig = Rig::of(scenario, Duration::from_secs(30)).await;
    while rig.sim.advance_to_next().is_some() {}
    let publish = rig.sim.truth().publish_run_id.unwrap();
    let plan = planned(&mut rig, approve()).await.unwrap();
    let Action::Review { run, .. } = &plan.steps[0].action else {
        panic!("{plan:?}");
    };
    assert_eq!(run.0, publish, "the release run itself does not wait");
    assert_eq!(plan.phrase.as_deref(), Some("1.6.9"));
    let mark = rig.sim.requests().mark();
    rig.engine
        .send(Message::Desk(DeskMessage::Confirm(Proof::Key)));
    let refused = |model: &Model| {
        matches!(
            &model.desk.planning,
            Planning::Ready {
                not_confirmed: Some(_),
                ..
            }
        )
    };
    rig.engine.wait_for(refused).await.unwrap();
    assert_eq!(changes(&rig, mark).len(), 0);
    let ended = carried_out(&mut rig, Some("v1.6.9")).await;
    assert_eq!(ended.outcome, Some(Outcome::Done), "{}", ended.why);
    assert_eq!(changes(&rig, mark).len(), 1);
    while rig.sim.advance_to_next().is_some() {}
    assert_eq!(rig.sim.truth().state.pypi_files, 2);
}

#[tokio::test]
async fn where_two_runs_wait_both_are_named() {
    let mut rig = ended("waiting-gate").await;
    let model = rig.settled().await;
    let (run, at) = (model.outlook.run.unwrap(), model.now);
    let release = model.snapshot.run(run).unwrap().clone();
    let record = model.snapshot.record(run).unwrap().clone();
    // A publish run of this release that waits for the same name.
    let mut publish = release.clone();
    publish.id = gonogo::domain::ids::RunId(run.0 + 1);
    publish.event = "repository_dispatch".to_owned();
    publish.title = format!("Publish of run {run}");
    publish.path = ".github/workflows/publish.yml".to_owned();
    let id = publish.id;
    let add = |snapshot: &mut Snapshot| {
        let mut see = |ask: Ask, fact: Fact| {
            snapshot.apply(Observation {
                ask,
                at,
                outcome: Ok(fact),
                cost: Cost::default(),
                rate: None,
            });
        };
        see(Ask::PublishRuns, Fact::PublishRuns(vec![publish.clone()]));
        see(Ask::Run(id), Fact::Run(publish.clone()));
        see(
            Ask::Jobs(id),
            Fact::Jobs(record.jobs.value().unwrap().clone()),
        );
        see(
            Ask::Pending(id),
            Fact::Pending(record.pending.value().unwrap().clone()),
        );
        see(Ask::Approvals(id), Fact::Approvals(Vec::new()));
        see(Ask::Approvals(run), Fact::Approvals(Vec::new()));
    };
    let refusal = plan_of(&model, &approve(), add).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Ambiguous);
    for id in [run, id] {
        assert!(
            refusal.unblock.contains(&format!("--run {id}")),
            "{refusal:?}"
        );
    }
    // The board is the release run's: it says nothing of the other.
    let named = Intent::Approve {
        run: Some(id),
        environments: Vec::new(),
        comment: None,
        reason: None,
    };
    let refusal = plan_of(&model, &named, add).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::CannotTell, "{refusal:?}");
}

#[tokio::test]
async fn a_name_at_which_nothing_waits_is_answered_with_those_that_do() {
    let mut rig = ended("waiting-gate").await;
    let mut named = approve();
    if let Intent::Approve { environments, .. } = &mut named {
        *environments = vec!["docs preview".to_owned()];
    }
    let refusal = planned(&mut rig, named).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Precondition);
    assert_eq!(refusal.what, "Nothing waits at `docs preview`.");
    assert_eq!(refusal.unblock, "What waits is at `release`.");
}

#[tokio::test]
async fn where_nothing_waits_it_is_said_and_who_was_faster() {
    let mut rig = Rig::start("waiting-gate").await;
    rig.play_to("build");
    let refusal = planned(&mut rig, approve()).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Nothing);
    assert_eq!(refusal.what, "Nothing waits at a gate.");

    let mut rig = ended("waiting-gate").await;
    let other = rig.sim.other_maintainer();
    let run = other.release_run().unwrap();
    assert!(other.review(
        run,
        "release",
        gonogo::sim::scenario::Review::Approve,
        "fine"
    ));
    let refusal = planned(&mut rig, approve()).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Nothing);
    assert!(
        refusal.what.contains("orion-vega approved `release`"),
        "{refusal:?}"
    );
}

#[tokio::test]
async fn whoever_may_not_review_is_told_why_and_who_may() {
    let mut rig = ended("waiting-gate").await;
    let other = rig.sim.other_maintainer();
    let run = other.release_run().unwrap();
    let only_them = Protection {
        reviewers: vec![other.login().to_owned()],
        ..Protection::default()
    };
    assert!(other.protect("release", &only_them));
    let refusal = planned(&mut rig, approve()).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::NotAllowed);
    assert_eq!(refusal.what, "nova-hale is no reviewer of `release`.");
    assert!(refusal.unblock.contains("orion-vega"), "{refusal:?}");

    // Whoever started the run is barred, though listed.
    let mut rig = ended("waiting-gate").await;
    let other = rig.sim.other_maintainer();
    let model = rig.settled().await;
    let started_by = model
        .snapshot
        .run(model.outlook.run.unwrap())
        .unwrap()
        .actor
        .clone();
    let strict = Protection {
        reviewers: vec!["nova-hale".to_owned(), other.login().to_owned()],
        prevent_self_review: true,
        wait_minutes: 0,
    };
    assert!(other.protect("release", &strict));
    let outcome = planned(&mut rig, approve()).await;
    if started_by.as_deref() == Some("nova-hale") {
        let refusal = outcome.unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::NotAllowed);
        assert!(
            refusal.what.contains("bars whoever started a run"),
            "{refusal:?}"
        );
        assert!(refusal.unblock.contains("orion-vega"), "{refusal:?}");
    } else {
        panic!("the scenario's run is started by the viewer, not by {started_by:?} ({run})");
    }
}

#[tokio::test]
async fn a_token_without_the_scope_is_named_before_anything_is_sent() {
    let mut rig = ended("waiting-gate").await;
    let model = rig.settled().await;
    for (scopes, says) in [
        (
            Some(vec!["gist".to_owned()]),
            Some("lacks the scope `repo`"),
        ),
        (Some(Vec::new()), Some("it has: none")),
        (Some(vec!["public_repo".to_owned()]), None),
        (None, None),
    ] {
        let mut viewer = model.snapshot.viewer.value().unwrap().clone();
        viewer.scopes = scopes;
        let with = |snapshot: &mut Snapshot| {
            let mut seen = Observed::default();
            seen.saw(viewer, model.now);
            snapshot.viewer = Arc::new(seen);
        };
        let outcome = plan_of(&model, &approve(), with);
        match says {
            None => assert!(outcome.is_ok(), "{outcome:?}"),
            Some(says) => {
                let refusal = outcome.unwrap_err();
                assert_eq!(refusal.kind, RefusalKind::NotAllowed);
                assert!(refusal.what.contains(says), "{refusal:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_wait_timer_that_nobody_has_to_agree_to_is_waited_for() {
    let mut rig = ended("waiting-gate").await;
    let timer = Protection {
        wait_minutes: 30,
        ..Protection::default()
    };
    assert!(rig.sim.other_maintainer().protect("release", &timer));
    let refusal = planned(&mut rig, reject()).await.unwrap_err();
    // The scenario stands still since the gate was reached, so the timer runs.
    assert!(
        refusal.what.contains("wait timer of `release` runs until"),
        "{refusal:?}"
    );
}

#[tokio::test]
async fn firm_rules_are_overridden_by_no_reason() {
    for (forgery, rule) in [
        ("tag-swapped", "tested-digest"),
        ("signed-by-fork", "signer"),
        ("wrong-commit", "commit"),
        ("git-tag-moved", "git-tag"),
    ] {
        let mut rig = ended(&format!("waiting-gate+{forgery}")).await;
        let mark = rig.sim.requests().mark();
        let refusal = planned(&mut rig, approve_because("I know better"))
            .await
            .unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::Firm, "{forgery}: {refusal:?}");
        assert!(
            refusal.rules.iter().any(|id| id.contains(rule)),
            "{forgery}: {refusal:?}"
        );
        assert_eq!(changes(&rig, mark).len(), 0);
        // A rejection needs no GO.
        let plan = planned(&mut rig, reject()).await.unwrap();
        assert!(comment_of(&plan).contains("NO-GO"), "{}", comment_of(&plan));
    }
}

#[tokio::test]
async fn other_rules_are_overridden_by_a_reason_that_the_journal_keeps() {
    let mut rig = ended("waiting-gate+sbom-missing-arm64").await;
    let refusal = planned(&mut rig, approve()).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::NoGo, "{refusal:?}");
    assert!(refusal.unblock.contains("--override"), "{refusal:?}");
    assert!(
        refusal.rules.iter().any(|id| id.contains("sbom")),
        "{refusal:?}"
    );
    let blank = planned(&mut rig, approve_because("  ")).await.unwrap_err();
    assert_eq!(blank.kind, RefusalKind::NoGo, "blanks are no reason");
    let plan = done(&mut rig, approve_because("arm64 is not shipped yet")).await;
    let overridden = plan.overridden.as_ref().unwrap();
    assert_eq!(overridden.reason, "arm64 is not shipped yet");
    assert_eq!(overridden.rules, refusal.rules);
    let comment = comment_of(&plan);
    assert!(comment.contains("NO-GO overridden"), "{comment}");
    assert!(comment.contains("arm64 is not shipped yet"), "{comment}");
}

#[tokio::test]
async fn a_comment_holds_nothing_that_moves_a_terminal() {
    let mut rig = ended("waiting-gate").await;
    let mut intent = approve();
    if let Intent::Approve { comment, .. } = &mut intent {
        *comment = Some(format!("fine\u{1b}[31m{}", "x".repeat(5000)));
    }
    let plan = planned(&mut rig, intent).await.unwrap();
    let comment = comment_of(&plan);
    assert!(!comment.contains('\u{1b}'));
    assert!(comment.chars().count() <= 1000);
}

#[tokio::test]
async fn a_gate_that_is_not_known_is_not_approved() {
    let mut rig = ended("waiting-gate").await;
    let model = rig.settled().await;
    let run = model.outlook.run.unwrap();
    let forget = |snapshot: &mut Snapshot| {
        let record = Arc::make_mut(snapshot.records.get_mut(&run).unwrap());
        record.pending = Observed::default();
    };
    let refusal = plan_of(&model, &approve(), forget).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::CannotTell, "{refusal:?}");
    let waits = model.snapshot.record(run).unwrap().jobs.value().unwrap();
    assert!(waits.iter().any(|job| job.status == Status::Waiting));
}
