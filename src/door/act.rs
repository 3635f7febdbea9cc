//! One verb a file: each sends one change and says what came of it.

mod cancel;
mod copy;
mod delete_manifest;
mod delete_tag;
mod dispatch;
mod mark_release;
mod put_tag;
mod rerun;
mod review;
mod to_keep;

use super::write::Answered;
use super::{Door, Sent};
use crate::domain::plan::Action;
use crate::domain::time::Timestamp;

/// What a token needs to run, cancel and start workflows.
const RUNNING: &str =
    "a fine-grained token with write access to Actions, or a classic one with the scope `repo`";

/// An action of another kind was handed on: nothing is sent.
fn misled() -> Sent {
    Sent::Refused(crate::net::failure::plain(
        crate::domain::fact::FailureKind::Unexpected,
        "That action is of another kind.",
        "Nothing was changed.",
    ))
}

impl From<Answered> for Sent {
    fn from(answered: Answered) -> Self {
        match answered {
            Answered::Accepted(_) => Self::Accepted(None),
            Answered::Refused(failure) => Self::Refused(failure),
            Answered::Unknown(failure) => Self::Unknown(failure),
        }
    }
}

impl Door {
    /// Sends what an action asks for, once.
    pub(super) async fn send(&self, action: &Action, now: Timestamp) -> Sent {
        match action {
            Action::Review { .. } => review::send(self, action, now).await,
            Action::Rerun { .. } => rerun::send(self, action, now).await,
            Action::Cancel { .. } => cancel::send(self, action, now).await,
            Action::Dispatch { .. } => dispatch::send(self, action, now).await,
            Action::MarkRelease { .. } => mark_release::send(self, action, now).await,
            Action::PutTag(tagged) => put_tag::send(self, tagged, now).await,
            Action::Copy { from, to, digest } => copy::send(self, from, to, digest, now).await,
            Action::DeleteTag { tagged, together } => {
                delete_tag::send(self, tagged, together, now).await
            }
            Action::PutManifest { image, digest } => {
                put_tag::send_untagged(self, image, digest, now).await
            }
            Action::DeleteManifest { image, digest } => {
                delete_manifest::send(self, image, digest, now).await
            }
        }
    }
}
