//! When each job waited and ran, as bars on one scale.

use std::collections::BTreeMap;

use super::super::clean::clean;
use super::super::role::Role;
use super::super::words;
use super::{Charset, Facts, Segment};
use crate::domain::graph::{Graph, Level, Node, NodeId, NodeState, NodeStatus};
use crate::domain::time::{Timestamp, since};

/// One bar of the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineRow {
    /// The name of the job, or of the jobs that share the bar.
    pub label: String,
    /// The nodes that the bar stands for.
    pub nodes: Vec<NodeId>,
    /// The bar, from the run's start.
    pub bar: Vec<Segment>,
}

/// Fewest jobs side by side that share one bar.
const SHARED: usize = 4;

/// The bars of the outermost jobs, `width` columns from the first job's start to `now` or the last job's end.
///
/// Many calls side by side share a bar: it is queued until the first of them runs and ends with the last.
pub fn timeline(
    graph: &Graph,
    facts: &Facts<'_>,
    charset: Charset,
    width: usize,
) -> Vec<TimelineRow> {
    let Some(statuses) = facts.statuses else {
        return Vec::new();
    };
    let of = |node: &Node| statuses.get(&node.id);
    let starts = graph
        .jobs
        .iter()
        .filter_map(of)
        .filter_map(|s| s.created_at.or(s.started_at));
    let Some(start) = starts.min() else {
        return Vec::new();
    };
    let over = graph.jobs.iter().filter_map(of).all(|s| s.done == s.total);
    let last = graph
        .jobs
        .iter()
        .filter_map(of)
        .filter_map(|s| s.ended_at)
        .max();
    let end = if over { last } else { facts.now.max(last) };
    let scale = Scale {
        start,
        end: end.unwrap_or(start),
        width,
    };
    rows(&graph.jobs)
        .into_iter()
        .filter_map(|nodes| {
            let bar = bar(&nodes, statuses, &scale, charset);
            (!bar.is_empty()).then(|| TimelineRow {
                label: name(&nodes),
                nodes: nodes.iter().map(|n| n.id.clone()).collect(),
                bar,
            })
        })
        .collect()
}

/// The jobs of each bar: calls that need the same jobs share one where they are many.
fn rows(jobs: &[Node]) -> Vec<Vec<&Node>> {
    let mut found: Vec<Vec<&Node>> = Vec::new();
    for job in Level::new(jobs).in_order() {
        let mate = |row: &&mut Vec<&Node>| {
            row.first()
                .is_some_and(|f| f.needs == job.needs && f.call.is_some() && job.call.is_some())
        };
        match found.iter_mut().find(mate) {
            Some(row) => row.push(job),
            None => found.push(vec![job]),
        }
    }
    found
        .into_iter()
        .flat_map(|row| {
            if row.len() >= SHARED {
                vec![row]
            } else {
                row.into_iter().map(|job| vec![job]).collect()
            }
        })
        .collect()
}

/// What the names have in common at their ends: `lint-gate`, `test-gate` are `gates`.
fn name(nodes: &[&Node]) -> String {
    let (Some(first), rest) = (nodes.first(), nodes.get(1..).unwrap_or_default()) else {
        return String::new();
    };
    if rest.is_empty() {
        return clean(first.title());
    }
    let last_word = |node: &Node| {
        node.key
            .as_str()
            .rsplit(['-', '_'])
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let word = last_word(first);
    if rest.iter().all(|node| last_word(node) == word) {
        format!("{word}s")
    } else {
        words::number_of(nodes.len(), "job")
    }
}

struct Scale {
    start: Timestamp,
    end: Timestamp,
    width: usize,
}

impl Scale {
    /// The column of a moment, from 0 to the width.
    fn column(&self, at: Timestamp) -> usize {
        let whole = since(self.start, self.end).as_millis().max(1);
        let part = since(self.start, at).as_millis().min(whole);
        let columns = part * u128::try_from(self.width).unwrap_or(0) / whole;
        usize::try_from(columns).unwrap_or(self.width)
    }
}

fn bar(
    nodes: &[&Node],
    statuses: &BTreeMap<NodeId, NodeStatus>,
    scale: &Scale,
    charset: Charset,
) -> Vec<Segment> {
    let known = || nodes.iter().filter_map(|n| statuses.get(&n.id));
    let Some(created) = known().filter_map(|s| s.created_at.or(s.started_at)).min() else {
        return Vec::new();
    };
    let worst = known().map(|s| s.state).max();
    let started = known().filter_map(|s| s.started_at).min();
    let ended = known()
        .all(|s| s.done == s.total)
        .then(|| known().filter_map(|s| s.ended_at).max());
    let end = ended.flatten().unwrap_or(scale.end);
    let (queue, run, wait) = match charset {
        Charset::Unicode => ('▒', '█', '░'),
        Charset::Ascii => (':', '#', '.'),
    };
    let from = scale.column(created);
    let middle = scale.column(started.unwrap_or(end)).max(from);
    // What took any time at all is seen.
    let to = scale
        .column(end)
        .max(middle + usize::from(started.is_some()))
        .min(scale.width.max(1));
    let middle = middle.min(to.saturating_sub(usize::from(started.is_some())));
    let waits = worst == Some(NodeState::Waiting) && started.is_none();
    let mut out = Vec::new();
    let mut push = |n: usize, c: char, role| {
        if n > 0 {
            out.push(Segment {
                text: std::iter::repeat_n(c, n).collect(),
                role,
            });
        }
    };
    let from = from.min(middle);
    push(from, ' ', Role::Plain);
    let (before, role) = if waits {
        (wait, Role::Wait)
    } else {
        (queue, Role::Muted)
    };
    push(middle - from, before, role);
    let role = match worst {
        Some(NodeState::Failed | NodeState::Cancelled) => Role::Bad,
        _ if ended.is_none() => Role::Active,
        _ => Role::Good,
    };
    push(to - middle, run, role);
    if waits {
        out.push(Segment {
            text: " waits for you".to_owned(),
            role: Role::Wait,
        });
    }
    out
}
