//! Any bytes as GitHub's answer to each question: refused, or turned into facts.
#![no_main]

use gonogo::domain::ids::RunId;
use gonogo::sources::github::{convert, wire};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(page) = serde_json::from_slice::<wire::RunPage>(bytes) {
        let sent = page.workflow_runs.sent();
        let runs = page
            .workflow_runs
            .items
            .into_iter()
            .filter_map(convert::run);
        assert!(runs.count() <= sent);
    }
    if let Ok(run) = serde_json::from_slice(bytes) {
        let _ = convert::run(run);
    }
    if let Ok(page) = serde_json::from_slice::<wire::JobPage>(bytes) {
        for job in page.jobs.items {
            let _ = convert::job(job, RunId(1));
        }
    }
    if let Ok(list) = serde_json::from_slice::<wire::List<wire::Pending>>(bytes) {
        list.items.into_iter().map(convert::pending).for_each(drop);
    }
    if let Ok(list) = serde_json::from_slice::<wire::List<wire::Approval>>(bytes) {
        list.items.into_iter().map(convert::approval).for_each(drop);
    }
    if let Ok(environment) = serde_json::from_slice(bytes) {
        let _ = convert::environment(environment);
    }
    if let Ok(list) = serde_json::from_slice::<wire::List<wire::Release>>(bytes) {
        list.items.into_iter().map(convert::release).for_each(drop);
    }
    if let Ok(pointer) = serde_json::from_slice(bytes) {
        let _ = convert::pointer(&pointer);
    }
});
