//! What a step does to the outside world.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::digest::Digest;
use crate::domain::fact::ImageId;
use crate::domain::ids::{Attempt, EnvironmentId, JobId, RunId};

/// One request that changes something, or the few that make one change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Reviews pending deployments of a run.
    Review {
        /// The run.
        run: RunId,
        /// The environments.
        gates: Vec<Gate>,
        /// The jobs that wait there and are let go, or ended.
        jobs: Vec<String>,
        /// What is decided.
        decision: Decision,
        /// What is written beside it.
        comment: String,
    },
    /// Runs something of a run again, as a new attempt.
    Rerun {
        /// The run.
        run: RunId,
        /// The attempt that ended.
        attempt: Attempt,
        /// How much of it.
        what: Rerun,
        /// The jobs that run again, dependants included.
        jobs: Vec<String>,
        /// Whether with debug logging.
        debugging: Debugging,
    },
    /// Cancels a run.
    Cancel {
        /// The run.
        run: RunId,
        /// The attempt that runs.
        attempt: Attempt,
        /// How.
        how: CancelHow,
    },
    /// Starts a workflow by hand.
    Dispatch {
        /// File name of the workflow.
        workflow: String,
        /// Branch or tag.
        git_ref: String,
        /// Its inputs.
        inputs: BTreeMap<String, String>,
    },
    /// Puts the exact bytes of a manifest under a tag.
    PutTag(Tagged),
    /// Brings an image with all that it is made of into another repository, under its digest.
    Copy {
        /// From where.
        from: ImageId,
        /// To where.
        to: ImageId,
        /// The image or index.
        digest: Digest,
    },
    /// Removes a tag, and nothing but the tag.
    DeleteTag {
        /// The tag and what it points to.
        #[serde(flatten)]
        tagged: Tagged,
        /// Every tag of the same digest that goes with this plan, this one included.
        ///
        /// Where a registry removes only whole digests, it is done only if no other tag has this one.
        together: Vec<String>,
    },
    /// Removes a manifest that has no tag: what hangs on an image by the referrers API.
    DeleteManifest {
        /// The repository.
        image: ImageId,
        /// The manifest.
        digest: Digest,
    },
    /// Puts the kept bytes of a manifest back under its digest, without a tag.
    PutManifest {
        /// The repository.
        image: ImageId,
        /// The manifest.
        digest: Digest,
    },
    /// Marks a GitHub Release, so that nobody takes it for one that is out.
    MarkRelease {
        /// The Release.
        id: u64,
        /// Its tag.
        tag: String,
        /// What it is marked as.
        mark: Mark,
    },
}

/// A tag of a repository and the manifest under it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tagged {
    /// The repository.
    pub image: ImageId,
    /// The tag.
    pub tag: String,
    /// The manifest.
    pub digest: Digest,
}

/// An environment at which a run waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Its id.
    pub id: EnvironmentId,
    /// Its name.
    pub name: String,
}

/// What is decided at a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It goes on.
    Approve,
    /// It ends here.
    Reject,
}

/// How much of a run runs again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rerun {
    /// Every job.
    All,
    /// The failed ones and what depends on them.
    Failed,
    /// One and what depends on it.
    Job {
        /// Its id in the attempt that ended.
        id: JobId,
        /// Its name.
        name: String,
    },
}

/// Whether a re-run logs what only people who look for a fault read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Debugging {
    /// As always.
    #[default]
    Off,
    /// With runner and step debug logs.
    On,
}

/// How a run is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelHow {
    /// Jobs that say `always()` still run.
    Politely,
    /// Nothing runs any more.
    Forced,
}

/// What a GitHub Release is marked as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Whether only those who may push see it.
    pub draft: bool,
    /// Whether it is told to be no full release.
    pub prerelease: bool,
}
