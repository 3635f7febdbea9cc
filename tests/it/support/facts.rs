//! Hand-made facts: runs, jobs, tags, for tests of pure code.

use std::sync::Arc;
use std::time::Duration;

use gonogo::domain::fact::{Ask, Cost, Fact, Failure, FailureKind, Observation};
use gonogo::domain::ids::{Attempt, CommitSha, JobId, RunId};
use gonogo::domain::policy::{
    Certainty, GITHUB_ISSUER, IdentityPattern, ImageSpec, Pipeline, Policy, PypiSpec,
    STANDARD_IDENTITY, SignaturePolicy,
};
use gonogo::domain::run::{Conclusion, Job, Run, Status};
use gonogo::domain::time::Timestamp;
use gonogo::engine::{Effect, Message, Model, update};

/// The commit of the hand-made release.
pub(crate) const SHA: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678";

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

pub(crate) fn sha() -> CommitSha {
    SHA.parse().unwrap()
}

pub(crate) fn policy() -> Policy {
    let repo: gonogo::domain::ids::RepoSlug = "acme/rocket".parse().unwrap();
    let pipeline = Pipeline::standard();
    Policy {
        images: vec![ImageSpec::standard(
            "docker.io/acme/rocket".parse().unwrap(),
        )],
        exceptions: std::collections::BTreeMap::new(),
        signature: SignaturePolicy {
            sbom_types: vec!["https://spdx.dev/Document".to_owned()],
            issuer: GITHUB_ISSUER.to_owned(),
            identity: IdentityPattern::new(STANDARD_IDENTITY, &repo, &pipeline.signer_workflow)
                .unwrap(),
        },
        pypi: Some(PypiSpec {
            project: "rocket".parse().unwrap(),
            certainty: Certainty::Configured,
            event_type: PypiSpec::STANDARD_EVENT.to_owned(),
            payload: PypiSpec::standard_payload(),
        }),
        repo,
        pipeline,
    }
}

pub(crate) fn model() -> Model {
    Model::new(Arc::new(policy()), Duration::from_secs(3), 1, at(0))
}

pub(crate) fn run(id: u64, status: Status, conclusion: Option<Conclusion>) -> Run {
    Run {
        id: RunId(id),
        number: id,
        attempt: Attempt(1),
        path: ".github/workflows/release.yml".to_owned(),
        name: "Release".to_owned(),
        title: "release 1.7.0".to_owned(),
        event: "push".to_owned(),
        head_branch: Some("v1.7.0".to_owned()),
        head_sha: sha(),
        status,
        conclusion,
        actor: Some("ada".to_owned()),
        triggering_actor: Some("ada".to_owned()),
        created_at: at(-600),
        started_at: Some(at(-600)),
        updated_at: at(0),
        html_url: format!("https://github.com/acme/rocket/actions/runs/{id}"),
        referenced: Vec::new(),
    }
}

pub(crate) fn job(
    run: u64,
    id: u64,
    name: &str,
    status: Status,
    conclusion: Option<Conclusion>,
) -> Job {
    let started = status != Status::Queued && status != Status::Waiting;
    Job {
        id: JobId(id),
        run: RunId(run),
        attempt: Some(Attempt(1)),
        name: name.to_owned(),
        started_at: started.then(|| at(-500)),
        completed_at: (status == Status::Completed).then(|| at(-400)),
        status,
        conclusion,
        created_at: Some(at(-550)),
        steps: Vec::new(),
        labels: Vec::new(),
        runner: None,
        html_url: None,
    }
}

/// A job that has succeeded.
pub(crate) fn done(run: u64, id: u64, name: &str) -> Job {
    job(run, id, name, Status::Completed, Some(Conclusion::Success))
}

pub(crate) fn saw(ask: Ask, fact: Fact, second: i64) -> Message {
    Message::Observed(Box::new(Observation {
        ask,
        at: at(second),
        outcome: Ok(fact),
        cost: Cost {
            requests: 1,
            charged: 1,
        },
        rate: None,
    }))
}

pub(crate) fn failed(ask: Ask, kind: FailureKind, second: i64) -> Message {
    Message::Observed(Box::new(Observation {
        ask,
        at: at(second),
        outcome: Err(Failure {
            kind,
            what: format!("It failed: {kind:?}."),
            advice: "Wait.".to_owned(),
            retry_at: None,
        }),
        cost: Cost {
            requests: 1,
            charged: 1,
        },
        rate: None,
    }))
}

/// Feeds messages in at a time; returns all effects.
pub(crate) fn feed(
    model: &mut Model,
    second: i64,
    messages: impl IntoIterator<Item = Message>,
) -> Vec<Effect> {
    messages
        .into_iter()
        .flat_map(|message| update(model, message, at(second)))
        .collect()
}

/// A version of which the package index holds a file.
pub(crate) fn pypi_holds(version: &str) -> gonogo::domain::artifact::PypiVersion {
    gonogo::domain::artifact::PypiVersion {
        project: "rocket".to_owned(),
        version: version.to_owned(),
        project_exists: true,
        files: vec![gonogo::domain::artifact::PypiFile {
            filename: format!("rocket-{version}.tar.gz"),
            sha256: None,
            size: None,
            uploaded_at: None,
            yanked: None,
        }],
        newest_other: None,
    }
}
