//! Narrowing lists, and searching in graph and log.

use super::{Effects, move_by, select, selected};
use crate::domain::time::Timestamp;
use crate::engine::Model;
use crate::present::clean::clean;
use crate::present::role::Sign;
use crate::tui::action::Availability;
use crate::tui::items;
use crate::tui::scene;
use crate::tui::ui::{Item, Pane, Ui};

/// Whether `/` searches here, instead of narrowing the list.
pub(in crate::tui) fn searches(pane: Pane) -> bool {
    matches!(pane, Pane::Pipeline | Pane::Log)
}

pub(in crate::tui) fn can_filter(_: &Model, ui: &Ui) -> Availability {
    Availability::if_so(
        !matches!(ui.active(), Pane::Palette | Pane::Services),
        "There is nothing to search here",
    )
}

/// Lets a filter or a search be typed.
pub(in crate::tui) fn filter(ui: &mut Ui, _: &Model, _: Timestamp) -> Effects {
    // The tree is short; what is searched is what it stands for.
    if ui.active() == Pane::Proofs {
        ui.give_keys(Pane::Proof);
    }
    let pane = ui.active();
    ui.filters.insert(pane, String::new());
    ui.typing = Some(pane);
    Vec::new()
}

pub(in crate::tui) fn can_match(_: &Model, ui: &Ui) -> Availability {
    let pane = ui.active();
    Availability::if_so(
        !ui.filter(pane).is_empty(),
        &format!(
            "Nothing is searched for: {} starts a search",
            ui.key_of("filter")
        ),
    )
}

/// Goes to the next match (1), to the one before (-1), or to the nearest from here (0).
pub(in crate::tui) fn jump(ui: &mut Ui, model: &Model, now: Timestamp, by: isize) -> Effects {
    let pane = ui.active();
    match pane {
        Pane::Log => jump_in_log(ui, model, by),
        Pane::Pipeline => {
            let items = items::of(model, ui, pane, now);
            let text = |item: &Item| match item {
                Item::Node(node) => clean(node.as_str()),
                Item::Job(id) => scene::jobs(model, model.outlook.run)
                    .iter()
                    .find(|job| job.id == *id)
                    .map(|job| clean(&job.name))
                    .unwrap_or_default(),
                _ => String::new(),
            };
            let here = selected(ui, model, pane, now)
                .and_then(|item| items.iter().position(|other| *other == item))
                .unwrap_or(0);
            let hits: Vec<usize> = (0..items.len())
                .filter(|at| {
                    items
                        .get(*at)
                        .is_some_and(|item| ui.passes(pane, &text(item)))
                })
                .collect();
            match next_of(&hits, here, by).and_then(|at| items.get(at)) {
                Some(item) => select(ui, model, pane, item.clone(), now),
                None => nothing_found(ui, pane),
            }
        }
        _ => move_by(ui, model, pane, now, by),
    }
    Vec::new()
}

fn nothing_found(ui: &mut Ui, pane: Pane) {
    let text = format!("`{}` is not found here", ui.filter(pane));
    ui.say(Sign::Warning, text);
}

/// The hit after or before a place, round the end.
fn next_of(hits: &[usize], here: usize, by: isize) -> Option<usize> {
    match by {
        0 => hits.iter().find(|hit| **hit >= here).or(hits.first()),
        1.. => hits.iter().find(|hit| **hit > here).or(hits.first()),
        _ => hits.iter().rev().find(|hit| **hit < here).or(hits.last()),
    }
    .copied()
}

fn jump_in_log(ui: &mut Ui, model: &Model, by: isize) {
    let job = ui
        .inside
        .or_else(|| scene::selected_job(model, ui).map(|job| job.id));
    let lines: Vec<String> = job
        .and_then(|job| {
            let record = model.snapshot.record(model.outlook.run?)?;
            Some(record.logs.get(&job)?.value()?.as_ref()?.tail.clone())
        })
        .unwrap_or_default();
    let hits: Vec<usize> = (0..lines.len())
        .filter(|at| {
            lines
                .get(*at)
                .is_some_and(|line| ui.passes(Pane::Log, &clean(line)))
        })
        .collect();
    let height = ui
        .seen
        .panes
        .get(&Pane::Log)
        .map_or(1, |area| usize::from(area.height));
    let last = lines.len().saturating_sub(height);
    let middle = height / 2;
    let here = ui
        .log
        .top
        .map_or(lines.len().saturating_sub(1), |top| top + middle);
    // A search that was just typed goes up from the end, where what went wrong stands.
    let by = if by == 0 && ui.log.top.is_none() {
        -1
    } else {
        by
    };
    match next_of(&hits, here, by) {
        Some(at) => ui.log.top = Some(at.saturating_sub(middle).min(last)),
        None => nothing_found(ui, Pane::Log),
    }
}
