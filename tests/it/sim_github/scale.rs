//! The generated run that request budgets are measured on.

use std::time::Duration;

use gonogo::sim::scenario::Scenario;
use gonogo::sim::{Sim, SimOptions};

use super::Client;

#[tokio::test]
async fn the_listing_of_a_generated_run_changes_once_each_ten_seconds() {
    let scenario = Scenario::scale(100).unwrap();
    let sim = Sim::start(SimOptions::new(scenario).driven())
        .await
        .unwrap();
    let client = Client::new(&sim);
    let path = format!(
        "/repos/acme/rocket/actions/runs/{}/jobs?per_page=100",
        sim.truth().run_id
    );
    let mut tags = Vec::new();
    for _ in 0..120 {
        sim.advance(Duration::from_secs(5));
        let answer = client.get(&path).await;
        tags.push(answer.headers()["etag"].to_str().unwrap().to_owned());
    }
    tags.dedup();
    // One at the start, then one for each ten seconds.
    assert_eq!(tags.len(), 61, "changes in ten minutes");
    let minutes = |sim: &Sim| sim.clock().now().as_second() / 60;
    let begin = minutes(&sim);
    while sim.advance_to_next().is_some() {}
    assert!(minutes(&sim) - begin > 50);
    let run = client
        .json(&format!(
            "/repos/acme/rocket/actions/runs/{}",
            sim.truth().run_id
        ))
        .await;
    assert_eq!(run["conclusion"], "success");
}
