//! How each service answers, what it costs, and what its budget is.

use crate::present::role::{Role, Sign};
use crate::present::{health, words};
use crate::tui::scene::Scene;
use crate::tui::ui::Item;
use crate::tui::widget::Row;
use crate::tui::widget::line::{Bit, Line};

/// A few lines for each service.
pub(crate) fn rows(scene: &Scene<'_>) -> Vec<Row> {
    let width = usize::from(scene.ui.size.width.saturating_sub(10).clamp(20, 92));
    let mut rows = Vec::new();
    let lines = health::lines(&scene.model.snapshot, scene.now);
    for ((source, health), (sign, label, text)) in scene.model.snapshot.health.iter().zip(lines) {
        if !rows.is_empty() {
            rows.push(Row::heading(Line::default()));
        }
        let mut right = Vec::new();
        if let Some(rate) = health.rate {
            let reset = rate
                .reset
                .map(|at| format!(", new ones {}", words::until(at, scene.now)))
                .unwrap_or_default();
            right.push(Bit::muted(format!(
                "{} of {} calls left{reset}",
                words::count(rate.remaining),
                words::count(rate.limit)
            )));
        }
        let head = Line::of([Bit::sign(sign), Bit::plain(label).strong()]).right(right);
        rows.push(Row::of(Item::Source(source.clone()), head));
        let role = if sign == Sign::Warning {
            Role::Warn
        } else {
            Role::Muted
        };
        rows.extend(
            words::wrap(&text, width)
                .into_iter()
                .map(|part| Row::heading(Line::of([Bit::plain("  "), Bit::of(role, part)]))),
        );
    }
    if rows.is_empty() {
        let text = "No service has been asked yet.";
        rows.push(Row::heading(Line::of([Bit::muted(text)])));
    }
    rows
}
