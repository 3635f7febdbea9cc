//! What an input does to the cockpit's memory: pure, the time is an argument.

use std::sync::Arc;

use crossterm::event::KeyCode;
use ratatui::layout::{Position, Size};

use super::action::{Action, Availability};
use super::items;
use super::key::Chord;
use super::perform;
use super::ui::{Item, Pane, Popup, Target, Ui};
use crate::domain::event::Event;
use crate::domain::ids::JobId;
use crate::domain::time::Timestamp;
use crate::engine::{Message, Model};
use crate::present::flow::Flow;
use crate::present::role::Sign;

/// Longest text that can be typed into a field, characters.
const MOST_TYPED: usize = 120;

/// What comes in.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A key.
    Key(Chord),
    /// A press of the mouse's first button.
    Click(Position),
    /// A turn of the wheel, at a place; `true`: down.
    Wheel(Position, bool),
    /// Text that was pasted.
    Paste(String),
    /// The terminal has another size.
    Resize(Size),
    /// The model has changed.
    Model,
    /// Something happened to the release.
    Event(Event),
    /// The news has stood long enough.
    Read,
    /// Time has passed.
    Tick,
}

/// What the shell is asked to do.
#[derive(Debug, Clone, PartialEq)]
pub enum UiEffect {
    /// Send this to the engine.
    Send(Message),
    /// The job that is looked at now; the engine is told when the cursor has rested.
    Look(Option<JobId>),
    /// Put this on the clipboard.
    Copy(String),
    /// Open this page.
    Open(String),
    /// Call a person: bell and notification.
    Call(String),
    /// Draw everything again.
    Redraw,
    /// Go to the background.
    Suspend,
    /// Leave.
    Quit,
}

/// Takes an input in.
pub fn update(ui: &mut Ui, model: &Model, input: Input, now: Timestamp) -> Vec<UiEffect> {
    let mut is_other_model = false;
    let mut effects = match input {
        Input::Key(chord) => key(ui, model, chord, now),
        Input::Click(at) => click(ui, model, at, now),
        Input::Wheel(at, down) => wheel(ui, model, at, down, now),
        Input::Paste(text) => {
            let text = crate::present::clean::clean(&text);
            if ui.sheet().is_some() {
                text.chars().for_each(|c| perform::plans::type_in(ui, c));
            } else if ui.typing.is_some() || has_line(ui) {
                text.chars().for_each(|c| type_in(ui, c));
            }
            Vec::new()
        }
        Input::Resize(size) => {
            ui.size = size;
            Vec::new()
        }
        Input::Model => {
            is_other_model = true;
            refresh(ui, model, now);
            perform::plans::follow(ui, model)
        }
        Input::Event(event) => heard(ui, model, &event),
        Input::Read => {
            ui.note = None;
            Vec::new()
        }
        Input::Tick => Vec::new(),
    };
    if let Some(known) = ui.known.anew(model, ui, is_other_model, now) {
        ui.known = Arc::new(known);
    }
    if let Some(open) = &ui.evidence {
        let scene = super::scene::Scene::new(model, ui, now);
        if let Some(compared) = open.compared.anew(&scene)
            && let Some(open) = &mut ui.evidence
        {
            open.compared = Arc::new(compared);
        }
    }
    let job = super::scene::selected_job(model, ui).map(|job| job.id);
    let job = ui.inside.or(job);
    if job != model.focus && ui.shows_log() {
        effects.push(UiEffect::Look(job));
    }
    effects
}

/// The graph follows the model; cursors note where their item stands now.
fn refresh(ui: &mut Ui, model: &Model, now: Timestamp) {
    let flow = Flow::of(&model.snapshot, &model.policy, &model.outlook);
    if flow != *ui.flow {
        ui.flow = Arc::new(flow);
    }
    for pane in ui.cursors.keys().copied().collect::<Vec<_>>() {
        let items = items::of(model, ui, pane, now);
        if let Some(cursor) = ui.cursors.get_mut(&pane)
            && let Some(item) = &cursor.item
            && let Some(place) = items.iter().position(|other| other == item)
        {
            cursor.near = place;
        }
    }
}

/// Whether the topmost popup has a line that is typed into.
fn has_line(ui: &Ui) -> bool {
    let top = ui.popups.last();
    matches!(top, Some(Popup::Palette(_) | Popup::Dispatch(..)))
}

fn key(ui: &mut Ui, model: &Model, chord: Chord, now: Timestamp) -> Vec<UiEffect> {
    if let Some(effects) = perform::plans::key(ui, model, chord, now) {
        return effects;
    }
    if let Some(effects) = typed(ui, model, chord, now) {
        return effects;
    }
    match ui.keymap.action(chord) {
        Some(action) => perform_action(ui, model, action, now),
        None => Vec::new(),
    }
}

/// Does an action, or says why not.
pub fn perform_action(
    ui: &mut Ui,
    model: &Model,
    action: &Action,
    now: Timestamp,
) -> Vec<UiEffect> {
    match (action.when)(model, ui) {
        Availability::Available | Availability::Look(_) => (action.run)(ui, model, now),
        Availability::Why(why) => {
            ui.say(Sign::Warning, why);
            Vec::new()
        }
    }
}

/// A key while something is being typed; `None`: the key is not the field's.
fn typed(ui: &mut Ui, model: &Model, chord: Chord, now: Timestamp) -> Option<Vec<UiEffect>> {
    let field = ui.typing;
    if field.is_none() && !has_line(ui) {
        return None;
    }
    if let Some(c) = chord.typed() {
        type_in(ui, c);
        return Some(Vec::new());
    }
    match (chord.bare(), field) {
        (Some(KeyCode::Backspace), _) => {
            if let Some(text) = field_text(ui) {
                text.pop();
            }
            Some(Vec::new())
        }
        (Some(KeyCode::Enter), Some(pane)) => {
            ui.typing = None;
            if perform::searches(pane) {
                return Some(perform::jump(ui, model, now, 0));
            }
            Some(Vec::new())
        }
        (Some(KeyCode::Esc), Some(pane)) => {
            ui.typing = None;
            ui.filters.remove(&pane);
            Some(Vec::new())
        }
        _ => None,
    }
}

fn field_text(ui: &mut Ui) -> Option<&mut String> {
    match (ui.typing, ui.popups.last_mut()) {
        (Some(pane), _) => Some(ui.filters.entry(pane).or_default()),
        (None, Some(Popup::Palette(text))) => Some(text),
        (None, Some(Popup::Dispatch(text, said))) => {
            *said = None;
            Some(text)
        }
        _ => None,
    }
}

fn type_in(ui: &mut Ui, c: char) {
    let line = ui.typing.is_none();
    if let Some(text) = field_text(ui)
        && text.chars().count() < MOST_TYPED
    {
        text.push(c);
    }
    if line {
        // What matches best is on top, and is what Enter takes.
        ui.cursors.remove(&Pane::Palette);
        ui.cursors.remove(&Pane::Dispatch);
    }
}

fn click(ui: &mut Ui, model: &Model, at: Position, now: Timestamp) -> Vec<UiEffect> {
    let spots = &ui.seen.spots;
    let Some(target) = spots
        .iter()
        .find(|(area, _)| area.contains(at))
        .map(|(_, target)| target.clone())
    else {
        return Vec::new();
    };
    match target {
        Target::Pane(pane) => perform::focus(ui, pane),
        Target::Outside => return perform::plans::close(ui, model),
        Target::Button(button) => {
            let effects = perform::plans::focus(ui, model, button);
            let is_pressed = ui.sheet().is_some_and(|sheet| sheet.focus == button);
            if effects.is_empty() && is_pressed && !button.is_field() {
                return perform::plans::press(ui, model);
            }
            return effects;
        }
        Target::Action(name) => {
            return Action::named(name)
                .map(|action| perform_action(ui, model, action, now))
                .unwrap_or_default();
        }
        Target::Item(pane, item) => {
            perform::focus(ui, pane);
            let again = ui.cursor(pane).and_then(|c| c.item.as_ref()) == Some(&item);
            perform::select(ui, model, pane, item, now);
            // A second click on what is selected goes in, as Enter does.
            if again || ui.popups.last().is_some_and(|popup| popup.pane() == pane) {
                return Action::named("enter")
                    .map(|action| perform_action(ui, model, action, now))
                    .unwrap_or_default();
            }
        }
    }
    Vec::new()
}

fn wheel(ui: &mut Ui, model: &Model, at: Position, down: bool, now: Timestamp) -> Vec<UiEffect> {
    let under = ui
        .seen
        .panes
        .iter()
        .find(|(_, area)| area.contains(at))
        .map(|(pane, _)| *pane);
    if ui.popups.is_empty()
        && let Some(pane) = under
    {
        perform::focus(ui, pane);
    }
    let by = if down { 1 } else { -1 };
    (0..3)
        .flat_map(|_| perform::step(ui, model, now, (0, by)))
        .collect()
}

fn heard(ui: &mut Ui, model: &Model, event: &Event) -> Vec<UiEffect> {
    let calls = match event {
        Event::Watching { .. } => {
            ui.under_way = false;
            false
        }
        Event::Stage { stage } => {
            ui.under_way |= stage.is_live();
            ui.under_way && event.calls_a_person()
        }
        event => event.calls_a_person(),
    };
    let Some((sign, text)) = crate::present::news::sentence(event, model.outlook.version.as_ref())
    else {
        return Vec::new();
    };
    ui.say(sign, text.clone());
    if calls {
        vec![UiEffect::Call(crate::present::clean::clean(&text))]
    } else {
        Vec::new()
    }
}

impl Ui {
    /// Whether a log can be seen, so that it is worth asking for.
    pub fn shows_log(&self) -> bool {
        self.inside.is_some() || self.seen.panes.contains_key(&Pane::Log)
    }

    /// The selected item of a list, of the items that it has now.
    pub fn selected<'i>(&self, pane: Pane, items: &'i [Item]) -> Option<&'i Item> {
        let all: Vec<&Item> = items.iter().collect();
        let place = self.cursor(pane).cloned().unwrap_or_default().place(&all)?;
        items.get(place)
    }
}
