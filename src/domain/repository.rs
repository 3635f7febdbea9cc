//! The repository itself and its workflows, as far as a person can start them.

use serde::{Deserialize, Serialize};

/// The repository that is released, seen with the viewer's credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// The branch that is meant where none is named.
    pub default_branch: String,
    /// Nothing of it can be changed any more.
    pub archived: bool,
    /// Whether the viewer may push, where GitHub says: who may can run, cancel and start workflows.
    pub viewer_may_push: Option<bool>,
}

/// A workflow of the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowEntry {
    /// Its display name.
    pub name: String,
    /// Its file, `.github/workflows/release.yml`.
    pub path: String,
    /// Whether it runs.
    pub state: WorkflowState,
}

impl WorkflowEntry {
    /// The file's name, `release.yml`.
    pub fn file(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// Whether a workflow runs, and if not, why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkflowState {
    /// It runs.
    Active,
    /// Its file was removed.
    Deleted,
    /// It is off because this is a fork.
    DisabledFork,
    /// GitHub switched it off for want of activity.
    DisabledInactivity,
    /// Somebody switched it off.
    DisabledManually,
    /// A word this version does not know.
    #[serde(untagged)]
    Other(String),
}

impl WorkflowState {
    /// Why it does not run, in a few words; `None` where it does.
    pub fn obstacle(&self) -> Option<String> {
        Some(match self {
            Self::Active => return None,
            Self::Deleted => "its file was removed".to_owned(),
            Self::DisabledFork => "it is switched off because this is a fork".to_owned(),
            Self::DisabledInactivity => {
                "GitHub switched it off because nothing happened for long".to_owned()
            }
            Self::DisabledManually => "somebody switched it off".to_owned(),
            Self::Other(word) => format!("GitHub calls its state `{word}`"),
        })
    }
}
