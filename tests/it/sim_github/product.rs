//! What the product itself asks, while it watches whole releases, is what GitHub's description allows.

use std::collections::BTreeSet;

use gonogo::net::Limits;
use gonogo::rehearse;
use gonogo::run::on_simulator;
use gonogo::sim::requests::Service;

use super::driven;
use crate::support::contract::contract;

#[tokio::test(flavor = "multi_thread")]
async fn every_request_of_the_product_is_as_described() {
    let Some(contract) = contract() else {
        return;
    };
    let mut places = BTreeSet::new();
    for name in ["happy", "failed-gate"] {
        let sim = driven(name).await;
        let folder = tempfile::tempdir().unwrap();
        let (mut engine, ..) = on_simulator(&sim, folder.path(), Limits::default()).unwrap();
        let mark = sim.requests().mark();
        let played = rehearse::play(&sim, &mut engine, |_| ()).await.unwrap();
        assert!(played.as_expected(), "{}", played.text());
        let records = sim.requests().since(mark);
        for record in records.iter().filter(|one| one.service == Service::Github) {
            let (path, query) = record
                .target
                .split_once('?')
                .unwrap_or((&record.target, ""));
            let query: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect();
            let wrong = contract.check_request(&record.method, path, &query, None);
            assert_eq!(wrong, Vec::<String>::new(), "{}", record.target);
            let operation = contract.operation(&record.method, path).unwrap();
            places.insert(operation.template.to_owned());
        }
    }
    let watched = "/repos/{owner}/{repo}/actions/runs/{run_id}/jobs";
    assert!(places.contains(watched), "{places:?}");
    assert!(places.len() > 8, "{places:?}");
}
