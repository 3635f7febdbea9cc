//! What lies over the view: for reading and for choosing, never for news.

pub(crate) mod dispatch;
pub(crate) mod help;
pub(crate) mod leave;
pub(crate) mod palette;
pub(crate) mod plan;
pub(crate) mod runs;
pub(crate) mod services;

use ratatui::layout::Rect;

use super::items;
use super::scene::Scene;
use super::ui::{Popup, Seen, Target};
use super::widget::line::{Bit, Line};
use super::widget::{Canvas, Frame, list};
use crate::present::role::Role;

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
    // The palette keeps its height while it is narrowed, so that the eye need not follow it.
    let wanted = match popup {
        Popup::Palette(_) => 20,
        Popup::Dispatch(..) => 12,
        _ => u16::try_from(rows.len())
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
    let drawn = list::draw(canvas, inner, &rows, scene.ui.cursor(pane), true);
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
