//! A workflow file's text to a [`Workflow`], refused with the place where it is none.
//!
//! Unknown keys pass, because GitHub adds some every year and a run that exists was accepted by GitHub.

use std::collections::{HashMap, HashSet};

use super::error::{Fault, GraphError, Place, clip};
use super::matrix;
use super::workflow::{JobKey, Matrix, Uses, UsesTarget, Workflow, WorkflowJob};
use super::yaml::{Document, Entry, Located, ValueId};

/// Parses the text of a workflow file; `path` is what errors call it.
pub fn parse(path: &str, text: &str) -> Result<Workflow, GraphError> {
    read(path, text).map_err(|(place, fault)| GraphError {
        path: path.to_owned(),
        place,
        fault,
    })
}

fn read(path: &str, text: &str) -> Result<Workflow, Located> {
    let doc = Document::read(text)?;
    let root = doc.root();
    let entries = mapping(&doc, root, "a workflow")?;
    let value = |key: &str| entries.iter().find(|e| e.key == key).map(|e| e.value);
    let jobs_value = value("jobs").ok_or((doc.place(root), Fault::NoJobs))?;
    let jobs = mapping(&doc, jobs_value, "`jobs`")?
        .iter()
        .map(|entry| job(&doc, entry))
        .collect::<Result<Vec<_>, _>>()?;
    if jobs.is_empty() {
        return Err((doc.place(jobs_value), Fault::NoJobs));
    }
    check_needs(&doc, jobs_value, &jobs)?;
    Ok(Workflow {
        path: path.to_owned(),
        name: value("name")
            .and_then(|v| doc.text(v))
            .filter(|n| !n.is_empty()),
        callable: value("on").is_some_and(|on| callable(&doc, on)),
        jobs,
    })
}

fn callable(doc: &Document, on: ValueId) -> bool {
    const CALL: &str = "workflow_call";
    let is_call = |v: ValueId| doc.text(v).as_deref() == Some(CALL);
    is_call(on)
        || doc.get(on, CALL).is_some()
        || doc
            .list(on)
            .is_some_and(|events| events.iter().any(|v| is_call(*v)))
}

/// The entries of a mapping, each key once.
fn mapping<'d>(doc: &'d Document, id: ValueId, what: &str) -> Result<&'d [Entry], Located> {
    let entries = doc.map(id).ok_or_else(|| {
        let what = what.to_owned();
        (
            doc.place(id),
            Fault::Shape {
                what,
                shape: "a mapping",
            },
        )
    })?;
    let mut seen = HashSet::new();
    for entry in entries {
        if entry.key == "<<" {
            return Err((entry.place, Fault::MergeKey));
        }
        if !seen.insert(entry.key.to_lowercase()) {
            return Err((entry.place, Fault::Twice(clip(&entry.key))));
        }
    }
    Ok(entries)
}

fn job(doc: &Document, entry: &Entry) -> Result<WorkflowJob, Located> {
    let key =
        JobKey::new(&entry.key).ok_or_else(|| (entry.place, Fault::JobKey(clip(&entry.key))))?;
    let fields = mapping(doc, entry.value, &format!("job `{key}`"))?;
    let field = |name: &str| fields.iter().find(|e| e.key == name).map(|e| e.value);
    let text = |name: &str| match field(name) {
        Some(value) => match doc.text(value) {
            Some(text) => Ok(Some(text).filter(|t| !t.is_empty())),
            None => Err(shape(
                doc,
                value,
                format!("`{name}` of job `{key}`"),
                "text",
            )),
        },
        None => Ok(None),
    };
    let uses = match field("uses") {
        Some(value) => {
            for other in ["runs-on", "steps", "environment", "container"] {
                if let Some(at) = fields.iter().find(|e| e.key == other) {
                    return Err((at.place, Fault::RunsAndCalls(key.to_string(), other)));
                }
            }
            Some(uses(doc, value)?)
        }
        None if field("runs-on").is_none() => {
            let place = doc.place(entry.value);
            return Err((place, Fault::NothingToDo(key.to_string())));
        }
        None => None,
    };
    Ok(WorkflowJob {
        name: text("name")?,
        needs: field("needs").map_or(Ok(Vec::new()), |v| needs(doc, v, &key))?,
        condition: text("if")?,
        matrix: field("strategy").map_or(Matrix::None, |v| matrix::read(doc, v)),
        environment: environment(doc, field("environment"), &key)?,
        uses,
        place: entry.place,
        key,
    })
}

fn shape(doc: &Document, id: ValueId, what: String, shape: &'static str) -> Located {
    (doc.place(id), Fault::Shape { what, shape })
}

fn needs(doc: &Document, value: ValueId, key: &JobKey) -> Result<Vec<JobKey>, Located> {
    let wrong = |v| {
        shape(
            doc,
            v,
            format!("`needs` of job `{key}`"),
            "a job or a list of jobs",
        )
    };
    let one = [value];
    let items = doc.list(value).unwrap_or(&one);
    let mut found = Vec::new();
    for item in items {
        let text = doc.text(*item).ok_or_else(|| wrong(*item))?;
        let need = JobKey::new(&text).ok_or_else(|| {
            let fault = Fault::UnknownNeed {
                job: key.to_string(),
                need: clip(&text),
            };
            (doc.place(*item), fault)
        })?;
        found.push(need);
    }
    Ok(found)
}

/// An empty name is no environment, which is what GitHub makes of `${{ … && 'name' || '' }}`.
fn environment(
    doc: &Document,
    value: Option<ValueId>,
    key: &JobKey,
) -> Result<Option<String>, Located> {
    let Some(value) = value else {
        return Ok(None);
    };
    let name = if doc.map(value).is_some() {
        doc.get(value, "name")
    } else {
        Some(value)
    };
    let wrong = || {
        shape(
            doc,
            value,
            format!("`environment` of job `{key}`"),
            "a name, or a mapping with `name`",
        )
    };
    let text = doc.text(name.ok_or_else(wrong)?).ok_or_else(wrong)?;
    Ok(Some(text).filter(|t| !t.is_empty()))
}

fn uses(doc: &Document, value: ValueId) -> Result<Uses, Located> {
    let place = doc.place(value);
    let written = doc.text(value).unwrap_or_default();
    let target = target(&written).ok_or_else(|| (place, Fault::BadUses(clip(&written))))?;
    Ok(Uses {
        written,
        target,
        place,
    })
}

fn target(written: &str) -> Option<UsesTarget> {
    // GitHub takes files of one folder only, so that no path can step out of the repository.
    let path = |text: &str| {
        let name = text.strip_prefix(".github/workflows/")?;
        let fits = !matches!(name, "" | "." | "..")
            && name.len() <= 255
            && !name.contains(['/', '\\', '@'])
            && !name.chars().any(char::is_control);
        fits.then(|| text.to_owned())
    };
    if let Some(rest) = written.strip_prefix("./").or(written.strip_prefix("$/")) {
        return path(rest).map(UsesTarget::Here);
    }
    let (whole, reference) = written.split_once('@')?;
    let mut parts = whole.splitn(3, '/');
    let repo = format!("{}/{}", parts.next()?, parts.next()?)
        .parse()
        .ok()?;
    let fits = !reference.is_empty() && !reference.contains(char::is_whitespace);
    Some(UsesTarget::There {
        repo,
        path: path(parts.next()?)?,
        reference: fits.then(|| reference.to_owned())?,
    })
}

/// Every need exists and nobody waits for itself; the place is that of the `needs`.
fn check_needs(doc: &Document, jobs_value: ValueId, jobs: &[WorkflowJob]) -> Result<(), Located> {
    let place = |job: &WorkflowJob, need: &JobKey| -> Place {
        let value = doc
            .get(jobs_value, job.key.as_str())
            .and_then(|fields| doc.get(fields, "needs"));
        let Some(value) = value else { return job.place };
        let items = doc.list(value).unwrap_or_default();
        let item = items
            .iter()
            .find(|v| doc.text(**v).as_deref() == Some(need.as_str()));
        doc.place(*item.unwrap_or(&value))
    };
    let known: HashSet<&JobKey> = jobs.iter().map(|j| &j.key).collect();
    for job in jobs {
        if let Some(need) = job.needs.iter().find(|n| !known.contains(n)) {
            let fault = Fault::UnknownNeed {
                job: job.key.to_string(),
                need: need.to_string(),
            };
            return Err((place(job, need), fault));
        }
    }
    // Take away whoever waits for nobody, until nobody is left or those left wait for each other.
    let mut waits: HashMap<&JobKey, usize> = jobs.iter().map(|j| (&j.key, j.needs.len())).collect();
    let mut followers: HashMap<&JobKey, Vec<&JobKey>> = HashMap::new();
    for job in jobs {
        for need in &job.needs {
            followers.entry(need).or_default().push(&job.key);
        }
    }
    let mut free: Vec<&JobKey> = jobs
        .iter()
        .filter(|j| j.needs.is_empty())
        .map(|j| &j.key)
        .collect();
    while let Some(done) = free.pop() {
        waits.remove(done);
        for follower in followers.get(done).into_iter().flatten() {
            if let Some(left) = waits.get_mut(*follower) {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    free.push(follower);
                }
            }
        }
    }
    let stuck = jobs.iter().find_map(|job| {
        waits.get(&job.key)?;
        let need = job.needs.iter().find(|n| waits.contains_key(n))?;
        Some((job, need))
    });
    stuck.map_or(Ok(()), |(job, need)| {
        let fault = Fault::NeedsCycle {
            job: job.key.to_string(),
            need: need.to_string(),
        };
        Err((place(job, need), fault))
    })
}
