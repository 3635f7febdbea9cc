//! Every forgery is played as far as it goes by itself, and leaves the world that it promises.

use gonogo::sim::forgery::Forgery;
use gonogo::sim::scenario::Scenario;
use gonogo::sim::{Sim, SimOptions};

/// A scenario that was played as far as it goes by itself.
pub async fn played(name: &str) -> Sim {
    let scenario = Scenario::built_in(name).unwrap();
    let sim = Sim::start(SimOptions::new(scenario).driven())
        .await
        .unwrap();
    while sim.advance_to_next().is_some() {}
    sim
}

#[tokio::test]
async fn each_forgery_ends_as_it_says() {
    let mut wrong = Vec::new();
    for forgery in Forgery::all() {
        let sim = played(forgery.name()).await;
        let (expected, truth) = (sim.expected(), sim.truth());
        if expected != truth.state || !sim.troubles().is_empty() {
            wrong.push(format!(
                "{forgery:?}: {:?}\n expected {expected:?}\n is       {:?}",
                sim.troubles(),
                truth.state
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
