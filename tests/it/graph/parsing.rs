//! Parsing and joining: matrices, limits, circles, roots that must not be left.

use std::cell::Cell;
use std::fmt::Write as _;
use std::time::Duration;

use gonogo::domain::graph::{
    Body, CalleeRef, Fault, Graph, GraphError, JobKey, Level, Matrix, Workflow, assemble,
    critical_path, expected_jobs, parse,
};
use gonogo::headless::graph::{GraphFileError, load, mermaid};
use proptest::prelude::*;

use super::judged::reference;

pub(crate) fn one_file(text: &str) -> Graph {
    let workflow = parse("x.yml", text).unwrap();
    assemble(&workflow, &|_| Ok(None)).unwrap()
}

fn key(text: &str) -> JobKey {
    JobKey::new(text).unwrap()
}

fn legs(text: &str) -> Vec<String> {
    let text =
        format!("on: push\njobs:\n  a:\n    runs-on: x\n    strategy:\n      matrix:\n{text}");
    match parse("x.yml", &text).unwrap().jobs.remove(0).matrix {
        Matrix::Legs(legs) => legs
            .iter()
            .map(gonogo::domain::graph::Leg::suffix)
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn matrices_expand_as_github_expands_them() {
    assert_eq!(
        legs("        os: [a, b]\n        v: [1, 3.10]\n"),
        ["(a, 1)", "(a, 3.1)", "(b, 1)", "(b, 3.1)"]
    );
    // The example of GitHub's documentation for `include`.
    assert_eq!(
        legs(
            "        fruit: [apple, pear]\n        animal: [cat, dog]\n        include:\n          - color: green\n          \
             - {color: pink, animal: cat}\n          - {fruit: apple, shape: circle}\n          - fruit: banana\n          \
             - {fruit: banana, animal: cat}\n"
        ),
        [
            "(apple, cat, pink, circle)",
            "(apple, dog, green, circle)",
            "(pear, cat, pink)",
            "(pear, dog, green)",
            "(banana)",
            "(banana, cat)",
        ]
    );
    assert_eq!(
        legs("        os: [a, b]\n        v: [1, 2]\n        exclude: [{os: a}, {os: b, v: 1}]\n"),
        ["(b, 2)"]
    );
}

#[test]
fn expressions_make_a_matrix_dynamic() {
    for matrix in [
        "'${{ fromJSON(x) }}'",
        "{os: '${{ fromJSON(x) }}'}",
        "{os: [a, '${{ x }}']}",
        "{os: [a], include: '${{ x }}'}",
    ] {
        let text =
            format!("on: push\njobs: {{a: {{runs-on: x, strategy: {{matrix: {matrix}}}}}}}\n");
        let graph = one_file(&text);
        assert_eq!(graph.jobs[0].matrix, Matrix::Dynamic, "{matrix}");
        assert_eq!(expected_jobs(&graph.jobs[0]), None);
    }
}

#[test]
fn the_reference_pipeline_has_the_shape_it_is_documented_with() {
    let root = reference();
    let graph = load(root.path(), "release.yml").unwrap();
    let expected: usize = graph.jobs.iter().map(|j| expected_jobs(j).unwrap()).sum();
    assert_eq!(expected, 40);
    let level = Level::new(&graph.jobs);
    assert_eq!(level.columns()[1].len(), 8, "all gates stand in one column");
    assert!(level.feeds(&key("vulture-gate"), &key("build")));
    assert!(level.feeds(&key("version-check"), &key("create-release")));
    assert!(!level.feeds(&key("monitor-pypi"), &key("build")));
    assert_eq!(
        level.direct_needs(&key("create-release")),
        [&key("monitor-pypi")]
    );
    assert_eq!(level.upstream(&key("provenance")).len(), 10);
    let waits: Vec<&str> = graph
        .nodes()
        .into_iter()
        .filter(|n| n.environment.as_deref() == Some("release"))
        .map(|n| n.id.as_str())
        .collect();
    assert_eq!(
        waits,
        [
            "publish-docker / publish",
            "trigger-pypi",
            "create-release",
            "cleanup-on-rejection"
        ]
    );
}

#[test]
fn the_critical_path_goes_through_what_is_called() {
    let root = reference();
    let graph = load(root.path(), "release.yml").unwrap();
    let path = critical_path(&graph, &|id| {
        Some(Duration::from_secs(match id.as_str() {
            "ci-gate / unit" => 300,
            "e2e-test-gate / e2e" => 200,
            "prerelease-docker / build-arm64" => 600,
            _ => 1,
        }))
    });
    let ids: Vec<&str> = path
        .jobs
        .iter()
        .map(gonogo::domain::graph::NodeId::as_str)
        .collect();
    assert_eq!(
        ids,
        [
            "version-check",
            "ci-gate",
            "ci-gate / lint",
            "ci-gate / unit",
            "ci-gate / packaging",
            "build",
            "provenance",
            "provenance / attest",
            "prerelease-docker",
            "prerelease-docker / build-arm64",
            "prerelease-docker / create-manifest",
            "publish-docker",
            "publish-docker / publish",
            "trigger-pypi",
            "monitor-pypi",
            "create-release",
        ]
    );
    assert_eq!(
        path.total,
        Duration::from_secs(1 + 302 + 1 + 1 + 601 + 1 + 3)
    );
}

fn chain(last: usize) -> impl Fn(&CalleeRef) -> Result<Option<Workflow>, GraphError> {
    move |callee: &CalleeRef| {
        let n: usize = callee
            .path
            .trim_start_matches(".github/workflows/w")
            .trim_end_matches(".yml")
            .parse()
            .unwrap();
        let job = if n == last {
            "runs-on: x".to_owned()
        } else {
            format!("uses: ./.github/workflows/w{}.yml", n + 1)
        };
        parse(
            &callee.path,
            &format!("on: workflow_call\njobs:\n  j:\n    {job}\n"),
        )
        .map(Some)
    }
}

#[test]
fn ten_levels_are_joined_and_eleven_refused() {
    let root = parse(
        ".github/workflows/w1.yml",
        "on: push\njobs:\n  j:\n    uses: ./.github/workflows/w2.yml\n",
    )
    .unwrap();
    let graph = assemble(&root, &chain(10)).unwrap();
    assert_eq!(graph.nodes().len(), 10);
    assert_eq!(graph.nodes()[9].id.as_str(), ["j"; 10].join(" / "));
    let error = assemble(&root, &chain(11)).unwrap_err();
    assert!(matches!(error.fault, Fault::CallsTooDeep(..)), "{error}");
    assert_eq!(error.path, ".github/workflows/w10.yml");
}

#[test]
fn workflows_that_call_each_other_are_refused() {
    let root = parse(
        ".github/workflows/a.yml",
        "on: push\njobs:\n  j:\n    uses: ./.github/workflows/b.yml\n",
    )
    .unwrap();
    let error = assemble(&root, &|callee| {
        parse(
            &callee.path,
            "on: workflow_call\njobs:\n  k:\n    uses: $/.github/workflows/a.yml\n",
        )
        .map(Some)
    })
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        ".github/workflows/b.yml:4:11: `$/.github/workflows/a.yml` is already being called: workflows call each other in a circle"
    );
}

#[test]
fn a_tree_of_calls_that_explodes_is_refused_early() {
    let mut text = String::from("on: workflow_call\njobs:\n");
    for n in 0..50 {
        writeln!(text, "  j{n}:\n    uses: ./.github/workflows/w.yml").unwrap();
    }
    let asked = Cell::new(0_usize);
    let root = parse(".github/workflows/r.yml", &text.replace("w.yml", "w0.yml")).unwrap();
    let error = assemble(&root, &|callee| {
        asked.set(asked.get() + 1);
        let n: usize = callee
            .path
            .trim_start_matches(".github/workflows/w")
            .trim_end_matches(".yml")
            .parse()
            .unwrap();
        parse(
            &callee.path,
            &text.replace("w.yml", &format!("w{}.yml", n + 1)),
        )
        .map(Some)
    })
    .unwrap_err();
    assert!(
        matches!(error.fault, Fault::CallsTooDeep(..) | Fault::TooManyJobs(_)),
        "{error}"
    );
    assert!(asked.get() < 6_000, "{} files were read", asked.get());
}

#[test]
fn aliases_that_explode_are_refused_or_dynamic() {
    let mut text = String::from("on: push\nx0: &x0 [a, a, a, a, a, a, a, a, a]\n");
    for n in 1..20 {
        let refs = vec![format!("*x{}", n - 1); 9].join(", ");
        writeln!(text, "x{n}: &x{n} [{refs}]").unwrap();
    }
    text.push_str("jobs:\n  a:\n    runs-on: x\n    strategy:\n      matrix:\n        v: [*x19]\n");
    assert_eq!(one_file(&text).jobs[0].matrix, Matrix::Dynamic);
}

#[test]
fn a_relative_call_in_another_repository_stays_there() {
    let root = parse(
        "m.yml",
        "on: push\njobs:\n  j:\n    uses: o/r/.github/workflows/a.yml@v1\n",
    )
    .unwrap();
    let graph = assemble(&root, &|callee| match callee.to_string().as_str() {
        "o/r/.github/workflows/a.yml@v1" => parse(
            "a.yml",
            "on: workflow_call\njobs:\n  k:\n    uses: ./.github/workflows/b.yml\n",
        )
        .map(Some),
        "o/r/.github/workflows/b.yml@v1" => Ok(None),
        other => panic!("{other}"),
    })
    .unwrap();
    assert!(matches!(
        graph.jobs[0].children()[0].call.as_ref().unwrap().body,
        Body::Unread
    ));
}

#[test]
fn only_files_of_the_checkout_are_read() {
    let root = tempfile::tempdir().unwrap();
    let inside = root.path().join("in");
    std::fs::create_dir_all(inside.join(".github/workflows")).unwrap();
    let good = "on: push\njobs:\n  a:\n    runs-on: x\n";
    std::fs::write(root.path().join("secret.yml"), good).unwrap();
    std::fs::write(inside.join("plain.yml"), good).unwrap();
    std::fs::write(inside.join(".github/workflows/w.yml"), good).unwrap();
    std::os::unix::fs::symlink(
        "../../../secret.yml",
        inside.join(".github/workflows/link.yml"),
    )
    .unwrap();
    let calls = "on: push\njobs:\n  a:\n    uses: ./.github/workflows/link.yml\n";
    std::fs::write(inside.join(".github/workflows/calls.yml"), calls).unwrap();
    for taken in [
        "w.yml",
        ".github/workflows/w.yml",
        "./.github/workflows/w.yml",
        "plain.yml",
        ".github/../plain.yml",
    ] {
        assert!(load(&inside, taken).is_ok(), "{taken}");
    }
    let absolute = inside.canonicalize().unwrap().join("plain.yml");
    assert!(load(&inside, absolute.to_str().unwrap()).is_ok());
    for refused in [
        "../secret.yml",
        "/etc/passwd",
        "link.yml",
        "calls.yml",
        ".github/../../secret.yml",
    ] {
        let error = load(&inside, refused).unwrap_err();
        assert!(
            matches!(error, GraphFileError::Outside(_)),
            "{refused}: {error}"
        );
    }
    let error = load(&inside, "missing.yml").unwrap_err().to_string();
    assert!(
        error.starts_with(".github/workflows/missing.yml: "),
        "{error}"
    );
}

#[test]
fn mermaid_holds_every_need_and_no_markup_of_a_name() {
    let graph = one_file(
        "on: push\njobs:\n  a:\n    name: '\"]; <script>'\n    runs-on: x\n  b:\n    needs: a\n    environment: release\n    runs-on: x\n",
    );
    assert_eq!(
        mermaid(&graph),
        "flowchart LR\n  n0[\"#quot;]; #lt;script#gt;\"]\n  n1[\"b ◆ release\"]\n  n0 --> n1\n"
    );
    let root = reference();
    let whole = load(root.path(), "release.yml").unwrap();
    let needs: usize = whole.nodes().iter().map(|n| n.needs.len()).sum();
    assert_eq!(mermaid(&whole).matches(" --> ").count(), needs);
}

/// Pieces of workflows, good and bad, so that random text gets past the first line.
fn fragments() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "on: push\n",
        "jobs:\n",
        "  a:\n",
        "  b: ",
        "    needs: [a, b]\n",
        "    runs-on: x\n",
        "    uses: ./.github/workflows/x.yml\n",
        "&x ",
        "*x",
        "<<: ",
        "- ",
        "? ",
        ": ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "'",
        "\"",
        "|\n",
        ">-\n",
        "#",
        "%YAML 1.2\n",
        "---\n",
        "...\n",
        "!!str ",
        "\t",
        "\r\n",
        "\u{feff}",
        "é",
        "\u{85}",
        "\u{2028}",
        "    strategy: {matrix: {v: [1, 2]}}\n",
        "    environment: ",
        "\\",
        "\0",
        "    name: ${{ x }}\n",
        "  ",
        "\n",
        "a",
        "0x",
        "@",
        "`",
    ]);
    prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn any_text_is_parsed_or_refused(text in prop_oneof![fragments(), "(?s).{0,200}"]) {
        match parse("x.yml", &text) {
            Ok(workflow) => {
                let graph = assemble(&workflow, &|_| Ok(None)).unwrap();
                prop_assert_eq!(Level::new(&graph.jobs).in_order().len(), workflow.jobs.len());
            }
            Err(error) => {
                let lines = text.lines().count().max(1) + 1;
                prop_assert!((error.place.line as usize) <= lines.max(text.matches(['\n', '\r']).count() + 2), "{}", error);
            }
        }
    }
}
