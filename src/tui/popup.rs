//! What lies over the view: for reading and for choosing, never for news.

pub(crate) mod dispatch;
pub(crate) mod help;
pub(crate) mod leave;
pub(crate) mod palette;
pub(crate) mod plan;
pub(crate) mod runs;
pub(crate) mod services;

use ratatui::layout::Rect;

use super::action::{Action, Availability};
use super::items;
use super::scene::Scene;
use super::ui::{Item, Pane, Popup, Seen, Target};
use super::widget::line::{Bit, Line};
use super::widget::{Canvas, Frame, list};
use crate::present::role::{Role, Sign};
use crate::present::words;

/// Why the selected action cannot be done now; always as many rows, so that nothing moves.
fn why_not(scene: &Scene<'_>, pane: Pane, columns: usize) -> Vec<Line> {
    const ROWS: usize = 3;
    if !matches!(pane, Pane::Help | Pane::Palette) {
        return Vec::new();
    }
    // Availability is judged as if the list were closed: that is when an action is done.
    let mut below = scene.ui.clone();
    below.popups.clear();
    let rows = items::rows(scene, pane).into_iter();
    let items: Vec<Item> = rows.filter_map(|row| row.item).collect();
    let chosen = match scene.ui.selected(pane, &items) {
        Some(Item::Action(name)) => Action::named(name),
        _ => None,
    };
    let why = match chosen.map(|action| (action.when)(scene.model, &below)) {
        Some(Availability::Why(why) | Availability::Look(why)) => why,
        _ => String::new(),
    };
    let mut parts = words::wrap(&why, columns.saturating_sub(2).max(8));
    parts.truncate(ROWS - 1);
    let mut lines = vec![Line::default()];
    lines.extend(parts.into_iter().enumerate().map(|(n, part)| {
        let sign = if n == 0 {
            Bit::sign(Sign::Warning)
        } else {
            Bit::plain("  ")
        };
        Line::of([sign, Bit::muted(part)])
    }));
    lines.resize(ROWS, Line::default());
    lines
}

/// Draws the topmost popup.
pub(super) fn draw(scene: &Scene<'_>, canvas: &mut Canvas<'_>, seen: &mut Seen) {
    let Some(popup) = scene.ui.popups.last() else {
        return;
    };
    if let Popup::Plan(sheet) = popup {
        plan::draw(scene, canvas, sheet, seen);
        return;
    }
    let pane = popup.pane();
    let rows = items::rows(scene, pane);
    let screen = canvas.area();
    let wide = match popup {
        Popup::Help | Popup::Palette(_) | Popup::Dispatch(..) | Popup::Leave => 76,
        Popup::Runs | Popup::Services | Popup::Plan(_) => 100,
    };
    let width = wide.min(screen.width.saturating_sub(4));
    let field = match popup {
        Popup::Palette(text) | Popup::Dispatch(text, _) => Some(text),
        _ => None,
    };
    let most = screen.height.saturating_sub(4);
    let why = why_not(scene, pane, usize::from(width.saturating_sub(4)));
    // The palette keeps its height while it is narrowed, so that the eye need not follow it.
    let wanted = match popup {
        Popup::Palette(_) => 20,
        Popup::Dispatch(..) => 12,
        _ => u16::try_from(rows.len() + why.len())
            .unwrap_or(u16::MAX)
            .saturating_add(2),
    };
    let height = wanted.clamp(5.min(most), most);
    let area = Rect {
        x: (screen.width - width) / 2,
        y: ((screen.height - height) / 3).max(1),
        width,
        height,
    };
    canvas.clear(area);
    let mut frame = Frame::titled(pane.name(), true);
    if !scene.ui.filter(pane).is_empty() || scene.ui.typing == Some(pane) {
        frame = frame.and(Bit::of(Role::Key, format!("/{}", scene.ui.filter(pane))));
    }
    frame = frame.count([
        Bit::of(Role::Key, scene.ui.key_of("back")),
        Bit::muted(" closes"),
    ]);
    let mut inner = frame.draw(canvas, area);
    if let Some(text) = field.filter(|_| inner.height > 2) {
        let line = Line::of([Bit::of(Role::Key, ": "), Bit::plain(format!("{text}▏"))]);
        canvas.line(inner, &line);
        inner.y += 1;
        inner.height -= 1;
    }
    let low = u16::try_from(why.len()).unwrap_or(0).min(inner.height / 2);
    inner.height -= low;
    let drawn = list::draw(canvas, inner, &rows, scene.ui.cursor(pane), true);
    let below = Rect {
        y: inner.bottom(),
        height: low,
        ..inner
    };
    canvas.lines(below, &why);
    if !drawn.position.is_empty() {
        frame.position.clone_from(&drawn.position);
        let text = format!(" {} ", drawn.position);
        let width = u16::try_from(text.len()).unwrap_or(0);
        let style = canvas.style(Role::Focus);
        let x = area.right().saturating_sub(width + 2);
        canvas.text(x, area.bottom() - 1, usize::from(width), &text, style);
    }
    // The popup lies on top: its spots come first.
    let mut spots: Vec<(Rect, Target)> = drawn
        .items
        .into_iter()
        .map(|(item, place)| (place, Target::Item(pane, item)))
        .collect();
    spots.push((area, Target::Pane(pane)));
    spots.push((screen, Target::Outside));
    seen.panes.insert(pane, inner);
    seen.tops.insert(pane, (drawn.top, 0));
    seen.spots.splice(0..0, spots);
}
