//! One workflow file, typed: what its jobs are, need, call and wait for.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::error::Place;
use crate::domain::ids::RepoSlug;

/// The key of a job in its file, unique there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobKey(String);

impl JobKey {
    /// Takes a key by GitHub's rule: fewer than 100 of letters, digits, `_` and `-`, a letter or single `_` first.
    pub fn new(text: &str) -> Option<Self> {
        let first = text.chars().next()?;
        let fits = (first.is_ascii_alphabetic() || first == '_')
            && !text.starts_with("__")
            && text.len() < 100
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        fits.then(|| Self(text.to_owned()))
    }

    /// The key as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A workflow file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workflow {
    /// The file, as the caller named it.
    pub path: String,
    /// `name`, as written.
    pub name: Option<String>,
    /// Whether others may call it: `on` has `workflow_call`.
    pub callable: bool,
    /// Its jobs in file order.
    pub jobs: Vec<WorkflowJob>,
}

/// One job of a workflow file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowJob {
    /// Its key.
    pub key: JobKey,
    /// `name` as written, expressions and all; the run shows the key where there is none.
    pub name: Option<String>,
    /// The jobs that must end first, in file order.
    pub needs: Vec<JobKey>,
    /// `if` as written; never evaluated.
    pub condition: Option<String>,
    /// How often it runs.
    pub matrix: Matrix,
    /// The environment whose rules gate it, as written.
    pub environment: Option<String>,
    /// The workflow that it calls instead of running steps.
    pub uses: Option<Uses>,
    /// Where its key stands.
    pub place: Place,
}

/// How often a job runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Matrix {
    /// Once.
    None,
    /// Once for each leg, in GitHub's order.
    Legs(Vec<Leg>),
    /// An expression decides while it runs.
    Dynamic,
}

impl Matrix {
    /// Whether there is a matrix at all.
    pub fn exists(&self) -> bool {
        !matches!(self, Self::None)
    }
}

/// One combination of a matrix: variable and value, in the order in which GitHub names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg(pub Vec<(String, String)>);

impl Leg {
    /// What GitHub writes behind the job's name: `(a, b)`.
    pub fn suffix(&self) -> String {
        let values: Vec<&str> = self.0.iter().map(|(_, v)| v.as_str()).collect();
        format!("({})", values.join(", "))
    }

    /// The value of one variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
    }
}

/// A call of another workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uses {
    /// As written in the file.
    pub written: String,
    /// Where the called workflow is, seen from the file that calls.
    pub target: UsesTarget,
    /// Where `uses` stands.
    pub place: Place,
}

/// Where a called workflow is, seen from the file that calls it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum UsesTarget {
    /// `./…` or `$/…`: the same repository at the same commit.
    Here(String),
    /// `OWNER/REPO/…@REF`.
    There {
        /// The repository.
        repo: RepoSlug,
        /// The file's path in it.
        path: String,
        /// A commit, tag or branch.
        reference: String,
    },
}
