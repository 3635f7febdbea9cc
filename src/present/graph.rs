//! The job graph as a drawing: rows of styled text and the place of every node, the same for both faces.

mod canvas;
mod fold;
mod grid;
mod label;
mod paint;
mod timeline;
mod tree;

use std::collections::BTreeSet;

use super::role::Role;
use crate::domain::graph::{Graph, NodeId};
use crate::domain::ids::JobId;

pub use fold::fold;
pub use label::{Facts, Label, LegRow, label, legs};
pub use timeline::{TimelineRow, timeline};

/// Which characters may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Charset {
    /// Symbols and box drawing.
    #[default]
    Unicode,
    /// ASCII alone, for the lines and symbols of our own; names stay as they are.
    Ascii,
}

/// A piece of a row with its meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The text, clean.
    pub text: String,
    /// What it means.
    pub role: Role,
}

/// Where a node is drawn, in columns and rows of the drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The node.
    pub node: NodeId,
    /// The job of the run, where the row is one of several jobs of an open node.
    pub job: Option<JobId>,
    /// Its first column.
    pub x: usize,
    /// Its first row.
    pub y: usize,
    /// Columns that it takes.
    pub width: usize,
    /// Rows that it takes, without what is unfolded below it.
    pub height: usize,
    /// Whether it holds jobs that can be shown, and are.
    pub fold: Fold,
}

/// Whether a node can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fold {
    /// There is nothing in it.
    Leaf,
    /// It holds jobs that are not shown.
    Closed,
    /// Its jobs are shown below it.
    Open,
}

/// A drawing, to be cut to a window by whoever shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Drawing {
    /// The rows, without spaces at their ends.
    pub rows: Vec<Vec<Segment>>,
    /// Every node that is drawn, in reading order of the graph.
    pub nodes: Vec<Placed>,
    /// Columns of the widest row.
    pub width: usize,
}

impl Drawing {
    /// How many rows there are.
    pub fn height(&self) -> usize {
        self.rows.len()
    }

    /// What is drawn at a column and row, for the mouse.
    pub fn at(&self, x: usize, y: usize) -> Option<&Placed> {
        let holds =
            |p: &&Placed| (p.x..p.x + p.width).contains(&x) && (p.y..p.y + p.height).contains(&y);
        self.nodes.iter().find(holds)
    }

    /// The place of a node.
    pub fn place(&self, node: &NodeId) -> Option<&Placed> {
        self.nodes
            .iter()
            .find(|p| p.node == *node && p.job.is_none())
    }

    /// The rows as plain text.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for row in &self.rows {
            for segment in row {
                out.push_str(&segment.text);
            }
            out.push('\n');
        }
        out
    }
}

/// How a graph is to be drawn.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Which characters may be used.
    pub charset: Charset,
    /// Calls and matrices that are shown with the jobs in them.
    pub open: BTreeSet<NodeId>,
    /// Most columns of a name; names lose their middle beyond it. This is the zoom.
    pub name_width: usize,
}

/// The zooms, from the widest: most columns of a name.
pub const ZOOMS: [usize; 6] = [28, 20, 14, 10, 7, 4];

/// The graph with its edges: columns by depth, a line for every need that no other need implies.
pub fn draw_grid(graph: &Graph, facts: &Facts<'_>, options: &Options) -> Drawing {
    paint::grid(&graph.jobs, facts, options)
}

/// The graph as an indented list, for narrow screens: a branch is a need, `←` names the needs where a branch cannot.
pub fn draw_tree(graph: &Graph, facts: &Facts<'_>, options: &Options, width: usize) -> Drawing {
    tree::tree(&graph.jobs, facts, options, width)
}

/// Columns of a name below which it no longer tells jobs apart.
const LEAST_NAME: usize = 10;

/// The grid at the widest zoom that fits the columns; else the grid in bands, the widest that takes at most `rows`
/// where one does; `None` where it cannot be broken that narrow.
pub fn draw_in_bands(
    graph: &Graph,
    facts: &Facts<'_>,
    options: &Options,
    columns: usize,
    rows: usize,
) -> Option<Drawing> {
    let grids: Vec<Drawing> = ZOOMS
        .iter()
        .filter(|zoom| **zoom >= LEAST_NAME)
        .map(|zoom| {
            let options = Options {
                name_width: *zoom,
                ..options.clone()
            };
            draw_grid(graph, facts, &options)
        })
        .collect();
    let fits = |drawing: &&Drawing| drawing.width <= columns;
    if let Some(whole) = grids.iter().find(fits) {
        return Some(whole.clone());
    }
    let bands: Vec<Drawing> = grids
        .iter()
        .filter_map(|grid| fold(grid, columns, options.charset))
        .collect();
    let low = bands.iter().find(|drawing| drawing.height() <= rows);
    low.or(bands.first()).cloned()
}

/// The grid where it fits the columns, whole or in bands; else the tree.
pub fn draw_to_fit(graph: &Graph, facts: &Facts<'_>, options: &Options, width: usize) -> Drawing {
    draw_in_bands(graph, facts, options, width, usize::MAX)
        .unwrap_or_else(|| draw_tree(graph, facts, options, width))
}
