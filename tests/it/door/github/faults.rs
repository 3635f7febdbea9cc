//! Each change and each way in which its request fails: the right end, the right words, and never a second request.

use gonogo::sim::fault::{Fault, Kind};

use super::*;

/// What becomes of a change whose one request fails so.
struct Case {
    name: &'static str,
    kind: Kind,
    /// The end; `Done` where the change was made all the same.
    ends: Outcome,
    /// The end where a lost answer cannot be told from one that never came.
    ends_if_never_repeated: Outcome,
    says: &'static str,
}

fn cases() -> Vec<Case> {
    let status = |code, retry_after| Kind::Status { code, retry_after };
    let case = |name, kind, ends, ends_if_never_repeated, says| Case {
        name,
        kind,
        ends,
        ends_if_never_repeated,
        says,
    };
    let refused = |name, kind, says| case(name, kind, Outcome::Refused, Outcome::Refused, says);
    let lost = |name, kind, says| case(name, kind, Outcome::Refused, Outcome::Stopped, says);
    let made = |name, kind| case(name, kind, Outcome::Done, Outcome::Done, "");
    vec![
        lost("timeout", Kind::Timeout, "did not answer in time"),
        lost("reset", Kind::Reset, "not sent a second time"),
        lost("500", status(500, None), "500"),
        lost("503", status(503, Some(3)), "503"),
        refused("401", status(401, None), "refused the token"),
        refused("403", status(403, None), "may not"),
        refused("404", status(404, None), "does not find"),
        refused("409", status(409, None), "409"),
        refused("422", status(422, None), "422"),
        refused("429", status(429, Some(30)), "asks to slow down"),
        made("answer lost after the change", Kind::LostAnswer),
        made("truncated answer", Kind::CutBody),
        made("malformed answer", Kind::MalformedJson),
    ]
}

/// A short limit where a request never ends: it costs that much in real time.
async fn stage(scenario: &str, kind: &Kind) -> Rig {
    let limit = if *kind == Kind::Timeout { 2 } else { 30 };
    let scenario = Scenario::built_in(scenario).unwrap();
    let rig = Rig::of(scenario, Duration::from_secs(limit)).await;
    while rig.sim.advance_to_next().is_some() {}
    rig
}

async fn each_fault(scenario: &str, intent: Intent, path: &str, is_never_repeated: bool) {
    // What changes nothing leaves the world as the next case needs it.
    let mut kept: Option<Rig> = None;
    for case in cases() {
        let expected = if is_never_repeated {
            case.ends_if_never_repeated
        } else {
            case.ends
        };
        let mut rig = match kept.take() {
            Some(rig) if case.kind != Kind::Timeout => rig,
            _ => stage(scenario, &case.kind).await,
        };
        // Two plans of the same moment would be one.
        rig.pass(Duration::from_secs(1)).await;
        let plan = planned(&mut rig, intent.clone()).await.unwrap();
        let fault = Fault::new(Service::Github, case.kind.clone());
        rig.sim.faults().add(fault.on(path).only("POST"));
        let mark = rig.sim.requests().mark();
        let ended = carried_out(&mut rig, plan.phrase.as_deref()).await;
        let (name, why) = (case.name, &ended.why);
        assert_eq!(ended.outcome, Some(expected), "{name}: {why}");
        assert!(why.contains(case.says), "{name}: {why}");
        assert!(!why.contains("asked again by itself"), "{name}: {why}");
        assert!(!why.contains(gonogo::sim::TOKEN), "{name}");
        let sent = changes(&rig, mark);
        assert_eq!(sent.len(), 1, "{name}: {sent:?}");
        // What the world says of it: changed where it is said to be done, and nowhere else.
        let is_changed = !rig.sim.changes().is_empty();
        assert_eq!(is_changed, expected == Outcome::Done, "{name}");
        rig.sim.faults().clear();
        kept = (!is_changed && case.kind != Kind::Timeout).then_some(rig);
    }
}

#[tokio::test]
async fn an_approval_that_fails() {
    each_fault("waiting-gate", approve(), "/pending_deployments", false).await;
}

#[tokio::test]
async fn a_re_run_that_fails() {
    each_fault(
        "failed-gate",
        rerun(What::Failed),
        "/rerun-failed-jobs",
        false,
    )
    .await;
}

#[tokio::test]
async fn a_cancellation_that_fails() {
    each_fault("waiting-gate", cancel(false), "/cancel", false).await;
}

#[tokio::test]
async fn a_start_that_fails() {
    each_fault("waiting-gate", dispatch("release.yml"), "/dispatches", true).await;
}

/// A look that fails before anything was sent: nothing is sent.
#[tokio::test]
async fn what_cannot_be_looked_up_is_not_done() {
    for path in ["/pending_deployments", "/actions/runs/"] {
        let mut rig = ended("waiting-gate").await;
        let plan = planned(&mut rig, approve()).await.unwrap();
        let fault = Fault::status(Service::Github, 503).on(path).only("GET");
        rig.sim.faults().add(fault);
        let mark = rig.sim.requests().mark();
        let ended = carried_out(&mut rig, plan.phrase.as_deref()).await;
        assert_eq!(
            ended.outcome,
            Some(Outcome::Refused),
            "{path}: {}",
            ended.why
        );
        assert_eq!(changes(&rig, mark).len(), 0, "{path}");
    }
}

/// Sent, no answer, and no look shows whether it arrived: it is left half-way, for a person.
#[tokio::test]
async fn what_cannot_be_looked_up_afterwards_is_left_open() {
    let mut rig = ended("waiting-gate").await;
    let plan = planned(&mut rig, approve()).await.unwrap();
    let lost = Fault::new(Service::Github, Kind::LostAnswer);
    rig.sim
        .faults()
        .add(lost.on("/pending_deployments").only("POST"));
    let blind = Fault::status(Service::Github, 503).on("/approvals");
    let id = rig.sim.faults().add(blind.only("GET"));
    let mark = rig.sim.requests().mark();
    let ended = carried_out(&mut rig, plan.phrase.as_deref()).await;
    assert_eq!(ended.outcome, Some(Outcome::Stopped), "{}", ended.why);
    assert_eq!(changes(&rig, mark).len(), 1);
    // Looked up later it is found, and not sent again.
    rig.sim.faults().lift(id);
    let proof = Proof::Command(None);
    rig.engine
        .send(Message::Desk(DeskMessage::Resume(plan.id.clone(), proof)));
    let is_done = |model: &Model| {
        let ended = model.desk.ended.as_ref();
        ended.is_some_and(|ended| ended.outcome == Some(Outcome::Done))
    };
    rig.engine.wait_for(is_done).await.unwrap();
    assert_eq!(changes(&rig, mark).len(), 1);
}
