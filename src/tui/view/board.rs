//! Pane 2: the Go/No-Go board, with the sentence and the remedy of the selected rule.

use ratatui::layout::Rect;

use super::{Contents, frame, inner_of, list_pane, state};
use crate::domain::assess::{Row as Rule, Verdict};
use crate::present::board;
use crate::present::clean::clean;
use crate::present::role::{Role, Sign};
use crate::tui::scene::Scene;
use crate::tui::ui::{Item, Pane, Seen};
use crate::tui::widget::line::{Bit, Line};
use crate::tui::widget::{Canvas, Row};

/// What the board is computed for, and one row a rule.
pub(crate) fn rows(scene: &Scene<'_>) -> Vec<Row> {
    let board = &scene.model.board;
    let next = (!board.rows.is_empty()).then(|| {
        let text = board::next(&board.next);
        Row::heading(Line::of([Bit::muted(text).sentence()]))
    });
    let rules = board
        .rows
        .iter()
        .filter(|rule| scene.ui.passes(Pane::Board, &rule.title))
        .map(|rule| {
            let role = match rule.verdict {
                Verdict::NoGo => Role::Bad,
                Verdict::Go | Verdict::Warn | Verdict::Unknown | Verdict::NotApplicable => {
                    Role::Plain
                }
            };
            let line = Line::of([
                Bit::sign(Sign::of_verdict(rule.verdict)),
                Bit::of(role, board::title(rule, scene.now)).sentence(),
            ]);
            Row::of(Item::Rule(rule.key()), line)
        });
    next.into_iter().chain(rules).collect()
}

pub(super) fn draw(scene: &Scene<'_>, canvas: &mut Canvas<'_>, area: Rect, seen: &mut Seen) {
    let board = &scene.model.board;
    let rows = rows(scene);
    let mut frame = frame(scene, Pane::Board);
    let columns = usize::from(inner_of(area).width);
    let mut below = Vec::new();
    if board.rows.is_empty() {
        let why = if scene.model.outlook.run.is_none() {
            "No release run is known yet, so there is nothing to judge."
        } else {
            "No rule applies to this run."
        };
        below = state::said(Sign::Absent, why, columns);
    } else {
        let (held, all) = board.held();
        frame = frame.count([Bit::muted(format!("{held}/{all}"))]);
        if let Some(rule) = shown(scene, &rows) {
            below.push(Line::default());
            below.extend(explained(scene, rule, columns));
        }
    }
    let contents = Contents { frame, rows, below };
    list_pane(scene, canvas, seen, Pane::Board, area, contents);
}

/// The rule under the cursor; where the pane does not have the keys, the one that decides.
fn shown<'a>(scene: &Scene<'a>, rows: &[Row]) -> Option<&'a Rule> {
    let board = &scene.model.board;
    if !scene.has_keys(Pane::Board) {
        return board.decisive();
    }
    let items: Vec<Item> = rows.iter().filter_map(|row| row.item.clone()).collect();
    match scene.ui.selected(Pane::Board, &items)? {
        Item::Rule(id) => board.rows.iter().find(|rule| rule.key() == *id),
        _ => None,
    }
}

fn explained(scene: &Scene<'_>, rule: &Rule, columns: usize) -> Vec<Line> {
    let mut lines = state::said(
        Sign::of_verdict(rule.verdict),
        &clean(&rule.sentence),
        columns,
    );
    if let Some(remedy) = &rule.remedy {
        lines.extend(state::dim(&clean(remedy), columns, 2));
    }
    for other in &rule.others {
        lines.extend(state::said(Sign::Warning, &clean(other), columns));
    }
    let rests_on = board::rests_on(rule, scene.now);
    if !rests_on.is_empty() {
        lines.extend(state::dim(&format!("rests on {rests_on}"), columns, 2));
    }
    lines
}
