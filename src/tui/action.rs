//! Everything that a key can do: one row an action, from which footer, help and palette are derived.
//!
//! A new action is a row here and a key in `assets/keymap.toml`.

use super::perform;
use super::ui::{Pane, Ui};
use super::update::UiEffect;
use crate::domain::time::Timestamp;
use crate::engine::Model;

/// One thing that a key can do.
#[derive(Debug)]
pub struct Action {
    /// Its name, as key maps and the palette write it.
    pub name: &'static str,
    /// What it does, for help and palette.
    pub sentence: &'static str,
    /// A word or two for the footer; empty: it never stands there.
    pub hint: &'static str,
    /// Where help lists it.
    pub group: Group,
    /// Whether it can be done here and now.
    pub when: fn(&Model, &Ui) -> Availability,
    /// Does it.
    pub run: fn(&mut Ui, &Model, Timestamp) -> Vec<UiEffect>,
}

/// Whether an action can be done here and now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability {
    /// It can.
    Available,
    /// It cannot: why, and what would unblock it.
    Why(String),
}

impl Availability {
    /// Available if a condition holds, else the reason.
    pub fn if_so(condition: bool, why: &str) -> Self {
        if condition {
            Self::Available
        } else {
            Self::Why(why.to_owned())
        }
    }
}

/// Headings of the help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The release.
    Release,
    /// Jobs and logs.
    Jobs,
    /// Moving about.
    Moving,
    /// The program.
    Program,
}

impl Group {
    /// Every heading, in order.
    pub const ALL: [Self; 4] = [Self::Release, Self::Jobs, Self::Moving, Self::Program];

    /// The heading.
    pub fn name(self) -> &'static str {
        match self {
            Self::Release => "Release",
            Self::Jobs => "Jobs and logs",
            Self::Moving => "Moving",
            Self::Program => "Program",
        }
    }
}

impl Action {
    /// The action of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ACTIONS.iter().find(|action| action.name == name)
    }
}

fn always(_: &Model, _: &Ui) -> Availability {
    Availability::Available
}

macro_rules! action {
    ($group:ident $name:literal $hint:literal $sentence:literal $when:expr, $run:expr) => {
        Action {
            name: $name,
            sentence: $sentence,
            hint: $hint,
            group: Group::$group,
            when: $when,
            run: $run,
        }
    };
}

/// Every action; in the footer's order, the most important first.
pub static ACTIONS: &[Action] = &[
    action!(Release "evidence" "evidence" "Show what speaks for the image: signatures, provenance, SBOMs" perform::can_evidence, perform::evidence),
    action!(Jobs "log" "log" "Read the selected job's log" perform::can_log, perform::log),
    action!(Release "runs" "other runs" "List the release runs and choose one" always, perform::runs),
    action!(Release "automatic" "" "Let gonogo choose the run again" perform::can_automatic, perform::automatic),
    action!(Release "copy" "copy" "Copy the selected digest, name or text" perform::can_copy, perform::copy),
    action!(Release "browse" "browser" "Open the selected thing's page in the browser" perform::can_browse, perform::browse),
    action!(Release "refresh" "refresh" "Look at everything again now" always, perform::refresh),
    action!(Release "services" "services" "Show how each service answers and what it costs" always, perform::services),
    action!(Jobs "fold" "open group" "Open or close the selected group of jobs, or part of a statement" perform::can_fold, perform::fold),
    action!(Jobs "filter" "find" "Narrow the list, or search in graph and log" perform::can_filter, perform::filter),
    action!(Jobs "next-match" "" "Go to the next match" perform::can_match, |ui, model, now| perform::jump(ui, model, now, 1)),
    action!(Jobs "previous-match" "" "Go to the match before" perform::can_match, |ui, model, now| perform::jump(ui, model, now, -1)),
    action!(Moving "zoom" "zoom" "Give the pane the whole screen, or take it back" perform::can_zoom, perform::zoom),
    action!(Moving "enter" "" "Go in: open the group, read the log, choose" perform::can_enter, perform::enter),
    action!(Moving "back" "" "Go out: close what is on top, clear the filter" always, perform::back),
    action!(Moving "down" "" "Move down" always, |ui, model, now| perform::step(ui, model, now, (0, 1))),
    action!(Moving "up" "" "Move up" always, |ui, model, now| perform::step(ui, model, now, (0, -1))),
    action!(Moving "left" "" "Move left, or to the pane before" always, |ui, model, now| perform::step(ui, model, now, (-1, 0))),
    action!(Moving "right" "" "Move right, or to the next pane" always, |ui, model, now| perform::step(ui, model, now, (1, 0))),
    action!(Moving "top" "" "Go to the first row" always, |ui, model, now| perform::leap(ui, model, now, isize::MIN)),
    action!(Moving "bottom" "" "Go to the last row, and follow a log" always, |ui, model, now| perform::leap(ui, model, now, isize::MAX)),
    action!(Moving "page-down" "" "Move half a page down" always, |ui, model, now| perform::page(ui, model, now, 1)),
    action!(Moving "page-up" "" "Move half a page up" always, |ui, model, now| perform::page(ui, model, now, -1)),
    action!(Moving "next-pane" "" "Go to the next pane" always, |ui, _, _| perform::turn(ui, 1)),
    action!(Moving "previous-pane" "" "Go to the pane before" always, |ui, _, _| perform::turn(ui, -1)),
    action!(Moving "pane-1" "" "Go to the pipeline" always, |ui, _, _| perform::go(ui, Pane::Pipeline)),
    action!(Moving "pane-2" "" "Go to the Go/No-Go board" always, |ui, _, _| perform::go(ui, Pane::Board)),
    action!(Moving "pane-3" "" "Go to the image" always, |ui, _, _| perform::go(ui, Pane::Image)),
    action!(Moving "pane-4" "" "Go to the gates" always, |ui, _, _| perform::go(ui, Pane::Gate)),
    action!(Moving "pane-5" "" "Go to PyPI and the Release" always, |ui, _, _| perform::go(ui, Pane::Outside)),
    action!(Moving "next-view" "views" "Go to the next view: release, jobs and logs, image" always, |ui, _, _| perform::view(ui, 1)),
    action!(Moving "previous-view" "" "Go to the view before" always, |ui, _, _| perform::view(ui, -1)),
    action!(Program "palette" "commands" "Find a command by name" always, perform::palette),
    action!(Program "help" "help" "Show every key" always, perform::help),
    action!(Program "redraw" "" "Draw the whole screen again" always, |_, _, _| vec![UiEffect::Redraw]),
    action!(Program "suspend" "" "Put gonogo into the background" always, |_, _, _| vec![UiEffect::Suspend]),
    action!(Program "quit" "quit" "Leave gonogo" always, |_, _, _| vec![UiEffect::Quit]),
];
