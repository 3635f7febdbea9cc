//! Everything that a key can do: one row an action, from which footer, help and palette are derived.
//!
//! A new action is a row here and a key in `assets/keymap.toml`.

use super::perform;
use super::perform::plans;
use super::ui::{Pane, Ui};
use super::update::UiEffect;
use super::wish::{self, Wish};
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
    /// Not as things are known, and pressing its key looks again: why.
    Look(String),
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
    /// What changes the outside world.
    Changes,
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
    pub const ALL: [Self; 5] = [
        Self::Changes,
        Self::Release,
        Self::Jobs,
        Self::Moving,
        Self::Program,
    ];

    /// The heading.
    pub fn name(self) -> &'static str {
        match self {
            Self::Changes => "Changes",
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

    /// Whether nothing is said of it: what changes something, where nothing may be changed.
    pub fn is_hidden(&self, model: &Model) -> bool {
        self.group == Group::Changes && wish::is_read_only(model)
    }

    /// Whether it stands in the footer: what changes something only where it can be done or stands in the way.
    pub fn is_hinted(&self, model: &Model, ui: &Ui) -> bool {
        let is_here = || match self.group {
            Group::Changes => match (self.when)(model, ui) {
                Availability::Available => true,
                Availability::Look(_) => wish::stands_in_the_way(ui, self.name),
                Availability::Why(_) => false,
            },
            _ => true,
        };
        !self.hint.is_empty() && !self.is_hidden(model) && is_here()
    }
}

fn always(_: &Model, _: &Ui) -> Availability {
    Availability::Available
}

/// A row for what can be wished for.
macro_rules! wish {
    ($wish:ident $name:literal $hint:literal $sentence:literal) => {
        Action {
            name: $name,
            sentence: $sentence,
            hint: $hint,
            group: Group::Changes,
            when: |model, ui| wish::can(model, ui, Wish::$wish),
            run: |ui, model, now| plans::want(ui, model, now, Wish::$wish),
        }
    };
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
    action!(Changes "stop" "stop" "Stop the running plan before its next step" plans::can_stop, plans::stop),
    action!(Changes "plan" "plan" "Show the plan that runs, or that ended last" plans::can_show, plans::show),
    wish!(Approve "approve" "approve" "Let what waits at the gate go on"),
    wish!(Reject "reject" "reject" "Reject what waits at the gate: the run ends"),
    action!(Changes "resume" "go on" "Go on with a plan that was left half-way" plans::can_resume, plans::resume),
    wish!(Undo "undo" "undo" "Take the last plan back, or the selected one"),
    wish!(RerunFailed "rerun" "rerun failed" "Run the failed jobs again, and what depends on them"),
    wish!(Promote "promote" "promote" "Put the tested image under the release tags"),
    wish!(RollBack "rollback" "roll back" "Put the release tags back to what they were"),
    wish!(CleanUp "cleanup" "clean up" "Remove what a failed release left behind"),
    action!(Release "evidence" "evidence" "Show what speaks for the image: signatures, provenance, SBOMs" perform::can_evidence, perform::evidence),
    action!(Jobs "log" "log" "Read the selected job's log" perform::can_log, perform::log),
    wish!(Cancel "cancel" "cancel run" "Cancel the run"),
    wish!(ForceCancel "force-cancel" "" "Cancel the run by force: not even clean-up jobs run"),
    wish!(RerunAll "rerun-all" "" "Run every job again"),
    wish!(RerunJob "rerun-job" "" "Run the selected job again, and what depends on it"),
    action!(Changes "dispatch" "" "Start a workflow by hand" plans::can_dispatch, plans::dispatch),
    action!(Release "runs" "other runs" "List the release runs and choose one" always, perform::runs),
    action!(Release "automatic" "" "Let gonogo choose the run again" perform::can_automatic, perform::automatic),
    action!(Release "copy" "copy" "Copy the selected digest, name or text" perform::can_copy, perform::copy),
    action!(Release "browse" "browser" "Open the selected thing's page in the browser" perform::can_browse, perform::browse),
    action!(Release "refresh" "refresh" "Look at everything again now" always, perform::refresh),
    action!(Release "services" "services" "Show how each service answers and what it costs" always, perform::services),
    action!(Release "journal" "journal" "Show what was done, by whom, and how it ended" always, plans::journal),
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
    action!(Moving "next-view" "views" "Go to the next view: release, jobs and logs, image, journal" always, |ui, _, _| perform::view(ui, 1)),
    action!(Moving "previous-view" "" "Go to the view before" always, |ui, _, _| perform::view(ui, -1)),
    action!(Program "palette" "commands" "Find a command by name" always, perform::palette),
    action!(Program "help" "help" "Show every key" always, perform::help),
    action!(Program "redraw" "" "Draw the whole screen again" always, |_, _, _| vec![UiEffect::Redraw]),
    action!(Program "suspend" "" "Put gonogo into the background" always, |_, _, _| vec![UiEffect::Suspend]),
    action!(Program "quit" "quit" "Leave gonogo" always, plans::quit),
];
