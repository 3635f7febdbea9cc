//! What the watched release says its own image must be.

use serde::{Deserialize, Serialize};

use super::Recipe;
use crate::domain::ids::{Attempt, CommitSha, RunId};
use crate::domain::policy::Policy;

/// The facts of a run that evidence is compared with; empty for an image of which no run is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Expected {
    /// The commit that was released.
    pub commit: Option<CommitSha>,
    /// The run that built the image.
    pub run: Option<RunId>,
    /// The attempt that built it.
    pub attempt: Option<Attempt>,
    /// The ref that was built, where the run says for sure.
    pub git_ref: Option<String>,
}

impl Expected {
    /// The run as provenance names it: `ID-ATTEMPT`, or `ID` while the attempt is not known.
    pub fn invocation(&self) -> Option<String> {
        let run = self.run?;
        Some(match self.attempt {
            Some(attempt) => format!("{run}-{attempt}"),
            None => run.to_string(),
        })
    }
}

impl Recipe {
    /// What evidence of an image of this policy must say.
    pub fn of_policy(policy: &Policy, expected: &Expected) -> Self {
        let signature = &policy.signature;
        Self {
            repository: Some(policy.repo.to_string()),
            entry_point: Some(policy.pipeline.release_workflow.path()),
            commit: expected.commit.as_ref().map(ToString::to_string),
            run: expected.invocation(),
            git_ref: expected.git_ref.clone(),
            sbom_types: signature.sbom_types.clone(),
            ..Self::of(signature.issuer.clone(), signature.identity.clone())
        }
    }
}
