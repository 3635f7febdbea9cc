//! Where each pane goes at each size: a pure function of size, view and what the panes need.

use std::collections::BTreeMap;

use ratatui::layout::{Rect, Size};

use super::ui::{Pane, View};

/// The smallest terminal that can show a release.
pub const LEAST: Size = Size {
    width: 60,
    height: 16,
};

/// How panes share the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Too small to say anything true.
    TooSmall,
    /// One pane at a time, the others as tabs.
    Tabs,
    /// All panes side by side.
    Panes,
    /// All panes, and the selected job beside them.
    Wide,
}

impl Shape {
    /// The shape that fits a size.
    pub fn of(size: Size) -> Self {
        if size.width < LEAST.width || size.height < LEAST.height {
            Self::TooSmall
        } else if size.width < 100 || size.height < 26 {
            Self::Tabs
        } else if size.width < 160 || size.height < 40 {
            Self::Panes
        } else {
            Self::Wide
        }
    }
}

/// What the panes of the release view would like to have, in rows within their borders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// Rows of tags, with their heading.
    pub image: u16,
    /// Lines about the gates.
    pub gate: u16,
    /// Lines about the package index and the Release.
    pub outside: u16,
}

/// Where everything goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places {
    /// Verdict and release.
    pub header: Rect,
    /// All between header and footer.
    pub body: Rect,
    /// Each pane that is shown.
    pub panes: BTreeMap<Pane, Rect>,
    /// What can be done.
    pub footer: Rect,
}

/// Where everything goes in a view. `only`: the pane that has the whole body.
pub fn places(size: Size, view: View, focused: Pane, only: bool, needs: Needs) -> Places {
    let shape = Shape::of(size);
    let head = if shape == Shape::Tabs { 2 } else { 1 };
    let (header, rest) = rows(Rect::new(0, 0, size.width, size.height), head);
    let (body, footer) = rows(rest, rest.height.saturating_sub(1));
    let panes = match (shape, view) {
        (Shape::TooSmall, _) => BTreeMap::new(),
        _ if only => BTreeMap::from([(focused, body)]),
        (Shape::Tabs, View::Release) => BTreeMap::from([(focused, body)]),
        (_, View::Release) => release(body, shape, needs),
        (_, View::Jobs) => jobs(body, shape),
        (_, View::Image) => {
            let (top, bottom) = rows(body, (needs.image + 2).min(body.height / 2).max(5));
            BTreeMap::from([(Pane::Image, top), (Pane::Manifest, bottom)])
        }
        (Shape::Tabs, View::Journal) => {
            let (list, entries) = rows(body, body.height * 2 / 5);
            BTreeMap::from([(Pane::Journal, list), (Pane::Entries, entries)])
        }
        (_, View::Journal) => {
            let (list, entries) = columns(body, body.width * 2 / 5);
            BTreeMap::from([(Pane::Journal, list), (Pane::Entries, entries)])
        }
    };
    Places {
        header,
        body,
        panes,
        footer,
    }
}

fn release(body: Rect, shape: Shape, needs: Needs) -> BTreeMap<Pane, Rect> {
    let side = (body.width * 28 / 100).clamp(32, 56);
    let (left, right) = columns(body, body.width - side);
    let outside = (needs.outside + 2).clamp(4, 8);
    let gate = (needs.gate + 2).clamp(4, 9);
    let wanted = (needs.image + 2).max(gate + outside);
    let least = if shape == Shape::Wide { 14 } else { 7 };
    let low = wanted.clamp(least, (body.height * 2 / 5).max(least));
    let (pipeline, below) = rows(left, body.height.saturating_sub(low));
    let (board, side_below) = rows(right, body.height.saturating_sub(low));
    let (gate, outside) = rows(side_below, low.saturating_sub(outside.min(low / 2)));
    let mut panes = BTreeMap::from([
        (Pane::Pipeline, pipeline),
        (Pane::Board, board),
        (Pane::Gate, gate),
        (Pane::Outside, outside),
    ]);
    if shape == Shape::Wide {
        let (image, job) = columns(below, below.width * 3 / 5);
        let (steps, log) = columns(job, job.width * 2 / 5);
        panes.insert(Pane::Image, image);
        panes.insert(Pane::Steps, steps);
        panes.insert(Pane::Log, log);
    } else {
        panes.insert(Pane::Image, below);
    }
    panes
}

/// The tree of evidence and its detail: side by side where there is room, else the tree above.
pub fn evidence(body: Rect, size: Size, rows_of_tree: u16) -> BTreeMap<Pane, Rect> {
    let (tree, detail) = match Shape::of(size) {
        Shape::TooSmall => return BTreeMap::new(),
        Shape::Tabs => rows(body, (rows_of_tree + 2).clamp(4, body.height * 2 / 5)),
        Shape::Panes | Shape::Wide => columns(body, (body.width * 26 / 100).clamp(31, 52)),
    };
    BTreeMap::from([(Pane::Proofs, tree), (Pane::Proof, detail)])
}

fn jobs(body: Rect, shape: Shape) -> BTreeMap<Pane, Rect> {
    let list = if shape == Shape::Tabs {
        (body.width * 2 / 5).max(28)
    } else {
        (body.width * 2 / 5).clamp(44, 76)
    };
    let (left, right) = columns(body, list);
    let (steps, log) = rows(right, (right.height * 2 / 5).max(5));
    BTreeMap::from([
        (Pane::Pipeline, left),
        (Pane::Steps, steps),
        (Pane::Log, log),
    ])
}

/// The first `height` rows, and the rest.
fn rows(area: Rect, height: u16) -> (Rect, Rect) {
    let height = height.min(area.height);
    (
        Rect { height, ..area },
        Rect {
            y: area.y + height,
            height: area.height - height,
            ..area
        },
    )
}

/// The first `width` columns, and the rest.
fn columns(area: Rect, width: u16) -> (Rect, Rect) {
    let width = width.min(area.width);
    (
        Rect { width, ..area },
        Rect {
            x: area.x + width,
            width: area.width - width,
            ..area
        },
    )
}
