//! Marks a GitHub Release.

use http::Method;
use serde_json::json;

use crate::domain::plan::Action;
use crate::domain::time::Timestamp;
use crate::door::write::Change;
use crate::door::{Door, Sent};

const RIGHTS: &str =
    "a fine-grained token with write access to Contents, or a classic one with the scope `repo`";

pub(super) async fn send(door: &Door, action: &Action, now: Timestamp) -> Sent {
    let Action::MarkRelease { id, tag, mark } = action else {
        return super::misled();
    };
    let change = Change {
        method: Method::PATCH,
        below: &["releases", &id.to_string()],
        body: Some(json!({"draft": mark.draft, "prerelease": mark.prerelease})),
        deed: "mark",
        subject: format!("the Release {tag}"),
        rights: RIGHTS,
    };
    door.github.change(&change, now).await.into()
}
