//! How each node of the graph stands, from the jobs matched to it; and how long jobs usually take.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::assemble::{Graph, Node, NodeId};
use super::matching::Matching;
use super::shape::expected_jobs;
use crate::domain::ids::JobId;
use crate::domain::run::{Conclusion, Job, Status};
use crate::domain::time::{Timestamp, since};

/// How a node stands, the least pressing first: a call or a matrix stands as the most pressing of its jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum NodeState {
    /// Its condition was false, or what it needs failed.
    Skipped,
    /// It did what it should.
    Done,
    /// GitHub has not made it yet.
    NotYet,
    /// It waits for a runner or a concurrency group.
    Queued,
    /// It runs.
    Running,
    /// A word that this version does not know.
    Unknown,
    /// A gate holds it.
    Waiting,
    /// Somebody or something cancelled it.
    Cancelled,
    /// It failed.
    Failed,
}

/// A node with its jobs counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeStatus {
    /// How it stands.
    pub state: NodeState,
    /// Jobs that have ended, here and below.
    pub done: usize,
    /// Jobs here and below, as many as are known.
    pub total: usize,
    /// When the first of them was made.
    pub created_at: Option<Timestamp>,
    /// When the first of them began.
    pub started_at: Option<Timestamp>,
    /// When the last of them ended, once all have.
    pub ended_at: Option<Timestamp>,
}

impl NodeStatus {
    /// How long it ran, up to `now` while it has not ended.
    pub fn ran_for(&self, now: Timestamp) -> Option<Duration> {
        let start = self.started_at?;
        Some(since(start, self.ended_at.unwrap_or(now)))
    }

    /// How long it has waited for a runner or for a person.
    pub fn waits_for(&self, now: Timestamp) -> Option<Duration> {
        let waits = matches!(self.state, NodeState::Queued | NodeState::Waiting);
        self.created_at.filter(|_| waits).map(|at| since(at, now))
    }
}

/// How a single job stands.
pub fn state_of(job: &Job) -> NodeState {
    match (&job.status, &job.conclusion) {
        (Status::Completed, Some(conclusion)) => match conclusion {
            Conclusion::Success | Conclusion::Neutral => NodeState::Done,
            Conclusion::Skipped => NodeState::Skipped,
            Conclusion::Cancelled | Conclusion::Stale => NodeState::Cancelled,
            Conclusion::Failure
            | Conclusion::TimedOut
            | Conclusion::ActionRequired
            | Conclusion::StartupFailure => NodeState::Failed,
            Conclusion::Other(_) => NodeState::Unknown,
        },
        (Status::Completed, None) | (Status::Other(_), _) => NodeState::Unknown,
        (Status::InProgress, _) => NodeState::Running,
        (Status::Waiting, _) => NodeState::Waiting,
        (Status::Queued | Status::Requested | Status::Pending, _) => NodeState::Queued,
    }
}

/// The status of every node of the graph.
pub fn statuses(graph: &Graph, matching: &Matching, jobs: &[Job]) -> BTreeMap<NodeId, NodeStatus> {
    let jobs: HashMap<JobId, &Job> = jobs.iter().map(|job| (job.id, job)).collect();
    let mut found = BTreeMap::new();
    for node in &graph.jobs {
        roll_up(node, matching, &jobs, &mut found);
    }
    found
}

fn roll_up<'j>(
    node: &Node,
    matching: &Matching,
    jobs: &HashMap<JobId, &'j Job>,
    found: &mut BTreeMap<NodeId, NodeStatus>,
) -> Vec<&'j Job> {
    let mut mine: Vec<&Job> = matching
        .jobs_of(&node.id)
        .iter()
        .filter_map(|id| jobs.get(id).copied())
        .collect();
    let called_itself = !mine.is_empty();
    let mut below_waits = false;
    for child in node.children() {
        let below = roll_up(child, matching, jobs, found);
        below_waits |= below.is_empty();
        mine.extend(below);
    }
    // A call that GitHub shows under its own name (skipped, or not opened yet) has no other jobs.
    let expected =
        if called_itself && node.call.is_some() && mine.len() == matching.jobs_of(&node.id).len() {
            mine.len()
        } else {
            expected_jobs(node).unwrap_or(0)
        };
    let status = count(&mine, expected.max(mine.len()).max(1), below_waits);
    found.insert(node.id.clone(), status);
    mine
}

fn count(jobs: &[&Job], total: usize, below_waits: bool) -> NodeStatus {
    let done = jobs.iter().filter(|job| job.is_over()).count();
    let worst = jobs.iter().map(|job| state_of(job)).max();
    let ended = done == total && !jobs.is_empty();
    let state = match worst {
        None => NodeState::NotYet,
        // Some jobs are done and others do not exist yet: it is under way, though nothing runs right now.
        Some(NodeState::Done) if !ended && below_waits => NodeState::Running,
        Some(state) => state,
    };
    let real = || {
        jobs.iter()
            .filter(|job| state_of(job) != NodeState::Skipped)
    };
    NodeStatus {
        state,
        done,
        total,
        created_at: real().filter_map(|job| job.created_at).min(),
        started_at: real()
            .filter(|job| job.is_over() || job.status == Status::InProgress)
            .filter_map(|job| job.started_at)
            .min(),
        ended_at: real()
            .filter_map(|job| job.completed_at)
            .max()
            .filter(|_| ended),
    }
}

/// How long jobs usually take: for each name, the median over the runs that went well.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UsualTimes(BTreeMap<String, Duration>);

impl UsualTimes {
    /// Learns from the jobs of earlier runs; only jobs that succeeded say how long one takes.
    pub fn learn<'j>(jobs: impl IntoIterator<Item = &'j Job>) -> Self {
        let mut seen: BTreeMap<String, Vec<Duration>> = BTreeMap::new();
        for job in jobs {
            if job.conclusion != Some(Conclusion::Success) {
                continue;
            }
            if let (Some(start), Some(end)) = (job.started_at, job.completed_at) {
                seen.entry(job.name.clone())
                    .or_default()
                    .push(since(start, end));
            }
        }
        let medians = seen.into_iter().filter_map(|(name, mut times)| {
            times.sort_unstable();
            let middle = times.len() / 2;
            let upper = *times.get(middle)?;
            // Of an even number the two in the middle share.
            let lower = if times.len().is_multiple_of(2) {
                middle.checked_sub(1).and_then(|n| times.get(n).copied())?
            } else {
                upper
            };
            Some((name, (lower + upper) / 2))
        });
        Self(medians.collect())
    }

    /// How long the job of that name usually takes.
    pub fn of(&self, name: &str) -> Option<Duration> {
        self.0.get(name).copied()
    }

    /// How long a node's own jobs usually take: the longest of them, for they run side by side.
    pub fn of_jobs<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Option<Duration> {
        names.into_iter().filter_map(|name| self.of(name)).max()
    }
}
