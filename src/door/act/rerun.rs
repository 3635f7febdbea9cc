//! Runs something again.

use http::Method;
use serde_json::json;

use crate::domain::plan::{Action, Debugging, Rerun};
use crate::domain::time::Timestamp;
use crate::door::write::Change;
use crate::door::{Door, Sent};

pub(super) async fn send(door: &Door, action: &Action, now: Timestamp) -> Sent {
    let Action::Rerun {
        run,
        what,
        debugging,
        ..
    } = action
    else {
        return super::misled();
    };
    let run = run.to_string();
    let (below, subject) = match what {
        Rerun::All => (vec!["actions", "runs", &run, "rerun"], format!("run {run}")),
        Rerun::Failed => (
            vec!["actions", "runs", &run, "rerun-failed-jobs"],
            format!("the failed jobs of run {run}"),
        ),
        Rerun::Job { id, name } => {
            let subject = format!("the job {name} of run {run}");
            return again(
                door,
                &["actions", "jobs", &id.to_string(), "rerun"],
                subject,
                *debugging,
                now,
            )
            .await;
        }
    };
    again(door, &below, subject, *debugging, now).await
}

async fn again(
    door: &Door,
    below: &[&str],
    subject: String,
    debugging: Debugging,
    now: Timestamp,
) -> Sent {
    let change = Change {
        method: Method::POST,
        below,
        body: Some(json!({"enable_debug_logging": debugging == Debugging::On})),
        deed: "re-run",
        subject,
        rights: super::RUNNING,
    };
    door.github.change(&change, now).await.into()
}
