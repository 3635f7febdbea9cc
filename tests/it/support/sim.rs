//! The real engine on a simulator whose time is driven by the test.

use std::sync::Arc;
use std::time::Duration;

use gonogo::engine::runtime::Engine;
use gonogo::engine::{Message, Model};
use gonogo::net::Limits;
use gonogo::run::on_simulator;
use gonogo::sim::scenario::Scenario;
use gonogo::sim::{Sim, SimOptions};

pub struct Rig {
    pub sim: Sim,
    pub engine: Engine,
    _folder: tempfile::TempDir,
}

impl Rig {
    /// A scenario with time that stands still.
    pub async fn start(scenario: &str) -> Self {
        Self::of(
            Scenario::built_in(scenario).unwrap(),
            Duration::from_secs(30),
        )
        .await
    }

    /// The same, with a limit on each request in real time.
    pub async fn of(scenario: Scenario, limit: Duration) -> Self {
        Self::arranged(scenario, limit, |_| {}).await
    }

    /// The same, with something arranged before the engine takes its first look.
    pub async fn arranged(scenario: Scenario, limit: Duration, arrange: impl FnOnce(&Sim)) -> Self {
        let sim = Sim::start(SimOptions::new(scenario).driven())
            .await
            .unwrap();
        arrange(&sim);
        let folder = tempfile::tempdir().unwrap();
        let limits = Limits {
            connect: limit,
            read: limit,
            whole: limit,
            download: limit,
        };
        let (engine, ..) = on_simulator(&sim, folder.path(), limits).unwrap();
        Self {
            sim,
            engine,
            _folder: folder,
        }
    }

    /// Advances the world until it is in this phase.
    pub fn play_to(&self, phase: &str) {
        while self.sim.phase() != phase {
            assert!(
                self.sim.advance_to_next().is_some(),
                "the scenario never comes to {phase}"
            );
        }
    }

    /// Everything of interest looked at now.
    pub async fn settled(&mut self) -> Arc<Model> {
        self.engine.refreshed().await.expect("the engine runs")
    }

    /// Lets virtual time pass, and waits until the engine has done what that made due.
    pub async fn pass(&mut self, time: Duration) -> Arc<Model> {
        let now = self.sim.advance(time);
        self.engine.send(Message::Tick);
        self.engine
            .wait_for(|model| model.now >= now && model.in_flight.is_empty())
            .await
            .expect("the engine runs")
    }
}
