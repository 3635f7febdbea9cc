//! What earlier releases let one expect: how long each job usually takes, and which jobs decide the end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::graph::{self, CriticalPath, Graph, Matching, NodeId, UsualTimes};
use super::ids::{JobId, RunId};
use super::outlook::JobBrief;
use super::run::Job;
use super::snapshot::Snapshot;

/// What earlier runs and this run's graph let one expect.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Expectation {
    /// How long a job of each name usually takes.
    pub usual: Arc<UsualTimes>,
    /// The chain of jobs that decides when the run ends: real times where they are known, usual ones elsewhere.
    /// Waiting for a person is not in it.
    pub critical: CriticalPath,
    /// How long each node's own jobs usually take.
    by_node: Arc<BTreeMap<NodeId, Duration>>,
    /// The runs that were learned from, with how many jobs each had: learned again when they change.
    learned: Vec<(RunId, usize)>,
}

impl Expectation {
    /// Learns from the runs beside `run`, or keeps what was learned of the same runs and the same graph.
    pub(super) fn of(
        snapshot: &Snapshot,
        run: RunId,
        graph: Option<&Arc<Graph>>,
        before: &Self,
        same_graph: bool,
    ) -> Self {
        let earlier: Vec<(RunId, &[Job])> = snapshot
            .runs
            .value()
            .into_iter()
            .flatten()
            .filter(|other| other.id != run && other.is_over())
            .filter_map(|other| {
                let jobs = snapshot.record(other.id)?.jobs.value()?;
                Some((other.id, jobs.as_slice()))
            })
            .collect();
        let learned: Vec<(RunId, usize)> =
            earlier.iter().map(|(id, jobs)| (*id, jobs.len())).collect();
        if same_graph && learned == before.learned {
            return before.clone();
        }
        let usual = UsualTimes::learn(earlier.iter().flat_map(|(_, jobs)| *jobs));
        let by_node = graph.map_or_else(BTreeMap::new, |graph| by_node(graph, &earlier, &usual));
        Self {
            usual: Arc::new(usual),
            critical: CriticalPath::default(),
            by_node: Arc::new(by_node),
            learned,
        }
    }

    /// Finds the deciding chain for the run's jobs as they stand.
    pub(super) fn decide(
        &mut self,
        graph: &Graph,
        matching: &Matching,
        jobs: &BTreeMap<JobId, JobBrief>,
    ) {
        let took = |node: &NodeId| -> Option<Duration> {
            let own = matching.jobs_of(node).iter().filter_map(|id| jobs.get(id));
            let ended: Option<Vec<u64>> = own
                .map(|job| job.conclusion.as_ref().map(|_| job.seconds.unwrap_or(0)))
                .collect();
            ended?.into_iter().max().map(Duration::from_secs)
        };
        self.critical = graph::critical_path(graph, &|node| {
            took(node).or_else(|| self.by_node.get(node).copied())
        });
    }
}

/// The usual time of each node: its jobs in earlier runs are found by this graph's names.
fn by_node(
    graph: &Graph,
    earlier: &[(RunId, &[Job])],
    usual: &UsualTimes,
) -> BTreeMap<NodeId, Duration> {
    let names: BTreeMap<JobId, &str> = earlier
        .iter()
        .flat_map(|(_, jobs)| jobs.iter())
        .map(|job| (job.id, job.name.as_str()))
        .collect();
    let mut found = BTreeMap::new();
    for (_, jobs) in earlier {
        let listed: Vec<(JobId, &str)> =
            jobs.iter().map(|job| (job.id, job.name.as_str())).collect();
        for (node, ids) in graph::match_jobs(graph, &listed).by_node {
            let known = ids.iter().filter_map(|id| names.get(id).copied());
            if let Some(time) = usual.of_jobs(known) {
                found.insert(node, time);
            }
        }
    }
    found
}
