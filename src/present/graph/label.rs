//! What is written at a node: its sign, its name, a count or a time.

use std::collections::{BTreeMap, BTreeSet};

use super::super::clean::clean;
use super::super::role::{Role, Sign};
use super::super::words;
use super::Charset;
use crate::domain::graph::{
    Graph, Matching, Matrix, Node, NodeId, NodeState, NodeStatus, expected_jobs, state_of,
};
use crate::domain::ids::JobId;
use crate::domain::run::Job;
use crate::domain::time::{Timestamp, since};

/// What is known beside the graph itself; without statuses the drawing is of a file and not of a run.
#[derive(Debug, Clone, Default)]
pub struct Facts<'a> {
    /// How each node stands.
    pub statuses: Option<&'a BTreeMap<NodeId, NodeStatus>>,
    /// Keys of jobs whose failure blocks nothing.
    pub advisory: BTreeSet<String>,
    /// The jobs of nodes that stand for several, from [`legs`]; without them a matrix cannot be opened.
    pub legs: Option<&'a BTreeMap<NodeId, Vec<LegRow>>>,
    /// The time now, for what still runs.
    pub now: Option<Timestamp>,
}

/// What is written at a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Its sign, where it has a state.
    pub sign: Option<Sign>,
    /// Its name, clean, uncut.
    pub name: String,
    /// A count or a word, at the right of the name.
    pub right: String,
    /// The columns that `right` may come to need: the drawing must not move when it grows.
    pub right_room: usize,
    /// How long it ran or waits.
    pub time: String,
    /// The columns that `time` may come to need.
    pub time_room: usize,
    /// The role of the time.
    pub time_role: Role,
}

/// One job of a node that stands for several: a leg of a matrix, or a job of a call whose file could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegRow {
    /// The job.
    pub job: JobId,
    /// Its name, without its callers'.
    pub name: String,
    /// Its sign.
    pub sign: Sign,
    /// How long it ran or waits.
    pub time: String,
}

/// Columns of the longest time that is usual, `12m 31s`.
const TIME_ROOM: usize = 7;
/// The same where a gate may hold the job, `waits 12m 31s`.
const WAIT_ROOM: usize = 13;

impl Label {
    /// The role of the name: a healthy screen is almost monochrome.
    pub fn name_role(&self) -> Role {
        match self.sign {
            Some(Sign::Failed) => Role::Bad,
            Some(Sign::Waits) => Role::Wait,
            Some(Sign::Queued | Sign::Skipped) => Role::Muted,
            _ => Role::Plain,
        }
    }

    /// The sign's character.
    pub(super) fn symbol(&self, charset: Charset) -> &'static str {
        match (self.sign, charset) {
            (Some(sign), Charset::Unicode) => sign.symbol(),
            (Some(sign), Charset::Ascii) => sign.ascii(),
            (None, Charset::Unicode) => "□",
            (None, Charset::Ascii) => "o",
        }
    }
}

/// The name as it reads best: the key where `name` is made by the run.
fn title(node: &Node) -> &str {
    match node.title() {
        name if name.contains("${{") => node.key.as_str(),
        name => name,
    }
}

/// Whether a gate may hold the node or something in it.
fn is_gated(node: &Node) -> bool {
    node.environment.is_some() || node.children().iter().any(is_gated)
}

/// The sign of a state; the failure of an advisory job is a warning.
fn sign(state: NodeState, advisory: bool) -> Sign {
    match state {
        NodeState::Failed if advisory => Sign::Warning,
        NodeState::Failed => Sign::Failed,
        NodeState::Skipped => Sign::Skipped,
        NodeState::Done => Sign::Done,
        NodeState::NotYet | NodeState::Queued => Sign::Queued,
        NodeState::Running => Sign::Running,
        NodeState::Unknown => Sign::Unknown,
        NodeState::Waiting => Sign::Waits,
        NodeState::Cancelled => Sign::Cancelled,
    }
}

/// Writes the label of a node.
pub fn label(node: &Node, facts: &Facts<'_>) -> Label {
    let status = facts.statuses.and_then(|all| all.get(&node.id));
    let advisory = facts.advisory.contains(node.key.as_str());
    let sign = status.map(|status| sign(status.state, advisory));
    let group = node.call.is_some() || node.matrix.exists();
    let total = status.map_or_else(|| expected_jobs(node).unwrap_or(0), |s| s.total);
    let count = match status {
        _ if !group || total <= 1 => String::new(),
        Some(status) => format!("{}/{total}", status.done),
        None => format!("×{total}"),
    };
    let mut room = if group && total > 1 {
        format!("{total}/{total}").len()
    } else {
        0
    };
    let mut right = count;
    if facts.statuses.is_none() && right.is_empty() && node.matrix == Matrix::Dynamic {
        "×?".clone_into(&mut right);
    }
    if advisory {
        room = room.max("advisory".len());
        if sign == Some(Sign::Warning) || right.is_empty() {
            "advisory".clone_into(&mut right);
        }
    }
    let (time, time_role) = time(node, status, facts);
    let time_room = match facts.statuses {
        None => 0,
        Some(_) if is_gated(node) => WAIT_ROOM,
        Some(_) => TIME_ROOM,
    };
    Label {
        sign,
        name: clean(title(node)),
        right_room: room.max(words::width(&right)),
        right,
        time_room: time_room.max(words::width(&time)),
        time,
        time_role,
    }
}

fn time(node: &Node, status: Option<&NodeStatus>, facts: &Facts<'_>) -> (String, Role) {
    let Some(status) = status else {
        // Of a file: what gates the job stands where a run has its time.
        let gate = node.environment.as_deref();
        let gate = gate.map(|name| format!("{} {}", Sign::Waits.symbol(), clean(name)));
        return (gate.unwrap_or_default(), Role::Wait);
    };
    // A run that is over needs no clock.
    let now = facts.now.or(status.ended_at);
    let span = now.and_then(|now| match status.state {
        NodeState::Waiting | NodeState::Queued => status.waits_for(now),
        NodeState::NotYet | NodeState::Skipped => None,
        _ => status.ran_for(now),
    });
    let Some(span) = span else {
        return (String::new(), Role::Muted);
    };
    match status.state {
        NodeState::Waiting => (format!("waits {}", words::duration(span)), Role::Wait),
        _ => (words::duration(span), Role::Muted),
    }
}

/// The jobs of every node that stands for several, in the run's order.
pub fn legs(
    graph: &Graph,
    matching: &Matching,
    jobs: &[Job],
    facts: &Facts<'_>,
) -> BTreeMap<NodeId, Vec<LegRow>> {
    let of: BTreeMap<JobId, &Job> = jobs.iter().map(|job| (job.id, job)).collect();
    let mut found = BTreeMap::new();
    for node in graph.nodes() {
        let ids = matching.jobs_of(&node.id);
        if ids.len() < 2 || !node.children().is_empty() {
            continue;
        }
        let advisory = facts.advisory.contains(node.key.as_str());
        let rows = ids.iter().filter_map(|id| {
            let job = of.get(id)?;
            Some(LegRow {
                job: *id,
                name: clean(job.name.rsplit(" / ").next().unwrap_or(&job.name)),
                sign: sign(state_of(job), advisory),
                time: leg_time(job, facts.now),
            })
        });
        found.insert(node.id.clone(), rows.collect());
    }
    found
}

fn leg_time(job: &Job, now: Option<Timestamp>) -> String {
    let Some(now) = now.or(job.completed_at) else {
        return String::new();
    };
    let waits = matches!(state_of(job), NodeState::Waiting | NodeState::Queued);
    let waited = job.created_at.filter(|_| waits).map(|at| since(at, now));
    let span = job.ran_for(now).or(waited);
    span.map(words::duration).unwrap_or_default()
}

impl LegRow {
    /// Its label, as if it were a node.
    pub(super) fn label(&self) -> Label {
        Label {
            sign: Some(self.sign),
            name: self.name.clone(),
            right: String::new(),
            right_room: 0,
            time_room: TIME_ROOM.max(words::width(&self.time)),
            time: self.time.clone(),
            time_role: Role::Muted,
        }
    }
}
