//! `gonogo graph`: a workflow of a checkout and all it calls, as a drawing, JSON or Mermaid.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use serde::Serialize;

use crate::domain::graph::{self, CalleeRef, Graph, GraphError, JobKey, Node, Workflow};
use crate::domain::run::Job;
use crate::domain::time::Timestamp;
use crate::present::clean::clean;
use crate::present::graph::{Charset, Facts, Options, draw_to_fit};
use crate::present::phrases;
use crate::present::words::duration;

mod mermaid;

pub use mermaid::mermaid;

/// Most bytes of a file that are read; the parser refuses less than that.
const MAX_BYTES: u64 = 2 << 20;
/// Where GitHub looks for workflows.
const FOLDER: &str = ".github/workflows";

/// Why a workflow file of a checkout cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum GraphFileError {
    /// No such folder.
    #[error("{}: {source}", root.display())]
    Root {
        /// The folder.
        root: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file lies outside the checkout.
    #[error("`{0}` is outside the checkout: name a file below --root")]
    Outside(String),
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The file below the checkout.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no workflow, or calls what is none.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

/// Reads a workflow of the checkout `root` and every workflow of the checkout that it calls; no network.
///
/// `workflow` is a path below `root`, or a bare name below `.github/workflows`. Callees of other repositories stay unread.
pub fn load(root: &Path, workflow: &str) -> Result<Graph, GraphFileError> {
    let home = root.canonicalize().map_err(|source| GraphFileError::Root {
        root: root.to_owned(),
        source,
    })?;
    let path = locate(&home, workflow)?;
    let first = graph::parse(&path, &read(&home, &path)?)?;
    // The callback can only say what the graph knows of: a callee outside the checkout is remembered beside it.
    let outside = RefCell::new(None);
    let lookup = |callee: &CalleeRef| -> Result<Option<Workflow>, GraphError> {
        if callee.origin.is_some() {
            return Ok(None);
        }
        match read(&home, &callee.path) {
            Ok(text) => graph::parse(&callee.path, &text).map(Some),
            Err(error) => {
                if matches!(error, GraphFileError::Outside(_)) {
                    outside.borrow_mut().get_or_insert(error);
                }
                Ok(None)
            }
        }
    };
    let graph = graph::assemble(&first, &lookup)?;
    outside.into_inner().map_or(Ok(graph), Err)
}

/// The path below the checkout that `workflow` names, with `/` between its parts.
fn locate(home: &Path, workflow: &str) -> Result<String, GraphFileError> {
    let outside = || GraphFileError::Outside(workflow.to_owned());
    let given = Path::new(workflow);
    let below = match given.strip_prefix(home) {
        Ok(below) => below,
        Err(_) if given.is_absolute() => return Err(outside()),
        Err(_) => given,
    };
    let mut parts = Vec::new();
    for part in below.components() {
        match part {
            Component::Normal(name) => parts.push(name.to_string_lossy()),
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop().ok_or_else(outside)?;
            }
            Component::RootDir | Component::Prefix(_) => return Err(outside()),
        }
    }
    // A bare name is a workflow's; a file of that name beside the checkout's own files comes second.
    let bare = !workflow.contains(['/', '\\']) && parts.len() == 1;
    if bare && (home.join(FOLDER).join(workflow).exists() || !home.join(workflow).exists()) {
        return Ok(format!("{FOLDER}/{workflow}"));
    }
    Ok(parts.join("/"))
}

fn read(home: &Path, path: &str) -> Result<String, GraphFileError> {
    let failed = |source| GraphFileError::Read {
        path: path.to_owned(),
        source,
    };
    // A link may lead anywhere: only where it ends counts.
    let file = home.join(path).canonicalize().map_err(failed)?;
    if !file.starts_with(home) {
        return Err(GraphFileError::Outside(path.to_owned()));
    }
    if !file.is_file() {
        return Err(failed(std::io::ErrorKind::InvalidInput.into()));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(file)
        .and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes))
        .map_err(failed)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[derive(Serialize)]
struct GraphV1<'g> {
    schema_version: u32,
    jobs: Vec<JobV1<'g>>,
}

#[derive(Serialize)]
struct JobV1<'g> {
    id: &'g str,
    name: &'g str,
    needs: Vec<&'g str>,
    uses: Option<&'g str>,
    environment: Option<&'g str>,
    matrix: bool,
    jobs: Vec<JobV1<'g>>,
}

impl<'g> From<&'g Node> for JobV1<'g> {
    fn from(node: &'g Node) -> Self {
        Self {
            id: node.key.as_str(),
            name: node.title(),
            needs: node.needs.iter().map(JobKey::as_str).collect(),
            uses: node.call.as_ref().map(|c| c.uses.as_str()),
            environment: node.environment.as_deref(),
            matrix: node.matrix.exists(),
            jobs: node.children().iter().map(Self::from).collect(),
        }
    }
}

/// The drawing of a workflow file in at most `width` columns: the grid where it fits, else the indented list.
pub fn text(graph: &Graph, charset: Charset, width: usize) -> String {
    let options = Options {
        charset,
        ..Options::default()
    };
    draw_to_fit(graph, &Facts::default(), &options, width).text()
}

/// The graph in the frozen JSON shape, in file order, on one line.
pub fn json(graph: &Graph) -> String {
    let document = GraphV1 {
        schema_version: 1,
        jobs: graph.jobs.iter().map(JobV1::from).collect(),
    };
    serde_json::to_string(&document).unwrap_or_default()
}

/// The jobs of a run whose workflow files could not be read: a line each, with how it stands. No edges are claimed.
pub fn flat_text(jobs: &[Job], now: Timestamp) -> String {
    let mut out = String::new();
    for job in jobs {
        let ran = job.ran_for(now).map(duration).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{:<11} {}  {ran}",
            phrases::state(job),
            clean(&job.name)
        );
    }
    out
}

/// The same in the frozen JSON shape; a job's display name stands for the key that is not known.
pub fn flat_json(jobs: &[Job]) -> String {
    let document = GraphV1 {
        schema_version: 1,
        jobs: jobs
            .iter()
            .map(|job| JobV1 {
                id: &job.name,
                name: &job.name,
                needs: Vec::new(),
                uses: None,
                environment: None,
                matrix: false,
                jobs: Vec::new(),
            })
            .collect(),
    };
    serde_json::to_string(&document).unwrap_or_default()
}
