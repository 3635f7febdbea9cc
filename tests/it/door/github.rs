//! What is changed at GitHub: planned, refused, sent once, raced for, and failed in every way.

mod faults;
mod gates;
mod races;
mod runs;

use std::sync::Arc;
use std::time::Duration;

use gonogo::domain::fact::Ask;
use gonogo::domain::journal::{Ledger, Outcome};
use gonogo::domain::outlook::Outlook;
use gonogo::domain::plan::{self, Action, Ground, Intent, Plan, Proof, Refusal, What};
use gonogo::domain::snapshot::Snapshot;
use gonogo::engine::desk::{Ended, Planning};
use gonogo::engine::{DeskMessage, Message, Model};
use gonogo::sim::requests::{Mark, Record, Service};
use gonogo::sim::scenario::Scenario;

use crate::support::contract::contract;
use crate::support::sim::Rig;

/// A scenario played until nothing more happens by itself.
async fn ended(scenario: &str) -> Rig {
    let rig = Rig::start(scenario).await;
    while rig.sim.advance_to_next().is_some() {}
    rig
}

/// A scenario of its own, played until nothing more happens by itself.
async fn ended_as(text: &str) -> Rig {
    let scenario = Scenario::parse(text).unwrap();
    let rig = Rig::of(scenario, Duration::from_secs(30)).await;
    while rig.sim.advance_to_next().is_some() {}
    rig
}

/// The plan for this from what is looked up now, or why there is none.
async fn planned(rig: &mut Rig, intent: Intent) -> Result<Arc<Plan>, Refusal> {
    rig.settled().await;
    // An earlier plan is not taken for this one.
    rig.engine.send(Message::Desk(DeskMessage::PutAway));
    let is_away = |model: &Model| matches!(model.desk.planning, Planning::Idle);
    rig.engine.wait_for(is_away).await.unwrap();
    rig.engine.send(Message::Desk(DeskMessage::Prepare(intent)));
    let is_made = |model: &Model| matches!(model.desk.planning, Planning::Ready { .. });
    let model = rig.engine.wait_for(is_made).await.unwrap();
    match &model.desk.planning {
        Planning::Ready { result, .. } => result.clone(),
        other => panic!("{other:?}"),
    }
}

/// How the shown plan ended.
async fn carried_out(rig: &mut Rig, yes: Option<&str>) -> Ended {
    let proof = Proof::Command(yes.map(str::to_owned));
    rig.engine.send(Message::Desk(DeskMessage::Confirm(proof)));
    let is_over = |model: &Model| model.desk.ended.is_some();
    let model = rig.engine.wait_for(is_over).await.unwrap();
    model.desk.ended.clone().unwrap()
}

/// Plans and does it, and sees that it went well.
async fn done(rig: &mut Rig, intent: Intent) -> Arc<Plan> {
    let plan = planned(rig, intent).await.unwrap();
    let ended = carried_out(rig, plan.phrase.as_deref()).await;
    assert_eq!(ended.outcome, Some(Outcome::Done), "{}", ended.why);
    plan
}

/// The requests since then that asked for a change at GitHub.
fn changes(rig: &Rig, since: Mark) -> Vec<Record> {
    let records = rig.sim.requests().since(since).into_iter();
    records
        .filter(|record| record.service == Service::Github && record.method != "GET")
        .filter(|record| !record.target.starts_with("/graphql"))
        .collect()
}

/// Every change that was asked for is one that GitHub's description knows, body and all.
fn fits_the_description(rig: &Rig) {
    let Some(description) = contract() else {
        return;
    };
    let changes = rig.sim.changes();
    assert!(!changes.is_empty());
    for change in changes {
        let wrong =
            description.check_request(&change.method, &change.path, &[], change.body.as_ref());
        assert_eq!(wrong, [""; 0], "{change:?}");
    }
}

/// The plan for this from a snapshot that differs from what was seen.
fn plan_of(
    model: &Model,
    intent: &Intent,
    change: impl FnOnce(&mut Snapshot),
) -> Result<Plan, Refusal> {
    plan_at(model, intent, change, Duration::ZERO)
}

/// The same, so much later.
fn plan_at(
    model: &Model,
    intent: &Intent,
    change: impl FnOnce(&mut Snapshot),
    later: Duration,
) -> Result<Plan, Refusal> {
    let mut snapshot = model.snapshot.clone();
    change(&mut snapshot);
    let outlook = Outlook::of(&snapshot, &model.policy, model.pinned, None, &model.outlook);
    let stale = std::collections::BTreeSet::<Ask>::new();
    let board = gonogo::domain::assess::Board::of(&snapshot, &model.policy, &outlook, &stale);
    let ledger = Ledger::default();
    let ground = Ground {
        snapshot: &snapshot,
        policy: &model.policy,
        outlook: &outlook,
        board: &board,
        stale: &stale,
        ledger: &ledger,
        now: model.now + jiff::SignedDuration::try_from(later).unwrap(),
    };
    plan::make(intent, &ground)
}

fn approve() -> Intent {
    Intent::Approve {
        run: None,
        environments: Vec::new(),
        comment: None,
        reason: None,
    }
}

fn approve_because(reason: &str) -> Intent {
    Intent::Approve {
        run: None,
        environments: Vec::new(),
        comment: None,
        reason: Some(reason.to_owned()),
    }
}

fn reject() -> Intent {
    Intent::Reject {
        run: None,
        environments: Vec::new(),
        comment: None,
    }
}

fn rerun(what: What) -> Intent {
    Intent::Rerun {
        run: None,
        what,
        debugging: plan::Debugging::Off,
        reason: None,
    }
}

fn cancel(force: bool) -> Intent {
    Intent::Cancel { run: None, force }
}

fn dispatch(workflow: &str) -> Intent {
    Intent::Dispatch {
        workflow: workflow.to_owned(),
        git_ref: None,
        inputs: std::collections::BTreeMap::new(),
    }
}

/// The jobs that an action names.
fn jobs_of(plan: &Plan) -> Vec<String> {
    match &plan.steps[0].action {
        Action::Review { jobs, .. } | Action::Rerun { jobs, .. } => jobs.clone(),
        other => panic!("{other:?}"),
    }
}
