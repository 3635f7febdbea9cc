//! GitHub's own workflow parser agrees with the graph.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use gonogo::headless::graph::{json, load};
use serde_json::Value;

use crate::support::judges::judge_file;

/// What both sides say of a job; `uses` and `needs` as written, the environment as yes or no, as the judge prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    id: String,
    needs: Vec<String>,
    uses: Option<String>,
    environment: bool,
    jobs: Vec<Seen>,
}

fn sets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/graph/sets")
}

/// The judge's findings and its jobs for one file; it opens calls one level deep.
fn ask(judge: &Path, root: &Path, file: &str) -> (Vec<String>, Vec<Seen>) {
    let output = Command::new("node")
        .args([judge, root, Path::new(file)])
        .output()
        .expect("node runs the judge");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut findings = Vec::new();
    let mut jobs: Vec<Seen> = Vec::new();
    for line in text.lines() {
        let Some((head, rest)) = line
            .split_once(" type=")
            .filter(|(head, _)| head.starts_with("  ") && !head.trim_start().contains(' '))
        else {
            findings.push(line.to_owned());
            continue;
        };
        let (_, rest) = rest.split_once(" needs=[").unwrap();
        let (needs, rest) = rest.split_once(']').unwrap();
        let environment = rest.ends_with(" env");
        let uses = rest.trim_end_matches(" env").strip_prefix(" uses=");
        let seen = Seen {
            id: head.trim_start().to_owned(),
            needs: needs
                .split(',')
                .filter(|n| !n.is_empty())
                .map(str::to_owned)
                .collect(),
            uses: uses.map(str::to_owned),
            environment,
            jobs: Vec::new(),
        };
        if head.starts_with("    ") {
            jobs.last_mut().unwrap().jobs.push(seen);
        } else {
            jobs.push(seen);
        }
    }
    (findings, jobs)
}

/// Asks about each, four at a time: a judge takes longer to start than to judge.
fn at_once<T: Sync, A: Send>(things: Vec<T>, ask: impl Fn(&T) -> A + Sync) -> Vec<(T, A)> {
    let mut answers = Vec::new();
    for few in things.chunks(4) {
        let said: Vec<A> = std::thread::scope(|scope| {
            let asked: Vec<_> = few.iter().map(|thing| scope.spawn(|| ask(thing))).collect();
            asked.into_iter().map(|one| one.join().unwrap()).collect()
        });
        answers.extend(said);
    }
    things.into_iter().zip(answers).collect()
}

/// The judge's graph to its full depth: its own answers for every file, joined where it says `uses`.
fn judged(judge: &Path, root: &Path) -> BTreeMap<String, Vec<Seen>> {
    fn open(answers: &BTreeMap<String, Vec<Seen>>, file: &str) -> Vec<Seen> {
        let mut jobs = answers.get(file).cloned().unwrap_or_default();
        for job in &mut jobs {
            let here = job
                .uses
                .as_deref()
                .and_then(|uses| uses.strip_prefix("./").or_else(|| uses.strip_prefix("$/")));
            if let Some(callee) = here {
                let full = open(answers, callee);
                // Where it opened the call by itself, it saw the same jobs.
                let shallow = |jobs: &[Seen]| -> Vec<Seen> {
                    jobs.iter()
                        .map(|j| Seen {
                            jobs: Vec::new(),
                            ..j.clone()
                        })
                        .collect()
                };
                if !job.jobs.is_empty() {
                    assert_eq!(shallow(&job.jobs), shallow(&full), "{callee}");
                }
                job.jobs = full;
            }
        }
        jobs
    }
    let files = std::fs::read_dir(root.join(".github/workflows")).unwrap();
    let files = files.map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        format!(".github/workflows/{name}")
    });
    let said = at_once(files.collect(), |path| ask(judge, root, path));
    let mut answers = BTreeMap::new();
    for (path, (findings, jobs)) in said {
        let bad: Vec<_> = findings
            .iter()
            .filter(|f| f.contains(": error: ") || f.contains(": parser: "))
            // It never fetches from another repository.
            .filter(|f| !f.ends_with("Unable to find reusable workflow"))
            .collect();
        assert!(bad.is_empty(), "{path} is no good workflow: {bad:?}");
        answers.insert(path, jobs);
    }
    answers
        .keys()
        .map(|file| (file.clone(), open(&answers, file)))
        .collect()
}

fn ours(root: &Path, file: &str) -> Vec<Seen> {
    fn seen(jobs: &Value) -> Vec<Seen> {
        let word = |v: &Value| v.as_str().unwrap().to_owned();
        jobs.as_array()
            .unwrap()
            .iter()
            .map(|job| {
                let keys: Vec<&String> = job.as_object().unwrap().keys().collect();
                assert_eq!(keys.len(), 7, "the frozen shape has seven fields: {keys:?}");
                assert!(job["matrix"].is_boolean() && job["name"].is_string());
                Seen {
                    id: word(&job["id"]),
                    needs: job["needs"].as_array().unwrap().iter().map(word).collect(),
                    uses: job["uses"].as_str().map(str::to_owned),
                    environment: job["environment"].is_string(),
                    jobs: seen(&job["jobs"]),
                }
            })
            .collect()
    }
    let graph = load(root, file).unwrap_or_else(|e| panic!("{}: {e}", root.display()));
    let document: Value = serde_json::from_str(&json(&graph)).unwrap();
    assert_eq!(document["schema_version"], 1);
    seen(&document["jobs"])
}

fn agree(root: &Path) {
    let Some(judge) = judge_file("wflint.cjs") else {
        return;
    };
    for (file, theirs) in judged(&judge, root) {
        assert!(
            !theirs.is_empty(),
            "{}: the judge sees no job",
            root.display()
        );
        assert_eq!(ours(root, &file), theirs, "{} {file}", root.display());
    }
}

/// The reference pipeline laid out as a checkout.
pub(crate) fn reference() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join(".github/workflows");
    std::fs::create_dir_all(&folder).unwrap();
    for entry in
        std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/workflows")).unwrap()
    {
        let path = entry.unwrap().path();
        std::fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
    }
    root
}

#[test]
fn on_the_reference_pipeline() {
    agree(reference().path());
}

#[test]
fn on_sets_that_try_to_break_it() {
    let mut roots: Vec<PathBuf> = std::fs::read_dir(sets())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    roots.retain(|root| !root.ends_with("bad"));
    let count = at_once(roots, |root| agree(root)).len();
    assert!(count >= 16, "only {count} sets were found");
}

#[test]
fn on_what_is_no_workflow_and_where() {
    let judge = judge_file("wflint.cjs");
    let roots = std::fs::read_dir(sets().join("bad")).unwrap();
    let roots: Vec<PathBuf> = roots.map(|entry| entry.unwrap().path()).collect();
    let file = ".github/workflows/main.yml";
    let said = at_once(roots, |root| Some(ask(judge.as_deref()?, root, file)));
    let count = said.len();
    for (root, judgement) in said {
        let error = match load(&root, "main.yml") {
            Err(error) => error.to_string(),
            Ok(graph) => panic!("{} was taken: {}", root.display(), json(&graph)),
        };
        let place = error
            .strip_prefix(".github/workflows/main.yml:")
            .unwrap_or_else(|| panic!("{error}"));
        let mut parts = place.splitn(3, ':');
        let line: usize = parts.next().unwrap().parse().unwrap();
        let _column: usize = parts.next().unwrap().parse().unwrap();
        let Some((findings, _)) = judgement else {
            continue;
        };
        let lines: Vec<usize> = findings
            .iter()
            .filter_map(|f| {
                f.strip_prefix(".github/workflows/main.yml:")?
                    .split(':')
                    .next()?
                    .parse()
                    .ok()
            })
            .collect();
        // For an empty file it names the line behind the end.
        let empty = std::fs::read(root.join(".github/workflows/main.yml"))
            .unwrap()
            .is_empty();
        assert!(
            lines.contains(&line) || (empty && !lines.is_empty()),
            "{error}\nthe judge: {findings:#?}"
        );
    }
    assert!(count >= 18, "only {count} bad files were found");
}
