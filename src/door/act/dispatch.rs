//! Starts a workflow.

use http::Method;
use serde_json::json;

use crate::domain::plan::Action;
use crate::domain::time::Timestamp;
use crate::door::write::{Answered, Change};
use crate::door::{Door, Sent};

pub(super) async fn send(door: &Door, action: &Action, now: Timestamp) -> Sent {
    let Action::Dispatch {
        workflow,
        git_ref,
        inputs,
    } = action
    else {
        return super::misled();
    };
    let mut body = json!({"ref": git_ref, "return_run_details": true});
    if !inputs.is_empty()
        && let Some(fields) = body.as_object_mut()
    {
        fields.insert("inputs".to_owned(), json!(inputs));
    }
    let change = Change {
        method: Method::POST,
        below: &["actions", "workflows", workflow, "dispatches"],
        body: Some(body),
        deed: "start",
        subject: format!("the workflow {workflow}"),
        rights: super::RUNNING,
    };
    match door.github.change(&change, now).await {
        // An older GitHub answers with nothing; then the listing tells which run it is.
        Answered::Accepted(said) => {
            let run = said
                .as_ref()
                .and_then(|said| said.get("workflow_run_id")?.as_u64());
            Sent::Accepted(run.map(|run| format!("run {run}")))
        }
        other => other.into(),
    }
}
