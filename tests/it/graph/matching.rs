//! A run's jobs find their nodes by name.

use gonogo::domain::graph::{Graph, assemble, match_jobs, parse};
use gonogo::domain::ids::JobId;
use gonogo::headless::graph::load;

use super::judged::reference;
use super::parsing::one_file;

/// `name -> node` for every job, in the run's order; `?` where it fits nothing.
fn placed(graph: &Graph, names: &[&str]) -> Vec<String> {
    let jobs: Vec<(JobId, &str)> = (1..).map(JobId).zip(names.iter().copied()).collect();
    let matching = match_jobs(graph, &jobs);
    let all: usize = matching.by_node.values().map(Vec::len).sum();
    assert_eq!(
        all + matching.unmatched.len(),
        names.len(),
        "no job is lost or doubled"
    );
    jobs.iter()
        .map(|(id, _)| {
            matching
                .node_of(*id)
                .map_or_else(|| "?".to_owned(), ToString::to_string)
        })
        .collect()
}

#[test]
fn every_job_of_the_reference_run_finds_its_node() {
    let root = reference();
    let graph = load(root.path(), "release.yml").unwrap();
    let pairs = [
        ("version-check", "version-check"),
        ("release-gate / codeql (python)", "release-gate / codeql"),
        ("release-gate / codeql (actions)", "release-gate / codeql"),
        ("release-gate / secrets", "release-gate / secrets"),
        ("ci-gate / unit (3.13, ubuntu-24.04-arm)", "ci-gate / unit"),
        ("ci-gate / lint", "ci-gate / lint"),
        (
            "e2e-test-gate / e2e (chromium, postgres)",
            "e2e-test-gate / e2e",
        ),
        (
            "prerelease-docker / build-amd64",
            "prerelease-docker / build-amd64",
        ),
        (
            "prerelease-docker / create-manifest",
            "prerelease-docker / create-manifest",
        ),
        ("publish-docker", "publish-docker"),
        ("build", "build"),
        ("cleanup-on-rejection", "cleanup-on-rejection"),
        ("release-gate / no-such-job", "?"),
        ("builds", "?"),
    ];
    let names: Vec<&str> = pairs.iter().map(|(name, _)| *name).collect();
    let nodes: Vec<&str> = pairs.iter().map(|(_, node)| *node).collect();
    assert_eq!(placed(&graph, &names), nodes);
}

const NAMED: &str = "on: push
jobs:
  a: {name: 'Build ${{ x }} for ${{ y }}', runs-on: x}
  b: {name: 'Build docs for ${{ y }}', runs-on: x}
  c: {name: '${{ x }}', runs-on: x}
  d: {name: Renamed / with slash, runs-on: x}
  e: {name: A title that is so very long that GitHub does not show the end of it any more, runs-on: x}
  f: {strategy: {matrix: {v: [1, 2]}}, runs-on: x}
  g: {strategy: {matrix: '${{ fromJSON(x) }}'}, runs-on: x}
  h: {runs-on: x}
";

#[test]
fn expressions_renames_cuts_and_matrices_are_tolerated() {
    let graph = one_file(NAMED);
    let pairs = [
        ("Build app for linux", "a"),
        ("Build docs for linux", "b"),
        ("something else entirely", "c"),
        ("Renamed / with slash", "d"),
        (
            "A title that is so very long that GitHub does not show th...",
            "e",
        ),
        ("f (1)", "f"),
        ("f (2)", "f"),
        ("g (anything, at all)", "g"),
        ("g ({\"a\": 1})", "g"),
        ("h (not in the file)", "h"),
    ];
    let names: Vec<&str> = pairs.iter().map(|(name, _)| *name).collect();
    let nodes: Vec<&str> = pairs.iter().map(|(_, node)| *node).collect();
    assert_eq!(placed(&graph, &names), nodes);
    // The order in which the run lists them decides nothing.
    let back: Vec<&str> = names.iter().rev().copied().collect();
    let mut found = placed(&graph, &back);
    found.reverse();
    assert_eq!(found, nodes);
}

#[test]
fn two_nodes_of_one_name_share_their_jobs_in_order() {
    let graph = one_file(
        "on: push\njobs:\n  a: {name: Test, runs-on: x}\n  b: {name: Test, needs: a, runs-on: x}\n",
    );
    assert_eq!(placed(&graph, &["Test", "Test", "Test"]), ["a", "b", "?"]);
    let jobs = [(JobId(1), "Test"), (JobId(2), "Test")];
    assert_eq!(match_jobs(&graph, &jobs).ambiguous, [JobId(1), JobId(2)]);
}

#[test]
fn a_matrix_of_calls_nests_and_an_unread_call_takes_what_is_below() {
    let root = parse(
        "m.yml",
        "on: push\njobs:\n  deploy:\n    strategy: {matrix: {region: [eu, us]}}\n    uses: ./.github/workflows/c.yml\n  \
         remote:\n    uses: o/r/.github/workflows/x.yml@v1\n",
    )
    .unwrap();
    let graph = assemble(&root, &|callee| match callee.origin {
        None => parse(
            "c.yml",
            "on: workflow_call\njobs:\n  plan: {runs-on: x}\n  apply: {strategy: {matrix: {z: [a, b]}}, runs-on: x}\n",
        )
        .map(Some),
        Some(_) => Ok(None),
    })
    .unwrap();
    assert_eq!(
        placed(
            &graph,
            &[
                "deploy (eu) / plan",
                "deploy (us) / plan",
                "deploy (eu) / apply (a)",
                "deploy (us) / apply (b)",
                "deploy (...) / plan",
                "remote / scan / deep (x)",
                "remote",
                "elsewhere / plan",
            ]
        ),
        [
            "deploy / plan",
            "deploy / plan",
            "deploy / apply",
            "deploy / apply",
            "?",
            "remote",
            "remote",
            "?"
        ]
    );
    assert_eq!(placed(&graph, &["deploy (...) / plan"]), ["deploy / plan"]);
}
