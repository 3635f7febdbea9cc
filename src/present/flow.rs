//! The watched run's job graph with how each job stands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::role::Sign;
use crate::domain::graph::{Graph, Matching, NodeId, NodeState, NodeStatus, statuses};
use crate::domain::outlook::Outlook;
use crate::domain::policy::Policy;
use crate::domain::run::Job;
use crate::domain::snapshot::Snapshot;

/// A run's graph, its jobs put on it, and their states.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flow {
    /// The graph, where the workflow files could be read.
    pub graph: Option<Arc<Graph>>,
    /// Which jobs belong to which node.
    pub matching: Arc<Matching>,
    /// How each node stands.
    pub statuses: BTreeMap<NodeId, NodeStatus>,
    /// Keys of jobs whose failure blocks nothing.
    pub advisory: BTreeSet<String>,
}

impl Flow {
    /// The graph of the watched run.
    pub fn of(snapshot: &Snapshot, policy: &Policy, outlook: &Outlook) -> Self {
        let jobs = outlook
            .run
            .and_then(|run| snapshot.record(run)?.jobs.value())
            .map_or(&[][..], Vec::as_slice);
        let statuses = outlook
            .graph
            .as_ref()
            .map(|graph| statuses(graph, &outlook.matching, jobs))
            .unwrap_or_default();
        Self {
            graph: outlook.graph.clone(),
            matching: Arc::clone(&outlook.matching),
            statuses,
            advisory: policy.pipeline.advisory_jobs.iter().cloned().collect(),
        }
    }

    /// The node that a person looks for first: what waits, else what failed, else what runs.
    pub fn hot(&self) -> Option<&NodeId> {
        let graph = self.graph.as_ref()?;
        let rank = |id: &NodeId| match self.statuses.get(id).map(|status| status.state) {
            Some(NodeState::Waiting) => 0,
            Some(NodeState::Failed) if !self.advisory.contains(id.as_str()) => 1,
            Some(NodeState::Running) => 2,
            _ => 3,
        };
        graph
            .jobs
            .iter()
            .map(|node| &node.id)
            .min_by_key(|id| rank(id))
            .filter(|id| rank(id) < 3)
            .or_else(|| graph.jobs.first().map(|node| &node.id))
    }

    /// The job to show for a node: of several, the one that needs a look first.
    pub fn job_of<'j>(&self, node: &NodeId, jobs: &'j [Job], policy: &Policy) -> Option<&'j Job> {
        let prefix = format!("{node} / ");
        let below = self
            .matching
            .by_node
            .iter()
            .filter(|(id, _)| *id == node || id.as_str().starts_with(&prefix))
            .flat_map(|(_, ids)| ids);
        below
            .filter_map(|id| jobs.iter().find(|job| job.id == *id))
            .min_by_key(|job| match super::job::sign(job, &policy.pipeline) {
                Sign::Waits => 0,
                Sign::Failed => 1,
                Sign::Warning => 2,
                Sign::Running => 3,
                Sign::Cancelled => 4,
                _ => 5,
            })
    }

    /// Jobs that have ended, and all jobs that are known.
    pub fn progress(jobs: &[Job]) -> (usize, usize) {
        (jobs.iter().filter(|job| job.is_over()).count(), jobs.len())
    }
}
