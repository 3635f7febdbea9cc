//! Stops a run.

use http::Method;

use crate::domain::plan::{Action, CancelHow};
use crate::domain::time::Timestamp;
use crate::door::write::Change;
use crate::door::{Door, Sent};

pub(super) async fn send(door: &Door, action: &Action, now: Timestamp) -> Sent {
    let Action::Cancel { run, how, .. } = action else {
        return super::misled();
    };
    let verb = match how {
        CancelHow::Politely => "cancel",
        CancelHow::Forced => "force-cancel",
    };
    let change = Change {
        method: Method::POST,
        below: &["actions", "runs", &run.to_string(), verb],
        body: None,
        deed: "cancel",
        subject: format!("run {run}"),
        rights: super::RUNNING,
    };
    door.github.change(&change, now).await.into()
}
