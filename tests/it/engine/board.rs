//! The board's rows where a plain reading of the facts would be wrong.

use gonogo::domain::assess::{Row, Verdict};
use gonogo::domain::digest::Digest;
use gonogo::domain::fact::{Ask, Fact, ImageId};
use gonogo::domain::ids::RunId;
use gonogo::domain::policy::Certainty;
use gonogo::domain::run::{Conclusion, Job, Release, Status};
use gonogo::engine::Model;

use crate::support::facts::*;

const RUN: RunId = RunId(42);

fn row<'a>(model: &'a Model, id: &str) -> Option<&'a Row> {
    model.board.rows.iter().find(|row| row.id == id)
}

fn verdict(model: &Model, id: &str) -> Option<Verdict> {
    row(model, id).map(|row| row.verdict)
}

fn skipped(id: u64, name: &str) -> Job {
    job(42, id, name, Status::Completed, Some(Conclusion::Skipped))
}

fn ended(model: &mut Model, conclusion: Conclusion, jobs: Vec<Job>) {
    let over = run(42, Status::Completed, Some(conclusion));
    feed(
        model,
        0,
        [
            saw(Ask::Runs, Fact::Runs(vec![over.clone()]), 0),
            saw(Ask::Run(RUN), Fact::Run(over), 0),
            saw(Ask::Jobs(RUN), Fact::Jobs(jobs), 0),
        ],
    );
}

fn release(tag: &str) -> Release {
    Release {
        id: 1,
        tag: tag.to_owned(),
        name: None,
        draft: false,
        prerelease: false,
        immutable: false,
        target: "main".to_owned(),
        published_at: Some(at(50)),
        assets: Vec::new(),
        html_url: String::new(),
    }
}

#[test]
fn a_gate_is_skipped_where_all_of_it_is() {
    let jobs = |gate: Vec<Job>| {
        let mut model = model();
        let mut jobs = vec![done(42, 1, "version-check"), done(42, 9, "build")];
        jobs.extend(gate);
        ended(&mut model, Conclusion::Success, jobs);
        verdict(&model, "required-jobs")
    };
    assert_eq!(jobs(vec![skipped(2, "ci-gate")]), Some(Verdict::NoGo));
    let in_part = vec![done(42, 2, "ci-gate / unit"), skipped(3, "ci-gate / docs")];
    assert_eq!(
        jobs(in_part),
        Some(Verdict::Go),
        "a condition inside a gate is the gate's own business"
    );
}

#[test]
fn an_image_that_was_never_built_is_not_every_required_job_done() {
    let mut model = model();
    let jobs = vec![
        done(42, 1, "version-check"),
        done(42, 2, "ci-gate / unit"),
        done(42, 3, "build"),
        skipped(4, "prerelease-docker"),
        skipped(5, "publish-docker"),
    ];
    ended(&mut model, Conclusion::Success, jobs);
    assert_eq!(verdict(&model, "required-jobs"), Some(Verdict::NoGo));
}

#[test]
fn tags_that_a_newer_release_moved_on_are_no_half_promote() {
    let image = ImageId("docker.io/acme/rocket".to_owned());
    let tag = |name: &str| Ask::Tag(image.clone(), name.to_owned());
    let (ours, newer) = (Digest::of(b"1.7.0"), Digest::of(b"1.7.1"));
    let mut model = model();
    let jobs = vec![
        done(42, 1, "prerelease-docker / create-manifest"),
        done(42, 2, "publish-docker / promote"),
        done(42, 3, "create-release"),
    ];
    ended(&mut model, Conclusion::Success, jobs);
    let see = |name: &str, digest: &Digest| saw(tag(name), Fact::Tag(Some(digest.clone())), 5);
    feed(
        &mut model,
        5,
        [
            see("prerelease-v1.7.0-a1b2c3d", &ours),
            see("1.7.0", &ours),
            see("1.7", &newer),
            see("latest", &newer),
        ],
    );
    assert_eq!(verdict(&model, "release-tags"), Some(Verdict::NoGo));
    feed(
        &mut model,
        6,
        [saw(
            Ask::Releases,
            Fact::Releases(vec![release("v1.7.1"), release("v1.7.0")]),
            6,
        )],
    );
    let after = row(&model, "release-tags");
    assert_eq!(after.map(|row| row.verdict), Some(Verdict::Go), "{after:?}");
    feed(&mut model, 7, [see("1.7.0", &newer)]);
    assert_eq!(
        verdict(&model, "release-tags"),
        Some(Verdict::NoGo),
        "the release's own tag is judged for ever"
    );
}

#[test]
fn a_guessed_package_is_not_held_against_a_release() {
    let with = |certainty| {
        let mut policy = policy();
        policy.pypi.as_mut().unwrap().certainty = certainty;
        let mut model = model();
        model.policy = std::sync::Arc::new(policy);
        ended(
            &mut model,
            Conclusion::Success,
            vec![done(42, 1, "trigger-pypi"), done(42, 2, "create-release")],
        );
        let mut held = pypi_holds("1.7.0");
        held.files.clear();
        feed(
            &mut model,
            5,
            [
                saw(Ask::Releases, Fact::Releases(vec![release("v1.7.0")]), 5),
                saw(Ask::Pypi("1.7.0".to_owned()), Fact::Pypi(held), 5),
            ],
        );
        verdict(&model, "release-last")
    };
    assert_eq!(with(Certainty::Configured), Some(Verdict::NoGo));
    assert_eq!(with(Certainty::Guessed), Some(Verdict::Unknown));
}

#[test]
fn a_promote_that_failed_after_tags_had_moved_is_no_publish_that_never_started() {
    let image = ImageId("docker.io/acme/rocket".to_owned());
    let ours = Digest::of(b"1.7.0");
    let mut model = model();
    let failed = Some(Conclusion::Failure);
    let jobs = vec![
        done(42, 1, "prerelease-docker / create-manifest"),
        job(42, 2, "publish-docker / publish", Status::Completed, failed),
    ];
    ended(&mut model, Conclusion::Failure, jobs);
    let see = |name: &str, digest: Option<&Digest>| {
        let ask = Ask::Tag(image.clone(), name.to_owned());
        saw(ask, Fact::Tag(digest.cloned()), 5)
    };
    feed(
        &mut model,
        5,
        [
            see("prerelease-v1.7.0-a1b2c3d", Some(&ours)),
            see("1.7.0", Some(&ours)),
            see("1.7", Some(&ours)),
            see("latest", Some(&ours)),
        ],
    );
    let row = row(&model, "half-published").expect("the image is out, and nothing else");
    assert_eq!(row.verdict, Verdict::NoGo);
    assert!(row.sentence.contains("publish-docker"), "{row:#?}");
    assert!(row.remedy.as_ref().unwrap().contains("roll"), "{row:#?}");
}

#[test]
fn a_job_that_waits_for_a_runner_for_long_is_told_with_what_it_waits_for() {
    let with = |waited: i64| {
        let mut model = model();
        let mut queued = job(42, 2, "ci-gate / unit", Status::Queued, None);
        queued.created_at = Some(at(0));
        queued.labels = vec!["self-hosted".to_owned(), "arm64".to_owned()];
        let jobs = vec![done(42, 1, "version-check"), queued];
        let runs = run(42, Status::InProgress, None);
        feed(
            &mut model,
            waited,
            [
                saw(Ask::Runs, Fact::Runs(vec![runs.clone()]), waited),
                saw(Ask::Run(RUN), Fact::Run(runs), waited),
                saw(Ask::Jobs(RUN), Fact::Jobs(jobs), waited),
            ],
        );
        row(&model, "queued").map(|row| (row.verdict, row.sentence.clone()))
    };
    assert_eq!(with(599), None);
    let (verdict, sentence) = with(900).unwrap();
    assert_eq!(verdict, Verdict::Warn);
    assert!(
        sentence.contains("15 minutes") && sentence.contains("self-hosted, arm64"),
        "{sentence}"
    );
}
