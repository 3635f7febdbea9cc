//! The screen: header, panes, footer, popups. Drawn from a shared reference, without IO.

pub(crate) mod board;
mod evidence;
mod footer;
pub(crate) mod gate;
mod grid;
mod header;
pub(crate) mod image;
pub(crate) mod journal;
mod log;
pub(crate) mod manifest;
pub(crate) mod outside;
pub(crate) mod pipeline;
mod state;
pub(crate) mod steps;
mod timeline;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::ascii;
use super::layout::{self, Needs, Shape};
use super::popup;
use super::scene::Scene;
use super::theme::Theme;
use super::ui::{Item, Pane, Seen, Target, Ui, View};
use super::widget::line::{Bit, Line};
use super::widget::{Canvas, Frame, Row, list};
use crate::domain::time::Timestamp;
use crate::engine::Model;
use crate::present::role::Role;

/// How a frame is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// The colours.
    pub theme: &'a Theme,
    /// Whether only ASCII may be shown.
    pub ascii: bool,
}

/// Draws one frame into a buffer; says what it showed.
pub fn draw(model: &Model, ui: &Ui, now: Timestamp, look: Look<'_>, buffer: &mut Buffer) -> Seen {
    let scene = Scene::new(model, ui, now);
    let mut seen = Seen {
        ticks: scene.ticks(),
        ..Seen::default()
    };
    let mut canvas = Canvas::new(buffer, look.theme);
    if Shape::of(ui.size) == Shape::TooSmall {
        too_small(&scene, &mut canvas);
    } else {
        screen(&scene, &mut canvas, &mut seen);
    }
    if look.ascii {
        ascii::translate(buffer);
    }
    seen
}

fn too_small(scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
    let (size, least) = (scene.ui.size, layout::LEAST);
    let lines = [
        Line::of(header::verdict(scene)),
        Line::of([Bit::plain(format!("needs {}×{}", least.width, least.height)).sentence()]),
        Line::of([Bit::muted(format!("has {}×{}", size.width, size.height)).sentence()]),
    ];
    let area = canvas.area();
    canvas.lines(area, &lines);
}

fn screen(scene: &Scene<'_>, canvas: &mut Canvas<'_>, seen: &mut Seen) {
    let ui = scene.ui;
    let needs = Needs {
        image: rows_of(image::rows(scene).len() + 3),
        gate: rows_of(gate::rows(scene).len()),
        outside: rows_of(outside::rows(scene).len()),
    };
    let (pane, only) = match ui.inside {
        Some(_) => (Pane::Log, true),
        None => (ui.pane, ui.zoomed),
    };
    let mut places = layout::places(ui.size, ui.view, pane, only, needs);
    if ui.evidence.is_some() {
        let body = places.body;
        let tree = rows_of(super::evidence::rows(scene).len());
        places.panes = layout::evidence(body, ui.size, tree);
    }
    header::draw(scene, canvas, places.header);
    for (pane, area) in &places.panes {
        match pane {
            Pane::Pipeline => pipeline::draw(scene, canvas, *area, seen),
            Pane::Board => board::draw(scene, canvas, *area, seen),
            Pane::Image => image::draw(scene, canvas, *area, seen),
            Pane::Gate => gate::draw(scene, canvas, *area, seen),
            Pane::Outside => outside::draw(scene, canvas, *area, seen),
            Pane::Steps => steps::draw(scene, canvas, *area, seen),
            Pane::Log => log::draw(scene, canvas, *area, seen),
            Pane::Manifest => manifest::draw(scene, canvas, *area, seen),
            Pane::Proofs => evidence::tree(scene, canvas, *area, seen),
            Pane::Proof => evidence::detail(scene, canvas, *area, seen),
            Pane::Journal => journal::draw(scene, canvas, *area, seen),
            Pane::Entries => journal::draw_entries(scene, canvas, *area, seen),
            Pane::Help
            | Pane::Palette
            | Pane::Runs
            | Pane::Services
            | Pane::Plan
            | Pane::Dispatch
            | Pane::Leave => {}
        }
        seen.spots.push((*area, Target::Pane(*pane)));
    }
    footer::draw(scene, canvas, places.footer, seen);
    popup::draw(scene, canvas, seen);
}

fn rows_of(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX).min(200)
}

/// The border of a pane: its number and name, or all tabs where one pane is shown at a time.
fn frame(scene: &Scene<'_>, pane: Pane) -> Frame {
    let focused = scene.has_keys(pane);
    let number = Pane::NUMBERED.iter().position(|other| *other == pane);
    let in_release = in_release(scene);
    let tabs = Shape::of(scene.ui.size) == Shape::Tabs && in_release && number.is_some();
    if tabs {
        let mut frame = Frame::titled("", focused);
        frame.title = tab_titles(pane);
        return frame;
    }
    match number.filter(|_| in_release) {
        Some(n) => Frame::titled(&format!("{} {}", n + 1, pane.name()), focused),
        None => Frame::titled(pane.name(), focused),
    }
}

fn tab_titles(pane: Pane) -> Vec<Bit> {
    let mut bits = Vec::new();
    for (n, other) in Pane::NUMBERED.iter().enumerate() {
        if n > 0 {
            bits.push(Bit::muted(" │ "));
        }
        let name = match other {
            Pane::Board => "Go/No-Go",
            Pane::Outside => "PyPI",
            other => other.name(),
        };
        let text = format!("{} {name}", n + 1);
        bits.push(if *other == pane {
            Bit::of(Role::Focus, text).strong()
        } else {
            Bit::muted(text)
        });
    }
    bits
}

/// Whether the pane is one of several tabs, so that its title has no room for more.
fn in_tabs(scene: &Scene<'_>) -> bool {
    Shape::of(scene.ui.size) == Shape::Tabs && in_release(scene)
}

/// Whether the release view is on screen, with nothing that has the whole of it.
fn in_release(scene: &Scene<'_>) -> bool {
    let ui = scene.ui;
    ui.view == View::Release && ui.inside.is_none() && ui.evidence.is_none()
}

/// A pane that is a list, with lines that stay at its bottom.
fn list_pane(
    scene: &Scene<'_>,
    canvas: &mut Canvas<'_>,
    seen: &mut Seen,
    pane: Pane,
    area: Rect,
    contents: Contents,
) {
    let Contents {
        mut frame,
        rows,
        below,
    } = contents;
    let inner = inner_of(area);
    let most = inner.height.saturating_sub(1).min(inner.height * 2 / 3);
    let low = rows_of(below.len()).min(most);
    let list_area = Rect {
        height: inner.height - low,
        ..inner
    };
    let filter = scene.ui.filter(pane);
    if !filter.is_empty() || scene.ui.typing == Some(pane) {
        frame = frame.and(filter_bit(scene, pane));
    }
    let focused = scene.has_keys(pane);
    let mut behind = frame.clone();
    // The position is known only once the list is drawn, and the border must not lie over its rows.
    let height = usize::from(list_area.height);
    if rows.len() > height {
        let items: Vec<&Item> = rows.iter().filter_map(|row| row.item.as_ref()).collect();
        let cursor = scene.ui.cursor(pane).cloned().unwrap_or_default();
        let place = cursor.place(&items).map_or(0, |place| place + 1);
        behind.position = format!("{place} of {}", items.len());
    }
    behind.draw(canvas, area);
    let drawn = list::draw(canvas, list_area, &rows, scene.ui.cursor(pane), focused);
    // What explains a list stands right below it, and at the pane's bottom where the list is long.
    let used = rows_of(rows.len()).min(list_area.height);
    let rest = Rect {
        y: list_area.y + used,
        height: low,
        ..inner
    };
    canvas.lines(rest, &below);
    seen.panes.insert(pane, list_area);
    seen.tops.insert(pane, (drawn.top, 0));
    for (item, place) in drawn.items {
        seen.spots.push((place, Target::Item(pane, item)));
    }
}

/// What a list pane holds.
struct Contents {
    frame: Frame,
    rows: Vec<Row>,
    below: Vec<Line>,
}

fn filter_bit(scene: &Scene<'_>, pane: Pane) -> Bit {
    let cursor = if scene.ui.typing == Some(pane) {
        "▏"
    } else {
        ""
    };
    Bit::of(Role::Key, format!("/{}{cursor}", scene.ui.filter(pane)))
}

/// The area within a pane's border.
fn inner_of(area: Rect) -> Rect {
    if area.width < 4 || area.height < 2 {
        return Rect::new(area.x, area.y, 0, 0);
    }
    Rect::new(area.x + 2, area.y + 1, area.width - 4, area.height - 2)
}

/// The width that a list pane was last drawn at.
fn last_width(scene: &Scene<'_>, pane: Pane) -> usize {
    scene
        .ui
        .seen
        .panes
        .get(&pane)
        .map_or(76, |area| usize::from(area.width))
}
