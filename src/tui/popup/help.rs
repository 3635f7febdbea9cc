//! Every key, from the table of actions.

use crate::present::role::Role;
use crate::present::words;
use crate::tui::action::{ACTIONS, Action, Availability, Group};
use crate::tui::scene::Scene;
use crate::tui::ui::{Item, Pane};
use crate::tui::widget::Row;
use crate::tui::widget::line::{Bit, Line};

/// Columns of the keys, `Shift-Tab`.
const KEYS: usize = 14;

/// The actions below their headings.
pub(crate) fn rows(scene: &Scene<'_>) -> Vec<Row> {
    // Availability is judged as if help were closed: that is when an action is done.
    let mut below = scene.ui.clone();
    below.popups.clear();
    let under = Scene::new(scene.model, &below, scene.now);
    let mut rows = Vec::new();
    for group in Group::ALL {
        let actions: Vec<&Action> = ACTIONS
            .iter()
            .filter(|action| action.group == group && !action.is_hidden(scene.model))
            .filter(|action| {
                let text = format!(
                    "{} {} {}",
                    keys(scene, action),
                    action.sentence,
                    action.name
                );
                scene.ui.passes(Pane::Help, &text)
            })
            .collect();
        if actions.is_empty() {
            continue;
        }
        if !rows.is_empty() {
            rows.push(Row::heading(Line::default()));
        }
        rows.push(Row::heading(Line::of([Bit::plain(group.name()).strong()])));
        rows.extend(actions.into_iter().map(|action| line(&under, action)));
    }
    rows
}

fn keys(scene: &Scene<'_>, action: &Action) -> String {
    let keys: Vec<String> = scene
        .ui
        .keymap
        .keys(action)
        .iter()
        .map(ToString::to_string)
        .collect();
    keys.join(" ")
}

/// An action with its keys; one that cannot be done now is dim and says why.
pub(super) fn line(scene: &Scene<'_>, action: &'static Action) -> Row {
    let (key_role, role, why) = match (action.when)(scene.model, scene.ui) {
        Availability::Available => (Role::Key, Role::Plain, String::new()),
        Availability::Look(_) | Availability::Why(_) => {
            (Role::Muted, Role::Muted, "not now".to_owned())
        }
    };
    let keys = words::right(&keys(scene, action), KEYS);
    let line = Line::of([
        Bit::of(key_role, keys),
        Bit::plain("  "),
        Bit::of(role, action.sentence).sentence(),
    ]);
    Row::of(Item::Action(action.name), line.right([Bit::muted(why)]))
}
