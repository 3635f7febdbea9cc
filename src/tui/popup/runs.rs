//! The release runs to choose from, with the state of each.

use crate::domain::fact::Ask;
use crate::present::clean::clean;
use crate::present::role::{Role, Sign};
use crate::present::{phrases, stage, words};
use crate::tui::scene::Scene;
use crate::tui::ui::{Item, Pane};
use crate::tui::widget::Row;
use crate::tui::widget::line::{Bit, Line};

/// First the program's own choice, then the runs, newest first.
pub(crate) fn rows(scene: &Scene<'_>) -> Vec<Row> {
    let outlook = &scene.model.outlook;
    let snapshot = &scene.model.snapshot;
    let automatic = Line::of([
        Bit::plain(mark(scene.model.pinned.is_none())),
        Bit::plain("automatic: the run that most needs a look").sentence(),
    ]);
    let mut rows = vec![Row::of(Item::Run(None), automatic)];
    for (id, at) in &outlook.runs {
        let Some(run) = snapshot.run(*id) else {
            continue;
        };
        let title = clean(&run.title);
        let branch = run.head_branch.as_deref().map(clean).unwrap_or_default();
        let text = format!("{branch} {title} {}", phrases::stage(at));
        if !scene.ui.passes(Pane::Runs, &text) {
            continue;
        }
        let sign = stage::sign(at);
        let watched = Some(*id) == outlook.run;
        let pinned = watched && scene.model.pinned.is_some();
        let line = Line::of([
            Bit::plain(mark(pinned)),
            Bit::muted(words::right(&format!("#{}", run.number), 6)),
            Bit::plain(format!("  {}  ", words::left(&branch, 10))),
            Bit::muted(format!("{}  ", run.head_sha.short())),
            Bit::sign(sign),
            Bit::of(
                if sign == Sign::Failed {
                    Role::Bad
                } else {
                    Role::Plain
                },
                words::left(&phrases::stage(at), 26),
            ),
            Bit::muted(format!("  {title}")).sentence(),
        ])
        .right([Bit::muted(words::ago(run.created_at, scene.now))]);
        rows.push(Row::of(Item::Run(Some(*id)), line));
    }
    if outlook.runs.is_empty() {
        let line = match scene.model.snapshot.failure(&Ask::Runs) {
            Some(failure) => Line::of([
                Bit::sign(Sign::Warning),
                Bit::plain(crate::present::health::sentence(failure)).sentence(),
            ]),
            None => Line::of([
                Bit::sign(Sign::Running),
                Bit::muted("GitHub is asked for the release runs").sentence(),
            ]),
        };
        rows.push(Row::heading(line));
    }
    rows
}

/// The mark of what is chosen.
fn mark(chosen: bool) -> &'static str {
    if chosen { "→ " } else { "  " }
}
