//! A gate at which everything holds, made of single answers.

use std::sync::Arc;

use gonogo::domain::artifact::{Manifest, ManifestContent, PlatformEntry};
use gonogo::domain::assess::{Row, Verdict};
use gonogo::domain::digest::Digest;
use gonogo::domain::evidence::{
    Claims, Item, ItemVerdict, Kind, Layout, SubjectReport, SubjectVerdict, Verdict as Proved,
    Verification,
};
use gonogo::domain::fact::{Ask, Fact, ImageId};
use gonogo::domain::ids::{EnvironmentId, JobId, RunId};
use gonogo::domain::log::JobLog;
use gonogo::domain::policy::{Exception, Left, Platform, Policy};
use gonogo::domain::run::{Environment, Job, PendingDeployment, Reviewer, Status, TagRef};
use gonogo::engine::{Message, Model};

use crate::support::facts::*;

pub(super) const RUN: RunId = RunId(42);
pub(super) const SOURCE: &str = "prerelease-v1.7.0-a1b2c3d";

pub(super) fn image() -> ImageId {
    ImageId("docker.io/acme/rocket".to_owned())
}

pub(super) fn built() -> Digest {
    Digest::of(b"1.7.0")
}

pub(super) fn of_platform(architecture: &str) -> Digest {
    Digest::of(architecture.as_bytes())
}

pub(super) fn index(digest: &Digest, entries: &[(&str, Digest)]) -> Manifest {
    let entry = |(architecture, digest): &(&str, Digest)| PlatformEntry {
        platform: Platform::new("linux", architecture),
        digest: digest.clone(),
        size: 7,
    };
    Manifest {
        digest: digest.clone(),
        media_type: "application/vnd.oci.image.index.v1+json".to_owned(),
        size: 7,
        content: ManifestContent::Index {
            platforms: entries.iter().map(entry).collect(),
            attestations: Vec::new(),
        },
    }
}

/// Evidence in which everything holds.
pub(super) fn verified() -> Verification {
    let item = |kind| {
        Item {
        kind,
        layout: Layout::Legacy,
        digest: Digest::of(b"layer"),
        verdict: ItemVerdict::Valid,
        problems: Vec::new(),
        remarks: Vec::new(),
        predicate_type: None,
        claims: Some(Claims {
            identity: Some("https://github.com/acme/rocket/.github/workflows/prerelease-docker.yml@refs/tags/v1.7.0".to_owned()),
            commit: Some(SHA.to_owned()),
            ..Claims::default()
        }),
        sbom: None,
        on: None,
        checks: gonogo::domain::evidence::Checks::default(),
        predicate: None,
    }
    };
    let report = |kind| SubjectReport {
        verdict: SubjectVerdict::Valid,
        items: vec![item(kind)],
    };
    Verification {
        digest: built(),
        verdict: Proved::Verified,
        signature: report(Kind::Signature),
        provenance: report(Kind::Provenance),
        sboms: Vec::new(),
        index_sboms: Vec::new(),
        others: Vec::new(),
        reasons: Vec::new(),
        warnings: Vec::new(),
        buildkit: Vec::new(),
        unseen: Vec::new(),
        clients: Vec::new(),
    }
}

pub(super) fn jobs() -> Vec<Job> {
    vec![
        done(42, 1, "version-check"),
        done(42, 2, "ci-gate / unit"),
        done(42, 3, "build"),
        done(42, 4, "prerelease-docker / create-manifest"),
        done(42, 5, "prerelease-docker / security-scan"),
        job(42, 6, "publish-docker / publish", Status::Waiting, None),
    ]
}

pub(super) fn tag(name: &str) -> Ask {
    Ask::Tag(image(), name.to_owned())
}

pub(super) fn evidence(model: &Model) -> Ask {
    let expected = model.outlook.expected_evidence.clone();
    Ask::Evidence(image(), built(), Box::new(expected))
}

pub(super) fn gate() -> PendingDeployment {
    PendingDeployment {
        environment: EnvironmentId(1),
        name: "release".to_owned(),
        wait_minutes: 0,
        wait_started_at: None,
        viewer_may_approve: true,
        reviewers: Vec::new(),
    }
}

/// Every answer at a gate at which everything holds, but for the evidence, which is asked for by what these say.
pub(super) fn answers() -> Vec<(Ask, Fact)> {
    let run = run(42, Status::Waiting, None);
    let log = JobLog {
        manifest_digest: Some(built()),
        ..JobLog::default()
    };
    let protected = Environment {
        id: EnvironmentId(1),
        name: "release".to_owned(),
        required_reviewers: Some(vec![Reviewer::User("ada".to_owned())]),
        prevent_self_review: false,
        wait_minutes: None,
        branch_policy: false,
        admins_bypass: None,
    };
    let commit = TagRef {
        name: "v1.7.0".to_owned(),
        commit: sha(),
        annotated: false,
    };
    let platforms = [
        ("amd64", of_platform("amd64")),
        ("arm64", of_platform("arm64")),
    ];
    let mut nothing = pypi_holds("1.7.0");
    nothing.files.clear();
    vec![
        (Ask::Runs, Fact::Runs(vec![run.clone()])),
        (Ask::Run(RUN), Fact::Run(run)),
        (Ask::Jobs(RUN), Fact::Jobs(jobs())),
        (Ask::Pending(RUN), Fact::Pending(vec![gate()])),
        (Ask::JobLog(JobId(4)), Fact::JobLog(Some(log))),
        (Ask::Environments, Fact::Environments(vec![protected])),
        (Ask::TagRef("v1.7.0".to_owned()), Fact::TagRef(Some(commit))),
        (Ask::Releases, Fact::Releases(Vec::new())),
        (Ask::PublishRuns, Fact::PublishRuns(Vec::new())),
        (tag(SOURCE), Fact::Tag(Some(built()))),
        (tag("1.7.0"), Fact::Tag(None)),
        (tag("1.7"), Fact::Tag(None)),
        (tag("latest"), Fact::Tag(None)),
        (
            tag("prerelease-v1.7.0-a1b2c3d-amd64"),
            Fact::Tag(Some(of_platform("amd64"))),
        ),
        (
            tag("prerelease-v1.7.0-a1b2c3d-arm64"),
            Fact::Tag(Some(of_platform("arm64"))),
        ),
        (
            Ask::Manifest(image(), built()),
            Fact::Manifest(Some(index(&built(), &platforms))),
        ),
        (Ask::Tags(image()), Fact::Tags(vec![SOURCE.to_owned()])),
        (Ask::Pypi("1.7.0".to_owned()), Fact::Pypi(nothing)),
    ]
}

/// The gate by these answers, with evidence in which everything holds.
pub(super) fn at_gate(policy: Policy, answers: Vec<(Ask, Fact)>) -> Model {
    let mut model = without_evidence(policy, answers);
    let ask = evidence(&model);
    let found = Fact::Evidence(Some(Arc::new(verified())));
    feed(&mut model, 10, [saw(ask, found, 10)]);
    model
}

pub(super) fn without_evidence(policy: Policy, answers: Vec<(Ask, Fact)>) -> Model {
    let mut model = model();
    model.policy = Arc::new(policy);
    let messages: Vec<Message> = answers
        .into_iter()
        .map(|(ask, fact)| saw(ask, fact, 5))
        .collect();
    feed(&mut model, 5, messages);
    model
}

/// The answers without the one to this question.
pub(super) fn lacking(ask: &Ask) -> Vec<(Ask, Fact)> {
    let mut answers = answers();
    let before = answers.len();
    answers.retain(|(known, _)| known != ask);
    assert_eq!(answers.len(), before - 1, "{ask:?} is one of the questions");
    answers
}

/// The answers with another one to this question.
pub(super) fn with(ask: &Ask, fact: Fact) -> Vec<(Ask, Fact)> {
    let mut answers = lacking(ask);
    answers.push((ask.clone(), fact));
    answers
}

pub(super) fn row<'a>(model: &'a Model, id: &str) -> Option<&'a Row> {
    model.board.rows.iter().find(|row| row.id == id)
}

pub(super) fn verdict(model: &Model, id: &str) -> Option<Verdict> {
    row(model, id).map(|row| row.verdict)
}

pub(super) fn excepted(rules: &[(&str, Left)]) -> Policy {
    let mut policy = policy();
    for (rule, left) in rules {
        let exception = Exception {
            left: *left,
            reason: "not here".to_owned(),
        };
        policy.exceptions.insert((*rule).to_owned(), exception);
    }
    policy
}
