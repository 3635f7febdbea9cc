//! The job graph of a run with its jobs put on it: of the watched one as it is drawn, of another made here.

use std::borrow::Cow;

use crate::domain::fact::{Ask, WorkflowKey};
use crate::domain::graph::{self, Graph, Matching, Node, NodeId};
use crate::domain::ids::JobId;
use crate::domain::outlook;
use crate::domain::plan::Ground;
use crate::domain::release::role;
use crate::domain::run::{Job, Run};

/// The graph of a run, and which job is which node.
pub(super) struct Shape<'g> {
    pub(super) graph: Cow<'g, Graph>,
    matching: Cow<'g, Matching>,
}

impl<'g> Shape<'g> {
    /// The shape of a run; `None` where its workflow files are not known, or are none.
    pub(super) fn of(run: &Run, jobs: &[Job], ground: &Ground<'g>) -> Option<Self> {
        if ground.outlook.run == Some(run.id) {
            return Some(Self {
                graph: Cow::Borrowed(ground.outlook.graph.as_deref()?),
                matching: Cow::Borrowed(ground.outlook.matching.as_ref()),
            });
        }
        let graph = outlook::graph_of_run(ground.snapshot, ground.policy, run)?;
        let names: Vec<(JobId, &str)> =
            jobs.iter().map(|job| (job.id, job.name.as_str())).collect();
        let matching = graph::match_jobs(&graph, &names);
        Some(Self {
            graph: Cow::Owned(graph),
            matching: Cow::Owned(matching),
        })
    }

    /// The node of a job.
    pub(super) fn node_of(&self, job: JobId) -> Option<&NodeId> {
        self.matching.node_of(job)
    }

    /// Whether jobs stand on this node.
    pub(super) fn has_jobs(&self, id: &NodeId) -> bool {
        !self.matching.jobs_of(id).is_empty()
    }

    /// The calls and jobs that make the image: `build`, and the workflow that signs.
    pub(super) fn makes_the_image(&self, id: &NodeId, ground: &Ground<'_>) -> bool {
        let signer = ground.policy.pipeline.signer_workflow.path();
        let is_one = |node: &&Node| {
            let is_outermost = self.graph.jobs.iter().any(|job| job.id == node.id);
            let by_name =
                is_outermost && [role::BUILD, role::PRERELEASE].contains(&node.key.as_str());
            let calls = node.call.as_ref();
            by_name || calls.is_some_and(|call| call.callee.path == signer)
        };
        let makers = self.graph.nodes().into_iter().filter(is_one);
        makers.into_iter().any(|maker| is_within(id, &maker.id))
    }

    /// The display names of what runs whatever happens, as far as they are written plainly.
    pub(super) fn runs_whatever_happens(&self) -> Vec<String> {
        fn walk(nodes: &[Node], above: &str, found: &mut Vec<String>) {
            for node in nodes {
                let title = match above {
                    "" => node.title().to_owned(),
                    above => format!("{above} / {}", node.title()),
                };
                let condition = node.condition.as_deref().unwrap_or_default();
                if condition.contains("always()") {
                    found.push(title);
                } else {
                    walk(node.children(), &title, found);
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.graph.jobs, "", &mut found);
        found
    }
}

/// Whether a node is this one or below it.
pub(super) fn is_within(id: &NodeId, outer: &NodeId) -> bool {
    let rest = id.as_str().strip_prefix(outer.as_str());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(" / "))
}

/// The workflow files of a run that is not the watched one, whose graph nobody else asks for.
pub(super) fn files(run: &Run, ground: &Ground<'_>) -> Vec<Ask> {
    let root = WorkflowKey {
        repo: ground.policy.repo.clone(),
        path: run.path.clone(),
        sha: run.head_sha.clone(),
    };
    let called = run.referenced.iter().filter_map(WorkflowKey::of_called);
    std::iter::once(root)
        .chain(called)
        .map(Ask::Workflow)
        .collect()
}
