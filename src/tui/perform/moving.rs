//! Moving: within a list, through the graph, from pane to pane and from view to view.

use ratatui::layout::Rect;

use super::Effects;
use crate::domain::time::Timestamp;
use crate::engine::Model;
use crate::tui::items;
use crate::tui::ui::{Item, LogPlace, Pane, Ui, View};

/// Columns that a log moves sideways at once.
const SIDEWAYS: usize = 16;

/// Gives a pane the keys.
pub(in crate::tui) fn focus(ui: &mut Ui, pane: Pane) {
    if ui.popups.is_empty() {
        ui.give_keys(pane);
    }
}

/// Puts a list's cursor on an item.
pub(in crate::tui) fn select(ui: &mut Ui, model: &Model, pane: Pane, item: Item, now: Timestamp) {
    let near = items::of(model, ui, pane, now)
        .iter()
        .position(|other| *other == item)
        .unwrap_or(0);
    let cursor = ui.cursors.entry(pane).or_default();
    cursor.item = Some(item);
    cursor.near = near;
    if pane == Pane::Pipeline {
        // Another job's log is read from its end.
        ui.log = LogPlace::default();
        ui.cursors.remove(&Pane::Steps);
    }
    if pane == Pane::Image {
        ui.cursors.remove(&Pane::Manifest);
    }
    if pane == Pane::Journal {
        ui.cursors.remove(&Pane::Entries);
    }
    if pane == Pane::Proofs {
        ui.cursors.remove(&Pane::Proof);
        ui.filters.remove(&Pane::Proof);
    }
}

/// The selected item of a list.
pub(in crate::tui) fn selected(ui: &Ui, model: &Model, pane: Pane, now: Timestamp) -> Option<Item> {
    let items = items::of(model, ui, pane, now);
    if pane == Pane::Pipeline
        && ui.cursor(pane).is_none_or(|cursor| cursor.item.is_none())
        && let Some(hot) = ui.flow.hot()
    {
        return Some(Item::Node(hot.clone()));
    }
    ui.selected(pane, &items).cloned()
}

/// Moves by one, in the direction of columns and rows.
pub(in crate::tui) fn step(
    ui: &mut Ui,
    model: &Model,
    now: Timestamp,
    by: (isize, isize),
) -> Effects {
    let pane = ui.active();
    match pane {
        Pane::Log => {
            scroll(ui, by.1);
            let left = match by.0.signum() {
                -1 => ui.log.left.saturating_sub(SIDEWAYS),
                1 => (ui.log.left + SIDEWAYS).min(crate::domain::log::LINE_BYTES),
                _ => ui.log.left,
            };
            ui.log.left = left;
        }
        Pane::Plan => return super::plans::scroll(ui, by.1),
        Pane::Pipeline if walk(ui, model, now, by) => {}
        _ if by.0 != 0 && ui.popups.is_empty() => {
            turn_within(ui, by.0);
        }
        _ => move_by(ui, model, pane, now, by.1),
    }
    Vec::new()
}

/// Moves in the graph to the nearest job in a direction; says whether there is a graph to move in.
fn walk(ui: &mut Ui, model: &Model, now: Timestamp, (dx, dy): (isize, isize)) -> bool {
    let Some(here) = selected(ui, model, Pane::Pipeline, now) else {
        return false;
    };
    let Some(from) = ui
        .seen
        .nodes
        .iter()
        .find(|(node, _)| *node == here)
        .map(|(_, place)| *place)
    else {
        return false;
    };
    let row = |r: &Rect| i32::from(r.y);
    let column = |r: &Rect| i32::from(r.x);
    let nearest = ui
        .seen
        .nodes
        .iter()
        .filter(|(node, place)| {
            *node != here
                && match (dx.signum(), dy.signum()) {
                    (1, _) => place.x >= from.right(),
                    (-1, _) => place.right() <= from.x,
                    (_, 1) => place.y > from.y && place.x < from.right() && place.right() > from.x,
                    _ => place.y < from.y && place.x < from.right() && place.right() > from.x,
                }
        })
        .min_by_key(|(_, place)| {
            let (down, across) = (
                (row(place) - row(&from)).abs(),
                (column(place) - column(&from)).abs(),
            );
            if dx == 0 {
                (down, across)
            } else {
                // Columns first: a line is followed to the next one, whatever the row.
                (across / 2 + down, down)
            }
        })
        .map(|(node, _)| node.clone());
    match nearest {
        Some(item) => select(ui, model, Pane::Pipeline, item, now),
        None if dy > 0 => {
            // Below the graph stand the jobs that are not in it.
            let loose = items::of(model, ui, Pane::Pipeline, now)
                .into_iter()
                .find(|item| ui.seen.nodes.iter().all(|(seen, _)| seen != item));
            if let Some(item) = loose {
                select(ui, model, Pane::Pipeline, item, now);
            }
        }
        None => {}
    }
    true
}

pub(super) fn move_by(ui: &mut Ui, model: &Model, pane: Pane, now: Timestamp, by: isize) {
    let items = items::of(model, ui, pane, now);
    let Some(last) = items.len().checked_sub(1) else {
        return;
    };
    let all: Vec<&Item> = items.iter().collect();
    let cursor = ui.cursor(pane).cloned().unwrap_or_default();
    let place = cursor.place(&all).unwrap_or(0);
    let place = place.saturating_add_signed(by).min(last);
    if let Some(item) = items.get(place) {
        select(ui, model, pane, item.clone(), now);
    }
}

fn scroll(ui: &mut Ui, by: isize) {
    let lines = ui.seen.log_lines;
    let height = ui
        .seen
        .panes
        .get(&Pane::Log)
        .map_or(1, |area| usize::from(area.height));
    let last = lines.saturating_sub(height);
    let top = ui.log.top.unwrap_or(last).min(last);
    let top = top.saturating_add_signed(by).min(last);
    // At the end again: what comes is followed.
    ui.log.top = (top < last).then_some(top);
}

/// Moves to the first or the last.
pub(in crate::tui) fn leap(ui: &mut Ui, model: &Model, now: Timestamp, by: isize) -> Effects {
    let pane = ui.active();
    if pane == Pane::Log {
        scroll(ui, by);
    } else {
        move_by(ui, model, pane, now, by);
    }
    Vec::new()
}

/// Moves by half of what is shown.
pub(in crate::tui) fn page(ui: &mut Ui, model: &Model, now: Timestamp, by: isize) -> Effects {
    let pane = ui.active();
    let height = ui.seen.panes.get(&pane).map_or(2, |area| area.height);
    let by = by * (isize::try_from(height / 2).unwrap_or(1)).max(1);
    if pane == Pane::Log {
        scroll(ui, by);
    } else {
        move_by(ui, model, pane, now, by);
    }
    Vec::new()
}

/// Goes to the next pane or the one before, round and round.
pub(in crate::tui) fn turn(ui: &mut Ui, by: isize) -> Effects {
    if ui.popups.is_empty() {
        let (panes, active) = (ui.panes(), ui.active());
        let here = panes.iter().position(|pane| *pane == active).unwrap_or(0);
        let n = panes.len();
        let next = if by > 0 {
            here + 1
        } else {
            here + n.max(1) - 1
        } % n.max(1);
        if let Some(pane) = panes.get(next) {
            ui.give_keys(*pane);
        }
    }
    Vec::new()
}

fn turn_within(ui: &mut Ui, by: isize) {
    let (panes, active) = (ui.panes(), ui.active());
    let here = panes.iter().position(|pane| *pane == active).unwrap_or(0);
    if let Some(pane) = here.checked_add_signed(by).and_then(|at| panes.get(at)) {
        ui.give_keys(*pane);
    }
}

/// Goes straight to a pane of the release view.
pub(in crate::tui) fn go(ui: &mut Ui, pane: Pane) -> Effects {
    ui.popups.clear();
    ui.inside = None;
    ui.evidence = None;
    ui.view = View::Release;
    ui.pane = pane;
    Vec::new()
}

/// Goes to the next view or the one before.
pub(in crate::tui) fn view(ui: &mut Ui, by: isize) -> Effects {
    let n = View::ALL.len();
    let here = View::ALL.iter().position(|v| *v == ui.view).unwrap_or(0);
    let next = if by > 0 { here + 1 } else { here + n - 1 } % n;
    if let Some(view) = View::ALL.get(next) {
        to_view(ui, *view);
    }
    Vec::new()
}

pub(super) fn to_view(ui: &mut Ui, view: View) {
    ui.popups.clear();
    ui.inside = None;
    ui.evidence = None;
    ui.zoomed = false;
    ui.view = view;
    if !view.panes().contains(&ui.pane)
        && let Some(first) = view.panes().first()
    {
        ui.pane = *first;
    }
}
