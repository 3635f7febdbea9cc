//! A promote is planned only where the pipeline cannot do it and the board says GO.

use std::collections::BTreeSet;

use gonogo::domain::digest::Digest;
use gonogo::domain::evidence::Layout;
use gonogo::domain::fact::{Ask, Fact};
use gonogo::domain::journal::Ledger;
use gonogo::domain::plan::{
    Action, Condition, Ground, Intent, Plan, Refusal, RefusalKind, Undo, make,
};
use gonogo::domain::run::{Conclusion, Status};

use super::rig::changes;
use crate::support::bench::{Bench, RUN, image, noon};
use crate::support::proofs::{by_a_stranger, good};

fn promote(bench: &Bench, reason: Option<&str>) -> Result<Plan, Refusal> {
    let (stale, ledger) = (BTreeSet::new(), Ledger::default());
    let ground = Ground {
        snapshot: &bench.model.snapshot,
        policy: &bench.model.policy,
        outlook: &bench.model.outlook,
        board: &bench.model.board,
        stale: &stale,
        ledger: &ledger,
        now: noon(),
    };
    let reason = reason.map(str::to_owned);
    make(&Intent::Promote { reason }, &ground)
}

/// The image waits; then the job that promotes has failed and the run is over.
fn failed(mut bench: Bench) -> Bench {
    let record = bench.model.snapshot.record(RUN).unwrap();
    let mut run = record.run.value().unwrap().clone();
    run.status = Status::Completed;
    run.conclusion = Some(Conclusion::Failure);
    let mut jobs = record.jobs.value().unwrap().clone();
    for job in &mut jobs {
        if job.status == Status::Waiting {
            job.status = Status::Completed;
            job.conclusion = Some(Conclusion::Failure);
        }
    }
    let mut scan = jobs[0].clone();
    scan.id = gonogo::domain::ids::JobId(1990);
    "prerelease-docker / security-scan".clone_into(&mut scan.name);
    jobs.push(scan);
    bench.see(Ask::Runs, Fact::Runs(vec![run.clone()]));
    bench.see(Ask::Run(RUN), Fact::Run(run));
    bench.see(Ask::Jobs(RUN), Fact::Jobs(jobs));
    bench.see(Ask::Approvals(RUN), Fact::Approvals(Vec::new()));
    bench
}

fn tag(bench: &mut Bench, tag: &str, digest: Option<&[u8]>) {
    let digest = digest.map(Digest::of);
    bench.see(Ask::Tag(image(), tag.to_owned()), Fact::Tag(digest));
}

fn waiting() -> Bench {
    Bench::with_evidence(good("1.7.0", &[Layout::Legacy]))
}

fn sure(refusal: &Refusal, kind: RefusalKind, word: &str) {
    assert_eq!(refusal.kind, kind, "{refusal:?}");
    let whole = format!("{} {}", refusal.what, refusal.unblock);
    assert!(whole.contains(word), "{refusal:?}");
}

#[test]
fn while_the_pipeline_can_promote_its_gate_is_named() {
    let refusal = promote(&waiting(), None).unwrap_err();
    sure(&refusal, RefusalKind::Precondition, "gonogo approve");
}

#[test]
fn the_version_tag_moves_first_and_latest_last() {
    let bench = failed(waiting());
    let plan = promote(&bench, None).unwrap();
    assert_eq!(changes(&plan).0, ["1.7.0", "1.7", "latest"]);
    assert_eq!(plan.phrase.as_deref(), Some("1.7.0"));
    let first = &plan.steps[0];
    assert!(matches!(first.before[0], Condition::CannotPromote { run } if run == RUN));
    assert!(
        matches!(&first.before[1], Condition::SourceIs { tag, digest, .. }
        if tag == "prerelease-v1.7.0-a1b2c3d" && *digest == Digest::of(b"1.7.0"))
    );
    // A tag that was not there is removed again; one that was goes back.
    assert!(matches!(&first.undo, Undo::By(Action::DeleteTag { .. })));
    let Undo::By(Action::PutTag(old)) = &plan.steps[2].undo else {
        panic!("{plan:#?}");
    };
    assert_eq!(old.digest, Digest::of(b"1.6.9"));
    assert!(plan.overridden.is_none());
}

#[test]
fn where_whole_manifests_go_alone_a_new_tag_is_taken_back_by_a_stand_in() {
    let mut bench = failed(waiting());
    let removal = gonogo::domain::survey::Removal::WholeManifests;
    bench.see(Ask::Removal(image()), Fact::Removal(removal));
    let plan = promote(&bench, None).unwrap();
    let Undo::InTurn(actions) = &plan.steps[0].undo else {
        panic!("{plan:#?}");
    };
    let stand_in = gonogo::domain::plan::stand_in::digest("1.7.0");
    assert!(matches!(&actions[0], Action::PutTag(put) if put.digest == stand_in));
    assert!(matches!(&actions[1], Action::DeleteTag { tagged, together }
        if tagged.digest == stand_in && together == &["1.7.0"]));
    assert!(matches!(&plan.steps[2].undo, Undo::By(Action::PutTag(_))));
}

#[test]
fn a_promote_that_was_left_half_way_is_finished() {
    let mut bench = failed(waiting());
    tag(&mut bench, "1.7.0", Some(b"1.7.0"));
    let plan = promote(&bench, None).unwrap();
    assert_eq!(changes(&plan).0, ["1.7", "latest"]);
    assert!(
        plan.notes
            .iter()
            .any(|note| note.contains("Already there: `1.7.0`"))
    );

    // Once the version tag holds it the prerelease tag may be gone: the version tag is the source then.
    tag(&mut bench, "prerelease-v1.7.0-a1b2c3d", None);
    let plan = promote(&bench, None).unwrap();
    assert!(plan.steps[0].before.iter().any(|condition| {
        matches!(condition, Condition::SourceIs { tag, .. } if tag == "1.7.0")
    }));

    tag(&mut bench, "1.7", Some(b"1.7.0"));
    tag(&mut bench, "latest", Some(b"1.7.0"));
    let refusal = promote(&bench, None).unwrap_err();
    sure(&refusal, RefusalKind::Nothing, "already");
}

#[test]
fn a_version_tag_of_another_image_is_not_moved_silently() {
    let mut bench = failed(waiting());
    tag(&mut bench, "1.7.0", Some(b"another"));
    let refusal = promote(&bench, None).unwrap_err();
    sure(&refusal, RefusalKind::NoGo, "gonogo rollback");
    let plan = promote(&bench, Some("the first build was withdrawn")).unwrap();
    let overridden = plan.overridden.unwrap();
    assert_eq!(overridden.rules, ["version-tag"]);
    assert_eq!(overridden.reason, "the first build was withdrawn");
    assert!(matches!(&plan.steps[0].undo, Undo::By(Action::PutTag(old))
        if old.digest == Digest::of(b"another")));
}

#[test]
fn what_is_not_the_tested_image_is_never_promoted() {
    let mut bench = failed(waiting());
    tag(&mut bench, "prerelease-v1.7.0-a1b2c3d", Some(b"swapped"));
    for reason in [None, Some("I know")] {
        let refusal = promote(&bench, reason).unwrap_err();
        sure(&refusal, RefusalKind::Firm, "somebody moved it");
    }

    let bench = failed(Bench::with_evidence(by_a_stranger()));
    for reason in [None, Some("I know")] {
        let refusal = promote(&bench, reason).unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::Firm, "{refusal:?}");
    }
}

#[test]
fn without_the_image_there_is_nothing_to_promote() {
    let mut bench = failed(waiting());
    tag(&mut bench, "prerelease-v1.7.0-a1b2c3d", None);
    let refusal = promote(&bench, None).unwrap_err();
    sure(&refusal, RefusalKind::Precondition, "nothing to promote");
}

#[test]
fn a_no_go_of_other_rules_is_passed_with_a_reason_alone() {
    let mut bench = failed(waiting());
    let record = bench.model.snapshot.record(RUN).unwrap();
    let mut jobs = record.jobs.value().unwrap().clone();
    for job in &mut jobs {
        if job.name.starts_with("ci-gate") {
            job.conclusion = Some(Conclusion::Failure);
        }
    }
    bench.see(Ask::Jobs(RUN), Fact::Jobs(jobs));
    let refusal = promote(&bench, None).unwrap_err();
    sure(&refusal, RefusalKind::NoGo, "--override");
    assert_eq!(refusal.rules, ["required-jobs"]);
    let plan = promote(&bench, Some("the gate is broken")).unwrap();
    assert_eq!(plan.overridden.unwrap().rules, ["required-jobs"]);
}
