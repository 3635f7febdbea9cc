//! What can be typed and pressed under a plan: fields, buttons, and what was wrong with the last try.

use ratatui::layout::Rect;

use super::body::said;
use crate::domain::plan::Verb;
use crate::present::clean::clean;
use crate::present::role::{Role, Sign};
use crate::present::words;
use crate::tui::action::{Action, Availability};
use crate::tui::scene::Scene;
use crate::tui::sheet::{Button, Face, Sheet, comment_of};
use crate::tui::ui::Target;
use crate::tui::widget::Canvas;
use crate::tui::widget::line::{Bit, Line};

/// Most rows of a field.
const MOST_ROWS: usize = 4;

/// The rows at the bottom, from the top: what was wrong, fields, keys and buttons.
#[derive(Debug)]
pub(super) struct Foot {
    said: Vec<Line>,
    fields: Vec<(Button, Vec<Line>)>,
    keys: Vec<Bit>,
    buttons: Vec<(Button, String)>,
}

/// The foot of a face.
pub(super) fn of(scene: &Scene<'_>, sheet: &Sheet, face: &Face<'_>, columns: usize) -> Foot {
    let mut foot = Foot {
        said: Vec::new(),
        fields: Vec::new(),
        keys: Vec::new(),
        buttons: Vec::new(),
    };
    let key = |name: &str| scene.ui.key_of(name);
    for button in Sheet::buttons(face) {
        match button {
            Button::Comment => {
                let planned = match face {
                    Face::Planned(plan, _) => comment_of(plan).unwrap_or_default(),
                    _ => "",
                };
                let text = sheet.comment.as_deref().unwrap_or(planned);
                foot.field(sheet, button, "Comment: ", &clean(text), columns);
            }
            Button::Phrase => {
                let phrase = clean(face.phrase().unwrap_or_default());
                let label = format!("Type {phrase} to go on: ");
                foot.field(sheet, button, &label, &clean(&sheet.phrase), columns);
            }
            Button::Reason => {
                foot.field(
                    sheet,
                    button,
                    "Override, because: ",
                    &clean(&sheet.reason),
                    columns,
                );
            }
            Button::Cancel => foot.buttons.push((button, no(face))),
            Button::Go => foot.buttons.push((button, yes(face))),
        }
    }
    let said_of = match face {
        Face::Planned(_, said) | Face::Again(_, said) => said.filter(|_| !sheet.sent),
        _ => None,
    };
    if let Some(text) = said_of {
        let text = super::capital(&clean(text));
        foot.said = said(Sign::Warning, &text, columns);
    }
    let hints: Vec<(String, &str)> = match face {
        _ if sheet.focus == Button::Comment => {
            vec![("Enter".into(), "keeps it"), ("Esc".into(), "as it was")]
        }
        _ if sheet.focus == Button::Reason => vec![("Enter".into(), "makes the plan with it")],
        Face::Planned(plan, _) => {
            let mut hints = vec![("Tab".into(), "next"), ("e".into(), "comment")];
            if scene.now > plan.expires_at {
                hints.insert(0, (key("refresh"), "make it again"));
            }
            hints
        }
        Face::Again(..) => vec![("Tab".into(), "next")],
        Face::Refused(..) => {
            let mut hints = vec![(key("refresh"), "look again")];
            if !foot.fields.is_empty() {
                hints.push(("e".into(), "give a reason"));
            }
            hints
        }
        Face::Running { is_stopping, .. } => {
            let stop = (!is_stopping).then(|| (key("stop"), "stop before the next step"));
            stop.into_iter().collect()
        }
        Face::Over(..) => over(scene),
        Face::Preparing(_) | Face::NotBegun(..) => Vec::new(),
    };
    let has_comment = foot.fields.iter().any(|(b, _)| *b == Button::Comment);
    for (key, text) in hints {
        if text == "comment" && !has_comment {
            continue;
        }
        foot.keys.push(Bit::of(Role::Key, key));
        foot.keys.push(Bit::muted(format!(" {text}  ")));
    }
    foot
}

/// What can be done with a plan that has ended.
fn over(scene: &Scene<'_>) -> Vec<(String, &'static str)> {
    let can = |name: &str| {
        let action = Action::named(name)?;
        let is_now = (action.when)(scene.model, scene.ui) == Availability::Available;
        (is_now && !action.is_hidden(scene.model)).then(|| scene.ui.key_of(name))
    };
    let hints = [("resume", "go on"), ("undo", "take it back")];
    let hints = hints.into_iter();
    hints
        .filter_map(|(name, text)| Some((can(name)?, text)))
        .collect()
}

/// What is written, broken wherever the row ends: nothing of it is left out.
fn broken(text: &str, columns: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    for c in text.chars() {
        if let Some(row) = rows.last_mut() {
            row.push(c);
            if words::width(row) >= columns {
                rows.push(String::new());
            }
        }
    }
    if rows.len() > 1 {
        rows.retain(|row| !row.is_empty());
    }
    rows
}

/// The word on the button that does nothing.
fn no(face: &Face<'_>) -> String {
    let is_cancelling = matches!(face, Face::Planned(plan, _) if plan.verb() == Verb::Cancel);
    match face {
        Face::Planned(..) if is_cancelling => "No, let it run".to_owned(),
        Face::Planned(..) | Face::Again(..) | Face::Preparing(_) => "Cancel".to_owned(),
        Face::Running { .. } => "Hide".to_owned(),
        Face::Refused(..) | Face::Over(..) | Face::NotBegun(..) => "Close".to_owned(),
    }
}

/// The word on the button that does it.
fn yes(face: &Face<'_>) -> String {
    match face {
        Face::Planned(plan, _) => super::capital(super::name(plan.verb())),
        _ => "Go on".to_owned(),
    }
}

impl Foot {
    fn field(&mut self, sheet: &Sheet, button: Button, label: &str, text: &str, columns: usize) {
        let has_keys = sheet.focus == button;
        let caret = if has_keys { "▏" } else { "" };
        let width = words::width(label);
        let parts = broken(
            &format!("{text}{caret}"),
            columns.saturating_sub(width).max(12),
        );
        // The end is what is written on.
        let skip = parts.len().saturating_sub(MOST_ROWS);
        let role = if has_keys { Role::Key } else { Role::Muted };
        let lines = parts.into_iter().skip(skip).enumerate().map(|(n, part)| {
            let label = if n == 0 {
                label.to_owned()
            } else {
                " ".repeat(width)
            };
            Line::of([Bit::of(role, label), Bit::plain(part)])
        });
        let mut lines: Vec<Line> = lines.collect();
        if lines.is_empty() {
            lines.push(Line::of([Bit::of(role, label)]));
        }
        self.fields.push((button, lines));
    }

    /// How many rows it takes, with the empty one above it.
    pub(super) fn rows(&self) -> usize {
        let fields: usize = self.fields.iter().map(|(_, lines)| lines.len()).sum();
        self.said.len() + fields + 2
    }

    /// Draws it; gives the places for the mouse.
    pub(super) fn draw(
        &self,
        canvas: &mut Canvas<'_>,
        area: Rect,
        sheet: &Sheet,
        is_short: bool,
    ) -> Vec<(Rect, Target)> {
        let mut spots = Vec::new();
        let mut rows = area.rows().skip(1);
        for line in &self.said {
            if let Some(row) = rows.next() {
                canvas.line(row, line);
            }
        }
        for (button, lines) in &self.fields {
            for line in lines {
                if let Some(row) = rows.next() {
                    canvas.line(row, line);
                    spots.push((row, Target::Button(*button)));
                }
            }
        }
        let Some(row) = rows.next() else {
            return spots;
        };
        let mut keys = self.keys.clone();
        if sheet.sent {
            keys = vec![Bit::sign(Sign::Running), Bit::plain("begins")];
        } else if is_short {
            keys.push(Bit::of(Role::Key, "Space"));
            keys.push(Bit::muted(" every call and check"));
        }
        let mut x = row.right();
        for (button, text) in self.buttons.iter().rev() {
            let text = format!("[ {text} ]");
            let width = u16::try_from(words::width(&text)).unwrap_or(0);
            x = x.saturating_sub(width).max(row.x);
            let place = Rect::new(x, row.y, width.min(row.right() - x), 1);
            let has_keys = sheet.focus == *button;
            let bit = Bit::plain(text);
            let bit = if has_keys { bit.strong() } else { bit };
            canvas.bit(x, row.y, usize::from(place.width), &bit);
            if has_keys {
                canvas.tint(place, Role::Select);
            }
            spots.push((place, Target::Button(*button)));
            x = x.saturating_sub(2);
        }
        let room = Rect {
            width: x.saturating_sub(row.x),
            ..row
        };
        canvas.line(room, &Line::of(keys));
        spots
    }
}
