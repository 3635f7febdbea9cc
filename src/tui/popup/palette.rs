//! Commands by name: what matches best is on top, and each shows its key.

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::help::line;
use crate::tui::action::{ACTIONS, Action};
use crate::tui::scene::Scene;
use crate::tui::ui::Popup;
use crate::tui::widget::Row;
use crate::tui::widget::line::{Bit, Line};

/// The actions that match what was typed, best first; all of them where nothing was.
pub(crate) fn rows(scene: &Scene<'_>) -> Vec<Row> {
    let typed = scene
        .ui
        .popups
        .iter()
        .rev()
        .find_map(|popup| match popup {
            Popup::Palette(text) => Some(text.trim()),
            _ => None,
        })
        .unwrap_or_default();
    let mut found = matching(typed);
    found.retain(|action| !action.is_hidden(scene.model));
    if found.is_empty() {
        let text = format!("No command is called `{typed}`");
        return vec![Row::heading(Line::of([Bit::muted(text).sentence()]))];
    }
    // Availability is judged as if the palette were closed: that is when the command is done.
    let mut below = scene.ui.clone();
    below.popups.clear();
    let scene = Scene::new(scene.model, &below, scene.now);
    found
        .into_iter()
        .map(|action| line(&scene, action))
        .collect()
}

fn matching(typed: &str) -> Vec<&'static Action> {
    if typed.is_empty() {
        return ACTIONS.iter().collect();
    }
    let pattern = Pattern::new(
        typed,
        CaseMatching::Ignore,
        Normalization::Smart,
        AtomKind::Fuzzy,
    );
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    let mut score = |text: &str| pattern.score(Utf32Str::new(text, &mut buffer), &mut matcher);
    let mut found: Vec<(u32, &'static Action)> = ACTIONS
        .iter()
        .filter_map(|action| {
            // The name is what people type; the sentence helps those who do not know it.
            let named = score(action.name).map(|score| score * 2);
            let told = score(action.sentence);
            Some((named.max(told)?, action))
        })
        .collect();
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    found.into_iter().map(|(_, action)| action).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_letters_find_a_command() {
        for (typed, expected) in [
            ("refr", "refresh"),
            ("runs", "runs"),
            ("brws", "browse"),
            ("quit", "quit"),
        ] {
            assert_eq!(matching(typed).first().unwrap().name, expected, "{typed}");
        }
        assert!(matching("zzzzzz").is_empty());
        assert_eq!(matching("").len(), ACTIONS.len());
    }
}
