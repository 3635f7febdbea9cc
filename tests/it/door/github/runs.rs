//! Runs: run again, cancelled, started.

use std::collections::BTreeSet;

use gonogo::domain::outlook::Ran;
use gonogo::domain::plan::{CancelHow, Debugging, RefusalKind, Rerun};
use serde_json::json;

use super::*;

/// The package index refuses the upload after an advisory gate has failed: incident 31 on top of incident 6.
const TRAP: &str = r#"
name = "trap"
summary = "An advisory gate failed, the image is out, and the upload fails."
version = "1.6.9"
trigger = "tag"
[[job]]
path = "vulture-gate/vulture"
outcome = "failure"
[[job]]
workflow = "publish.yml"
path = "publish"
outcome = "failure"
heals_at_attempt = 2
[[gate]]
path = "publish-docker"
after = "4m"
[[gate]]
path = "trigger-pypi"
after = "1m"
[[gate]]
workflow = "publish.yml"
path = "publish"
after = "1m"
[expect]
run = "completed/failure"
phase = "end"
tags = []
pypi_files = 0
released = false
"#;

/// The same, and a reviewer says no before anything is out.
const REJECTED: &str = r#"
name = "rejected-trap"
summary = "An advisory gate failed, and a reviewer said no."
version = "1.6.9"
trigger = "tag"
[[job]]
path = "vulture-gate/vulture"
outcome = "failure"
[[gate]]
path = "publish-docker"
after = "4m"
review = "reject"
[[gate]]
path = "cleanup-on-rejection"
after = "1m"
review = "reject"
[expect]
run = "completed/failure"
phase = "end"
tags = []
pypi_files = 0
released = false
"#;

#[tokio::test]
async fn a_re_run_of_what_failed_lists_every_job_that_runs_again() {
    let mut rig = ended("failed-gate").await;
    let mark = rig.sim.requests().mark();
    let plan = done(&mut rig, rerun(What::Failed)).await;
    let named: BTreeSet<String> = jobs_of(&plan).into_iter().collect();
    for name in [
        "e2e-test-gate / e2e (firefox, postgres)",
        "vulture-gate / vulture",
        "build",
    ] {
        assert!(named.contains(name), "{name} of {named:?}");
    }
    assert!(!named.contains("version-check"), "{named:?}");
    assert!(
        !named.iter().any(|name| name.starts_with("ci-gate")),
        "{named:?}"
    );
    let sent = changes(&rig, mark);
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].target.ends_with("/rerun-failed-jobs"), "{sent:?}");
    fits_the_description(&rig);
    // The world agrees: whatever ran in the new attempt was in the list, as a job or as the call that it is below.
    while rig.sim.advance_to_next().is_some() {}
    let model = rig.settled().await;
    assert_eq!(model.outlook.attempt.0, 2);
    let is_named = |name: &str| {
        let name = name.split(" (").next().unwrap();
        named.iter().any(|one| {
            let one = one.split(" (").next().unwrap();
            name == one || name.starts_with(&format!("{one} / "))
        })
    };
    let ran = model
        .outlook
        .jobs
        .values()
        .filter(|job| job.ran == Ran::Now);
    let ran: Vec<&str> = ran.map(|job| job.name.as_str()).collect();
    assert!(ran.len() > 3, "{ran:?}");
    for name in ran {
        assert!(
            is_named(name),
            "{name} ran again and is not among {named:?}"
        );
    }
}

#[tokio::test]
async fn what_builds_again_after_the_image_is_out_is_refused_whatever_the_reason() {
    let mut rig = ended_as(TRAP).await;
    for what in [
        What::Failed,
        What::All,
        What::Job("vulture-gate / vulture".to_owned()),
    ] {
        let intent = Intent::Rerun {
            run: None,
            what: what.clone(),
            debugging: Debugging::Off,
            reason: Some("just do it".to_owned()),
        };
        let refusal = planned(&mut rig, intent).await.unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::Firm, "{what:?}: {refusal:?}");
        assert_eq!(refusal.rules, ["one-image"]);
    }
    let refusal = planned(&mut rig, rerun(What::Failed)).await.unwrap_err();
    assert!(
        refusal.what.contains("`vulture-gate / vulture` failed"),
        "{refusal:?}"
    );
    assert!(refusal.unblock.contains("monitor-pypi"), "{refusal:?}");
    // The single job is the way out, and the build is none of what follows it.
    let plan = planned(&mut rig, rerun(What::Job("monitor-pypi".to_owned())))
        .await
        .unwrap();
    assert_eq!(jobs_of(&plan), ["monitor-pypi", "create-release"]);
}

#[tokio::test]
async fn the_failed_jobs_of_the_publish_run_can_be_run_again() {
    let mut rig = ended_as(TRAP).await;
    let publish = rig.sim.truth().publish_run_id.unwrap();
    let intent = Intent::Rerun {
        run: Some(gonogo::domain::ids::RunId(publish)),
        what: What::Failed,
        debugging: Debugging::On,
        reason: None,
    };
    let mark = rig.sim.requests().mark();
    let plan = done(&mut rig, intent).await;
    assert_eq!(plan.about.run.map(|run| run.0), Some(publish));
    assert_eq!(changes(&rig, mark).len(), 1);
    let body = rig.sim.changes().pop().unwrap().body.unwrap();
    assert_eq!(body, json!({"enable_debug_logging": true}));
    fits_the_description(&rig);
}

#[tokio::test]
async fn what_builds_again_before_anything_is_out_takes_a_reason() {
    let mut rig = ended_as(REJECTED).await;
    let refusal = planned(&mut rig, rerun(What::Failed)).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::NoGo, "{refusal:?}");
    assert!(refusal.what.contains("a second time"), "{refusal:?}");
    assert!(refusal.unblock.contains("--override"), "{refusal:?}");
    let intent = Intent::Rerun {
        run: None,
        what: What::Failed,
        debugging: Debugging::Off,
        reason: Some("the base image was mended".to_owned()),
    };
    let plan = planned(&mut rig, intent).await.unwrap();
    let overridden = plan.overridden.as_ref().unwrap();
    assert_eq!(overridden.rules, ["one-image"]);
    assert!(
        plan.notes.iter().any(|note| note.contains("second image")),
        "{:?}",
        plan.notes
    );
    assert!(jobs_of(&plan).contains(&"build".to_owned()), "{plan:?}");
}

#[tokio::test]
async fn a_job_is_known_by_name_by_its_keys_and_by_a_prefix_that_only_it_has() {
    let mut rig = ended_as(TRAP).await;
    rig.settled().await;
    for text in ["monitor-pypi", "monitor", "mon"] {
        let plan = planned(&mut rig, rerun(What::Job(text.to_owned())))
            .await
            .unwrap();
        let gonogo::domain::plan::Action::Rerun {
            what: Rerun::Job { name, .. },
            ..
        } = &plan.steps[0].action
        else {
            panic!("{plan:?}");
        };
        assert_eq!(name, "monitor-pypi");
    }
    let refusal = planned(&mut rig, rerun(What::Job("e2e".to_owned())))
        .await
        .unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Ambiguous, "{refusal:?}");
    assert!(
        refusal
            .what
            .contains("e2e-test-gate / e2e (firefox, postgres)"),
        "{refusal:?}"
    );
    for text in ["nonsense", ""] {
        let refusal = planned(&mut rig, rerun(What::Job(text.to_owned())))
            .await
            .unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::Precondition, "{refusal:?}");
        assert!(refusal.unblock.contains("`version-check`"), "{refusal:?}");
    }
}

#[tokio::test]
async fn what_github_would_not_run_again_is_not_asked_for() {
    let mut rig = ended("waiting-gate").await;
    let refusal = planned(&mut rig, rerun(What::All)).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Precondition);
    assert!(refusal.what.contains("has not ended"), "{refusal:?}");

    let mut rig = ended("failed-gate").await;
    let model = rig.settled().await;
    let month = Duration::from_secs(31 * 86_400);
    let refusal = plan_at(&model, &rerun(What::All), |_| {}, month).unwrap_err();
    assert!(refusal.what.contains("30 days"), "{refusal:?}");
    let often = |snapshot: &mut Snapshot| {
        let run = model.outlook.run.unwrap();
        let record = Arc::make_mut(snapshot.records.get_mut(&run).unwrap());
        let mut seen = record.run.value().unwrap().clone();
        seen.attempt = gonogo::domain::ids::Attempt(51);
        seen.updated_at = model.now;
        record.run.saw(seen, model.now);
    };
    let refusal = plan_of(&model, &rerun(What::All), often).unwrap_err();
    assert!(refusal.what.contains("50 times"), "{refusal:?}");

    let mut rig = ended("happy").await;
    let refusal = planned(&mut rig, rerun(What::Failed)).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Nothing, "{refusal:?}");
}

#[tokio::test]
async fn without_a_graph_nobody_knows_what_would_follow() {
    let mut rig = ended("failed-gate").await;
    let model = rig.settled().await;
    let mut model = (*model).clone();
    let forget = |snapshot: &mut Snapshot| snapshot.workflows.clear();
    // The graph that was drawn before is not there either.
    model.outlook = Arc::default();
    let refusal = plan_of(&model, &rerun(What::Failed), forget).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::CannotTell);
    assert!(refusal.what.contains("job graph"), "{refusal:?}");
}

#[tokio::test]
async fn a_cancelled_run_says_what_still_runs() {
    let mut rig = ended("waiting-gate").await;
    let mark = rig.sim.requests().mark();
    let plan = done(&mut rig, cancel(false)).await;
    assert!(
        plan.title.contains("`publish-docker / publish` stops"),
        "{}",
        plan.title
    );
    let says = |plan: &Plan, word: &str| plan.notes.iter().any(|note| note.contains(word));
    assert!(says(&plan, "`cleanup-on-rejection`"), "{:?}", plan.notes);
    let sent = changes(&rig, mark);
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].target.ends_with("/cancel"), "{sent:?}");
    // The job that cleans up waits at its gate; forced, it ends too.
    assert_eq!(rig.sim.truth().state.waiting, ["cleanup-on-rejection"]);
    let plan = done(&mut rig, cancel(true)).await;
    assert!(matches!(
        plan.steps[0].action,
        gonogo::domain::plan::Action::Cancel {
            how: CancelHow::Forced,
            ..
        }
    ));
    assert!(says(&plan, "does not run either"), "{:?}", plan.notes);
    assert_eq!(rig.sim.truth().state.run, "completed/cancelled");
    fits_the_description(&rig);
    let refusal = planned(&mut rig, cancel(false)).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Nothing);
    assert!(refusal.what.contains("has ended already"), "{refusal:?}");
}

#[tokio::test]
async fn a_workflow_is_started_and_its_run_is_named() {
    let mut rig = ended("waiting-gate").await;
    let mark = rig.sim.requests().mark();
    let plan = done(&mut rig, dispatch("release.yml")).await;
    assert!(
        plan.title.contains("`main`"),
        "the default branch: {}",
        plan.title
    );
    assert!(
        plan.notes
            .iter()
            .any(|note| note.contains("goes on already")),
        "{:?}",
        plan.notes
    );
    assert_eq!(changes(&rig, mark).len(), 1);
    let change = rig.sim.changes().pop().unwrap();
    assert_eq!(
        change.body.unwrap(),
        json!({"ref": "main", "return_run_details": true})
    );
    fits_the_description(&rig);
    let model = rig.settled().await;
    let told = model
        .ledger()
        .newest_first()
        .next()
        .unwrap()
        .entries
        .iter()
        .find_map(|entry| match &entry.what {
            gonogo::domain::journal::Happening::StepDone { told, .. } => told.clone(),
            _ => None,
        });
    let run: u64 = told.unwrap().strip_prefix("run ").unwrap().parse().unwrap();
    assert!(
        model
            .snapshot
            .runs
            .value()
            .unwrap()
            .iter()
            .any(|one| one.id.0 == run)
    );
}

#[tokio::test]
async fn inputs_go_along_and_are_counted() {
    let mut rig = ended("waiting-gate").await;
    let with = |count: usize| Intent::Dispatch {
        workflow: "Release".to_owned(),
        git_ref: Some("v1.6.8".to_owned()),
        inputs: (0..count)
            .map(|n| (format!("key-{n}"), "value".to_owned()))
            .collect(),
    };
    let refusal = planned(&mut rig, with(26)).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Precondition);
    assert!(refusal.what.contains("26 inputs"), "{refusal:?}");
    let plan = done(&mut rig, with(2)).await;
    assert!(
        plan.title.contains("`release.yml` on `v1.6.8`"),
        "by its display name: {}",
        plan.title
    );
    let body = rig.sim.changes().pop().unwrap().body.unwrap();
    assert_eq!(body["inputs"], json!({"key-0": "value", "key-1": "value"}));
    assert_eq!(body["ref"], "v1.6.8");
    fits_the_description(&rig);
}

#[tokio::test]
async fn a_workflow_that_is_not_there_or_off_is_not_started() {
    let mut rig = ended("waiting-gate").await;
    let refusal = planned(&mut rig, dispatch("relase.yml")).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Precondition);
    assert!(refusal.unblock.contains("`publish.yml`"), "{refusal:?}");
    assert!(refusal.unblock.contains("`release.yml`"), "{refusal:?}");
    assert!(rig.sim.other_maintainer().enable("release.yml", false));
    rig.pass(Duration::from_secs(1)).await;
    let refusal = planned(&mut rig, dispatch("release.yml"))
        .await
        .unwrap_err();
    assert!(
        refusal.what.contains("somebody switched it off"),
        "{refusal:?}"
    );
    // What cannot be started by hand says GitHub alone; nothing was changed then.
    let plan = planned(&mut rig, dispatch("publish.yml")).await.unwrap();
    let ended = carried_out(&mut rig, plan.phrase.as_deref()).await;
    assert_eq!(ended.outcome, Some(Outcome::Refused), "{}", ended.why);
    assert!(ended.why.contains("workflow_dispatch"), "{}", ended.why);
}

#[tokio::test]
async fn a_release_that_is_rolled_back_is_marked_once() {
    let mut rig = ended("happy").await;
    let mark = rig.sim.requests().mark();
    let to = gonogo::domain::plan::Target::Previous;
    let plan = done(&mut rig, Intent::RollBack { to }).await;
    let marks = plan.steps.iter().filter_map(|step| match &step.action {
        Action::MarkRelease { id, mark, .. } => Some((*id, *mark)),
        _ => None,
    });
    let marks: Vec<_> = marks.collect();
    assert_eq!(marks.len(), 1, "{plan:?}");
    let (id, wanted) = marks[0];
    let sent = changes(&rig, mark);
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!(
        (sent[0].method.as_str(), sent[0].status()),
        ("PATCH", Some(200))
    );
    fits_the_description(&rig);
    rig.pass(Duration::from_secs(1)).await;
    let model = rig.settled().await;
    let releases = model.snapshot.releases.value().unwrap();
    let now = releases.iter().find(|release| release.id == id).unwrap();
    assert_eq!(
        (now.draft, now.prerelease),
        (wanted.draft, wanted.prerelease)
    );
}
