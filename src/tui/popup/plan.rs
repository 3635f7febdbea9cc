//! The plan as it is read, as it runs and as it ended, with its buttons at the bottom.

mod body;
mod foot;

use ratatui::layout::Rect;

use crate::domain::plan::{Plan, Verb};
use crate::present::clean::clean;
use crate::present::role::Role;
use crate::present::words;
use crate::tui::scene::Scene;
use crate::tui::sheet::{Face, Sheet, Subject};
use crate::tui::ui::{Pane, Seen, Target};
use crate::tui::widget::line::{Bit, Line};
use crate::tui::widget::{Canvas, Frame};

/// Columns of the widest plan.
const WIDEST: u16 = 110;

/// Draws the open plan.
pub(super) fn draw(scene: &Scene<'_>, canvas: &mut Canvas<'_>, sheet: &Sheet, seen: &mut Seen) {
    let face = sheet.face(scene.model);
    let screen = canvas.area();
    let width = WIDEST.min(screen.width.saturating_sub(4));
    let columns = usize::from(width.saturating_sub(4));
    let foot = foot::of(scene, sheet, &face, columns);
    let low = rows_of(foot.rows());
    let most = screen.height.saturating_sub(2);
    let room = usize::from(most.saturating_sub(2).saturating_sub(low));
    let (body, is_short) = body::fitted(scene, sheet, &face, columns, room);
    let height = rows_of(body.len())
        .saturating_add(low)
        .saturating_add(2)
        .clamp(5.min(most), most);
    let area = Rect {
        x: (screen.width - width) / 2,
        y: ((screen.height - height) / 3)
            .max(1)
            .min(screen.height.saturating_sub(height)),
        width,
        height,
    };
    canvas.clear(area);
    let mut frame = Frame::titled(&title(sheet, &face), true);
    frame = frame.count(corner(&face));
    let shown = usize::from(height.saturating_sub(2).saturating_sub(low));
    let last = body.len().saturating_sub(shown);
    let top = scene.ui.cursor(Pane::Plan).map_or(0, |cursor| cursor.top);
    let top = top.min(last);
    if last > 0 {
        let end = (top + shown).min(body.len());
        frame.position = format!("lines {}–{end} of {}", top + 1, body.len());
    }
    let inner = frame.draw(canvas, area);
    let visible: Vec<Line> = body.into_iter().skip(top).take(shown).collect();
    canvas.lines(inner, &visible);
    let bottom = Rect {
        y: inner.bottom().saturating_sub(low),
        height: low.min(inner.height),
        ..inner
    };
    let mut spots = foot.draw(canvas, bottom, sheet, is_short);
    spots.push((area, Target::Pane(Pane::Plan)));
    spots.push((screen, Target::Outside));
    seen.panes.insert(Pane::Plan, inner);
    seen.tops.insert(Pane::Plan, (top, 0));
    seen.spots.splice(0..0, spots);
}

fn rows_of(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}

/// `Promote 1.7.0`.
fn title(sheet: &Sheet, face: &Face<'_>) -> String {
    let of_plan = |plan: &Plan| {
        let version = plan.about.version.as_deref().map(clean);
        let name = capital(name(plan.verb()));
        version.map_or_else(|| name.clone(), |version| format!("{name} {version}"))
    };
    match face {
        Face::Preparing(intent) | Face::Refused(intent, _) => capital(name(intent.verb())),
        Face::Planned(plan, _) | Face::Running { plan, .. } => of_plan(plan),
        Face::Again(record, _) => format!("Go on: {}", of_plan(&record.plan)),
        Face::Over(record, _) => of_plan(&record.plan),
        Face::NotBegun(id, _) => match &sheet.of {
            Subject::Wish(intent) => capital(name(intent.verb())),
            _ => format!("Plan {}", words::end(id.as_str(), 4)),
        },
    }
}

/// At the right of the top border: which plan it is.
fn corner(face: &Face<'_>) -> Vec<Bit> {
    let id = match face {
        Face::Planned(plan, _) | Face::Running { plan, .. } => &plan.id,
        Face::Again(record, _) | Face::Over(record, _) => &record.plan.id,
        Face::NotBegun(id, _) => id,
        Face::Preparing(_) | Face::Refused(..) => return Vec::new(),
    };
    vec![Bit::of(Role::Muted, format!("plan {id}"))]
}

/// A verb as people say it.
pub(crate) fn name(verb: Verb) -> &'static str {
    match verb {
        Verb::Rerun => "run again",
        Verb::Cancel => "cancel the run",
        Verb::Dispatch => "start a workflow",
        Verb::Rollback => "roll back",
        Verb::Cleanup => "clean up",
        Verb::Approve | Verb::Reject | Verb::Promote | Verb::Undo => verb.name(),
    }
}

/// The same with a capital letter.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
