//! Plans by key, through the real engine and door on the simulator: what a person presses, and what the services see.

use std::time::Duration;

use gonogo::domain::journal::{Outcome, Record, State, StepState};
use gonogo::domain::plan::Intent;
use gonogo::engine::desk::Planning;
use gonogo::engine::{Message, Model};
use gonogo::sim::fault::{Fault, Kind};
use gonogo::sim::requests::{Mark, Record as Request, Service};
use gonogo::tui::sheet::Subject;
use gonogo::tui::update::{Input, UiEffect};

use crate::support::bench::Bench;
use crate::support::screen::Cockpit;
use crate::support::sim::Rig;

const REPOSITORY: &str = "acme/rocket";

/// A person before the cockpit, and the world behind it.
struct Seat {
    rig: Rig,
    bench: Bench,
    cockpit: Cockpit,
    mark: Mark,
}

impl Seat {
    /// Before a release in a phase; `None`: after its end.
    async fn at(scenario: &str, phase: Option<&str>) -> Self {
        let rig = Rig::arranged(
            gonogo::sim::scenario::Scenario::built_in(scenario).unwrap(),
            Duration::from_secs(30),
            |sim| {
                while phase.is_none_or(|phase| sim.phase() != phase) {
                    if sim.advance_to_next().is_none() {
                        break;
                    }
                }
            },
        );
        let mut rig = rig.await;
        let model = rig.settled().await;
        let bench = Bench {
            model: (*model).clone(),
        };
        let mut cockpit = Cockpit::open(&bench, 120, 36);
        cockpit.now = model.now;
        let mut seat = Self {
            mark: rig.sim.requests().mark(),
            rig,
            bench,
            cockpit,
        };
        seat.until("the journal is read", |model| model.desk.ledger.is_some())
            .await;
        seat
    }

    /// Presses keys; what they send goes to the engine.
    fn press(&mut self, keys: &str) -> Vec<UiEffect> {
        let effects = self.cockpit.press(&self.bench, keys);
        self.carry(&effects);
        effects
    }

    fn carry(&self, effects: &[UiEffect]) {
        for effect in effects {
            if let UiEffect::Send(message) = effect {
                self.rig.engine.send(message.clone());
            }
        }
    }

    /// Waits until the model is so, and shows it.
    async fn until(&mut self, what: &str, test: impl FnMut(&Model) -> bool) {
        let waited = self.rig.engine.wait_for(test);
        let model = tokio::time::timeout(Duration::from_secs(60), waited).await;
        let model = match model {
            Ok(model) => model.unwrap(),
            Err(error) => panic!("{error}, never: {what}\n{}", self.text()),
        };
        self.bench.model = (*model).clone();
        self.cockpit.now = self.bench.model.now;
        let effects = self.cockpit.send(&self.bench, Input::Model);
        self.carry(&effects);
    }

    /// Waits until what is wanted can be read, as a plan or as a refusal.
    async fn until_ready(&mut self) {
        let wanted = match self.cockpit.ui.sheet().map(|sheet| sheet.of.clone()) {
            Some(Subject::Wish(intent)) => intent,
            other => panic!("no plan is open: {other:?}\n{}", self.text()),
        };
        let is_ready = |model: &Model| matches!(&model.desk.planning, Planning::Ready { intent, .. } if *intent == wanted);
        self.until("the plan can be read", is_ready).await;
    }

    /// A release whose run was cancelled by hand before it promoted.
    async fn cancelled() -> Self {
        let mut seat = Self::at("waiting-gate", Some("gate")).await;
        seat.press("X");
        seat.until_ready().await;
        seat.press("tab enter");
        seat.until_ended().await;
        assert_eq!(seat.outcome(), Some(Outcome::Done), "{}", seat.text());
        seat.press("esc");
        seat.rig.settled().await;
        seat.until("the run has ended", |model| {
            model.plan_now(&Intent::Promote { reason: None }).is_ok()
        })
        .await;
        seat.mark = seat.rig.sim.requests().mark();
        seat
    }

    async fn until_ended(&mut self) {
        let is_over = |model: &Model| model.desk.ended.is_some() && model.desk.doing.is_none();
        self.until("the plan has ended", is_over).await;
    }

    fn text(&mut self) -> String {
        self.cockpit.text(&self.bench)
    }

    fn outcome(&self) -> Option<Outcome> {
        self.bench.model.desk.ended.as_ref()?.outcome
    }

    /// Requests that changed something since the test began.
    fn writes(&self) -> Vec<Request> {
        let all = self.rig.sim.requests().since(self.mark).into_iter();
        let is_write = |one: &Request| {
            let is_login = ["/token", "/users/login", "/graphql", "/auth/token"]
                .iter()
                .any(|path| one.target.contains(path));
            !matches!(one.method.as_str(), "GET" | "HEAD") && !is_login
        };
        all.filter(is_write).collect()
    }

    fn tag(&self, tag: &str) -> Option<String> {
        let digest = self.rig.sim.registry().resolve(REPOSITORY, tag);
        digest.map(|digest| digest.to_string())
    }
}

#[tokio::test]
async fn an_approval_by_keys_is_one_post_and_the_journal_tells_of_it() {
    let mut seat = Seat::at("waiting-gate", Some("gate")).await;
    assert!(seat.text().contains("a approve"), "{}", seat.text());
    seat.press("a");
    assert!(seat.text().contains("Nothing is changed by this"));
    seat.until_ready().await;
    let text = seat.text();
    for part in [
        "publish-docker / publish",
        "pending_deployments",
        "one-way",
        "cannot be undone",
        "GO  13 of 13 rules hold",
        "[ Cancel ]",
        "[ Approve ]",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(seat.writes().is_empty(), "{:?}", seat.writes());
    seat.press("tab enter enter enter");
    seat.until_ended().await;
    assert_eq!(seat.outcome(), Some(Outcome::Done), "{}", seat.text());
    let writes = seat.writes();
    assert_eq!(writes.len(), 1, "{writes:?}");
    assert_eq!(
        (writes[0].method.as_str(), writes[0].service),
        ("POST", Service::Github)
    );
    assert!(writes[0].target.ends_with("/pending_deployments"));
    let text = seat.text();
    assert!(text.contains("Done") && text.contains("verified"), "{text}");

    seat.press("esc J");
    let text = seat.text();
    for part in [
        "› journal",
        "Approve",
        "done",
        "confirmed",
        "step 1 is sent",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // What cannot be taken back is said, and not tried.
    seat.press("u");
    let text = seat.text();
    assert!(text.contains("cannot be taken back"), "{text}");
    assert_eq!(seat.writes().len(), 1);
}

#[tokio::test]
async fn what_is_put_away_sends_nothing() {
    let mut seat = Seat::at("waiting-gate", Some("gate")).await;
    for away in [
        "esc",
        "enter",
        "q",
        "tab shift-tab enter",
        "shift-tab esc esc",
    ] {
        for verb in ["a", "x"] {
            seat.press(verb);
            seat.until_ready().await;
            seat.press(away);
            assert!(seat.cockpit.ui.popups.is_empty(), "{verb} {away}");
            let is_idle = |model: &Model| model.desk.planning == Planning::Idle;
            seat.until("the plan is put away", is_idle).await;
        }
    }
    seat.press("a esc");
    seat.rig.settled().await;
    assert!(seat.writes().is_empty(), "{:?}", seat.writes());
    let ledger = seat.bench.model.desk.ledger.as_ref().unwrap();
    assert!(ledger.is_empty(), "nothing was written down either");
}

#[tokio::test]
async fn a_changed_comment_is_planned_anew_and_sent() {
    let mut seat = Seat::at("waiting-gate", Some("gate")).await;
    seat.press("a");
    seat.until_ready().await;
    seat.press("e ctrl-u l o o k s space g o o d");
    assert!(
        seat.text().contains("Comment: looks good"),
        "{}",
        seat.text()
    );
    let effects = seat.press("tab");
    assert_eq!(
        effects.len(),
        1,
        "another comment is another plan: {effects:?}"
    );
    seat.until_ready().await;
    assert!(seat.text().contains("\"looks good\""), "{}", seat.text());
    seat.press("tab enter");
    seat.until_ended().await;
    assert_eq!(seat.outcome(), Some(Outcome::Done), "{}", seat.text());
    assert_eq!(seat.writes().len(), 1);
    let entry = format!("{:?}", seat.bench.model.desk.ledger);
    assert!(entry.contains("looks good"));
}

#[tokio::test]
async fn a_wrong_version_does_nothing_the_right_one_promotes_and_undo_restores() {
    let mut seat = Seat::cancelled().await;
    let (latest, minor) = (seat.tag("latest"), seat.tag("1.6"));
    seat.press("P");
    seat.until_ready().await;
    let text = seat.text();
    for part in ["Type 1.6.9 to go on", "latest", "before", "after", "undo"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // A digit goes to the field by itself; Enter takes the word as it was typed.
    seat.press("1 . 6 . 8 enter");
    let is_said = |model: &Model| {
        matches!(
            &model.desk.planning,
            Planning::Ready {
                not_confirmed: Some(_),
                ..
            }
        )
    };
    seat.until("the wrong word is refused", is_said).await;
    let text = seat.text();
    assert!(text.contains("not 1.6.9: nothing was done"), "{text}");
    assert!(seat.writes().is_empty(), "{:?}", seat.writes());

    seat.press("1 . 6 . 9 enter");
    seat.until_ended().await;
    assert_eq!(seat.outcome(), Some(Outcome::Done), "{}", seat.text());
    let new = seat.tag("1.6.9");
    assert!(new.is_some() && seat.tag("latest") == new && seat.tag("1.6") == new);
    let text = seat.text();
    assert!(text.contains("u take it back"), "{text}");

    seat.press("u");
    seat.until_ready().await;
    let text = seat.text();
    assert!(text.contains("Take back"), "{text}");
    seat.press("1 . 6 . 9 enter");
    seat.until_ended().await;
    assert_eq!(seat.tag("1.6.9"), None);
    assert_eq!((seat.tag("latest"), seat.tag("1.6")), (latest, minor));
    let ledger = seat.bench.model.desk.ledger.clone().unwrap();
    let states: Vec<State> = ledger.newest_first().map(Record::state).collect();
    assert_eq!(states, [State::Done, State::Undone, State::Done]);
    seat.press("esc J");
    assert!(seat.text().contains("undone"), "{}", seat.text());
}

#[tokio::test]
async fn a_plan_is_followed_stopped_between_steps_and_gone_on_with() {
    let mut seat = Seat::cancelled().await;
    let slow = Fault::new(Service::Registry, Kind::Latency { ms: 700 }).only("PUT");
    let slow = seat.rig.sim.faults().add(slow);
    seat.press("P");
    seat.until_ready().await;
    seat.press("1 . 6 . 9 enter");
    let is_begun = |model: &Model| {
        let ledger = model.desk.ledger.as_ref().unwrap();
        let record = ledger.newest_first().next();
        record.is_some_and(|record| record.steps.contains(&StepState::Begun))
    };
    seat.until("the first step is sent", is_begun).await;
    let text = seat.text();
    for part in [
        "is being carried out",
        "sent, no answer yet",
        "ahead",
        "s stop",
    ] {
        assert!(text.to_lowercase().contains(part), "{part}: {text}");
    }
    // Hidden, it goes on, and the header says so with the key that brings it back.
    seat.press("esc");
    let text = seat.text();
    assert!(text.contains("promote 0/"), "{text}");
    // Leaving asks first, and staying is what Enter chooses.
    let effects = seat.press("q");
    assert!(effects.is_empty(), "{effects:?}");
    assert!(seat.text().contains("Stay, and let it go on"));
    let effects = seat.press("enter");
    assert!(effects.is_empty(), "{effects:?}");
    seat.press("p");
    assert!(seat.text().contains("sent, no answer yet"));
    seat.press("s");
    seat.until_ended().await;
    assert_eq!(seat.outcome(), Some(Outcome::Stopped), "{}", seat.text());
    assert!(seat.tag("1.6.9").is_some());
    assert_ne!(
        seat.tag("latest"),
        seat.tag("1.6.9"),
        "the last step was not begun"
    );
    seat.rig.sim.faults().lift(slow);

    let text = seat.text();
    assert!(
        text.contains("Stopped") && text.contains("c go on"),
        "{text}"
    );
    seat.press("esc");
    assert!(seat.text().contains("1 unfinished"), "{}", seat.text());
    seat.press("c");
    let text = seat.text();
    assert!(
        text.contains("Go on: Promote") && text.contains("Type 1.6.9"),
        "{text}"
    );
    seat.press("1 enter");
    let is_refused = |model: &Model| {
        model
            .desk
            .ended
            .as_ref()
            .is_some_and(|e| e.outcome.is_none())
    };
    seat.until("the wrong word is refused", is_refused).await;
    let text = seat.text();
    assert!(text.contains("not 1.6.9: nothing was done"), "{text}");
    seat.press("v 1 . 6 . 9 enter");
    let is_over = |model: &Model| {
        let ended = model.desk.ended.as_ref();
        ended.is_some_and(|ended| ended.outcome == Some(Outcome::Done))
    };
    seat.until("the rest is done", is_over).await;
    assert_eq!(seat.tag("latest"), seat.tag("1.6.9"));
    let puts = |tag: &str| {
        let tag = format!("/manifests/{tag}");
        let writes = seat.writes();
        writes
            .iter()
            .filter(|one| one.target.ends_with(&tag))
            .count()
    };
    assert_eq!(
        (puts("1.6.9"), puts("latest")),
        (1, 1),
        "nothing is sent twice"
    );
    assert!(!seat.text().contains("1 unfinished"), "{}", seat.text());
}

#[tokio::test]
async fn leaving_while_a_plan_runs_can_stop_it_first() {
    let mut seat = Seat::cancelled().await;
    let slow = Fault::new(Service::Registry, Kind::Latency { ms: 700 }).only("PUT");
    seat.rig.sim.faults().add(slow);
    seat.press("P");
    seat.until_ready().await;
    seat.press("1 . 6 . 9 enter");
    seat.until("the plan runs", |model| model.desk.doing.is_some())
        .await;
    let effects = seat.press("ctrl-c j enter");
    let is_quit = |effects: &[UiEffect]| effects.contains(&UiEffect::Quit);
    assert!(!is_quit(&effects), "{effects:?}");
    let model = seat.rig.engine.wait_for(|model| model.desk.doing.is_none());
    seat.bench.model = (*model.await.unwrap()).clone();
    let effects = seat.cockpit.send(&seat.bench, Input::Model);
    assert!(is_quit(&effects), "{effects:?}");
    assert_eq!(seat.outcome(), Some(Outcome::Stopped));
}

#[tokio::test]
async fn a_failed_run_is_run_again_by_key_and_a_workflow_is_started() {
    let mut seat = Seat::at("failed-gate", None).await;
    seat.press("r");
    seat.until_ready().await;
    let text = seat.text();
    assert!(text.contains("rerun-failed-jobs"), "{text}");
    seat.press("tab enter");
    seat.until_ended().await;
    let posts = seat.writes();
    assert_eq!(posts.len(), 1, "{posts:?}");
    assert_eq!(seat.outcome(), Some(Outcome::Done), "{}", seat.text());
    assert!(posts[0].target.ends_with("/rerun-failed-jobs"), "{posts:?}");

    seat.press("esc : d i s p enter");
    seat.press("r e l e a s e . y m l space x");
    seat.press("enter");
    assert!(seat.text().contains("write key=value"), "{}", seat.text());
    assert_eq!(seat.writes().len(), 1);
    seat.press("esc");
    assert!(matches!(seat.bench.model.desk.planning, Planning::Idle));
    seat.rig.engine.send(Message::Tick);
}
