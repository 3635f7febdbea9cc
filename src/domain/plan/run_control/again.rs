//! Which jobs run again when some do: they and all that depends on them.

use std::collections::BTreeSet;

use super::shape::{Shape, is_within};
use crate::domain::graph::{Level, Node, NodeId};
use crate::domain::ids::JobId;
use crate::domain::run::Job;

/// What runs again.
#[derive(Debug, Default)]
pub(super) struct Again {
    /// The jobs that were there before.
    pub(super) jobs: BTreeSet<JobId>,
    /// All names, in the run's order; what was not listed before comes last, by its keys.
    pub(super) names: Vec<String>,
}

/// What runs again when these jobs do; the error is the first job that is on no node of the graph.
pub(super) fn of<'j>(
    shape: &Shape<'_>,
    jobs: &'j [Job],
    roots: &BTreeSet<JobId>,
) -> Result<Again, &'j str> {
    let mut nodes = BTreeSet::new();
    for job in jobs.iter().filter(|job| roots.contains(&job.id)) {
        let node = shape.node_of(job.id).ok_or(job.name.as_str())?;
        nodes.insert(node.clone());
    }
    let mut follow = BTreeSet::new();
    spread(&shape.graph.jobs, &nodes, &mut follow);
    let runs = |job: &&Job| {
        let follows = || {
            shape
                .node_of(job.id)
                .is_some_and(|node| follow.contains(node))
        };
        roots.contains(&job.id) || follows()
    };
    let listed: Vec<&Job> = jobs.iter().filter(runs).collect();
    let mut names: Vec<String> = listed.iter().map(|job| job.name.clone()).collect();
    // A call that was skipped stands in the run as one job under its own name, for all below it.
    let is_listed = |id: &NodeId| {
        let mut around = shape.graph.nodes().into_iter();
        around.any(|node| is_within(id, &node.id) && shape.has_jobs(&node.id))
    };
    let leaves = shape.graph.nodes().into_iter();
    let unlisted = leaves
        .filter(|node| node.children().is_empty() && follow.contains(&node.id))
        .filter(|node| !is_listed(&node.id));
    names.extend(unlisted.map(|node| node.id.to_string()));
    Ok(Again {
        jobs: listed.iter().map(|job| job.id).collect(),
        names,
    })
}

/// Adds whatever waits for one of these nodes, with all below it. Says whether one of them is here.
fn spread(level: &[Node], roots: &BTreeSet<NodeId>, follow: &mut BTreeSet<NodeId>) -> bool {
    let touched: Vec<&Node> = level
        .iter()
        .filter(|node| {
            let below = spread(node.children(), roots, follow);
            below || roots.contains(&node.id)
        })
        .collect();
    let order = Level::new(level);
    for node in level {
        if touched.iter().any(|one| order.feeds(&one.key, &node.key)) {
            add_all(node, follow);
        }
    }
    !touched.is_empty()
}

fn add_all(node: &Node, follow: &mut BTreeSet<NodeId>) {
    follow.insert(node.id.clone());
    for child in node.children() {
        add_all(child, follow);
    }
}
