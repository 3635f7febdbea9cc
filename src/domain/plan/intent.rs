//! What a person wants to be done.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::PlanId;
use super::action::Debugging;
use crate::domain::digest::Digest;
use crate::domain::fact::ImageId;
use crate::domain::ids::RunId;

/// What is wanted, before anybody looked whether it can be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// Let what waits at gates go on.
    Approve {
        /// The run; `None`: the watched one, else its publish run.
        run: Option<RunId>,
        /// Names of the environments; empty: all that wait.
        environments: Vec<String>,
        /// What is written beside it; `None`: version, digest and the board's verdict.
        comment: Option<String>,
        /// Why, against a board that says no.
        reason: Option<String>,
    },
    /// End what waits at gates.
    Reject {
        /// The run; `None`: the watched one, else its publish run.
        run: Option<RunId>,
        /// Names of the environments; empty: all that wait.
        environments: Vec<String>,
        /// What is written beside it.
        comment: Option<String>,
    },
    /// Run something again.
    Rerun {
        /// The run; `None`: the watched one.
        run: Option<RunId>,
        /// How much of it.
        what: What,
        /// Whether with debug logs.
        debugging: Debugging,
        /// Why, although it builds the image again.
        reason: Option<String>,
    },
    /// Stop a run.
    Cancel {
        /// The run; `None`: the watched one.
        run: Option<RunId>,
        /// Without letting `always()` jobs run.
        force: bool,
    },
    /// Start a workflow by hand.
    Dispatch {
        /// File name of the workflow.
        workflow: String,
        /// Branch or tag; `None`: the default branch.
        git_ref: Option<String>,
        /// Its inputs.
        inputs: BTreeMap<String, String>,
    },
    /// Put the tested image under the release tags.
    Promote {
        /// Why, against a board that says no.
        reason: Option<String>,
    },
    /// Put the release tags back.
    RollBack {
        /// To what.
        to: Target,
    },
    /// Remove what a release that did not come to be left behind.
    CleanUp {
        /// Whether what older releases left is removed too.
        orphans: bool,
    },
    /// Take back what a plan did.
    Undo(PlanId),
}

/// How much of a run is wanted again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Every job.
    All,
    /// The failed ones and what depends on them.
    Failed,
    /// The job of this name, or of a unique prefix of one.
    Job(String),
}

/// What a roll-back goes back to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// What the tags pointed to before this release.
    Previous,
    /// This image.
    Digest(Digest),
    /// This image of one of several repositories.
    DigestOf(ImageId, Digest),
}

/// What kind of change something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Let a gate go.
    Approve,
    /// Reject at a gate.
    Reject,
    /// Run again.
    Rerun,
    /// Stop.
    Cancel,
    /// Start a workflow.
    Dispatch,
    /// Move the release tags to the tested image.
    Promote,
    /// Move them back.
    Rollback,
    /// Remove leftovers.
    Cleanup,
    /// Take a plan back.
    Undo,
}

impl Verb {
    /// Its name, as the command and the journal have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Rerun => "rerun",
            Self::Cancel => "cancel",
            Self::Dispatch => "dispatch",
            Self::Promote => "promote",
            Self::Rollback => "rollback",
            Self::Cleanup => "cleanup",
            Self::Undo => "undo",
        }
    }
}

impl Intent {
    /// What kind of change it is.
    pub fn verb(&self) -> Verb {
        match self {
            Self::Approve { .. } => Verb::Approve,
            Self::Reject { .. } => Verb::Reject,
            Self::Rerun { .. } => Verb::Rerun,
            Self::Cancel { .. } => Verb::Cancel,
            Self::Dispatch { .. } => Verb::Dispatch,
            Self::Promote { .. } => Verb::Promote,
            Self::RollBack { .. } => Verb::Rollback,
            Self::CleanUp { .. } => Verb::Cleanup,
            Self::Undo(_) => Verb::Undo,
        }
    }
}
