//! The footer: what can be done here and now, or the latest news.

use ratatui::layout::Rect;

use crate::present::role::Role;
use crate::present::words;
use crate::tui::action::{ACTIONS, Action, Availability};
use crate::tui::scene::Scene;
use crate::tui::ui::{Seen, Target};
use crate::tui::widget::Canvas;
use crate::tui::widget::line::{Bit, Line};
use crate::tui::wish;

/// Actions that stand at the right end, whatever is cut off before them.
const LAST: [&str; 3] = ["palette", "help", "quit"];

/// Most rows that a sentence takes above the footer.
const MOST_ABOVE: u16 = 3;

pub(super) fn draw(scene: &Scene<'_>, canvas: &mut Canvas<'_>, area: Rect, seen: &mut Seen) {
    if area.width < 10 || area.height == 0 {
        return;
    }
    let row = Rect {
        x: area.x + 1,
        width: area.width - 2,
        ..area
    };
    let mut end = row.right();
    for name in LAST.iter().rev() {
        let Some(action) = Action::named(name) else {
            continue;
        };
        end = hint(scene, canvas, action, Side::Right(row.x, end), row.y, seen);
    }
    let room = Rect {
        width: end.saturating_sub(row.x).saturating_sub(1),
        ..row
    };
    if let Some(field) = typing(scene) {
        canvas.line(room, &field);
        return;
    }
    if let Some(note) = &scene.ui.note {
        let role = if note.sign.role() == Role::Good {
            Role::Plain
        } else {
            note.sign.role()
        };
        let columns = usize::from(room.width.saturating_sub(2));
        let mut parts = words::wrap(&note.text, columns.max(8));
        // What does not fit in the row is read above it: no sentence is cut off that somebody waits for.
        let above = u16::try_from(parts.len().saturating_sub(1)).unwrap_or(u16::MAX);
        let above = above.min(MOST_ABOVE).min(row.y);
        parts.truncate(usize::from(above) + 1);
        let whole = Rect {
            y: row.y - above,
            height: above + 1,
            ..area
        };
        canvas.clear(Rect {
            height: above,
            ..whole
        });
        for (n, (part, place)) in parts.into_iter().zip(whole.rows()).enumerate() {
            let sign = if n == 0 {
                Bit::sign(note.sign)
            } else {
                Bit::plain("  ")
            };
            let place = Rect {
                x: room.x,
                width: room.width,
                ..place
            };
            canvas.line(place, &Line::of([sign, Bit::of(role, part).sentence()]));
        }
        return;
    }
    let mut x = room.x;
    for action in ACTIONS
        .iter()
        .filter(|action| action.is_hinted(scene.model, scene.ui) && !LAST.contains(&action.name))
    {
        let wide = width_of(scene, action);
        if x + wide > room.right().saturating_sub(1) {
            let style = canvas.style(Role::Muted);
            canvas.text(
                x,
                row.y,
                usize::from(room.right().saturating_sub(x)),
                "…",
                style,
            );
            break;
        }
        x = hint(scene, canvas, action, Side::Left(x), row.y, seen);
    }
}

fn typing(scene: &Scene<'_>) -> Option<Line> {
    let pane = scene.ui.typing?;
    Some(Line::of([
        Bit::of(Role::Key, format!("/{}▏", scene.ui.filter(pane))),
        Bit::muted("  Enter keeps it, Esc drops it").sentence(),
    ]))
}

fn width_of(scene: &Scene<'_>, action: &Action) -> u16 {
    let key = scene.ui.keymap.shown(action);
    u16::try_from(words::width(&key) + 1 + words::width(&hint_of(scene, action)) + 2)
        .unwrap_or(u16::MAX)
}

/// A word or two, and what stands in the way where that is the board.
fn hint_of(scene: &Scene<'_>, action: &Action) -> String {
    if wish::needs_go(scene.ui, action.name) {
        format!("{} (needs GO)", action.hint)
    } else {
        action.hint.to_owned()
    }
}

#[derive(Clone, Copy)]
enum Side {
    /// From this column on.
    Left(u16),
    /// Not before the first column, and up to the second.
    Right(u16, u16),
}

/// Draws `k word`; gives the column behind it, or before it on the right side.
fn hint(
    scene: &Scene<'_>,
    canvas: &mut Canvas<'_>,
    action: &Action,
    side: Side,
    y: u16,
    seen: &mut Seen,
) -> u16 {
    let wide = width_of(scene, action);
    let (x, next) = match side {
        Side::Left(x) => (x, x + wide),
        Side::Right(least, end) => {
            let x = (end + 2).saturating_sub(wide).max(least);
            (x, x.saturating_sub(2))
        }
    };
    let key = scene.ui.keymap.shown(action);
    let can = (action.when)(scene.model, scene.ui) == Availability::Available;
    let (key_role, word_role) = if can {
        (Role::Key, Role::Plain)
    } else {
        (Role::Muted, Role::Muted)
    };
    let key_width = u16::try_from(words::width(&key)).unwrap_or(0);
    let (key_style, word_style) = (canvas.style(key_role), canvas.style(word_role));
    canvas.text(x, y, usize::from(wide), &key, key_style);
    canvas.text(
        x + key_width + 1,
        y,
        usize::from(wide),
        &hint_of(scene, action),
        word_style,
    );
    let spot = Rect::new(x, y, wide.saturating_sub(2), 1);
    seen.spots.push((spot, Target::Action(action.name)));
    next
}
