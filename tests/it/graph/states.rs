//! A run's jobs on the graph: counts, the most pressing state, usual times, pictures of a release on its way.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gonogo::domain::graph::{
    Graph, Node, NodeId, NodeState, NodeStatus, UsualTimes, expected_jobs, match_jobs, statuses,
};
use gonogo::domain::ids::{JobId, RunId};
use gonogo::domain::run::{Conclusion, Job, Status};
use gonogo::domain::time::{Timestamp, after};
use gonogo::headless::graph::load;
use gonogo::present::graph::{Charset, Facts, Fold, Options, draw_grid, draw_tree, legs, timeline};

use super::judged::reference;
use super::parsing::one_file;

fn start() -> Timestamp {
    "2026-03-04T10:00:00Z".parse().unwrap()
}

fn at(seconds: u64) -> Timestamp {
    after(start(), Duration::from_secs(seconds))
}

/// A job made, begun and ended at these seconds.
fn job(
    id: u64,
    name: &str,
    made: u64,
    began: Option<u64>,
    ended: Option<(u64, Conclusion)>,
) -> Job {
    Job {
        id: JobId(id),
        run: RunId(1),
        attempt: None,
        name: name.to_owned(),
        status: match (&ended, began) {
            (Some(_), _) => Status::Completed,
            (None, Some(_)) => Status::InProgress,
            (None, None) => Status::Queued,
        },
        conclusion: ended.as_ref().map(|(_, c)| c.clone()),
        created_at: Some(at(made)),
        started_at: began.map(at),
        completed_at: ended.map(|(end, _)| at(end)),
        steps: Vec::new(),
        labels: Vec::new(),
        runner: None,
        html_url: None,
    }
}

fn done(id: u64, name: &str, began: u64, ended: u64) -> Job {
    job(
        id,
        name,
        began.saturating_sub(5),
        Some(began),
        Some((ended, Conclusion::Success)),
    )
}

fn stand(graph: &Graph, jobs: &[Job]) -> BTreeMap<NodeId, NodeStatus> {
    let names: Vec<(JobId, &str)> = jobs.iter().map(|j| (j.id, j.name.as_str())).collect();
    let matching = match_jobs(graph, &names);
    assert_eq!(matching.unmatched, [], "every job of the test has its node");
    statuses(graph, &matching, jobs)
}

fn state(all: &BTreeMap<NodeId, NodeStatus>, id: &str) -> (NodeState, usize, usize) {
    let status = &all.iter().find(|(node, _)| node.as_str() == id).unwrap().1;
    (status.state, status.done, status.total)
}

/// The names under which the jobs of a node appear in a run.
fn names(node: &Node, above: &str, found: &mut Vec<String>) {
    use gonogo::domain::graph::Matrix;
    let own: Vec<String> = match &node.matrix {
        Matrix::Legs(legs) if !node.title().contains("${{") => legs
            .iter()
            .map(|leg| format!("{above}{} {}", node.title(), leg.suffix()))
            .collect(),
        Matrix::Legs(legs) => legs
            .iter()
            .map(|leg| format!("{above}{} {}", node.key, leg.suffix()))
            .collect(),
        _ => vec![format!("{above}{}", node.title())],
    };
    for name in own {
        if node.children().is_empty() {
            found.push(name);
        } else {
            node.children()
                .iter()
                .for_each(|child| names(child, &format!("{name} / "), found));
        }
    }
}

/// The reference release while its gate waits: all before it done, one advisory gate failed.
fn at_the_gate() -> (Graph, Vec<Job>) {
    let root = reference();
    let graph = load(root.path(), "release.yml").unwrap();
    let mut jobs = Vec::new();
    let mut clock = 0;
    for node in &graph.jobs {
        let mut all = Vec::new();
        names(node, "", &mut all);
        let lasts = match node.key.as_str() {
            "version-check" => 4,
            "build" => 62,
            "provenance" => 18,
            "prerelease-docker" => 751,
            "publish-docker" => {
                let mut waiting = job(99, &all[0], clock, None, None);
                waiting.status = Status::Waiting;
                jobs.push(waiting);
                break;
            }
            _ => 0,
        };
        if lasts == 0 {
            for (n, name) in (1_u64..).zip(&all) {
                jobs.push(done(jobs.len() as u64, name, 10, 60 * n));
            }
            if node.key.as_str() == "vulture-gate" {
                jobs.last_mut().unwrap().conclusion = Some(Conclusion::Failure);
                clock = 800;
            }
        } else {
            for name in &all {
                jobs.push(done(jobs.len() as u64, name, clock + 5, clock + 5 + lasts));
            }
            clock += 5 + lasts;
        }
    }
    (graph, jobs)
}

#[test]
fn a_release_at_its_gate_is_counted_and_pictured() {
    let (graph, jobs) = at_the_gate();
    let all = stand(&graph, &jobs);
    assert_eq!(state(&all, "release-gate"), (NodeState::Done, 12, 12));
    assert_eq!(state(&all, "ci-gate / unit"), (NodeState::Done, 4, 4));
    assert_eq!(state(&all, "vulture-gate"), (NodeState::Failed, 1, 1));
    assert_eq!(state(&all, "publish-docker"), (NodeState::Waiting, 0, 1));
    assert_eq!(state(&all, "create-release"), (NodeState::NotYet, 0, 1));
    let now = at(1_900);
    assert_eq!(
        all.values().filter(|s| s.waits_for(now).is_some()).count(),
        2,
        "the call and the job in it wait"
    );
    let facts = Facts {
        statuses: Some(&all),
        advisory: BTreeSet::from(["vulture-gate".to_owned()]),
        now: Some(now),
        ..Facts::default()
    };
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    let _bound = settings.bind_to_scope();
    let zoom = |name_width| Options {
        name_width,
        ..Options::default()
    };
    insta::assert_snapshot!("gate_grid", draw_grid(&graph, &facts, &zoom(28)).text());
    insta::assert_snapshot!(
        "gate_grid_small",
        draw_grid(&graph, &facts, &zoom(10)).text()
    );
    insta::assert_snapshot!("gate_list", draw_tree(&graph, &facts, &zoom(28), 78).text());
    let bars: Vec<String> = timeline(&graph, &facts, Charset::Unicode, 60)
        .iter()
        .map(|row| {
            let bar: String = row.bar.iter().map(|s| s.text.as_str()).collect();
            format!("{:<20}▏{bar}", row.label)
        })
        .collect();
    insta::assert_snapshot!("gate_timeline", bars.join("\n"));
}

#[test]
fn nothing_moves_while_a_release_goes_on() {
    let (graph, jobs) = at_the_gate();
    for name_width in [20, 10, 4] {
        let mut places = None;
        for known in 0..=jobs.len() {
            let all = stand(&graph, &jobs[..known]);
            for now in [1_900, 6_000] {
                let facts = Facts {
                    statuses: Some(&all),
                    advisory: BTreeSet::from(["vulture-gate".to_owned()]),
                    now: Some(at(now)),
                    ..Facts::default()
                };
                let options = Options {
                    name_width,
                    ..Options::default()
                };
                let drawing = draw_grid(&graph, &facts, &options);
                let first = places.get_or_insert_with(|| drawing.nodes.clone());
                assert_eq!(*first, drawing.nodes, "with {known} jobs known");
            }
        }
    }
}

#[test]
fn a_matrix_opens_into_its_jobs_in_both_pictures() {
    let (graph, jobs) = at_the_gate();
    let names: Vec<(JobId, &str)> = jobs.iter().map(|j| (j.id, j.name.as_str())).collect();
    let matching = match_jobs(&graph, &names);
    let all = statuses(&graph, &matching, &jobs);
    let mut facts = Facts {
        statuses: Some(&all),
        now: Some(at(1_900)),
        ..Facts::default()
    };
    let rows = legs(&graph, &matching, &jobs, &facts);
    facts.legs = Some(&rows);
    let id = |text: &str| {
        graph
            .nodes()
            .into_iter()
            .find(|n| n.id.as_str() == text)
            .unwrap()
            .id
            .clone()
    };
    let unit = id("ci-gate / unit");
    let options = Options {
        name_width: 28,
        open: BTreeSet::from([id("ci-gate"), unit.clone()]),
        ..Options::default()
    };
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    let _bound = settings.bind_to_scope();
    let grid = draw_grid(&graph, &facts, &options);
    let list = draw_tree(&graph, &facts, &options, 78);
    for drawing in [&grid, &list] {
        let shown: Vec<JobId> = drawing.nodes.iter().filter_map(|p| p.job).collect();
        assert_eq!(shown, matching.jobs_of(&unit));
        assert_eq!(drawing.place(&unit).unwrap().fold, Fold::Open);
        let leg = drawing.nodes.iter().find(|p| p.job.is_some()).unwrap();
        assert_eq!(drawing.at(leg.x, leg.y), Some(leg), "\n{}", drawing.text());
    }
    insta::assert_snapshot!("open_grid", grid.text());
    insta::assert_snapshot!("open_list", list.text());
}

#[test]
fn the_most_pressing_job_decides_how_a_call_stands() {
    let root = reference();
    let graph = load(root.path(), "release.yml").unwrap();
    let call = |jobs: &[Job]| state(&stand(&graph, jobs), "ci-gate");
    let lint = done(1, "ci-gate / lint", 5, 10);
    assert_eq!(
        call(std::slice::from_ref(&lint)),
        (NodeState::Running, 1, 7),
        "done so far is not done"
    );
    let types = job(2, "ci-gate / types", 1, Some(3), None);
    assert_eq!(call(&[lint.clone(), types]), (NodeState::Running, 1, 7));
    let failed = job(
        2,
        "ci-gate / types",
        1,
        Some(3),
        Some((9, Conclusion::TimedOut)),
    );
    assert_eq!(call(&[lint, failed]), (NodeState::Failed, 2, 7));
    let skipped = job(3, "ci-gate", 1, None, Some((1, Conclusion::Skipped)));
    assert_eq!(
        call(&[skipped]),
        (NodeState::Skipped, 1, 1),
        "a skipped call is one job of the run"
    );
}

#[test]
fn a_job_of_unknown_words_is_unknown_and_never_done() {
    let graph = one_file("on: push\njobs:\n  a: {runs-on: x}\n");
    let mut odd = done(1, "a", 5, 9);
    odd.conclusion = Some(Conclusion::Other("vanished".to_owned()));
    assert_eq!(
        state(&stand(&graph, &[odd.clone()]), "a").0,
        NodeState::Unknown
    );
    odd.conclusion = None;
    assert_eq!(
        state(&stand(&graph, &[odd.clone()]), "a").0,
        NodeState::Unknown
    );
    odd.status = Status::Other("dreaming".to_owned());
    assert_eq!(state(&stand(&graph, &[odd]), "a").0, NodeState::Unknown);
    assert_eq!(expected_jobs(&graph.jobs[0]), Some(1));
}

#[test]
fn the_usual_time_is_the_median_of_what_went_well() {
    let history = [
        done(1, "a", 0, 10),
        done(2, "a", 0, 20),
        done(3, "a", 0, 1_000),
        job(4, "a", 0, Some(0), Some((1, Conclusion::Failure))),
        done(5, "b", 0, 10),
        done(6, "b", 0, 30),
        job(7, "c", 0, None, Some((0, Conclusion::Skipped))),
    ];
    let usual = UsualTimes::learn(&history);
    assert_eq!(usual.of("a"), Some(Duration::from_secs(20)));
    assert_eq!(usual.of("b"), Some(Duration::from_secs(20)));
    assert_eq!(usual.of("c"), None);
    assert_eq!(
        usual.of_jobs(["a", "c", "b"]),
        Some(Duration::from_secs(20))
    );
}
