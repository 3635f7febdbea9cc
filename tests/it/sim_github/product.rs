//! What the product itself asks, while it watches whole releases, is what GitHub's description allows.

use std::collections::BTreeSet;

use gonogo::sim::requests::Service;

use crate::support::contract::contract;
use crate::support::sim::Rig;

#[tokio::test(flavor = "multi_thread")]
async fn every_request_of_the_product_is_as_described() {
    let Some(contract) = contract() else {
        return;
    };
    let mut places = BTreeSet::new();
    let moments = [
        (
            "happy",
            vec!["gates", "prerelease", "gate", "promote", "publish", "end"],
        ),
        ("failed-gate", vec!["end"]),
        ("idle", vec!["idle"]),
    ];
    for (name, phases) in moments {
        let mut rig = Rig::start(name).await;
        for phase in phases {
            rig.play_to(phase);
            rig.settled().await;
        }
        let records = rig.sim.requests().all();
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
