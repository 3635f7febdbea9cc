//! Any text as a workflow file that may call itself: an error with its place, or a graph that can be drawn.
#![no_main]

use gonogo::domain::graph::{Graph, assemble, parse};
use gonogo::present::graph::{Facts, Options, draw_grid, draw_to_fit, draw_tree};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(workflow) = parse(".github/workflows/fuzz.yml", text) else {
        return;
    };
    let again = |_: &_| Ok(Some(workflow.clone()));
    let unread = |_: &_| Ok(None);
    for graph in [assemble(&workflow, &again), assemble(&workflow, &unread)]
        .into_iter()
        .flatten()
    {
        draw(&graph);
    }
});

/// Every node must have a place, and the place must be in the drawing.
fn draw(graph: &Graph) {
    let facts = Facts::default();
    let options = Options {
        name_width: 20,
        open: graph.nodes().iter().map(|node| node.id.clone()).collect(),
        ..Options::default()
    };
    for drawing in [
        draw_grid(graph, &facts, &options),
        draw_tree(graph, &facts, &options, 40),
        draw_to_fit(graph, &facts, &options, 76),
    ] {
        for node in graph.nodes() {
            let place = drawing.place(&node.id).expect("every job is drawn");
            // A node's second row, for its time, may be empty, and empty rows at the end are not kept.
            assert!(place.y < drawing.height());
        }
        assert!(!drawing.text().chars().any(|c| c.is_control() && c != '\n'));
    }
}
