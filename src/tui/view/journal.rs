//! The journal: what was done to the outside world, the newest first, and everything that was written of it.

use ratatui::layout::Rect;

use super::{Contents, frame, inner_of, list_pane, state};
use crate::domain::journal::{Ledger, Record};
use crate::present::clean::clean;
use crate::present::plan::RecordWords;
use crate::present::role::{Role, Sign};
use crate::present::words;
use crate::tui::popup::plan::{capital, name};
use crate::tui::scene::Scene;
use crate::tui::ui::{Item, Pane, Seen};
use crate::tui::widget::line::{Bit, Line};
use crate::tui::widget::{Canvas, Row};

fn records<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a Record> {
    let ledger = scene.model.desk.ledger.as_deref();
    ledger.into_iter().flat_map(Ledger::newest_first)
}

/// One row a plan.
pub(crate) fn rows(scene: &Scene<'_>) -> Vec<Row> {
    let rows = records(scene).map(|record| row(scene, record));
    rows.filter(|row| scene.ui.passes(Pane::Journal, &row.line.text()))
        .collect()
}

fn row(scene: &Scene<'_>, record: &Record) -> Row {
    let words = RecordWords::of(record, scene.now);
    let plan = &record.plan;
    let is_doing = scene
        .model
        .desk
        .doing
        .as_ref()
        .is_some_and(|doing| doing.plan.id == plan.id);
    let state = if is_doing { "running" } else { words.state };
    let sign = match words.sign {
        // Nobody carries it out any more: it is not running, it is left.
        Sign::Running if !is_doing => Sign::Warning,
        sign => sign,
    };
    let role = match sign {
        Sign::Failed => Role::Bad,
        Sign::Warning => Role::Warn,
        Sign::Absent | Sign::Skipped => Role::Muted,
        _ => Role::Plain,
    };
    let version = plan.about.version.as_deref().map(clean).unwrap_or_default();
    let line = Line::of([
        Bit::sign(sign),
        Bit::of(role, words::left(state, 11)),
        Bit::plain(format!("{} ", capital(name(plan.verb())))),
        Bit::plain(version).name(),
        Bit::muted(format!("  {}", words.by)).sentence(),
    ])
    .right([Bit::muted(words::ago(record.latest_at, scene.now))]);
    Row::of(Item::Plan(plan.id.clone()), line)
}

/// The plan under the cursor.
fn chosen<'a>(scene: &Scene<'a>) -> Option<&'a Record> {
    let items: Vec<Item> = rows(scene).into_iter().filter_map(|row| row.item).collect();
    match scene.ui.selected(Pane::Journal, &items)? {
        Item::Plan(id) => scene.model.desk.ledger.as_deref()?.find(id),
        _ => None,
    }
}

/// One row an entry, with the time in the reader's zone.
pub(crate) fn entries(scene: &Scene<'_>) -> Vec<Row> {
    let Some(record) = chosen(scene) else {
        return Vec::new();
    };
    let words = RecordWords::of(record, scene.now);
    let width = super::last_width(scene, Pane::Entries);
    let mut rows = Vec::new();
    for (n, entry) in words.entries.iter().enumerate() {
        let role = match entry.sign {
            Sign::Failed => Role::Bad,
            Sign::Unknown | Sign::Warning => Role::Warn,
            _ => Role::Plain,
        };
        let clock = format!("{}  ", words::clock(entry.at, &scene.ui.zone));
        let hang = words::width(&clock) + 2;
        let parts = words::wrap(&entry.text, width.saturating_sub(hang).max(16));
        let mut parts = parts.into_iter();
        let line = Line::of([
            Bit::muted(clock),
            Bit::sign(entry.sign),
            Bit::of(role, parts.next().unwrap_or_default()),
        ]);
        if !scene.ui.passes(Pane::Entries, &entry.text) {
            continue;
        }
        rows.push(Row::of(Item::Entry(n), line));
        for part in parts {
            let indent = Bit::plain(" ".repeat(hang));
            rows.push(Row::heading(Line::of([indent, Bit::of(role, part)])));
        }
    }
    rows
}

/// Draws the list of plans.
pub(super) fn draw(scene: &Scene<'_>, canvas: &mut Canvas<'_>, area: Rect, seen: &mut Seen) {
    let rows = rows(scene);
    let mut frame = frame(scene, Pane::Journal);
    let columns = usize::from(inner_of(area).width);
    let all = records(scene).count();
    let mut below = Vec::new();
    let desk = &scene.model.desk;
    if let Some(fault) = &desk.fault {
        let text = format!(
            "The journal cannot be read, so nothing is changed: {}",
            clean(fault)
        );
        below = state::said(Sign::Warning, &text, columns);
    } else if desk.ledger.is_none() {
        below = state::said(Sign::Running, "The journal is being read.", columns);
    } else if all == 0 {
        let text =
            "Nothing was changed from this machine yet: each plan that is carried out stands here.";
        below = state::said(Sign::Absent, text, columns);
    } else {
        frame = frame.count([Bit::muted(words::number_of(all, "plan"))]);
    }
    let contents = Contents { frame, rows, below };
    list_pane(scene, canvas, seen, Pane::Journal, area, contents);
}

/// Draws what was written of the selected plan.
pub(super) fn draw_entries(
    scene: &Scene<'_>,
    canvas: &mut Canvas<'_>,
    area: Rect,
    seen: &mut Seen,
) {
    let mut frame = frame(scene, Pane::Entries);
    let columns = usize::from(inner_of(area).width);
    let (mut rows, mut below) = (Vec::new(), Vec::new());
    match chosen(scene) {
        Some(record) => {
            let words = RecordWords::of(record, scene.now);
            frame = frame.count([Bit::muted(format!("plan {}", record.plan.id))]);
            rows.extend(
                words::wrap(&words.plan.title, columns.max(8))
                    .into_iter()
                    .map(|part| Row::heading(Line::of([Bit::plain(part)]))),
            );
            rows.push(Row::heading(Line::of([Bit::muted(words.by).sentence()])));
            rows.push(Row::heading(Line::default()));
            rows.extend(entries(scene));
            let is_open = record.state().is_open();
            let is_doing = scene.model.desk.doing.as_ref();
            let is_doing = is_doing.is_some_and(|doing| doing.plan.id == record.plan.id);
            if is_open && !is_doing {
                let key = |name: &str| scene.ui.key_of(name);
                let text = format!(
                    "Left half-way: {} goes on, {} takes it back.",
                    key("resume"),
                    key("undo")
                );
                below.push(Line::default());
                below.extend(state::said(Sign::Warning, &text, columns));
            }
        }
        None => below = state::said(Sign::Absent, "No plan is selected.", columns),
    }
    let contents = Contents { frame, rows, below };
    list_pane(scene, canvas, seen, Pane::Entries, area, contents);
}
