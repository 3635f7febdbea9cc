//! Why a file is no workflow, and where.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A place in a file, both numbers from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

impl Place {
    /// The first character of a file.
    pub const START: Self = Self { line: 1, column: 1 };

    pub(crate) fn new(line: usize, column: usize) -> Self {
        let number = |n| u32::try_from(n).unwrap_or(u32::MAX).max(1);
        Self {
            line: number(line),
            column: number(column),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A file that is no workflow, or a call that GitHub refuses: printed as `file:line:column: why`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{place}: {fault}")]
pub struct GraphError {
    /// The file, as the caller named it.
    pub path: String,
    /// Where in the file.
    pub place: Place,
    /// Why.
    pub fault: Fault,
}

/// What is wrong with a workflow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The text is not YAML; the scanner says why.
    #[error("not YAML: {0}")]
    Yaml(String),
    /// Nothing in the file.
    #[error("the file is empty")]
    Empty,
    /// Larger than any real workflow.
    #[error("the file is too large for a workflow")]
    TooBig,
    /// Nested deeper than any real workflow.
    #[error("nested too deeply")]
    TooDeep,
    /// An alias inside the value that it stands for.
    #[error("an alias stands inside its own anchor")]
    Circular,
    /// A list or mapping as a key.
    #[error("a key must be text")]
    KeyNotText,
    /// The same key twice; GitHub compares without case.
    #[error("`{0}` is defined twice")]
    Twice(String),
    /// `<<`, which GitHub does not merge.
    #[error("`<<` is not a key: workflows know anchors, not merge keys")]
    MergeKey,
    /// A value of the wrong shape.
    #[error("{what} must be {shape}")]
    Shape {
        /// What has the wrong shape.
        what: String,
        /// What it should be.
        shape: &'static str,
    },
    /// No `jobs`.
    #[error("not a workflow: there is no `jobs`")]
    NoJobs,
    /// A key that cannot be a job's.
    #[error(
        "`{0}` cannot name a job: letters, digits, `_` and `-`, at most 99, not a digit or `-` first"
    )]
    JobKey(String),
    /// A job that neither runs nor calls.
    #[error("job `{0}` has neither `runs-on` nor `uses`")]
    NothingToDo(String),
    /// A job that both runs and calls.
    #[error("job `{0}` has both `uses` and `{1}`")]
    RunsAndCalls(String, &'static str),
    /// A `needs` that names nothing.
    #[error("job `{job}` needs `{need}`, which does not exist")]
    UnknownNeed {
        /// The job.
        job: String,
        /// What it names.
        need: String,
    },
    /// Jobs that wait for each other.
    #[error("job `{job}` needs `{need}`, which waits for `{job}`")]
    NeedsCycle {
        /// The job.
        job: String,
        /// What it names.
        need: String,
    },
    /// A `uses` that names no workflow.
    #[error(
        "`{0}` names no workflow: ./.github/workflows/FILE or OWNER/REPO/.github/workflows/FILE@REF"
    )]
    BadUses(String),
    /// A workflow that calls itself, directly or not.
    #[error("`{0}` is already being called: workflows call each other in a circle")]
    CallCycle(String),
    /// More levels than GitHub connects.
    #[error("`{0}` is more than {1} levels deep")]
    CallsTooDeep(String, usize),
    /// A workflow without `workflow_call`.
    #[error("`{0}` cannot be called: its `on` has no `workflow_call`")]
    NotCallable(String),
    /// More jobs than any run has.
    #[error("the workflow and all it calls have more than {0} jobs")]
    TooManyJobs(usize),
}

/// Text of a file cut for a message, without control characters.
pub(crate) fn clip(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(120).collect()
}
