//! What is written at a node: its sign, its name, a count or a time.

use std::collections::{BTreeMap, BTreeSet};

use super::super::clean::clean;
use super::super::role::{Role, Sign};
use super::super::words;
use super::Charset;
use crate::domain::graph::{Matrix, Node, NodeId, NodeState, NodeStatus, expected_jobs};
use crate::domain::time::Timestamp;

/// What is known beside the graph itself; without statuses the drawing is of a file and not of a run.
#[derive(Debug, Clone, Default)]
pub struct Facts<'a> {
    /// How each node stands.
    pub statuses: Option<&'a BTreeMap<NodeId, NodeStatus>>,
    /// Keys of jobs whose failure blocks nothing.
    pub advisory: BTreeSet<String>,
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
    /// The role of the time.
    pub time_role: Role,
}

/// Columns of the longest time that is usual, `12m 31s`.
pub(super) const TIME_ROOM: usize = 7;

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

/// The sign of a node; the failure of an advisory job is a warning.
fn sign(status: &NodeStatus, advisory: bool) -> Sign {
    match status.state {
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
    let sign = status.map(|status| sign(status, advisory));
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
    Label {
        sign,
        name: clean(node.title()),
        right_room: room.max(words::width(&right)),
        right,
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
