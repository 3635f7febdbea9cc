//! Workflow files, read as GitHub runs them: jobs, needs, conditions, matrices, called workflows, environments, steps.

use std::collections::BTreeMap;

use super::yaml::Yaml;
use crate::sim::SimError;

/// One workflow file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Workflow {
    pub(crate) name: String,
    pub(crate) run_name: Option<String>,
    pub(crate) jobs: Vec<JobSpec>,
}

/// One entry under `jobs:`.
#[derive(Debug, Clone)]
pub(crate) struct JobSpec {
    pub(crate) key: String,
    pub(crate) name: Option<String>,
    pub(crate) needs: Vec<String>,
    pub(crate) condition: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) calls: Option<String>,
    pub(crate) legs: Vec<Vec<(String, String)>>,
    pub(crate) max_parallel: Option<usize>,
    pub(crate) forgiven: bool,
    pub(crate) steps: Vec<String>,
    pub(crate) runner: String,
}

/// Reads one workflow file.
pub(crate) fn parse(path: &str, text: &str) -> Result<Workflow, SimError> {
    let bad = |why: &str| SimError::Workflow {
        path: path.to_owned(),
        reason: why.to_owned(),
    };
    let root = Yaml::parse(text).map_err(|reason| bad(&reason))?;
    let jobs = entries(root.get("jobs"));
    if jobs.is_empty() {
        return Err(bad("it has no jobs"));
    }
    Ok(Workflow {
        name: text_of(root.get("name")).unwrap_or_else(|| path.to_owned()),
        run_name: text_of(root.get("run-name")),
        jobs: jobs.iter().map(|(key, job)| job_spec(key, job)).collect(),
    })
}

fn job_spec(key: &str, job: &Yaml) -> JobSpec {
    let get = |name: &str| job.get(name);
    let environment = get("environment")
        .and_then(|value| text_of(Some(value)).or_else(|| text_of(value.get("name"))));
    let runner = get("runs-on").map_or_else(String::new, |value| list_of(Some(value)).join(","));
    let strategy = get("strategy");
    JobSpec {
        key: key.to_owned(),
        name: text_of(get("name")),
        needs: list_of(get("needs")),
        condition: text_of(get("if")),
        environment,
        calls: text_of(get("uses")).map(|uses| local_path(&uses)),
        legs: strategy
            .and_then(|strategy| strategy.get("matrix"))
            .map(legs)
            .unwrap_or_default(),
        max_parallel: strategy
            .and_then(|strategy| strategy.get("max-parallel"))
            .and_then(|value| text_of(Some(value)))
            .and_then(|text| text.parse().ok()),
        forgiven: text_of(get("continue-on-error")).as_deref() == Some("true"),
        steps: steps(get("steps")),
        runner,
    }
}

/// `./.github/workflows/x.yml` and `$/.github/workflows/x.yml` as a path in the repository.
fn local_path(uses: &str) -> String {
    uses.trim_start_matches("./")
        .trim_start_matches("$/")
        .to_owned()
}

fn steps(value: Option<&Yaml>) -> Vec<String> {
    value
        .map_or(&[][..], Yaml::items)
        .iter()
        .map(|step| {
            let named = text_of(step.get("name"));
            let uses = text_of(step.get("uses")).map(|uses| format!("Run {uses}"));
            let run = text_of(step.get("run"))
                .map(|run| format!("Run {}", run.lines().next().unwrap_or_default()));
            named.or(uses).or(run).unwrap_or_else(|| "Run".to_owned())
        })
        .collect()
}

/// All legs of a matrix: the product of its lists, less `exclude`, with `include` merged or added.
fn legs(matrix: &Yaml) -> Vec<Vec<(String, String)>> {
    let mut legs: Vec<Vec<(String, String)>> = vec![Vec::new()];
    let mut keys = Vec::new();
    for (key, value) in entries(Some(matrix)) {
        if key == "include" || key == "exclude" {
            continue;
        }
        let values = list_of(Some(value));
        legs = legs
            .iter()
            .flat_map(|leg| {
                values.iter().map(|value| {
                    let mut leg = leg.clone();
                    leg.push((key.clone(), value.clone()));
                    leg
                })
            })
            .collect();
        keys.push(key);
    }
    let maps = |name: &str| -> Vec<BTreeMap<String, String>> {
        let list = matrix.get(name).map_or(&[][..], Yaml::items);
        list.iter()
            .map(|entry| {
                entries(Some(entry))
                    .into_iter()
                    .filter_map(|(key, value)| Some((key, text_of(Some(value))?)))
                    .collect()
            })
            .collect()
    };
    let agrees = |leg: &[(String, String)], entry: &BTreeMap<String, String>| {
        entry.iter().all(|(key, value)| {
            leg.iter().all(|(here, is)| here != key || is == value)
                && (!keys.contains(key) || leg.iter().any(|(here, _)| here == key))
        })
    };
    let excluded = maps("exclude");
    legs.retain(|leg| !leg.is_empty() && !excluded.iter().any(|entry| agrees(leg, entry)));
    for entry in maps("include") {
        let mut merged = false;
        for leg in &mut legs {
            if !keys.is_empty() && agrees(leg, &entry) {
                let fresh = entry.iter().filter(|(key, _)| !keys.contains(key));
                let fresh: Vec<_> = fresh.map(|(k, v)| (k.clone(), v.clone())).collect();
                leg.extend(fresh);
                merged = true;
            }
        }
        if !merged {
            legs.push(entry.into_iter().collect());
        }
    }
    legs
}

fn entries(value: Option<&Yaml>) -> Vec<(String, &Yaml)> {
    let entries = value.map_or(&[][..], Yaml::entries);
    entries
        .iter()
        .map(|(key, value)| (key.clone(), value))
        .collect()
}

fn list_of(value: Option<&Yaml>) -> Vec<String> {
    match value {
        None => Vec::new(),
        Some(Yaml::List(items)) => items
            .iter()
            .filter_map(|item| text_of(Some(item)))
            .collect(),
        Some(value) => text_of(Some(value)).into_iter().collect(),
    }
}

fn text_of(value: Option<&Yaml>) -> Option<String> {
    value?.text().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_needs_matrices_and_calls_are_read() {
        let text = "name: R\non: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v4\n      - name: Two\n        run: x\n  b:\n    needs: a\n    if: always()\n    uses: ./.github/workflows/c.yml\n  m:\n    needs: [a, b]\n    runs-on: x\n    environment: { name: release }\n    strategy:\n      matrix:\n        os: [l, w]\n        v: [1, 2]\n        exclude:\n          - os: w\n            v: 2\n        include:\n          - os: l\n            extra: yes\n          - os: mac\n    steps: []\n";
        let workflow = parse("r.yml", text).unwrap_or_default();
        let keys: Vec<_> = workflow.jobs.iter().map(|job| job.key.as_str()).collect();
        assert_eq!(keys, ["a", "b", "m"]);
        let [a, b, m] = workflow.jobs.as_slice() else {
            return;
        };
        assert_eq!(a.steps, ["Run actions/checkout@v4", "Two"]);
        assert_eq!(b.calls.as_deref(), Some(".github/workflows/c.yml"));
        assert_eq!(b.needs, ["a"]);
        assert_eq!(m.environment.as_deref(), Some("release"));
        assert_eq!(m.legs.len(), 4, "{:?}", m.legs);
    }

    #[test]
    fn a_file_that_is_no_workflow_is_refused() {
        assert!(parse("x.yml", "name: x").is_err());
        assert!(parse("x.yml", "a: [").is_err());
    }
}
