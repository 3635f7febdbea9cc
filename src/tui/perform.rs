//! What the actions do, and when they can be done.

mod evidence;
mod moving;
mod outward;
pub(super) mod plans;
mod search;

use super::action::{Action, Availability};
use super::items;
use super::scene;
use super::ui::{Item, Pane, Popup, Ui, View};
use super::update::{UiEffect, perform_action};
use crate::domain::time::Timestamp;
use crate::engine::{Message, Model};
use crate::present::role::Sign;
use crate::present::tags;

pub(super) use evidence::{can_evidence, evidence};
pub(super) use moving::{focus, go, leap, page, select, selected, step, turn, view};
pub(super) use outward::{browse, can_browse, can_copy, copy};
pub(super) use search::{can_filter, can_match, filter, jump, searches};

use moving::{move_by, to_view};

type Effects = Vec<UiEffect>;

pub(super) fn can_log(model: &Model, ui: &Ui) -> Availability {
    Availability::if_so(
        scene::selected_job(model, ui).is_some(),
        "This job has not been made yet: its log can be read when it has run",
    )
}

/// Reads the selected job's log.
pub(super) fn log(ui: &mut Ui, model: &Model, _: Timestamp) -> Effects {
    if let Some(job) = scene::selected_job(model, ui) {
        ui.popups.clear();
        ui.evidence = None;
        ui.inside = Some(job.id);
        ui.log = super::ui::LogPlace::default();
    }
    Vec::new()
}

/// Lists the release runs.
pub(super) fn runs(ui: &mut Ui, model: &Model, now: Timestamp) -> Effects {
    open(ui, Popup::Runs);
    if let Some(run) = model.outlook.run {
        select(ui, model, Pane::Runs, Item::Run(Some(run)), now);
    }
    Vec::new()
}

pub(super) fn can_automatic(model: &Model, _: &Ui) -> Availability {
    Availability::if_so(
        model.pinned.is_some(),
        "gonogo already chooses the run by itself",
    )
}

/// Lets the engine choose the run again.
pub(super) fn automatic(ui: &mut Ui, _: &Model, _: Timestamp) -> Effects {
    ui.say(
        Sign::Done,
        "The run that most needs a look is watched again",
    );
    vec![UiEffect::Send(Message::Watch(None))]
}

/// Looks at everything again.
pub(super) fn refresh(ui: &mut Ui, _: &Model, _: Timestamp) -> Effects {
    ui.say(Sign::Running, "Looking at everything again");
    vec![UiEffect::Send(Message::Refresh)]
}

/// Shows how the services answer.
pub(super) fn services(ui: &mut Ui, _: &Model, _: Timestamp) -> Effects {
    open(ui, Popup::Services);
    Vec::new()
}

/// Shows every key.
pub(super) fn help(ui: &mut Ui, _: &Model, _: Timestamp) -> Effects {
    open(ui, Popup::Help);
    Vec::new()
}

/// Finds a command by name.
pub(super) fn palette(ui: &mut Ui, _: &Model, _: Timestamp) -> Effects {
    open(ui, Popup::Palette(String::new()));
    ui.cursors.remove(&Pane::Palette);
    Vec::new()
}

fn open(ui: &mut Ui, popup: Popup) {
    let pane = popup.pane();
    ui.popups.retain(|other| other.pane() != pane);
    ui.filters.remove(&pane);
    ui.popups.push(popup);
}

pub(super) fn can_fold(model: &Model, ui: &Ui) -> Availability {
    if ui.active() == Pane::Proof {
        return evidence::can_toggle(model, ui);
    }
    let group = items::node(ui).and_then(|id| ui.flow.graph.as_ref()?.find(&id));
    Availability::if_so(
        ui.active() == Pane::Pipeline && group.is_some_and(|node| items::is_group(node, ui)),
        "This is no group of jobs: only called workflows and matrices can be opened",
    )
}

/// Opens or closes the selected group.
pub(super) fn fold(ui: &mut Ui, model: &Model, now: Timestamp) -> Effects {
    if ui.active() == Pane::Proof {
        evidence::toggle(ui, model, now);
    } else if let Some(node) = items::node(ui) {
        select(ui, model, Pane::Pipeline, Item::Node(node.clone()), now);
        if !ui.open.remove(&node) {
            ui.open.insert(node);
        }
    }
    Vec::new()
}

pub(super) fn can_zoom(_: &Model, ui: &Ui) -> Availability {
    Availability::if_so(
        ui.inside.is_none() && ui.evidence.is_none() && ui.popups.is_empty(),
        "This has the whole screen already",
    )
}

/// Gives the pane the whole screen, or takes it back.
pub(super) fn zoom(ui: &mut Ui, _: &Model, _: Timestamp) -> Effects {
    ui.zoomed = !ui.zoomed;
    Vec::new()
}

pub(super) fn can_enter(model: &Model, ui: &Ui) -> Availability {
    match ui.active() {
        Pane::Log | Pane::Services | Pane::Entries => Availability::Why(format!(
            "This is the innermost; {} goes out",
            ui.key_of("back")
        )),
        Pane::Pipeline if can_fold(model, ui) == Availability::Available => Availability::Available,
        Pane::Pipeline | Pane::Steps => can_log(model, ui),
        Pane::Proof => evidence::can_toggle(model, ui),
        _ => Availability::Available,
    }
}

/// Goes in.
pub(super) fn enter(ui: &mut Ui, model: &Model, now: Timestamp) -> Effects {
    let pane = ui.active();
    match pane {
        Pane::Pipeline if can_fold(model, ui) == Availability::Available => {
            return fold(ui, model, now);
        }
        Pane::Pipeline | Pane::Steps => return log(ui, model, now),
        Pane::Image if ui.view == View::Release => {
            to_view(ui, View::Image);
        }
        Pane::Image => ui.pane = Pane::Manifest,
        Pane::Board if evidence::of_rule(ui, model, now) => {}
        Pane::Board | Pane::Gate | Pane::Outside => ui.zoomed = true,
        Pane::Proofs => ui.give_keys(Pane::Proof),
        Pane::Proof => evidence::toggle(ui, model, now),
        Pane::Runs => {
            let chosen = selected(ui, model, pane, now);
            ui.popups.pop();
            if let Some(Item::Run(run)) = chosen {
                let text = match run.and_then(|run| model.snapshot.run(run)) {
                    Some(run) => format!("Run #{} is watched until you choose again", run.number),
                    None => "The run that most needs a look is watched again".to_owned(),
                };
                ui.say(Sign::Done, text);
                return vec![UiEffect::Send(Message::Watch(run))];
            }
        }
        Pane::Palette | Pane::Help => {
            let chosen = selected(ui, model, pane, now);
            ui.popups.pop();
            if let Some(Item::Action(name)) = chosen
                && let Some(action) = Action::named(name)
            {
                return perform_action(ui, model, action, now);
            }
        }
        Pane::Journal => {
            if let Some(Item::Plan(plan)) = selected(ui, model, pane, now) {
                plans::open_plan(ui, super::sheet::Subject::Plan(plan));
            }
        }
        Pane::Plan => return plans::press(ui, model),
        Pane::Dispatch => {
            let scene = scene::Scene::new(model, ui, now);
            let completed = match ui.popups.last() {
                Some(Popup::Dispatch(text, _)) => super::popup::dispatch::completed(&scene, text),
                _ => None,
            };
            match (completed, ui.popups.last_mut()) {
                (Some(name), Some(Popup::Dispatch(text, said))) => (*text, *said) = (name, None),
                _ => return plans::dispatch_typed(ui, model),
            }
        }
        Pane::Leave => {
            if let Some(Item::Fact(choice)) = selected(ui, model, pane, now) {
                return plans::leave(ui, model, choice);
            }
        }
        Pane::Log | Pane::Services | Pane::Manifest | Pane::Entries => {}
    }
    Vec::new()
}

/// Goes out, one level.
pub(super) fn back(ui: &mut Ui, model: &Model, _: Timestamp) -> Effects {
    let pane = ui.active();
    if !ui.popups.is_empty() {
        return plans::close(ui, model);
    } else if ui
        .filters
        .remove(&pane)
        .is_some_and(|text| !text.is_empty())
    {
        // The list is whole again; nothing else is left.
    } else if pane == Pane::Proof {
        ui.give_keys(Pane::Proofs);
    } else if ui.evidence.take().is_some() {
        // What was below it is as it was.
    } else if ui.inside.take().is_some() {
        ui.log = super::ui::LogPlace::default();
    } else if ui.zoomed {
        ui.zoomed = false;
    } else if ui.view != View::Release {
        to_view(ui, View::Release);
    }
    Vec::new()
}

/// The tags of the image that a tag belongs to.
pub(super) fn tag_rows(model: &Model, image: &crate::domain::fact::ImageId) -> Vec<tags::TagRow> {
    model
        .policy
        .images
        .iter()
        .find(|spec| crate::domain::fact::ImageId::of(spec) == *image)
        .map(|spec| tags::rows(&model.snapshot, &model.outlook, spec))
        .unwrap_or_default()
}
