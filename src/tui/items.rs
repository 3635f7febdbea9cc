//! What can be selected in each list, in the order in which it is shown.

use super::evidence;
use super::popup;
use super::scene::Scene;
use super::ui::{Item, Pane, Ui};
use super::view;
use super::widget::Row;
use crate::domain::graph::{Node, NodeId};
use crate::domain::time::Timestamp;
use crate::engine::Model;

/// The items of a list.
pub fn of(model: &Model, ui: &Ui, pane: Pane, now: Timestamp) -> Vec<Item> {
    let scene = Scene::new(model, ui, now);
    if pane == Pane::Pipeline {
        return pipeline(&scene);
    }
    if pane == Pane::Proof {
        // An SBOM may list thousands of packages: their rows are made only where they are drawn.
        return evidence::Detail::of(&scene).map_or_else(Vec::new, |detail| detail.items());
    }
    rows(&scene, pane)
        .into_iter()
        .filter_map(|row| row.item)
        .collect()
}

/// The rows of a list; empty for a pane that is no list of rows.
pub fn rows(scene: &Scene<'_>, pane: Pane) -> Vec<Row> {
    match pane {
        Pane::Pipeline => view::pipeline::loose_rows(scene),
        Pane::Log | Pane::Proof | Pane::Plan => Vec::new(),
        Pane::Board => view::board::rows(scene),
        Pane::Image => view::image::rows(scene),
        Pane::Gate => view::gate::rows(scene),
        Pane::Outside => view::outside::rows(scene),
        Pane::Steps => view::steps::rows(scene),
        Pane::Manifest => view::manifest::rows(scene),
        Pane::Proofs => evidence::rows(scene),
        Pane::Help => popup::help::rows(scene),
        Pane::Palette => popup::palette::rows(scene),
        Pane::Runs => popup::runs::rows(scene),
        Pane::Services => popup::services::rows(scene),
        Pane::Journal => view::journal::rows(scene),
        Pane::Entries => view::journal::entries(scene),
        Pane::Dispatch => popup::dispatch::rows(scene),
        Pane::Leave => popup::leave::rows(scene),
    }
}

fn pipeline(scene: &Scene<'_>) -> Vec<Item> {
    let mut found = Vec::new();
    if let Some(graph) = &scene.ui.flow.graph {
        walk(&graph.jobs, scene.ui, &mut found);
    }
    let loose = view::pipeline::loose_rows(scene);
    found.extend(loose.into_iter().filter_map(|row| row.item));
    found
}

fn walk(nodes: &[Node], ui: &Ui, found: &mut Vec<Item>) {
    for node in nodes {
        found.push(Item::Node(node.id.clone()));
        if !ui.open.contains(&node.id) {
            continue;
        }
        walk(node.children(), ui, found);
        if node.children().is_empty() && is_group(node, ui) {
            let legs = ui.flow.matching.jobs_of(&node.id);
            found.extend(legs.iter().map(|job| Item::Job(*job)));
        }
    }
}

/// Whether a node stands for several jobs, so that it can be opened.
pub fn is_group(node: &Node, ui: &Ui) -> bool {
    !node.children().is_empty() || ui.flow.matching.jobs_of(&node.id).len() > 1
}

/// What the pipeline's cursor is on.
pub fn in_graph(ui: &Ui) -> Option<Item> {
    match ui.cursor(Pane::Pipeline).and_then(|c| c.item.as_ref()) {
        Some(item) => Some(item.clone()),
        None => ui.flow.hot().cloned().map(Item::Node),
    }
}

/// The node that the pipeline's cursor is on.
pub fn node(ui: &Ui) -> Option<NodeId> {
    match in_graph(ui)? {
        Item::Node(node) => Some(node),
        _ => None,
    }
}
