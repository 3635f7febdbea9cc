//! What is not known is never GO: a gate at which everything holds, and then one fact less, later or other.

mod gate;

use std::sync::Arc;

use gonogo::domain::assess::{Act, Verdict};
use gonogo::domain::digest::Digest;
use gonogo::domain::evidence::{SubjectReport, SubjectVerdict, Verdict as Proved};
use gonogo::domain::fact::{Ask, Fact, FailureKind};
use gonogo::domain::ids::JobId;
use gonogo::domain::log::JobLog;
use gonogo::domain::policy::Left;
use gonogo::domain::run::{Approval, Conclusion, ReviewState, Status};

use crate::support::facts::*;
use gate::*;

#[test]
fn a_gate_at_which_everything_holds_is_go() {
    let model = at_gate(policy(), answers());
    assert_eq!(model.board.verdict(), Verdict::Go, "{:#?}", model.board);
    assert!(model.board.next.acts.contains(&Act::Promote));
}

#[test]
fn with_any_one_answer_less_nothing_is_go() {
    // What moves no verdict by itself: tells which gate, names what else is there, or is about what comes later.
    let idle = [
        Ask::Runs,
        Ask::Run(RUN),
        Ask::Tags(image()),
        Ask::Pypi("1.7.0".to_owned()),
        // Provenance that names the run is as good a source of the digest.
        Ask::JobLog(JobId(4)),
    ];
    let mut go = Vec::new();
    for (ask, _) in answers() {
        let model = at_gate(policy(), lacking(&ask));
        if model.board.verdict() == Verdict::Go && !idle.contains(&ask) {
            go.push(ask);
        }
    }
    assert!(go.is_empty(), "GO without {go:#?}");
}

#[test]
fn without_an_image_there_is_nothing_to_say_go_to() {
    let mut policy = policy();
    policy.images.clear();
    let model = without_evidence(policy, answers());
    assert_eq!(
        model.board.verdict(),
        Verdict::Unknown,
        "{:#?}",
        model.board
    );
    assert_eq!(verdict(&model, "tested-digest"), Some(Verdict::Unknown));
}

#[test]
fn who_switches_the_signature_off_still_learns_that_nothing_was_looked_at() {
    for left in [Left::Nothing, Left::Warning] {
        let model = without_evidence(excepted(&[("signature", left)]), answers());
        assert_eq!(
            model.board.verdict(),
            Verdict::Unknown,
            "{:#?}",
            model.board
        );
        assert_eq!(verdict(&model, "signer"), Some(Verdict::Unknown));

        let off = excepted(&[("signature", left), ("provenance", left), ("sbom", left)]);
        let mut model = without_evidence(off, answers());
        let mut bare = verified();
        let none = |report: &mut SubjectReport| {
            (report.verdict, report.items) = (SubjectVerdict::Absent, Vec::new());
        };
        none(&mut bare.signature);
        none(&mut bare.provenance);
        bare.verdict = Proved::Refused;
        let ask = evidence(&model);
        feed(
            &mut model,
            10,
            [saw(ask, Fact::Evidence(Some(Arc::new(bare))), 10)],
        );
        assert_eq!(
            verdict(&model, "signer"),
            Some(Verdict::Unknown),
            "{:#?}",
            model.board
        );
        assert_eq!(verdict(&model, "commit"), Some(Verdict::Unknown));
    }
}

#[test]
fn without_provenance_the_certificate_of_the_signature_names_the_commit() {
    let with = |commit: &str| {
        let mut model = without_evidence(excepted(&[("provenance", Left::Nothing)]), answers());
        let mut found = verified();
        found.provenance.verdict = SubjectVerdict::Absent;
        found.provenance.items.clear();
        let claims = found.signature.items[0].claims.as_mut().unwrap();
        claims.commit = Some(commit.to_owned());
        let ask = evidence(&model);
        feed(
            &mut model,
            10,
            [saw(ask, Fact::Evidence(Some(Arc::new(found))), 10)],
        );
        verdict(&model, "commit")
    };
    assert_eq!(with(SHA), Some(Verdict::Go));
    assert_eq!(with(&SHA.replace('a', "b")), Some(Verdict::NoGo));
}

#[test]
fn two_versions_of_one_commit_are_none() {
    let branch = |tags: &[&str]| {
        let mut run = run(42, Status::Waiting, None);
        run.head_branch = Some("main".to_owned());
        let mut answers = answers();
        for (ask, fact) in &mut answers {
            match ask {
                Ask::Runs => *fact = Fact::Runs(vec![run.clone()]),
                Ask::Run(_) => *fact = Fact::Run(run.clone()),
                Ask::Tags(_) => {
                    *fact = Fact::Tags(tags.iter().map(|tag| (*tag).to_owned()).collect());
                }
                _ => {}
            }
        }
        // The tags name the version, and so the questions: they come first.
        answers.sort_by_key(|(ask, _)| !matches!(ask, Ask::Tags(_)));
        at_gate(policy(), answers)
    };
    let one = branch(&[SOURCE]);
    assert_eq!(one.board.verdict(), Verdict::Go, "{:#?}", one.board);
    let two = branch(&["prerelease-v1.6.99-a1b2c3d", SOURCE]);
    assert_eq!(two.outlook.version, None);
    assert_eq!(two.board.verdict(), Verdict::Unknown, "{:#?}", two.board);
}

#[test]
fn what_waits_is_what_its_jobs_do_though_no_gate_could_be_looked_up() {
    let mut jobs = jobs();
    jobs[5] = done(42, 6, "publish-docker / publish");
    jobs.push(job(42, 7, "create-release", Status::Waiting, None));
    let mut answers = with(&Ask::Jobs(RUN), Fact::Jobs(jobs));
    answers.retain(|(ask, _)| *ask != Ask::Pending(RUN));
    let model = at_gate(policy(), answers);
    assert_eq!(
        model.board.next.acts,
        [Act::Release].into(),
        "{:#?}",
        model.board
    );
    assert_eq!(verdict(&model, "gate-protected"), Some(Verdict::Unknown));
    assert_eq!(verdict(&model, "package-out"), Some(Verdict::NoGo));
}

#[test]
fn evidence_that_is_older_than_what_changed_decides_nothing() {
    let mut model = at_gate(policy(), answers());
    let sig = format!("sha256-{}.sig", built().hex());
    let tags = Fact::Tags(vec![SOURCE.to_owned(), sig]);
    feed(&mut model, 12, [saw(Ask::Tags(image()), tags, 12)]);
    assert_eq!(
        model.board.verdict(),
        Verdict::Unknown,
        "not looked at since"
    );
    let ask = evidence(&model);
    feed(
        &mut model,
        14,
        [failed(ask.clone(), FailureKind::Timeout, 14)],
    );
    assert_eq!(
        model.board.verdict(),
        Verdict::Unknown,
        "and it cannot be looked at"
    );
    let found = Fact::Evidence(Some(Arc::new(verified())));
    feed(&mut model, 16, [saw(ask, found, 16)]);
    assert_eq!(model.board.verdict(), Verdict::Go, "{:#?}", model.board);
}

#[test]
fn what_an_earlier_session_saw_and_this_one_cannot_see_decides_nothing() {
    let before = at_gate(policy(), answers());
    let mut model = model();
    model.began = at(20);
    let mut model = model.with_cached(before.snapshot, at(15));
    for (ask, fact) in lacking(&Ask::Environments) {
        feed(&mut model, 21, [saw(ask, fact, 21)]);
    }
    let ask = evidence(&model);
    let found = Fact::Evidence(Some(Arc::new(verified())));
    feed(
        &mut model,
        22,
        [
            saw(ask, found, 22),
            failed(Ask::Environments, FailureKind::Server, 22),
        ],
    );
    assert_eq!(verdict(&model, "gate-protected"), Some(Verdict::Unknown));
}

#[test]
fn a_release_tag_that_could_not_be_looked_up_is_no_image_that_is_missing() {
    let mut answers = with(&tag(SOURCE), Fact::Tag(None));
    answers.retain(|(ask, _)| *ask != tag("1.7.0"));
    let model = at_gate(policy(), answers);
    assert_eq!(
        verdict(&model, "tested-digest"),
        Some(Verdict::Unknown),
        "{:#?}",
        model.board
    );
}

#[test]
fn what_no_row_rests_on_blocks_nothing() {
    let mut model = at_gate(policy(), answers());
    feed(
        &mut model,
        11,
        [failed(Ask::Viewer, FailureKind::NoCredential, 11)],
    );
    assert_eq!(model.board.verdict(), Verdict::Go, "{:#?}", model.board);
    feed(
        &mut model,
        11,
        [
            failed(Ask::Viewer, FailureKind::Forbidden, 11),
            failed(Ask::HubTags(image()), FailureKind::RateLimited, 11),
        ],
    );
    assert_eq!(model.board.verdict(), Verdict::Go, "{:#?}", model.board);
    feed(
        &mut model,
        12,
        [failed(Ask::Viewer, FailureKind::Unauthorized, 12)],
    );
    assert_eq!(verdict(&model, "credentials"), Some(Verdict::Unknown));
}

#[test]
fn a_run_without_jobs_that_publish_has_no_package_but_a_configured_one() {
    use gonogo::domain::policy::Certainty;
    let with = |certainty| {
        let mut policy = policy();
        policy.pypi.as_mut().unwrap().certainty = certainty;
        let mut jobs = jobs();
        jobs[5] = done(42, 6, "publish-docker / publish");
        jobs.push(job(42, 7, "create-release", Status::Waiting, None));
        let mut answers = with(&Ask::Jobs(RUN), Fact::Jobs(jobs));
        for (ask, fact) in &mut answers {
            if ["1.7.0", "1.7", "latest"]
                .iter()
                .any(|name| *ask == tag(name))
            {
                *fact = Fact::Tag(Some(built()));
            }
        }
        let model = at_gate(policy, answers);
        (model.board.verdict(), verdict(&model, "package-out"))
    };
    assert_eq!(with(Certainty::Guessed), (Verdict::Go, None));
    assert_eq!(
        with(Certainty::Configured),
        (Verdict::NoGo, Some(Verdict::NoGo))
    );
}

#[test]
fn a_publish_that_belongs_to_no_run_is_not_let_go() {
    let mut jobs = jobs();
    jobs[5] = done(42, 6, "publish-docker / publish");
    jobs.push(done(42, 7, "trigger-pypi"));
    jobs.push(job(42, 8, "monitor-pypi", Status::InProgress, None));
    let mut answers = with(&Ask::Jobs(RUN), Fact::Jobs(jobs));
    for (ask, fact) in &mut answers {
        if ["1.7.0", "1.7", "latest"]
            .iter()
            .any(|name| *ask == tag(name))
        {
            *fact = Fact::Tag(Some(built()));
        }
    }
    for (ask, fact) in &mut answers {
        let goes_on = run(42, Status::InProgress, None);
        match ask {
            Ask::Runs => *fact = Fact::Runs(vec![goes_on]),
            Ask::Run(_) => *fact = Fact::Run(goes_on),
            _ => {}
        }
    }
    let model = at_gate(policy(), answers);
    assert_eq!(model.board.next.acts, [Act::Publish].into());
    assert_eq!(
        model.board.verdict(),
        Verdict::Unknown,
        "{:#?}",
        model.board
    );
}

#[test]
fn an_ending_that_is_no_success_is_no_pass() {
    for conclusion in [Conclusion::Stale, Conclusion::Other("odd".to_owned())] {
        let mut jobs = jobs();
        jobs[1] = job(42, 2, "ci-gate / unit", Status::Completed, Some(conclusion));
        let model = at_gate(policy(), with(&Ask::Jobs(RUN), Fact::Jobs(jobs)));
        assert_ne!(model.board.verdict(), Verdict::Go, "{:#?}", model.board);
    }
}

#[test]
fn a_tag_of_one_platform_may_be_an_index_of_its_own() {
    let name = "prerelease-v1.7.0-a1b2c3d-arm64";
    let own = Digest::of(b"index of arm64");
    let with_entry = |entry: Digest| {
        let mut answers = with(&tag(name), Fact::Tag(Some(own.clone())));
        let manifest = index(&own, &[("arm64", entry)]);
        answers.push((
            Ask::Manifest(image(), own.clone()),
            Fact::Manifest(Some(manifest)),
        ));
        at_gate(policy(), answers)
    };
    let same = with_entry(of_platform("arm64"));
    assert_eq!(same.board.verdict(), Verdict::Go, "{:#?}", same.board);
    let other = with_entry(Digest::of(b"other"));
    assert_eq!(verdict(&other, "arch-tags"), Some(Verdict::NoGo));
    let unread = at_gate(policy(), with(&tag(name), Fact::Tag(Some(own.clone()))));
    assert_eq!(verdict(&unread, "arch-tags"), Some(Verdict::Unknown));
}

#[test]
fn a_scan_of_something_else_is_no_scan_of_the_image() {
    let mut jobs = jobs();
    jobs[4] = done(42, 5, "ci-gate / security-scan");
    let model = at_gate(policy(), with(&Ask::Jobs(RUN), Fact::Jobs(jobs)));
    assert_eq!(
        verdict(&model, "scan"),
        Some(Verdict::Unknown),
        "{:#?}",
        model.board
    );
}

#[test]
fn tags_that_follow_the_newest_need_not_follow_a_prerelease() {
    let (ours, newest) = (built(), Digest::of(b"1.6.9"));
    let mut run = run(42, Status::Completed, Some(Conclusion::Success));
    run.head_branch = Some("v1.7.0-rc.1".to_owned());
    let mut model = model();
    let see = |name: &str, digest: Option<&Digest>| saw(tag(name), Fact::Tag(digest.cloned()), 5);
    let log = JobLog {
        manifest_digest: Some(ours.clone()),
        ..JobLog::default()
    };
    let mut jobs = jobs();
    jobs[5] = done(42, 6, "publish-docker / publish");
    jobs.push(done(42, 7, "create-release"));
    feed(
        &mut model,
        5,
        [
            saw(Ask::Runs, Fact::Runs(vec![run.clone()]), 5),
            saw(Ask::Run(RUN), Fact::Run(run), 5),
            saw(Ask::Jobs(RUN), Fact::Jobs(jobs), 5),
            saw(Ask::JobLog(JobId(4)), Fact::JobLog(Some(log)), 5),
            see("1.7.0-rc.1", Some(&ours)),
            see("1.7", None),
            see("latest", Some(&newest)),
        ],
    );
    assert_eq!(
        verdict(&model, "release-tags"),
        Some(Verdict::Go),
        "{:#?}",
        model.board
    );
    feed(&mut model, 6, [see("latest", Some(&ours))]);
    assert_eq!(
        verdict(&model, "release-tags"),
        Some(Verdict::NoGo),
        "one follows, one does not"
    );
}

#[test]
fn what_a_configuration_does_not_name_is_not_there_for_certain() {
    let mut bare = policy();
    bare.pipeline.environments.clear();
    bare.images[0].platforms.clear();
    let mut answers = answers();
    answers.retain(|(ask, _)| *ask != Ask::Pending(RUN));
    let model = at_gate(bare, answers);
    assert_eq!(verdict(&model, "gate-protected"), Some(Verdict::Unknown));
    assert_eq!(verdict(&model, "platforms"), Some(Verdict::Unknown));
    assert_ne!(model.board.verdict(), Verdict::Go);

    let empty = Fact::Manifest(Some(index(&built(), &[])));
    let model = at_gate(policy(), with(&Ask::Manifest(image(), built()), empty));
    assert_eq!(verdict(&model, "platforms"), Some(Verdict::NoGo));
}

#[test]
fn a_release_that_was_stopped_is_not_go_though_all_of_its_image_holds() {
    let stopped = |of_run: Conclusion, of_promote: Conclusion, review: Option<ReviewState>| {
        let over = run(42, Status::Completed, Some(of_run));
        let mut jobs = jobs();
        jobs[5] = job(
            42,
            6,
            "publish-docker / publish",
            Status::Completed,
            Some(of_promote),
        );
        let mut answers = with(&Ask::Jobs(RUN), Fact::Jobs(jobs));
        for (ask, fact) in &mut answers {
            match ask {
                Ask::Runs => *fact = Fact::Runs(vec![over.clone()]),
                Ask::Run(_) => *fact = Fact::Run(over.clone()),
                Ask::Pending(_) => *fact = Fact::Pending(Vec::new()),
                _ => {}
            }
        }
        let reviews = review.into_iter().map(|state| Approval {
            environments: vec!["release".to_owned()],
            state,
            user: Some("bob".to_owned()),
            comment: "the changelog is wrong".to_owned(),
        });
        answers.push((Ask::Approvals(RUN), Fact::Approvals(reviews.collect())));
        let model = at_gate(policy(), answers);
        let row = row(&model, "ended").unwrap_or_else(|| panic!("{:#?}", model.board));
        assert_eq!(row.verdict, Verdict::NoGo);
        assert_eq!(model.board.verdict(), Verdict::NoGo);
        row.sentence.clone()
    };
    let rejected = stopped(
        Conclusion::Failure,
        Conclusion::Failure,
        Some(ReviewState::Rejected),
    );
    assert_eq!(
        rejected,
        "bob rejected this release: the changelog is wrong."
    );
    stopped(Conclusion::Cancelled, Conclusion::Cancelled, None);
    let failed = stopped(Conclusion::Failure, Conclusion::Failure, None);
    assert!(failed.contains("publish-docker / publish"), "{failed}");
}
