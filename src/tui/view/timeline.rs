//! The bars below the graph: when each job waited and ran.

use ratatui::layout::Rect;

use super::pipeline::facts;
use crate::present::graph::{self, Charset, TimelineRow};
use crate::present::role::Role;
use crate::present::words;
use crate::tui::scene::Scene;
use crate::tui::ui::View;
use crate::tui::widget::Canvas;

/// Columns of a bar's label.
const LABEL: usize = 16;
/// Fewest rows that are worth a heading.
const LEAST: u16 = 4;

fn rows(scene: &Scene<'_>, columns: usize) -> Vec<TimelineRow> {
    let Some(graph) = &scene.ui.flow.graph else {
        return Vec::new();
    };
    // The words behind a bar that waits need their room too.
    let columns = columns.saturating_sub(LABEL + 16);
    graph::timeline(graph, &facts(scene), Charset::Unicode, columns)
}

/// Rows that the timeline takes of those that are left, its heading included.
pub(super) fn height(scene: &Scene<'_>, left: u16) -> u16 {
    if left < LEAST || scene.ui.view != View::Release {
        return 0;
    }
    let wanted = u16::try_from(rows(scene, 80).len()).unwrap_or(0);
    if wanted == 0 {
        0
    } else {
        (wanted + 1).min(left)
    }
}

/// Draws the heading into the pane's border and the bars below it.
pub(super) fn draw(scene: &Scene<'_>, canvas: &mut Canvas<'_>, area: Rect) {
    if area.height < 2 || area.width < 40 {
        return;
    }
    let inside = usize::from(area.width) - 2;
    let role = if scene.has_keys(crate::tui::ui::Pane::Pipeline) {
        Role::Focus
    } else {
        Role::Muted
    };
    let border = canvas.style(role);
    canvas.text(area.x, area.y, 1, "├", border);
    canvas.text(area.x + 1, area.y, inside, &"─".repeat(inside), border);
    canvas.text(area.right() - 1, area.y, 1, "┤", border);
    let muted = canvas.style(Role::Muted);
    canvas.text(area.x + 1, area.y, inside, " Timeline ", muted);

    let inner = Rect {
        x: area.x + 2,
        y: area.y + 1,
        width: area.width - 4,
        height: area.height - 1,
    };
    let bars = rows(scene, inner.width.into());
    // What came last is what goes on now.
    let skip = bars.len().saturating_sub(inner.height.into());
    for (bar, place) in bars.iter().skip(skip).zip(inner.rows()) {
        let label = words::left(&bar.label, LABEL - 1);
        canvas.text(place.x, place.y, LABEL, &label, muted);
        let offset = u16::try_from(LABEL).unwrap_or(0);
        canvas.text(place.x + offset, place.y, 1, "▏", muted);
        let mut x = place.x + offset + 1;
        for segment in &bar.bar {
            let room = usize::from(place.right().saturating_sub(x));
            let style = canvas.style(segment.role);
            canvas.text(x, place.y, room, &segment.text, style);
            x = x.saturating_add(u16::try_from(words::width(&segment.text)).unwrap_or(u16::MAX));
        }
    }
}
