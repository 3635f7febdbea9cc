//! The honest states of a pane: loading, empty, failed, full; and how old what it shows is.

use std::time::Duration;

use ratatui::layout::Rect;

use crate::domain::fact::Ask;
use crate::engine::pace::Freshness;
use crate::present::role::{Role, Sign};
use crate::present::{health, words};
use crate::tui::scene::Scene;
use crate::tui::widget::line::{Bit, Line};

/// Rows of a pane that has no room for whole sentences.
const LITTLE: u16 = 10;

/// The oldest answer's age where it is worth telling: for the top border.
pub(super) fn age(scene: &Scene<'_>, asks: &[Ask]) -> Vec<Bit> {
    let oldest = asks
        .iter()
        .map(|ask| scene.freshness(ask))
        .filter_map(|fresh| match fresh {
            Freshness::Aging(age) => Some((age, false)),
            Freshness::Stale(age) => Some((age, true)),
            Freshness::Fresh | Freshness::Unseen => None,
        })
        .max();
    match oldest {
        None => Vec::new(),
        Some((age, stale)) => vec![age_bit(age, stale)],
    }
}

fn age_bit(age: Duration, stale: bool) -> Bit {
    if stale {
        Bit::of(Role::Warn, format!("STALE {}", words::duration(age)))
    } else {
        Bit::muted(format!("{} ago", words::duration(age)))
    }
}

/// Why the latest look failed and when the next one is, in wrapped lines; empty where all went well.
///
/// Where there is little room it is one line, and the whole sentence stands in the list of services.
pub(super) fn failures(scene: &Scene<'_>, asks: &[Ask], area: Rect) -> Vec<Line> {
    let columns = usize::from(area.width);
    let Some((ask, failure)) = asks
        .iter()
        .find_map(|ask| Some((ask, scene.model.snapshot.failure(ask)?)))
    else {
        return Vec::new();
    };
    if area.height <= LITTLE {
        let who = health::name(&ask.source());
        let when = match scene.next_look(ask) {
            Some(at) if !scene.is_asking(ask) => format!(", again {}", words::until(at, scene.now)),
            _ => ", asking again".to_owned(),
        };
        let text = format!("{who} {}{when}", health::fails_how(failure.kind));
        let line = [
            Bit::sign(Sign::Warning),
            Bit::of(Role::Warn, text).sentence(),
        ];
        return vec![Line::of(line)];
    }
    let mut text = health::sentence(failure);
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    if scene.is_asking(ask) {
        text.push_str(" Asking again now.");
    } else if let Some(at) = scene.next_look(ask) {
        text += " Again ";
        text += &words::until(at, scene.now);
        text.push('.');
    }
    if let Some(seen) = scene.model.snapshot.standing(ask).seen_at {
        text += " Last seen ";
        text += &words::ago(seen, scene.now);
        text.push('.');
    }
    said(Sign::Warning, &text, columns)
}

/// A sign and a sentence, wrapped and hanging.
pub(super) fn said(sign: Sign, text: &str, columns: usize) -> Vec<Line> {
    words::wrap(text, columns.saturating_sub(2).max(8))
        .into_iter()
        .enumerate()
        .map(|(n, part)| {
            if n == 0 {
                Line::of([Bit::sign(sign), Bit::plain(part)])
            } else {
                Line::of([Bit::plain("  "), Bit::plain(part)])
            }
        })
        .collect()
}

/// Dim text, wrapped; `indent` columns from the left.
pub(super) fn dim(text: &str, columns: usize, indent: usize) -> Vec<Line> {
    words::wrap(text, columns.saturating_sub(indent).max(8))
        .into_iter()
        .map(|part| Line::of([Bit::muted(" ".repeat(indent)), Bit::muted(part)]))
        .collect()
}

/// What is asked while nothing is known: `asking GitHub for the run's jobs`.
pub(super) fn loading(scene: &Scene<'_>, ask: &Ask, what: &str) -> Line {
    let who = health::name(&ask.source());
    if scene.is_asking(ask) {
        Line::of([
            Bit::sign(Sign::Running),
            Bit::plain(format!("asking {who} for {what}")).sentence(),
        ])
    } else {
        Line::of([
            Bit::sign(Sign::Queued),
            Bit::muted(format!("{who} is asked for {what} next")).sentence(),
        ])
    }
}
