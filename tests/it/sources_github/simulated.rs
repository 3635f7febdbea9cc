//! The client against the simulated GitHub: every question, in every phase of a release.

use gonogo::domain::digest::Digest;
use gonogo::domain::fact::{Ask, Fact, FailureKind, WorkflowKey};
use gonogo::domain::ids::{JobId, RunId};
use gonogo::domain::run::{Conclusion, Job, Run, Status};
use gonogo::secret::{Credential, Provider, Secret};
use gonogo::sim::fault::{Fault, Kind};
use gonogo::sim::requests::{self, Service};
use gonogo::sim::scenario::Scenario;
use gonogo::sim::{Sim, SimOptions, TOKEN};
use gonogo::sources::Answer;
use gonogo::sources::github::{Client, GithubAccess};

use super::contract;

async fn simulator(scenario: Scenario) -> Sim {
    Sim::start(SimOptions::new(scenario).driven())
        .await
        .unwrap()
}

fn client(sim: &Sim) -> Client {
    Client::new(access(sim))
}

fn access(sim: &Sim) -> GithubAccess {
    GithubAccess {
        api_url: sim.endpoints().github.parse().unwrap(),
        repo: sim.scenario().2.parse().unwrap(),
        token: Provider::fixed(Credential::Present {
            value: Secret::new(TOKEN).unwrap(),
            from: "the simulator".to_owned(),
        }),
        release_workflow: "release.yml".to_owned(),
        publish_workflow: Some("publish.yml".to_owned()),
        environments: vec!["release".to_owned()],
        limits: gonogo::net::Limits::default(),
    }
}

async fn look(sim: &Sim, client: &Client, ask: &Ask) -> Answer {
    client.look(ask, sim.clock().now()).await
}

async fn fact(sim: &Sim, client: &Client, ask: &Ask) -> Fact {
    let answer = look(sim, client, ask).await;
    answer
        .outcome
        .unwrap_or_else(|failure| panic!("{ask:?}: {failure:?}"))
}

async fn newest(sim: &Sim, client: &Client) -> Run {
    match fact(sim, client, &Ask::Runs).await {
        Fact::Runs(runs) => runs.into_iter().next().unwrap(),
        other => panic!("{other:?}"),
    }
}

async fn jobs(sim: &Sim, client: &Client, run: RunId) -> Vec<Job> {
    match fact(sim, client, &Ask::Jobs(run)).await {
        Fact::Jobs(jobs) => jobs,
        other => panic!("{other:?}"),
    }
}

fn questions(run: &Run) -> Vec<Ask> {
    let file = |path: &str, sha| {
        Ask::Workflow(WorkflowKey {
            repo: "acme/rocket".parse().unwrap(),
            path: path.to_owned(),
            sha,
        })
    };
    let mut asks = vec![
        Ask::Runs,
        Ask::PublishRuns,
        Ask::Run(run.id),
        Ask::Jobs(run.id),
        Ask::AttemptJobs(run.id, run.attempt),
        Ask::Pending(run.id),
        Ask::Approvals(run.id),
        Ask::Environments,
        Ask::Releases,
        Ask::TagRef("v1.6.8".to_owned()),
        Ask::TagRef("v0.0.0".to_owned()),
        Ask::Viewer,
        Ask::Repository,
        Ask::Workflows,
        Ask::Started("release.yml".to_owned()),
        file(&run.path, run.head_sha.clone()),
        file(".github/workflows/none.yml", run.head_sha.clone()),
    ];
    for called in &run.referenced {
        let path = called.path.splitn(3, '/').nth(2).unwrap();
        asks.push(file(path, called.sha.clone()));
    }
    asks
}

#[tokio::test]
async fn every_question_has_a_fact_in_every_phase() {
    let description = crate::support::contract::contract();
    for name in Scenario::names() {
        let sim = simulator(Scenario::built_in(name).unwrap()).await;
        let client = client(&sim);
        let mut phase = String::new();
        loop {
            if sim.phase() != phase || sim.finished() {
                phase = sim.phase();
                let run = newest(&sim, &client).await;
                for ask in questions(&run) {
                    fact(&sim, &client, &ask).await;
                }
                for job in jobs(&sim, &client, run.id).await {
                    if job.is_over() {
                        fact(&sim, &client, &Ask::JobLog(job.id)).await;
                    }
                }
            }
            if sim.advance_to_next().is_none() {
                break;
            }
        }
        let records = sim.requests().all();
        assert!(records.len() > 20, "{name}: {}", records.len());
        for record in records {
            let is_blob = record.service == Service::GithubStorage;
            assert_eq!(
                record.credential == requests::Credential::Absent,
                is_blob,
                "{record:?}"
            );
            if let (Some(description), false) = (description, is_blob) {
                let objections = contract::objections(description, &record.target);
                assert_eq!(objections, [""; 0], "{}", record.target);
            }
        }
    }
}

#[tokio::test]
async fn what_has_not_changed_is_not_charged() {
    let sim = simulator(Scenario::built_in("waiting-gate").unwrap()).await;
    while sim.advance_to_next().is_some() {}
    let client = client(&sim);
    let run = newest(&sim, &client).await;
    let asks: Vec<Ask> = questions(&run)
        .into_iter()
        // A file is asked for once, and what is not there has no entity tag.
        .filter(|ask| !matches!(ask, Ask::Workflow(_) | Ask::TagRef(_)))
        .collect();
    for ask in &asks {
        let first = look(&sim, &client, ask).await;
        let second = look(&sim, &client, ask).await;
        assert_eq!(first.outcome, second.outcome, "{ask:?}");
        assert!(second.cost.requests > 0, "{ask:?}");
        assert_eq!(second.cost.charged, 0, "{ask:?}");
        assert_eq!(second.rate.unwrap().limit, 5000, "{ask:?}");
    }
    let before = look(&sim, &client, &Ask::Runs).await.rate.unwrap();
    look(&sim, &client, &Ask::Run(run.id)).await;
    let after = look(&sim, &client, &Ask::Runs).await.rate.unwrap();
    assert_eq!(before.remaining, after.remaining, "GitHub agrees");
}

#[tokio::test]
async fn the_gate_that_waits_is_seen() {
    let sim = simulator(Scenario::built_in("waiting-gate").unwrap()).await;
    while sim.advance_to_next().is_some() {}
    let client = client(&sim);
    let run = newest(&sim, &client).await;
    assert_eq!(run.status, Status::Waiting);
    let waiting: Vec<String> = jobs(&sim, &client, run.id)
        .await
        .into_iter()
        .filter(|job| job.status == Status::Waiting)
        .map(|job| job.name)
        .collect();
    assert_eq!(waiting, ["publish-docker / publish"]);
    let Fact::Pending(gates) = fact(&sim, &client, &Ask::Pending(run.id)).await else {
        panic!("not gates");
    };
    assert_eq!(gates.len(), 1);
    assert_eq!(gates[0].name, "release");
    let Fact::Environments(found) = fact(&sim, &client, &Ask::Environments).await else {
        panic!("not environments");
    };
    assert_eq!(found[0].id, gates[0].environment);
    assert!(found[0].required_reviewers.is_some());
}

#[tokio::test]
async fn the_log_states_the_digest_that_the_registry_holds() {
    let sim = simulator(Scenario::built_in("happy").unwrap()).await;
    while sim.advance_to_next().is_some() {}
    let client = client(&sim);
    let run = newest(&sim, &client).await;
    assert_eq!(run.conclusion, Some(Conclusion::Success));
    let repository = sim.scenario().2;
    let held: Digest = sim
        .registry()
        .resolve(&repository, "latest")
        .unwrap()
        .as_str()
        .parse()
        .unwrap();
    let mut stated = Vec::new();
    for job in jobs(&sim, &client, run.id).await {
        let Fact::JobLog(log) = fact(&sim, &client, &Ask::JobLog(job.id)).await else {
            panic!("not a log");
        };
        stated.extend(log.and_then(|log| log.manifest_digest));
    }
    assert!(!stated.is_empty(), "no job's log states the digest");
    assert!(
        stated.iter().all(|digest| *digest == held),
        "{stated:?} {held}"
    );
}

#[tokio::test]
async fn three_hundred_jobs_are_all_there() {
    let sim = simulator(Scenario::scale(300).unwrap()).await;
    while sim.advance_to_next().is_some() {}
    let client = client(&sim);
    let run = newest(&sim, &client).await;
    let found = jobs(&sim, &client, run.id).await;
    assert!(found.len() >= 300, "{}", found.len());
    let again = look(&sim, &client, &Ask::Jobs(run.id)).await;
    assert_eq!(again.cost.charged, 0);
    assert!(again.cost.requests >= 3);
}

#[tokio::test]
async fn every_fault_is_told_for_what_it_is_and_is_over_when_it_is_over() {
    let sim = simulator(Scenario::built_in("waiting-gate").unwrap()).await;
    while sim.advance_to_next().is_some() {}
    let client = client(&sim);
    let run = newest(&sim, &client).await;
    let status = |code, retry_after| Kind::Status { code, retry_after };
    let faults = [
        (Kind::Timeout, FailureKind::Timeout),
        (Kind::Reset, FailureKind::Unreachable),
        (Kind::CutBody, FailureKind::CutBody),
        (status(401, None), FailureKind::Unauthorized),
        (status(403, None), FailureKind::Forbidden),
        (status(429, Some(30)), FailureKind::RateLimited),
        (status(500, None), FailureKind::Server),
        (status(503, Some(5)), FailureKind::Server),
    ];
    for (kind, expected) in faults {
        // Not known yet, so that the fault cannot hide behind a 304.
        let mut access = access(&sim);
        if kind == Kind::Timeout {
            access.limits.read = std::time::Duration::from_millis(300);
        }
        let fresh = Client::new(access);
        let ask = Ask::Jobs(run.id);
        let id = sim
            .faults()
            .add(Fault::new(Service::Github, kind.clone()).on("/jobs"));
        let failure = look(&sim, &fresh, &ask).await.outcome.unwrap_err();
        assert_eq!(failure.kind, expected, "{kind:?}: {failure:?}");
        if let Kind::Status {
            retry_after: Some(seconds),
            ..
        } = kind
        {
            let wait = failure.retry_at.unwrap().duration_since(sim.clock().now());
            assert_eq!(wait.as_secs(), i64::from(seconds));
        }
        sim.faults().lift(id);
        fact(&sim, &self::client(&sim), &ask).await;
        if kind != Kind::Timeout {
            fact(&sim, &fresh, &ask).await;
        }
    }
    let id = sim
        .faults()
        .add(Fault::new(Service::Github, Kind::MalformedJson).on("/jobs"));
    let fresh = self::client(&sim);
    let failure = look(&sim, &fresh, &Ask::Jobs(run.id)).await.outcome;
    assert!(matches!(
        failure.unwrap_err().kind,
        FailureKind::Malformed | FailureKind::CutBody
    ));
    sim.faults().lift(id);
    assert!(
        look(&sim, &client, &Ask::JobLog(JobId(1)))
            .await
            .outcome
            .is_ok(),
        "a job that is not there has no log"
    );
}
