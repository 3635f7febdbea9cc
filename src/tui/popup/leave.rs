//! What becomes of a running plan when gonogo is left.

use crate::present::role::Role;
use crate::present::words;
use crate::tui::scene::Scene;
use crate::tui::ui::Item;
use crate::tui::widget::Row;
use crate::tui::widget::line::{Bit, Line};

/// What is being done, then the choices: to stay comes first.
pub(crate) fn rows(scene: &Scene<'_>) -> Vec<Row> {
    let width = usize::from(scene.ui.size.width.saturating_sub(10).clamp(20, 68));
    let mut rows = Vec::new();
    let doing = scene.model.desk.doing.as_ref();
    let text = match doing {
        Some(doing) if scene.ui.leaving => format!(
            "{}: gonogo leaves as soon as the present step is over.",
            doing.plan.title
        ),
        Some(doing) => doing.plan.title.clone(),
        None => "The plan has ended.".to_owned(),
    };
    for part in words::wrap(&crate::present::clean::clean(&text), width) {
        rows.push(Row::heading(Line::of([Bit::plain(part)])));
    }
    rows.push(Row::heading(Line::default()));
    let later = doing.map_or_else(String::new, |doing| {
        format!("`gonogo journal resume {}` goes on later", doing.plan.id)
    });
    for (name, text, note) in [
        ("stay", "Stay, and let it go on", String::new()),
        ("stop", "Stop it before its next step, then leave", later),
        (
            "leave",
            "Leave now: what is on its way may still arrive",
            String::new(),
        ),
    ] {
        let role = if name == "leave" {
            Role::Warn
        } else {
            Role::Plain
        };
        let line = Line::of([Bit::of(role, text).sentence()]);
        rows.push(Row::of(Item::Fact(name), line));
        if !note.is_empty() {
            let line = Line::of([Bit::muted(format!("  {note}")).sentence()]);
            rows.push(Row::heading(line));
        }
    }
    rows
}
