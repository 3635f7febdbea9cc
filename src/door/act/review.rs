//! Reviews pending deployments.

use http::Method;
use serde_json::json;

use crate::domain::plan::{Action, Decision};
use crate::domain::time::Timestamp;
use crate::door::write::Change;
use crate::door::{Door, Sent};

const RIGHTS: &str = "a fine-grained token with write access to Deployments, or a classic one with the scope `repo`, of a person who is a reviewer";

pub(super) async fn send(door: &Door, action: &Action, now: Timestamp) -> Sent {
    let Action::Review {
        run,
        gates,
        decision,
        comment,
        ..
    } = action
    else {
        return super::misled();
    };
    let ids: Vec<u64> = gates.iter().map(|gate| gate.id.0).collect();
    let (state, deed) = match decision {
        Decision::Approve => ("approved", "approve"),
        Decision::Reject => ("rejected", "reject"),
    };
    let change = Change {
        method: Method::POST,
        below: &["actions", "runs", &run.to_string(), "pending_deployments"],
        body: Some(json!({"environment_ids": ids, "state": state, "comment": comment})),
        deed,
        subject: format!("the gates of run {run}"),
        rights: RIGHTS,
    };
    door.github.change(&change, now).await.into()
}
