//! A process that dies, at every request and every line of the journal: `resume` finishes, `undo` restores.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;

use gonogo::domain::journal::{Actor, Entry, Happening, SCHEMA, State};
use gonogo::domain::plan::{Intent, Plan, Proof, Target};
use gonogo::door::store::Store;
use gonogo::engine::desk::{DeskMessage, Planning};
use gonogo::engine::runtime::Engine;
use gonogo::engine::{Message, Model};
use gonogo::net::Limits;
use gonogo::run::on_simulator;
use gonogo::sim::scenario::Scenario;
use gonogo::sim::{Sim, SimOptions};

use crate::support::program::{gonogo, said};
use crate::support::toll::{Side, Toll};

const REPOSITORY: &str = "acme/rocket";
const VERSION: &str = "1.6.9";

/// What every tag of the repository points to.
type Tags = BTreeMap<String, gonogo::sim::oci::Digest>;

/// A release whose run has ended without promoting, behind gates that hold its requests.
struct World {
    sim: Sim,
    toll: Toll,
    config: String,
}

/// What is done after the process died.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Resume,
    Undo,
}

impl World {
    async fn start() -> Self {
        let scenario = Scenario::built_in("waiting-gate").unwrap();
        let sim = Sim::start(SimOptions::new(scenario).driven())
            .await
            .unwrap();
        while sim.advance_to_next().is_some() {}
        let toll = Toll::default();
        let mut config = sim.config_toml();
        let ends = sim.endpoints().clone();
        for end in [&ends.github, &ends.registry, &ends.hub] {
            let gate = toll.before(end).await;
            config = config.replace(end.as_str(), &gate);
        }
        Self { sim, toll, config }
    }

    /// The real engine on the simulator itself, without the gates.
    fn engine(&self, folder: &Path) -> Engine {
        on_simulator(&self.sim, folder, Limits::default())
            .unwrap()
            .0
    }

    /// Plans something and does it, and waits for its end.
    async fn done(&self, folder: &Path, intent: Intent) -> Arc<Plan> {
        let mut engine = self.engine(folder);
        let plan = planned(&mut engine, intent).await;
        let proof = Proof::Command(Some(VERSION.to_owned()));
        engine.send(Message::Desk(DeskMessage::Confirm(proof)));
        let is_over = |model: &Model| model.desk.ended.is_some();
        let model = engine.wait_for(is_over).await.unwrap();
        let ended = model.desk.ended.as_ref().unwrap();
        assert_eq!(
            ended.outcome,
            Some(gonogo::domain::journal::Outcome::Done),
            "{}",
            ended.why
        );
        plan
    }

    async fn plan(&self, folder: &Path, intent: Intent) -> Arc<Plan> {
        planned(&mut self.engine(folder), intent).await
    }

    fn tags(&self) -> Tags {
        let registry = self.sim.registry();
        let tags = registry.tags(REPOSITORY).into_iter();
        tags.map(|tag| {
            let digest = registry.resolve(REPOSITORY, &tag).unwrap();
            (tag, digest)
        })
        .collect()
    }

    /// Puts every tag where it was.
    fn reset(&self, tags: &Tags) {
        let registry = self.sim.registry();
        for tag in registry.tags(REPOSITORY) {
            if !tags.contains_key(&tag) {
                registry.delete_tag(REPOSITORY, &tag);
            }
        }
        for (tag, digest) in tags {
            registry.tag(REPOSITORY, tag, digest).unwrap();
        }
    }

    fn journal(&self, home: &Path, verb: &str, plan: &Plan) -> std::process::Command {
        let file = home.join("gates.toml");
        std::fs::write(&file, &self.config).unwrap();
        let mut command = gonogo(home);
        command
            .args([
                "journal",
                verb,
                plan.id.as_str(),
                "--yes",
                VERSION,
                "--config",
            ])
            .arg(file)
            .envs(self.sim.variables());
        command
    }

    /// Lets the plan run in a process of its own until the held request, kills it, and says how many lines it wrote;
    /// `None`: it came to its end before.
    async fn killed(&self, home: &Path, plan: &Plan, held: (usize, Side)) -> Option<usize> {
        self.toll.hold(Some(held));
        let mut command = self.journal(home, "resume", plan);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let ended = tokio::task::spawn_blocking(move || {
            let status = child.try_wait().unwrap();
            (child, status)
        });
        let (mut child, _) = ended.await.unwrap();
        let is_held = loop {
            tokio::select! {
                () = self.toll.reached() => break true,
                () = tokio::time::sleep(std::time::Duration::from_millis(5)) => {
                    if child.try_wait().unwrap().is_some() {
                        break false;
                    }
                }
            }
        };
        child.kill().unwrap();
        child.wait().unwrap();
        self.toll.hold(None);
        is_held.then(|| lines(home).len())
    }

    async fn run(&self, home: &Path, verb: &str, plan: &Plan) -> Output {
        let mut command = self.journal(home, verb, plan);
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }
}

async fn planned(engine: &mut Engine, intent: Intent) -> Arc<Plan> {
    engine.refreshed().await.unwrap();
    engine.send(Message::Desk(DeskMessage::Prepare(intent)));
    let is_made = |model: &Model| matches!(model.desk.planning, Planning::Ready { .. });
    let model = engine.wait_for(is_made).await.unwrap();
    let Planning::Ready { result, .. } = &model.desk.planning else {
        unreachable!()
    };
    result
        .clone()
        .unwrap_or_else(|refusal| panic!("{refusal:?}"))
}

/// A home whose journal says that this plan was confirmed and nothing more.
fn home_of(plan: &Plan) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let store = Store::new(&home.path().join("state/gonogo"));
    let content = Box::new(plan.clone());
    let how = Proof::Command(Some(VERSION.to_owned()));
    for what in [Happening::Planned { content }, Happening::Confirmed { how }] {
        store
            .append(&Entry {
                schema: SCHEMA,
                plan: plan.id.clone(),
                at: plan.made_at,
                by: Actor::default(),
                what,
            })
            .unwrap();
    }
    home
}

fn file(home: &Path) -> PathBuf {
    home.join("state/gonogo/journal/journal.jsonl")
}

fn lines(home: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file(home)).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// What the disk holds if the process died before the later lines were written, one of them perhaps in half.
fn cut(home: &Path, keep: usize, is_torn: bool) {
    let all = lines(home);
    let mut text = all[..keep].join("\n") + "\n";
    if is_torn && let Some(next) = all.get(keep) {
        text.push_str(&next[..next.len() / 2]);
    }
    std::fs::write(file(home), text).unwrap();
}

/// Kills the plan at every request, on both sides of the service, and at every line that it wrote in between.
async fn matrix(world: &World, plan: &Plan, former: &Tags, wanted: &Tags) -> usize {
    let mut trials = 0;
    for then in [Then::Resume, Then::Undo] {
        let mut written = 2;
        for number in 0.. {
            let mut is_over = false;
            for side in [Side::Before, Side::After] {
                world.reset(former);
                let home = home_of(plan);
                let Some(now) = world.killed(home.path(), plan, (number, side)).await else {
                    is_over = true;
                    break;
                };
                settle(
                    world,
                    home.path(),
                    plan,
                    then,
                    (former, wanted),
                    &format!("{side:?} {number}"),
                )
                .await;
                trials += 1;
                // What was written since the request before may have been written in part.
                for keep in written..now {
                    for is_torn in [false, true] {
                        world.reset(former);
                        let home = home_of(plan);
                        let again = world.killed(home.path(), plan, (number, side)).await;
                        assert_eq!(again, Some(now), "the same each time");
                        cut(home.path(), keep, is_torn);
                        let what = format!("{side:?} {number}, {keep} lines, torn: {is_torn}");
                        settle(world, home.path(), plan, then, (former, wanted), &what).await;
                        trials += 1;
                    }
                }
                written = now;
            }
            if is_over {
                break;
            }
        }
    }
    trials
}

/// Goes on or takes back, and looks at the world.
async fn settle(
    world: &World,
    home: &Path,
    plan: &Plan,
    then: Then,
    (former, wanted): (&Tags, &Tags),
    what: &str,
) {
    let (verb, expected) = match then {
        Then::Resume => ("resume", wanted),
        Then::Undo => ("undo", former),
    };
    let output = world.run(home, verb, plan).await;
    let told = said(&output);
    let found = world.tags();
    assert_eq!(&found, expected, "{then:?} after {what}: {told}");
    let store = Store::new(&home.join("state/gonogo"));
    let ledger = store.ledger().unwrap();
    let state = ledger.find(&plan.id).unwrap().state();
    match then {
        Then::Resume => {
            assert_eq!(
                output.status.code(),
                Some(0),
                "{then:?} after {what}: {told}"
            );
            assert_eq!(state, State::Done, "{what}");
        }
        Then::Undo if state == State::Undone => {
            assert_eq!(
                output.status.code(),
                Some(0),
                "{then:?} after {what}: {told}"
            );
        }
        // Nothing had been changed, and that is what it says.
        Then::Undo => {
            assert_eq!(
                output.status.code(),
                Some(1),
                "{then:?} after {what}: {told}"
            );
            assert!(told.contains("has changed nothing"), "{what}: {told}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promote_that_dies_is_finished_or_taken_back() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let cancel = Intent::Cancel {
        run: None,
        force: false,
    };
    world.done(folder.path(), cancel).await;
    let former = world.tags();
    let promote = Intent::Promote { reason: None };
    let plan = world.plan(folder.path(), promote.clone()).await;
    world.done(folder.path(), promote).await;
    let wanted = world.tags();
    assert_ne!(former, wanted);
    let trials = matrix(&world, &plan, &former, &wanted).await;
    assert!(trials > 50, "{trials}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_roll_back_that_dies_is_finished_or_taken_back() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let cancel = Intent::Cancel {
        run: None,
        force: false,
    };
    world.done(folder.path(), cancel).await;
    world
        .done(folder.path(), Intent::Promote { reason: None })
        .await;
    let former = world.tags();
    let back = Intent::RollBack {
        to: Target::Previous,
    };
    let plan = world.plan(folder.path(), back.clone()).await;
    world.done(folder.path(), back).await;
    let wanted = world.tags();
    assert_ne!(former, wanted);
    let trials = matrix(&world, &plan, &former, &wanted).await;
    assert!(trials > 50, "{trials}");
}
