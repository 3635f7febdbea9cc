//! From a key to a plan, and through it: prepare, read, confirm, stop, undo, go on.

use crossterm::event::KeyCode;

use super::{Effects, open, to_view};
use crate::domain::plan::{Intent, Proof};
use crate::domain::time::Timestamp;
use crate::engine::desk::DeskMessage;
use crate::engine::{Message, Model};
use crate::present::clean::clean;
use crate::present::role::Sign;
use crate::tui::action::Availability;
use crate::tui::key::Chord;
use crate::tui::sheet::{self, Button, Face, Sheet, Subject};
use crate::tui::ui::{Pane, Popup, Ui, View};
use crate::tui::update::{UiEffect, perform_action};
use crate::tui::wish::{self, Wish};

/// Longest comment or reason that can be typed, characters.
const MOST_TYPED: usize = 400;

fn tell(message: DeskMessage) -> UiEffect {
    UiEffect::Send(Message::Desk(message))
}

/// Opens the plan for what is wanted; what it needs is looked up first.
pub(in crate::tui) fn want(ui: &mut Ui, model: &Model, _: Timestamp, wish: Wish) -> Effects {
    let intent = wish.intent(&ui.known.chosen);
    match intent {
        Ok(intent) => prepare(ui, model, intent),
        Err(refusal) => {
            ui.say(Sign::Warning, wish::sentence(&refusal));
            Vec::new()
        }
    }
}

/// Opens the plan for an intent.
fn prepare(ui: &mut Ui, _: &Model, intent: Intent) -> Effects {
    ui.note = None;
    ui.cursors.remove(&Pane::Plan);
    open(
        ui,
        Popup::Plan(Box::new(Sheet::of(Subject::Wish(intent.clone())))),
    );
    vec![tell(DeskMessage::Prepare(intent))]
}

/// Puts the topmost popup away: of a plan that is read nothing happens, and one that runs goes on.
pub(in crate::tui) fn close(ui: &mut Ui, model: &Model) -> Effects {
    let Some(popup) = ui.popups.pop() else {
        return Vec::new();
    };
    ui.filters.remove(&popup.pane());
    match popup {
        Popup::Plan(sheet) => match sheet.face(model) {
            Face::Preparing(_) | Face::Planned(..) | Face::Refused(..) => {
                vec![tell(DeskMessage::PutAway)]
            }
            Face::Running { .. } => {
                let text = format!(
                    "The plan goes on; {} shows it, {} stops it before its next step",
                    ui.key_of("plan"),
                    ui.key_of("stop")
                );
                ui.say(Sign::Running, text);
                Vec::new()
            }
            Face::Again(..) | Face::Over(..) | Face::NotBegun(..) => Vec::new(),
        },
        Popup::Leave => {
            ui.leaving = false;
            Vec::new()
        }
        _ => Vec::new(),
    }
}

pub(in crate::tui) fn can_stop(model: &Model, _: &Ui) -> Availability {
    match &model.desk.doing {
        None => Availability::Why("No plan is being carried out: there is nothing to stop".into()),
        Some(doing) if doing.is_stopping => {
            Availability::Why("The plan stops already, as soon as its present step is over".into())
        }
        Some(_) => Availability::Available,
    }
}

/// Stops the running plan before its next step.
pub(in crate::tui) fn stop(ui: &mut Ui, _: &Model, _: Timestamp) -> Effects {
    ui.say(Sign::Running, "The plan stops before its next step");
    vec![tell(DeskMessage::Stop)]
}

/// The plan that is worth showing: the running one, else the one that ended last.
fn latest(model: &Model) -> Option<&crate::domain::plan::PlanId> {
    let desk = &model.desk;
    let doing = desk.doing.as_ref().map(|doing| &doing.plan.id);
    doing.or_else(|| desk.ended.as_ref().map(|ended| &ended.plan))
}

pub(in crate::tui) fn can_show(model: &Model, ui: &Ui) -> Availability {
    match latest(model) {
        Some(_) => Availability::Available,
        None => Availability::Why(format!(
            "No plan was carried out in this session; {} shows the journal",
            ui.key_of("journal")
        )),
    }
}

/// Shows the plan that runs, or that ended last.
pub(in crate::tui) fn show(ui: &mut Ui, model: &Model, _: Timestamp) -> Effects {
    if let Some(plan) = latest(model) {
        open_plan(ui, Subject::Plan(plan.clone()));
    }
    Vec::new()
}

/// Opens a plan of the journal.
pub(super) fn open_plan(ui: &mut Ui, of: Subject) {
    ui.cursors.remove(&Pane::Plan);
    open(ui, Popup::Plan(Box::new(Sheet::of(of))));
}

pub(in crate::tui) fn can_resume(model: &Model, ui: &Ui) -> Availability {
    let Some(plan) = &ui.known.chosen.open else {
        return Availability::Why(
            "No plan was left half-way: there is nothing to go on with".into(),
        );
    };
    match model.resume_now(plan) {
        Ok(_) => Availability::Available,
        Err(refusal) => Availability::Why(wish::sentence(&refusal)),
    }
}

/// Shows what is left of a plan, before it is gone on with.
pub(in crate::tui) fn resume(ui: &mut Ui, _: &Model, _: Timestamp) -> Effects {
    if let Some(plan) = ui.known.chosen.open.clone() {
        open_plan(ui, Subject::Again(plan));
    }
    Vec::new()
}

pub(in crate::tui) fn can_dispatch(model: &Model, _: &Ui) -> Availability {
    match model.may_change() {
        Ok(()) => Availability::Available,
        Err(refusal) => Availability::Why(wish::sentence(&refusal)),
    }
}

/// Asks which workflow is to be started.
pub(in crate::tui) fn dispatch(ui: &mut Ui, _: &Model, _: Timestamp) -> Effects {
    ui.cursors.remove(&Pane::Dispatch);
    open(ui, Popup::Dispatch(String::new(), None));
    Vec::new()
}

/// Opens the plan for the workflow that was typed, or says what is wrong with it.
pub(super) fn dispatch_typed(ui: &mut Ui, model: &Model) -> Effects {
    let Some(Popup::Dispatch(text, said)) = ui.popups.last_mut() else {
        return Vec::new();
    };
    match crate::tui::popup::dispatch::intent(text) {
        Ok(intent) => {
            ui.popups.pop();
            prepare(ui, model, intent)
        }
        Err(why) => {
            *said = Some(why);
            Vec::new()
        }
    }
}

/// Goes to the journal.
pub(in crate::tui) fn journal(ui: &mut Ui, _: &Model, _: Timestamp) -> Effects {
    to_view(ui, View::Journal);
    Vec::new()
}

/// Leaves; while a plan runs it is asked what becomes of it.
pub(in crate::tui) fn quit(ui: &mut Ui, model: &Model, _: Timestamp) -> Effects {
    if model.desk.doing.is_none() {
        return vec![UiEffect::Quit];
    }
    ui.cursors.remove(&Pane::Leave);
    open(ui, Popup::Leave);
    Vec::new()
}

/// What was chosen, of a plan that runs while gonogo is left.
pub(super) fn leave(ui: &mut Ui, model: &Model, choice: &str) -> Effects {
    match choice {
        "stop" if model.desk.doing.is_some() => {
            ui.leaving = true;
            vec![tell(DeskMessage::Stop)]
        }
        "stop" | "leave" => vec![UiEffect::Quit],
        _ => close(ui, model),
    }
}

/// Follows the model: the open plan, what is to be said of plans, and whether it is time to leave.
pub(in crate::tui) fn follow(ui: &mut Ui, model: &Model) -> Effects {
    for popup in &mut ui.popups {
        if let Popup::Plan(sheet) = popup {
            sheet.follow(model);
        }
    }
    let desk = &model.desk;
    if let Some(sheet) = ui.sheet() {
        let buttons = Sheet::buttons(&sheet.face(model));
        if let Some(sheet) = ui.sheet_mut()
            && !buttons.contains(&sheet.focus)
        {
            sheet.focus = Button::Cancel;
        }
    }
    if let Some(ledger) = &desk.ledger
        && !ui.told.unfinished
    {
        ui.told.unfinished = true;
        let doing = desk.doing.as_ref().map(|doing| &doing.plan.id);
        let mut left = ledger.open().filter(|one| Some(&one.plan.id) != doing);
        if let Some(record) = left.next() {
            let (journal, resume, undo) =
                (ui.key_of("journal"), ui.key_of("resume"), ui.key_of("undo"));
            let keys = if wish::is_read_only(model) {
                format!("{journal} shows it")
            } else {
                format!("{journal} shows it, {resume} goes on, {undo} takes it back")
            };
            let plan = &record.plan;
            let version = plan.about.version.as_deref().unwrap_or_default();
            let verb = plan.verb().name();
            let text = format!("A plan is unfinished, {verb} {version}: {keys}");
            ui.say(Sign::Warning, text);
        }
    }
    if let Some(ended) = &desk.ended
        && ui.told.ended.as_ref() != Some(&ended.plan)
        && desk.doing.is_none()
    {
        ui.told.ended = Some(ended.plan.clone());
        let is_shown = ui.sheet().is_some_and(|sheet| match &sheet.of {
            Subject::Plan(id) | Subject::Again(id) => *id == ended.plan,
            Subject::Wish(_) => false,
        });
        // What is on screen needs no sentence, and what was said of its stopping is over.
        ui.note = None;
        if !is_shown {
            let sign = sheet::outcome_sign(ended.outcome);
            ui.say(
                sign,
                format!(
                    "{}; {} shows it",
                    ended.why.trim_end_matches('.'),
                    ui.key_of("plan")
                ),
            );
        }
    } else if desk.ended.is_none() {
        ui.told.ended = None;
    }
    if ui.leaving && desk.doing.is_none() {
        return vec![UiEffect::Quit];
    }
    Vec::new()
}

/// A key while a plan is open; `None`: it is not the plan's.
pub(in crate::tui) fn key(
    ui: &mut Ui,
    model: &Model,
    chord: Chord,
    now: Timestamp,
) -> Option<Effects> {
    let focus = ui.sheet()?.focus;
    if let Some(effects) = field_key(ui, model, chord, focus) {
        return Some(effects);
    }
    let action = ui.keymap.action(chord);
    let name = action.map(|action| action.name).unwrap_or_default();
    let effects = match (chord.bare(), name) {
        (Some(KeyCode::Enter), _) => press(ui, model),
        (Some(KeyCode::Esc), _) => leave_field(ui, model),
        (_, "next-pane" | "right") => turn(ui, model, 1),
        (_, "previous-pane" | "left") => turn(ui, model, -1),
        (_, "down") => scroll(ui, 1),
        (_, "up") => scroll(ui, -1),
        (_, "page-down") => scroll(ui, 8),
        (_, "page-up") => scroll(ui, -8),
        (_, "top") => scroll(ui, isize::MIN),
        (_, "bottom") => scroll(ui, isize::MAX),
        (_, "refresh") => prepare_anew(ui, |intent| Some(intent.clone())),
        (_, "fold") => {
            if let Some(sheet) = ui.sheet_mut() {
                sheet.detailed = !sheet.detailed;
            }
            Vec::new()
        }
        (Some(KeyCode::Char('q')), "quit") => close(ui, model),
        (_, "quit" | "redraw" | "suspend" | "stop" | "undo" | "resume" | "copy") => {
            let acts = match name {
                "undo" | "resume" => {
                    matches!(ui.sheet()?.face(model), Face::Over(..) | Face::NotBegun(..))
                }
                "stop" => matches!(ui.sheet()?.face(model), Face::Running { .. }),
                _ => true,
            };
            match action.filter(|_| acts) {
                Some(action) => perform_action(ui, model, action, now),
                None => Vec::new(),
            }
        }
        _ => letter(ui, model, chord),
    };
    Some(effects)
}

/// A letter on a button: `e` goes to what can be written, the version's first letter to its field.
fn letter(ui: &mut Ui, model: &Model, chord: Chord) -> Effects {
    let Some(c) = chord.typed() else {
        return Vec::new();
    };
    let Some(sheet) = ui.sheet() else {
        return Vec::new();
    };
    let face = sheet.face(model);
    let buttons = Sheet::buttons(&face);
    let begins = |phrase: &str| c == 'v' || phrase.starts_with(c);
    let begins_phrase = face.phrase().is_some_and(begins);
    if begins_phrase {
        focus(ui, model, Button::Phrase);
        type_in(ui, c);
    } else if c == 'e' {
        let field = buttons
            .into_iter()
            .find(|button| matches!(button, Button::Comment | Button::Reason));
        if let Some(field) = field {
            focus(ui, model, field);
        }
    }
    Vec::new()
}

/// A key for the field that has the keys.
fn field_key(ui: &mut Ui, model: &Model, chord: Chord, focus: Button) -> Option<Effects> {
    if !focus.is_field() {
        return None;
    }
    if let Some(c) = chord.typed() {
        type_in(ui, c);
        return Some(Vec::new());
    }
    let text = field(ui)?;
    match (chord.bare(), chord.control()) {
        (Some(KeyCode::Backspace), _) => {
            text.pop();
        }
        (_, Some('u')) => text.clear(),
        (_, Some('w')) => {
            let kept = text.trim_end().rfind(' ').map_or(0, |at| at + 1);
            text.truncate(kept);
        }
        _ => return None,
    }
    let _ = model;
    Some(Vec::new())
}

/// The text of the field that has the keys.
fn field(ui: &mut Ui) -> Option<&mut String> {
    let sheet = ui.sheet_mut()?;
    match sheet.focus {
        Button::Phrase => Some(&mut sheet.phrase),
        Button::Reason => Some(&mut sheet.reason),
        Button::Comment => Some(sheet.comment.get_or_insert_default()),
        Button::Cancel | Button::Go => None,
    }
}

/// Takes a letter into the field that has the keys.
pub(in crate::tui) fn type_in(ui: &mut Ui, c: char) {
    if let Some(text) = field(ui)
        && text.chars().count() < MOST_TYPED
    {
        text.push(c);
    }
}

/// Gives a button or a field the keys; a comment that is left is looked at by the planner.
pub(in crate::tui) fn focus(ui: &mut Ui, model: &Model, button: Button) -> Effects {
    let Some(sheet) = ui.sheet() else {
        return Vec::new();
    };
    let face = sheet.face(model);
    if sheet.sent || !Sheet::buttons(&face).contains(&button) {
        return Vec::new();
    }
    let planned = match &face {
        Face::Planned(plan, _) => sheet::comment_of(plan).map(str::to_owned),
        _ => None,
    };
    let changed = sheet
        .comment
        .clone()
        .filter(|text| button != Button::Comment && Some(text) != planned.as_ref());
    let Some(sheet) = ui.sheet_mut() else {
        return Vec::new();
    };
    sheet.focus = button;
    if button == Button::Comment && sheet.comment.is_none() {
        sheet.comment = planned;
    }
    match changed {
        Some(text) => prepare_anew(ui, |intent| sheet::with_comment(intent, text.trim())),
        None => Vec::new(),
    }
}

/// Has the plan made again for a wish that was changed.
fn prepare_anew(ui: &mut Ui, change: impl Fn(&Intent) -> Option<Intent>) -> Effects {
    let Some(sheet) = ui.sheet_mut() else {
        return Vec::new();
    };
    let Subject::Wish(intent) = &sheet.of else {
        return Vec::new();
    };
    let Some(changed) = change(intent) else {
        return Vec::new();
    };
    if sheet.sent {
        return Vec::new();
    }
    let reason = std::mem::take(&mut sheet.reason);
    *sheet = Sheet {
        reason,
        ..Sheet::of(Subject::Wish(changed.clone()))
    };
    vec![tell(DeskMessage::Prepare(changed))]
}

fn turn(ui: &mut Ui, model: &Model, by: isize) -> Effects {
    let Some(sheet) = ui.sheet() else {
        return Vec::new();
    };
    let buttons = Sheet::buttons(&sheet.face(model));
    let here = buttons.iter().position(|b| *b == sheet.focus).unwrap_or(0);
    let n = buttons.len().max(1);
    let next = if by > 0 { here + 1 } else { here + n - 1 } % n;
    match buttons.get(next) {
        Some(button) => focus(ui, model, *button),
        None => Vec::new(),
    }
}

/// Esc: a changed comment is as it was again; else all is put away.
fn leave_field(ui: &mut Ui, model: &Model) -> Effects {
    if let Some(sheet) = ui.sheet_mut()
        && sheet.focus == Button::Comment
    {
        sheet.comment = None;
        sheet.focus = Button::Cancel;
        return Vec::new();
    }
    close(ui, model)
}

/// Enter, or a click on a button.
pub(in crate::tui) fn press(ui: &mut Ui, model: &Model) -> Effects {
    let Some(sheet) = ui.sheet() else {
        return Vec::new();
    };
    match sheet.focus {
        Button::Cancel => close(ui, model),
        Button::Go | Button::Phrase => go(ui, model),
        Button::Comment => focus(ui, model, Button::Cancel),
        Button::Reason if sheet.reason.trim().is_empty() => {
            ui.say(
                Sign::Warning,
                "An override needs a reason: it goes into the journal",
            );
            Vec::new()
        }
        Button::Reason => {
            let reason = sheet.reason.trim().to_owned();
            prepare_anew(ui, |intent| sheet::with_reason(intent, &reason))
        }
    }
}

/// Confirms what is shown; the engine judges whether what was typed is right.
fn go(ui: &mut Ui, model: &Model) -> Effects {
    let Some(sheet) = ui.sheet() else {
        return Vec::new();
    };
    if sheet.sent {
        return Vec::new();
    }
    let face = sheet.face(model);
    let proof = match face.phrase() {
        Some(_) => Proof::Typed(clean(&sheet.phrase)),
        None => Proof::Key,
    };
    let message = match &face {
        Face::Planned(..) => DeskMessage::Confirm(proof),
        Face::Again(record, _) => DeskMessage::Resume(record.plan.id.clone(), proof),
        _ => return Vec::new(),
    };
    if let Some(sheet) = ui.sheet_mut() {
        sheet.sent = true;
        // Whoever has to type it again begins anew.
        sheet.phrase.clear();
    }
    vec![tell(message)]
}

/// Moves what is shown of the plan; drawing keeps it within bounds.
pub(in crate::tui) fn scroll(ui: &mut Ui, by: isize) -> Effects {
    let cursor = ui.cursors.entry(Pane::Plan).or_default();
    cursor.top = cursor.top.saturating_add_signed(by);
    Vec::new()
}
