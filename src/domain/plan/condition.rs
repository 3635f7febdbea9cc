//! What must hold before a step or holds after it, looked up at the live service and never in a snapshot.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::action::{Decision, Gate, Mark};
use crate::domain::digest::Digest;
use crate::domain::fact::ImageId;
use crate::domain::ids::{Attempt, RunId};

/// Something that can be looked up and holds or does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// A tag points to this manifest, or with `None` is not there.
    TagIs {
        /// The repository.
        image: ImageId,
        /// The tag.
        tag: String,
        /// The manifest.
        digest: Option<Digest>,
    },
    /// A tag gives exactly these bytes, and every manifest that they list is there.
    ///
    /// One GET and a HEAD for each child; the bytes are what later steps put under other tags.
    SourceIs {
        /// The repository.
        image: ImageId,
        /// The tag.
        tag: String,
        /// The image or index.
        digest: Digest,
    },
    /// A manifest is there, or its bytes are kept here; and every manifest that it lists is there.
    HasManifest {
        /// The repository.
        image: ImageId,
        /// The manifest.
        digest: Digest,
    },
    /// A manifest is not there.
    LacksManifest {
        /// The repository.
        image: ImageId,
        /// The manifest.
        digest: Digest,
    },
    /// No tag but these points to this manifest, nor to an index that lists it.
    OnlyTagsOf {
        /// The repository.
        image: ImageId,
        /// The manifest.
        digest: Digest,
        /// The tags that may.
        tags: Vec<String>,
    },
    /// A run waits at these gates in this attempt, for just these jobs, and the viewer may review them.
    GateWaits {
        /// The run.
        run: RunId,
        /// The attempt.
        attempt: Attempt,
        /// The environments.
        gates: Vec<Gate>,
        /// Every job of the run that waits, at these gates or others.
        jobs: Vec<String>,
    },
    /// The run's reviews hold at least this many of this kind.
    Reviewed {
        /// The run.
        run: RunId,
        /// Names of the environments.
        environments: Vec<String>,
        /// What was decided.
        decision: Decision,
        /// Login of who decided it.
        by: String,
        /// How many there are with this one.
        times: usize,
    },
    /// A run is at this attempt, in this state.
    RunIs {
        /// The run.
        run: RunId,
        /// The attempt.
        attempt: Attempt,
        /// The state.
        state: RunState,
    },
    /// A run has had an attempt of this number, started by this person.
    Reattempted {
        /// The run.
        run: RunId,
        /// The attempt.
        attempt: Attempt,
        /// Login of who started it.
        by: String,
    },
    /// An attempt of a run has ended, or nothing of it goes on but jobs that run whatever happens.
    Stopped {
        /// The run.
        run: RunId,
        /// The attempt.
        attempt: Attempt,
        /// Names of the jobs that run whatever happens; of a call, all below it.
        but: Vec<String>,
    },
    /// The run cannot promote any more: it, or its job that promotes, has ended.
    CannotPromote {
        /// The run.
        run: RunId,
    },
    /// The workflow can be started by hand: it is there and enabled.
    CanDispatch {
        /// File name of the workflow.
        workflow: String,
    },
    /// A run of this workflow exists that this person started by hand and that is none of these.
    RunStarted {
        /// File name of the workflow.
        workflow: String,
        /// Login of who started it.
        by: String,
        /// Runs that were there before.
        known: Vec<RunId>,
    },
    /// A GitHub Release is marked so.
    ReleaseIs {
        /// The Release.
        id: u64,
        /// Its tag.
        tag: String,
        /// Its marks.
        mark: Mark,
    },
}

impl Condition {
    /// How long it may take to be so after the service has accepted what brings it about.
    ///
    /// GitHub lists a run some seconds after it was started, and gives jobs time to end when they are cancelled.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(match self {
            Self::Stopped { .. } => 60,
            Self::RunStarted { .. } | Self::Reattempted { .. } => 20,
            _ => 4,
        })
    }
}

/// Whether a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// It has ended.
    Over,
    /// It has not ended.
    Going,
    /// Either.
    Any,
}
