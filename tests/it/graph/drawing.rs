//! The drawing: every line followed from node to node, and pictures of the reference pipeline.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use gonogo::domain::graph::{Graph, Level, Node, NodeId};
use gonogo::headless::graph::{load, text};
use gonogo::present::graph::{
    Charset, Drawing, Facts, Fold, Options, Placed, draw_grid, draw_in_bands, draw_to_fit,
    draw_tree, fold,
};
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use super::judged::reference;
use super::parsing::one_file;

type Edges = BTreeSet<(String, String)>;

/// The needs that no other need implies, at every level that is shown.
fn wanted(graph: &Graph, open: &BTreeSet<NodeId>) -> Edges {
    fn level(jobs: &[Node], open: &BTreeSet<NodeId>, edges: &mut Edges) {
        let level_of = Level::new(jobs);
        let id = |key: &gonogo::domain::graph::JobKey| {
            jobs.iter().find(|j| j.key == *key).unwrap().id.to_string()
        };
        for job in jobs {
            for need in level_of.direct_needs(&job.key) {
                edges.insert((id(need), job.id.to_string()));
            }
            if open.contains(&job.id) {
                level(job.children(), open, edges);
            }
        }
    }
    let mut edges = Edges::new();
    level(&graph.jobs, open, &mut edges);
    edges
}

/// The picture as cells, a wide character taking two.
fn cells(drawing: &Drawing) -> Vec<Vec<char>> {
    drawing
        .rows
        .iter()
        .map(|row| {
            let mut cells = Vec::new();
            for segment in row {
                for c in segment.text.chars() {
                    // A combining mark has no cell of its own.
                    if UnicodeWidthStr::width(c.to_string().as_str()) == 0 {
                        continue;
                    }
                    let width = UnicodeWidthStr::width(c.to_string().as_str());
                    cells.push(c);
                    cells.resize(cells.len() + width - 1, '\u{0}');
                }
            }
            cells
        })
        .collect()
}

/// The directions in which a character leads: up, down, left, right.
fn arms(c: char) -> Option<[bool; 4]> {
    let arms = match c {
        '│' => "ud",
        '─' => "lr",
        '╭' => "dr",
        '╮' => "dl",
        '╰' => "ur",
        '╯' => "ul",
        '├' => "udr",
        '┤' => "udl",
        '┬' => "dlr",
        '┴' => "ulr",
        '┼' => "udlr",
        _ => return None,
    };
    Some(['u', 'd', 'l', 'r'].map(|d| arms.contains(d)))
}

/// Follows every line from each node's right side, as an eye would: to the right and up and down, never back.
///
/// A line that meets a `│` sideways passes behind it; everything else must lead on where the line comes from.
fn traced(drawing: &Drawing) -> Edges {
    let grid = cells(drawing);
    let at = |x: usize, y: usize| {
        grid.get(y)
            .and_then(|row| row.get(x))
            .copied()
            .unwrap_or(' ')
    };
    let starts: BTreeMap<(usize, usize), &Placed> =
        drawing.nodes.iter().map(|p| ((p.x, p.y), p)).collect();
    let mut edges = Edges::new();
    for from in &drawing.nodes {
        let mut open = vec![(from.x + from.width + 1, from.y, 'r')];
        let mut seen = BTreeSet::new();
        while let Some((x, y, going)) = open.pop() {
            if !seen.insert((x, y, going)) {
                continue;
            }
            let c = at(x, y);
            let Some([up, down, left, right]) = arms(c) else {
                let here = (from.x + from.width + 1, from.y) == (x, y);
                assert!(
                    here || (c == ' ' && going == 'r'),
                    "a line of {} ends in {c:?} at {x},{y}\n{}",
                    from.node,
                    drawing.text()
                );
                if !here {
                    let to = starts.get(&(x + 1, y)).unwrap_or_else(|| {
                        panic!(
                            "a line of {} ends at nothing, {x},{y}\n{}",
                            from.node,
                            drawing.text()
                        )
                    });
                    edges.insert((from.node.to_string(), to.node.to_string()));
                }
                continue;
            };
            if going == 'r' && c == '│' {
                open.push((x + 1, y, 'r'));
                continue;
            }
            if going == 'd' && c == '╯' && is_way_back(&grid, x, y) {
                open.push((0, y + 1, 'd'));
                continue;
            }
            let enters = match going {
                'r' => left,
                'u' => down,
                _ => up,
            };
            assert!(
                enters,
                "a line of {} breaks at {x},{y}: {c:?}\n{}",
                from.node,
                drawing.text()
            );
            if right {
                open.push((x + 1, y, 'r'));
            }
            if up && going != 'd' {
                open.push((x, y - 1, 'u'));
            }
            if down && going != 'u' {
                open.push((x, y + 1, 'd'));
            }
        }
    }
    edges
}

/// Whether the row up to `x` is nothing but the line that leads from the end of a band back to the left.
fn is_way_back(grid: &[Vec<char>], x: usize, y: usize) -> bool {
    grid.get(y).is_some_and(|row| {
        row.first() == Some(&'╭')
            && row.get(x) == Some(&'╯')
            && row.len() == x + 1
            && row[1..x].iter().all(|c| *c == '─')
    })
}

/// What must hold of every drawing.
fn check(graph: &Graph, open: &BTreeSet<NodeId>, zoom: usize) -> Drawing {
    let options = Options {
        name_width: zoom,
        open: open.clone(),
        ..Options::default()
    };
    let drawing = draw_grid(graph, &Facts::default(), &options);
    assert_eq!(
        traced(&drawing),
        wanted(graph, open),
        "\n{}",
        drawing.text()
    );
    let grid = cells(&drawing);
    assert_eq!(drawing.width, grid.iter().map(Vec::len).max().unwrap_or(0));
    let mut taken = BTreeSet::new();
    for place in &drawing.nodes {
        for y in place.y..place.y + place.height {
            for x in place.x..place.x + place.width {
                assert!(
                    taken.insert((x, y)),
                    "{} overlaps another\n{}",
                    place.node,
                    drawing.text()
                );
            }
        }
        assert_eq!(drawing.at(place.x, place.y), Some(place));
    }
    let plain = Options {
        charset: Charset::Ascii,
        ..options
    };
    let plain = draw_grid(graph, &Facts::default(), &plain);
    assert_eq!(
        plain.nodes, drawing.nodes,
        "ASCII stands where the other stands"
    );
    drawing
}

fn yaml(needs: &[Vec<usize>]) -> String {
    let mut text = String::from("on: push\njobs:\n");
    for (n, needs) in needs.iter().enumerate() {
        let needs: Vec<String> = needs.iter().map(|m| format!("job-{m}")).collect();
        writeln!(
            text,
            "  job-{n}: {{runs-on: x, needs: [{}]}}",
            needs.join(", ")
        )
        .unwrap();
    }
    text
}

/// Any graph of a few jobs: each may need any with a smaller rank; ranks are not the file's order.
fn any_graph() -> impl Strategy<Value = Vec<Vec<usize>>> {
    (1_usize..11).prop_flat_map(|count| {
        let ranks = Just((0..count).collect::<Vec<usize>>()).prop_shuffle();
        let wishes = prop::collection::vec(prop::collection::vec(any::<bool>(), count), count);
        let density = 1_usize..4;
        (ranks, wishes, density).prop_map(|(ranks, wishes, density)| {
            let wants =
                |n: usize, m: usize| wishes[n][m] && (n * 7 + m * 3).is_multiple_of(density);
            (0..ranks.len())
                .map(|n| {
                    (0..ranks.len())
                        .filter(|m| ranks[*m] < ranks[n] && wants(n, *m))
                        .collect()
                })
                .collect()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_500) })]

    #[test]
    fn every_line_is_a_need_and_every_need_a_line(needs in any_graph(), columns in 16_usize..60) {
        let graph = one_file(&yaml(&needs));
        let drawing = check(&graph, &BTreeSet::new(), 20);
        if let Some(bands) = fold(&drawing, columns, Charset::Unicode) {
            assert!(bands.width <= columns, "\n{}", bands.text());
            assert_eq!(traced(&bands), wanted(&graph, &BTreeSet::new()), "\n{}", bands.text());
            assert_eq!(bands.nodes.len(), drawing.nodes.len());
        }
    }
}

#[test]
fn the_tracer_sees_a_line_that_is_wrong() {
    let graph = one_file(&yaml(&[vec![], vec![], vec![0], vec![0, 1]]));
    let drawing = check(&graph, &BTreeSet::new(), 20);
    let mut wrong = drawing.clone();
    let mut broken = 0;
    for row in &mut wrong.rows {
        for segment in row {
            broken += segment.text.matches(['├', '╮']).count();
            segment.text = segment.text.replace('├', "┼").replace('╮', "┬");
        }
    }
    assert!(broken > 0);
    let caught = std::panic::catch_unwind(|| traced(&wrong) != wanted(&graph, &BTreeSet::new()));
    assert!(caught.unwrap_or(true), "{}", wrong.text());
}

#[test]
fn every_call_of_the_reference_pipeline_opens_and_stays_true() {
    let root = reference();
    let graph = load(root.path(), "release.yml").unwrap();
    let calls: BTreeSet<NodeId> = graph
        .jobs
        .iter()
        .filter(|j| !j.children().is_empty())
        .map(|j| j.id.clone())
        .collect();
    let closed = check(&graph, &BTreeSet::new(), 28);
    assert_eq!(closed.nodes.len(), graph.jobs.len());
    for call in &calls {
        let drawing = check(&graph, &BTreeSet::from([call.clone()]), 28);
        assert_eq!(drawing.place(call).unwrap().fold, Fold::Open);
        let more = graph.find(call).unwrap().children().len();
        assert_eq!(drawing.nodes.len(), graph.jobs.len() + more);
    }
    for zoom in [28, 10, 4] {
        check(&graph, &calls, zoom);
    }
}

#[test]
fn names_of_others_draw_no_lines_and_take_their_columns() {
    let graph = one_file(
        "on: push\njobs:\n  a: {name: \"─┼ 構築 e\\u0301 \\e[31m\\u202e\", runs-on: x}\n  b: {name: '日本語', runs-on: x, needs: a}\n  c: {needs: [a], runs-on: x}\n",
    );
    let drawing = check(&graph, &BTreeSet::new(), 28);
    assert!(!drawing.text().contains(['\u{1b}', '\u{202e}']));
}

#[test]
fn a_thousand_jobs_are_drawn() {
    let chain: Vec<Vec<usize>> = (0..1_000_usize)
        .map(|n| n.checked_sub(1).into_iter().collect())
        .collect();
    let graph = one_file(&yaml(&chain));
    let grid = draw_to_fit(&graph, &Facts::default(), &Options::default(), 120);
    assert_eq!(grid.height(), 1_000, "a list, for no row is that long");
    let wide: Vec<Vec<usize>> = (0..1_000)
        .map(|n| if n == 0 { vec![] } else { vec![0] })
        .collect();
    check(&one_file(&yaml(&wide)), &BTreeSet::new(), 10);
}

#[test]
fn the_reference_pipeline_is_drawn_in_bands_where_it_is_too_wide_for_one() {
    let root = reference();
    let graph = load(root.path(), "release.yml").unwrap();
    for (columns, rows) in [(84, 14), (120, 14), (140, 20)] {
        let drawing = draw_in_bands(
            &graph,
            &Facts::default(),
            &Options::default(),
            columns,
            rows,
        )
        .unwrap();
        assert!(drawing.width <= columns, "\n{}", drawing.text());
        assert!(drawing.height() <= rows, "\n{}", drawing.text());
        assert_eq!(
            traced(&drawing),
            wanted(&graph, &BTreeSet::new()),
            "\n{}",
            drawing.text()
        );
    }
}

#[test]
fn the_list_fits_its_width_and_names_what_a_branch_cannot() {
    let root = reference();
    let graph = load(root.path(), "release.yml").unwrap();
    for width in [30, 60, 80, 120] {
        let drawing = draw_tree(&graph, &Facts::default(), &Options::default(), width);
        assert!(drawing.width <= width);
        assert_eq!(drawing.nodes.len(), graph.jobs.len());
    }
    let drawing = draw_tree(&graph, &Facts::default(), &Options::default(), 80);
    let text = drawing.text();
    let line = |name: &str| text.lines().find(|l| l.contains(name)).unwrap().to_owned();
    assert!(line("monitor-pypi").contains("← trigger-pypi"), "{text}");
    assert!(
        line("□ build").contains("← release-gate +7")
            || line("□ build").contains("← release-gate, "),
        "{text}"
    );
}

#[test]
fn pictures_of_the_reference_pipeline() {
    let root = reference();
    let graph = load(root.path(), "release.yml").unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    let _bound = settings.bind_to_scope();
    for width in [80, 120, 200] {
        insta::assert_snapshot!(
            format!("reference_{width}"),
            text(&graph, Charset::Unicode, width)
        );
    }
    insta::assert_snapshot!("reference_80_ascii", text(&graph, Charset::Ascii, 80));
    insta::assert_snapshot!("reference_200_ascii", text(&graph, Charset::Ascii, 200));
    let publish = load(root.path(), "prerelease-docker.yml").unwrap();
    insta::assert_snapshot!("prerelease_docker", text(&publish, Charset::Unicode, 120));
}
