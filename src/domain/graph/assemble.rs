//! A workflow and all it calls as one graph.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::error::{Fault, GraphError, Place};
use super::workflow::{JobKey, Matrix, Uses, UsesTarget, Workflow};
use crate::domain::ids::RepoSlug;

/// Levels that GitHub connects: the caller and nine below it (its documentation since late 2025; before that, and on
/// GitHub Enterprise Server still, four).
pub const MAX_LEVELS: usize = 10;
/// Most jobs of one graph. A run of GitHub's has at most 256 legs a matrix and 50 called workflows.
pub const MAX_JOBS: usize = 5_000;

/// A job in the graph: the keys from the outermost workflow to it, joined with ` / `.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(String);

impl NodeId {
    /// The job `key` of the outermost workflow.
    pub fn top(key: &JobKey) -> Self {
        Self(key.to_string())
    }

    /// The job `key` of the workflow that this one calls.
    #[must_use]
    pub fn child(&self, key: &JobKey) -> Self {
        Self(format!("{} / {key}", self.0))
    }

    /// The whole path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A called workflow, resolved: which file of which repository.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CalleeRef {
    /// Repository and commit, tag or branch; `None` is the run's own at its own commit.
    pub origin: Option<(RepoSlug, String)>,
    /// The file's path in the repository.
    pub path: String,
}

impl fmt::Display for CalleeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Some((repo, reference)) => write!(f, "{repo}/{}@{reference}", self.path),
            None => f.write_str(&self.path),
        }
    }
}

/// The job graph of a workflow and all it calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Graph {
    /// The outermost file.
    pub path: String,
    /// Its `name`, as written.
    pub name: Option<String>,
    /// Its jobs in file order.
    pub jobs: Vec<Node>,
}

/// One job of the graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Where it is in the graph.
    pub id: NodeId,
    /// Its key in its file.
    pub key: JobKey,
    /// `name` as written, where there is one.
    pub name: Option<String>,
    /// Its siblings that must end first.
    pub needs: Vec<JobKey>,
    /// `if` as written; never evaluated.
    pub condition: Option<String>,
    /// How often it runs.
    pub matrix: Matrix,
    /// The environment whose rules gate it, as written.
    pub environment: Option<String>,
    /// What it calls.
    pub call: Option<Call>,
    /// Where its key stands in its file.
    pub place: Place,
}

impl Node {
    /// The name as a person reads it: `name`, else the key.
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(self.key.as_str())
    }

    /// The jobs below it; none where it calls nothing or the called file could not be read.
    pub fn children(&self) -> &[Node] {
        match &self.call {
            Some(Call {
                body: Body::Jobs(jobs),
                ..
            }) => jobs,
            _ => &[],
        }
    }
}

/// A call and what is known of the called workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// `uses` as written.
    pub uses: String,
    /// Which file that is.
    pub callee: CalleeRef,
    /// What is in it.
    pub body: Body,
}

/// What is known of a called workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// Its jobs in file order.
    Jobs(Vec<Node>),
    /// The file could not be read: what is below the call is not known.
    Unread,
}

impl Graph {
    /// Every job, callers before what they call, in file order.
    pub fn nodes(&self) -> Vec<&Node> {
        fn walk<'g>(jobs: &'g [Node], found: &mut Vec<&'g Node>) {
            for job in jobs {
                found.push(job);
                walk(job.children(), found);
            }
        }
        let mut found = Vec::new();
        walk(&self.jobs, &mut found);
        found
    }

    /// The job of that path.
    pub fn find(&self, id: &NodeId) -> Option<&Node> {
        self.nodes().into_iter().find(|node| node.id == *id)
    }
}

/// What `assemble` asks for a called workflow: `Ok(None)` where the file cannot be read.
pub type Lookup<'a> = &'a dyn Fn(&CalleeRef) -> Result<Option<Workflow>, GraphError>;

/// Joins a workflow with all that it calls; refuses what GitHub refuses: circles, too many levels, files not made to be called.
pub fn assemble(root: &Workflow, lookup: Lookup<'_>) -> Result<Graph, GraphError> {
    let mut work = Work {
        lookup,
        calling: Vec::new(),
        jobs: 0,
    };
    let home = CalleeRef {
        origin: None,
        path: root.path.clone(),
    };
    Ok(Graph {
        path: root.path.clone(),
        name: root.name.clone(),
        jobs: work.level(root, &home, None)?,
    })
}

struct Work<'a> {
    lookup: Lookup<'a>,
    calling: Vec<CalleeRef>,
    jobs: usize,
}

impl Work<'_> {
    fn level(
        &mut self,
        workflow: &Workflow,
        home: &CalleeRef,
        parent: Option<&NodeId>,
    ) -> Result<Vec<Node>, GraphError> {
        let error = |place, fault| GraphError {
            path: workflow.path.clone(),
            place,
            fault,
        };
        self.jobs += workflow.jobs.len();
        if self.jobs > MAX_JOBS {
            return Err(error(Place::START, Fault::TooManyJobs(MAX_JOBS)));
        }
        self.calling.push(home.clone());
        let mut nodes = Vec::new();
        for job in &workflow.jobs {
            let id = parent.map_or_else(|| NodeId::top(&job.key), |p| p.child(&job.key));
            let call = match &job.uses {
                Some(uses) => Some(self.call(uses, home, &id, &error)?),
                None => None,
            };
            nodes.push(Node {
                id,
                key: job.key.clone(),
                name: job.name.clone(),
                needs: job.needs.clone(),
                condition: job.condition.clone(),
                matrix: job.matrix.clone(),
                environment: job.environment.clone(),
                call,
                place: job.place,
            });
        }
        self.calling.pop();
        Ok(nodes)
    }

    fn call(
        &mut self,
        uses: &Uses,
        home: &CalleeRef,
        id: &NodeId,
        error: &dyn Fn(Place, Fault) -> GraphError,
    ) -> Result<Call, GraphError> {
        let refuse = |fault: fn(String) -> Fault| error(uses.place, fault(uses.written.clone()));
        let callee = resolve(&uses.target, home);
        if self.calling.contains(&callee) {
            return Err(refuse(Fault::CallCycle));
        }
        if self.calling.len() >= MAX_LEVELS {
            let fault = Fault::CallsTooDeep(uses.written.clone(), MAX_LEVELS);
            return Err(error(uses.place, fault));
        }
        let body = match (self.lookup)(&callee)? {
            Some(workflow) if !workflow.callable => return Err(refuse(Fault::NotCallable)),
            Some(workflow) => Body::Jobs(self.level(&workflow, &callee, Some(id))?),
            None => Body::Unread,
        };
        Ok(Call {
            uses: uses.written.clone(),
            callee,
            body,
        })
    }
}

/// `./` in a workflow of another repository means that repository at that commit.
fn resolve(target: &UsesTarget, home: &CalleeRef) -> CalleeRef {
    match target {
        UsesTarget::Here(path) => CalleeRef {
            origin: home.origin.clone(),
            path: path.clone(),
        },
        UsesTarget::There {
            repo,
            path,
            reference,
        } => CalleeRef {
            origin: Some((repo.clone(), reference.clone())),
            path: path.clone(),
        },
    }
}
