//! The job graph: parsed from workflow files, matched to a run's jobs.

mod assemble;
mod error;
mod matching;
mod matrix;
mod names;
mod parse;
mod shape;
mod status;
mod workflow;
mod yaml;

pub use assemble::{
    Body, Call, CalleeRef, Graph, Lookup, MAX_JOBS, MAX_LEVELS, Node, NodeId, assemble,
};
pub use error::{Fault, GraphError, Place};
pub use matching::{Matching, match_jobs};
pub use parse::parse;
pub use shape::{CriticalPath, Level, critical_path, expected_jobs};
pub use status::{NodeState, NodeStatus, UsualTimes, state_of, statuses};
pub use workflow::{JobKey, Leg, Matrix, Uses, UsesTarget, Workflow, WorkflowJob};
