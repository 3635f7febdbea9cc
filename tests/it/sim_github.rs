//! The simulated GitHub, judged by its own contract and by real clients.

use std::time::Duration;

use gonogo::sim::scenario::Scenario;
use gonogo::sim::{Sim, SimOptions};

/// A simulator whose time stands still.
async fn driven(name: &str) -> Sim {
    let scenario = Scenario::built_in(name).unwrap();
    Sim::start(SimOptions::new(scenario).driven())
        .await
        .unwrap()
}

/// Plays a scenario until nothing more happens by itself.
fn play(sim: &Sim) -> Vec<String> {
    let mut phases = vec![sim.phase()];
    while sim.advance_to_next().is_some() {
        let phase = sim.phase();
        if phases.last() != Some(&phase) {
            phases.push(phase);
        }
    }
    phases
}

#[tokio::test]
async fn every_scenario_ends_as_it_expects() {
    for name in Scenario::names() {
        let sim = driven(name).await;
        let begin = sim.clock().now();
        let phases = play(&sim);
        assert_eq!(sim.troubles(), Vec::<String>::new(), "{name}");
        assert!(sim.finished(), "{name}");
        eprintln!(
            "{name}: {phases:?} {}",
            sim.clock().now().duration_since(begin)
        );
        assert_eq!(sim.truth().state, sim.expected(), "{name}");
    }
}
