//! The jobs of a run, laid out from the workflow files: called workflows and matrices nested, names as GitHub gives them.

use jiff::Timestamp;

use super::attempt::{Effect, Profile, State};
use super::expr::{self, Scope, Value};
use super::pipeline::{JobSpec, Workflow};

/// A job, a called workflow, or a matrix.
#[derive(Debug, Clone)]
pub(crate) struct Inst {
    /// YAML keys from the top, `/` between them; the legs of a matrix share one.
    pub(crate) path: String,
    /// File of the workflow in which the job is written, and its key there.
    pub(crate) home: (String, String),
    /// Display name, callers first.
    pub(crate) name: String,
    pub(crate) parent: Option<usize>,
    pub(crate) group: bool,
    pub(crate) needs: Vec<(String, usize)>,
    pub(crate) condition: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) legs: Vec<(String, String)>,
    pub(crate) max_parallel: Option<usize>,
    pub(crate) forgiven: bool,
    pub(crate) steps: Vec<String>,
    pub(crate) runner: String,
    pub(crate) state: State,
    pub(crate) id: Option<u64>,
    pub(crate) created: Option<Timestamp>,
    pub(crate) started: Option<Timestamp>,
    pub(crate) completed: Option<Timestamp>,
    pub(crate) failed_step: Option<usize>,
    pub(crate) plan: Option<Profile>,
    pub(crate) marks: Vec<(Timestamp, Effect)>,
}

struct MatrixScope<'a>(&'a [(String, String)]);

impl Scope for MatrixScope<'_> {
    fn context(&self, path: &str) -> Value {
        path.strip_prefix("matrix.")
            .and_then(|key| self.0.iter().find(|(name, _)| name == key))
            .map_or(Value::Null, |(_, value)| Value::Text(value.clone()))
    }
    fn status(&self, _function: &str) -> bool {
        true
    }
}

/// Adds the jobs of the workflow at `file` under `parent`. GitHub allows ten levels of calls.
pub(super) fn expand(
    insts: &mut Vec<Inst>,
    file: &str,
    find: &dyn Fn(&str) -> Option<Workflow>,
    parent: Option<usize>,
    path_prefix: &str,
    name_prefix: &str,
    depth: usize,
) {
    let Some(workflow) = find(file).filter(|_| depth < 10) else {
        return;
    };
    let mut tops: Vec<(String, usize)> = Vec::new();
    for job in &workflow.jobs {
        let top = insts.len();
        tops.push((job.key.clone(), top));
        let path = format!("{path_prefix}{}", job.key);
        let base = Inst::of(job, file, &path, name_prefix, parent);
        if job.legs.is_empty() {
            insts.push(base);
            expand_call(insts, job, find, top, depth);
            continue;
        }
        let mut group = base.clone();
        group.group = true;
        insts.push(group);
        for leg in &job.legs {
            let index = insts.len();
            let mut inst = base.clone();
            inst.parent = Some(top);
            inst.condition = None;
            inst.name = format!("{name_prefix}{}", leg_name(job, leg));
            inst.runner = expr::interpolate(&job.runner, &MatrixScope(leg));
            inst.legs.clone_from(leg);
            inst.max_parallel = None;
            insts.push(inst);
            expand_call(insts, job, find, index, depth);
        }
    }
    for (job, (_, top)) in workflow.jobs.iter().zip(&tops) {
        let needs: Vec<(String, usize)> = tops
            .iter()
            .filter(|(key, _)| job.needs.contains(key))
            .cloned()
            .collect();
        if let Some(inst) = insts.get_mut(*top) {
            inst.needs = needs;
        }
    }
}

fn expand_call(
    insts: &mut Vec<Inst>,
    job: &JobSpec,
    find: &dyn Fn(&str) -> Option<Workflow>,
    index: usize,
    depth: usize,
) {
    let (Some(called), Some(inst)) = (&job.calls, insts.get(index)) else {
        return;
    };
    let path = format!("{}/", inst.path);
    let name = format!("{} / ", inst.name);
    expand(insts, called, find, Some(index), &path, &name, depth + 1);
}

fn leg_name(job: &JobSpec, leg: &[(String, String)]) -> String {
    match &job.name {
        Some(name) if name.contains("matrix.") => expr::interpolate(name, &MatrixScope(leg)),
        name => {
            let values: Vec<&str> = leg.iter().map(|(_, value)| value.as_str()).collect();
            format!(
                "{} ({})",
                name.as_deref().unwrap_or(&job.key),
                values.join(", ")
            )
        }
    }
}

impl Inst {
    fn of(job: &JobSpec, file: &str, path: &str, prefix: &str, parent: Option<usize>) -> Self {
        let name = job.name.as_deref().unwrap_or(&job.key);
        Self {
            path: path.to_owned(),
            home: (file.to_owned(), job.key.clone()),
            name: format!("{prefix}{name}"),
            parent,
            group: job.calls.is_some(),
            needs: Vec::new(),
            condition: job.condition.clone(),
            environment: job.environment.clone(),
            legs: Vec::new(),
            max_parallel: job.max_parallel,
            forgiven: job.forgiven,
            steps: job.steps.clone(),
            runner: job.runner.clone(),
            state: State::Blocked,
            id: None,
            created: None,
            started: None,
            completed: None,
            failed_step: None,
            plan: None,
            marks: Vec::new(),
        }
    }
}
