//! What the cockpit remembers between two frames: where the keys go, what is selected, what is open.
//!
//! Selections are ids, so that a refresh, a resize or a fault never moves them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ratatui::layout::{Rect, Size};

use super::action::Action;
use super::evidence::Compared;
use super::keymap::Keymap;
use super::sheet::{Button, Sheet};
use super::wish::Known;
use crate::domain::digest::Digest;
use crate::domain::fact::{ImageId, SourceId};
use crate::domain::graph::NodeId;
use crate::domain::ids::{JobId, RunId};
use crate::domain::plan::PlanId;
use crate::present::evidence::ProofId;
use crate::present::flow::Flow;
use crate::present::role::Sign;

/// Something that can be selected.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// A job of the graph.
    Node(NodeId),
    /// A job of the run.
    Job(JobId),
    /// A step of the selected job.
    Step(JobId, u32),
    /// A row of the board.
    Rule(String),
    /// A tag of an image.
    Tag(ImageId, String),
    /// A gate of a run.
    Gate(RunId, String),
    /// A line that is always there.
    Fact(&'static str),
    /// A release run; `None`: let the program choose.
    Run(Option<RunId>),
    /// An action, in help and palette.
    Action(&'static str),
    /// A service.
    Source(SourceId),
    /// A manifest of an image.
    Digest(Digest),
    /// A row of the tree of evidence.
    Proof(ProofId),
    /// A part of what is said of it, by its name.
    Part(String),
    /// A package of an SBOM, by its place: a document of a digest never changes.
    Package(usize),
    /// A plan of the journal.
    Plan(PlanId),
    /// What was written of it, by its place: entries are only ever added.
    Entry(usize),
}

/// A part of the screen that can have the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pane {
    /// The job graph.
    Pipeline,
    /// The Go/No-Go board.
    Board,
    /// The image's tags.
    Image,
    /// The gates.
    Gate,
    /// The package index and the Release.
    Outside,
    /// The selected job's steps.
    Steps,
    /// The selected job's log.
    Log,
    /// The platforms and entries of the selected tag's image.
    Manifest,
    /// The tree of evidence.
    Proofs,
    /// What there is to say of one row of it.
    Proof,
    /// The list of keys.
    Help,
    /// The list of commands.
    Palette,
    /// The list of release runs.
    Runs,
    /// How the services answer.
    Services,
    /// The plans of the journal.
    Journal,
    /// What was written of one of them.
    Entries,
    /// The plan that is read, or carried out.
    Plan,
    /// The workflow that is to be started.
    Dispatch,
    /// What becomes of a running plan when gonogo is left.
    Leave,
}

impl Pane {
    /// The panes of the evidence, in the order of Tab.
    pub const EVIDENCE: [Self; 2] = [Self::Proofs, Self::Proof];

    /// The panes of the release view, in the order of their numbers.
    pub const NUMBERED: [Self; 5] = [
        Self::Pipeline,
        Self::Board,
        Self::Image,
        Self::Gate,
        Self::Outside,
    ];

    /// Its name, as its border says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pipeline => "Pipeline",
            Self::Board => "Go / No-Go",
            Self::Image => "Image",
            Self::Gate => "Gate",
            Self::Outside => "PyPI and Release",
            Self::Steps => "Steps",
            Self::Log => "Log",
            Self::Manifest => "Manifest",
            Self::Proofs => "Evidence",
            Self::Proof => "Detail",
            Self::Help => "Keys",
            Self::Palette => "Commands",
            Self::Runs => "Release runs",
            Self::Services => "Services",
            Self::Journal => "Journal",
            Self::Entries => "What was done",
            Self::Plan => "Plan",
            Self::Dispatch => "Start a workflow",
            Self::Leave => "A plan is being carried out",
        }
    }
}

/// A whole screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// The release at a glance.
    #[default]
    Release,
    /// Every job with its steps and log.
    Jobs,
    /// The image with its platforms.
    Image,
    /// What was done to the outside world.
    Journal,
}

impl View {
    /// In the order of `[` and `]`.
    pub const ALL: [Self; 4] = [Self::Release, Self::Jobs, Self::Image, Self::Journal];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Jobs => "jobs and logs",
            Self::Image => "image",
            Self::Journal => "journal",
        }
    }

    /// Its panes, in the order of Tab.
    pub fn panes(self) -> &'static [Pane] {
        match self {
            Self::Release => &Pane::NUMBERED,
            Self::Jobs => &[Pane::Pipeline, Pane::Steps, Pane::Log],
            Self::Image => &[Pane::Image, Pane::Manifest],
            Self::Journal => &[Pane::Journal, Pane::Entries],
        }
    }
}

/// Where the cursor of a list is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cursor {
    /// What is selected; `None`: nothing was chosen yet.
    pub item: Option<Item>,
    /// Where it stood when it was last in the list: the place to fall back on while it is gone.
    pub near: usize,
    /// The first row shown.
    pub top: usize,
    /// The first column shown, of what is wider than its pane.
    pub left: usize,
}

impl Cursor {
    /// The place of the selection among the items.
    pub fn place(&self, items: &[&Item]) -> Option<usize> {
        let last = items.len().checked_sub(1)?;
        let at = self
            .item
            .as_ref()
            .and_then(|wanted| items.iter().position(|item| *item == wanted));
        Some(at.unwrap_or(self.near.min(last)))
    }
}

/// Something that lies over the view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Popup {
    /// All keys.
    Help,
    /// Commands by name, narrowed by what is typed.
    Palette(String),
    /// Release runs to choose from.
    Runs,
    /// How the services answer.
    Services,
    /// A plan that is read, or carried out.
    Plan(Box<Sheet>),
    /// The workflow that is to be started, as it is typed, and what was wrong with that.
    Dispatch(String, Option<String>),
    /// A plan runs, and gonogo is to be left.
    Leave,
}

impl Popup {
    /// The pane that has the keys while it is open.
    pub fn pane(&self) -> Pane {
        match self {
            Self::Plan(_) => Pane::Plan,
            Self::Dispatch(..) => Pane::Dispatch,
            Self::Leave => Pane::Leave,
            Self::Help => Pane::Help,
            Self::Palette(_) => Pane::Palette,
            Self::Runs => Pane::Runs,
            Self::Services => Pane::Services,
        }
    }
}

/// The evidence that lies over the view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenEvidence {
    /// Of which image.
    pub image: ImageId,
    /// Of which digest; `None`: of the one that the watched run built, whichever that is.
    pub digest: Option<Digest>,
    /// Which of its panes has the keys.
    pub pane: Pane,
    /// Lines of the predicate that are the other way round than at first.
    pub toggled: BTreeSet<String>,
    /// In what the selected SBOM differs from others.
    pub compared: Arc<Compared>,
}

/// News in the status line, for as long as it takes to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it means.
    pub sign: Sign,
    /// The sentence.
    pub text: String,
    /// How long it takes to read, in the reader's own time.
    pub lasts: Duration,
    /// Counts up, so that the same words said again are news again.
    pub number: u64,
}

/// What was told of plans already, so that it is said once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// Whether the plans that earlier sessions left were.
    pub unfinished: bool,
    /// The plan whose end was.
    pub ended: Option<PlanId>,
}

/// The log that is read: where it is scrolled to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogPlace {
    /// The first line shown; `None`: the end, which is followed.
    pub top: Option<usize>,
    /// Columns that are scrolled out on the left.
    pub left: usize,
}

/// What the last frame showed: sizes for paging and places for the mouse.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// Each pane's inner area.
    pub panes: BTreeMap<Pane, Rect>,
    /// Each list's first row and first column.
    pub tops: BTreeMap<Pane, (usize, usize)>,
    /// Where a click goes, the topmost first.
    pub spots: Vec<(Rect, Target)>,
    /// Every job of the graph in columns and rows of the drawing, on screen or not.
    pub nodes: Vec<(Item, Rect)>,
    /// Lines of the log that is shown.
    pub log_lines: usize,
    /// Whether anything on screen changes with the clock alone.
    pub ticks: bool,
}

/// What a click goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An item of a list.
    Item(Pane, Item),
    /// A pane.
    Pane(Pane),
    /// An action.
    Action(&'static str),
    /// A button or field of the plan.
    Button(Button),
    /// Outside of the popup.
    Outside,
}

/// All that the cockpit remembers.
#[derive(Debug, Clone)]
pub struct Ui {
    /// Columns and rows of the terminal.
    pub size: Size,
    /// Which screen.
    pub view: View,
    /// Which pane has the keys.
    pub pane: Pane,
    /// Whether that pane has the whole screen.
    pub zoomed: bool,
    /// The job whose log has the whole screen.
    pub inside: Option<JobId>,
    /// The evidence that has the whole screen, over whatever was there.
    pub evidence: Option<OpenEvidence>,
    /// Cursors by list.
    pub cursors: BTreeMap<Pane, Cursor>,
    /// What each list is narrowed to, and each text searched for.
    pub filters: BTreeMap<Pane, String>,
    /// Groups of the graph that are open.
    pub open: BTreeSet<NodeId>,
    /// Where the log is scrolled to.
    pub log: LogPlace,
    /// What lies over the view, the topmost last.
    pub popups: Vec<Popup>,
    /// The pane whose filter is being typed.
    pub typing: Option<Pane>,
    /// News.
    pub note: Option<Note>,
    /// Whether the watched run was seen under way: how it ended is then news, and else history.
    pub under_way: bool,
    /// How many sentences were said so far.
    pub notes: u64,
    /// The watched run's graph.
    pub flow: Arc<Flow>,
    /// What the last frame showed.
    pub seen: Seen,
    /// Which key does what.
    pub keymap: Arc<Keymap>,
    /// What can be done as things are known now.
    pub known: Arc<Known>,
    /// What was told of plans already.
    pub told: Told,
    /// Whether gonogo is left as soon as the running plan has stopped.
    pub leaving: bool,
    /// Pages that may be opened begin with this: `https://github.com/`.
    pub web: String,
    /// The zone that clock times are shown in.
    pub zone: jiff::tz::TimeZone,
}

impl Ui {
    /// A cockpit that was just opened.
    pub fn new(size: Size, keymap: Keymap) -> Self {
        Self {
            size,
            view: View::default(),
            pane: Pane::Pipeline,
            zoomed: false,
            inside: None,
            evidence: None,
            cursors: BTreeMap::new(),
            filters: BTreeMap::new(),
            open: BTreeSet::new(),
            log: LogPlace::default(),
            popups: Vec::new(),
            typing: None,
            note: None,
            under_way: false,
            notes: 0,
            flow: Arc::default(),
            seen: Seen::default(),
            keymap: Arc::new(keymap),
            known: Arc::default(),
            told: Told::default(),
            leaving: false,
            web: "https://github.com/".to_owned(),
            zone: jiff::tz::TimeZone::UTC,
        }
    }

    /// Takes in what a frame showed: lists stay where they were scrolled to.
    pub fn saw(&mut self, seen: Seen) {
        for (pane, (top, left)) in &seen.tops {
            let cursor = self.cursors.entry(*pane).or_default();
            (cursor.top, cursor.left) = (*top, *left);
        }
        self.seen = seen;
    }

    /// The pane that the keys go to: the popup's, else that of what has the screen, else the focused one.
    pub fn active(&self) -> Pane {
        match (self.popups.last(), &self.evidence, self.inside) {
            (Some(popup), ..) => popup.pane(),
            (None, Some(evidence), _) => evidence.pane,
            (None, None, Some(_)) => Pane::Log,
            (None, None, None) => self.pane,
        }
    }

    /// The panes that Tab goes through, below any popup; empty where one has the whole screen.
    pub fn panes(&self) -> &'static [Pane] {
        match (&self.evidence, self.inside) {
            (Some(_), _) => &Pane::EVIDENCE,
            (None, Some(_)) => &[],
            (None, None) => self.view.panes(),
        }
    }

    /// Gives one of those panes the keys.
    pub fn give_keys(&mut self, pane: Pane) {
        if !self.panes().contains(&pane) {
            return;
        }
        match &mut self.evidence {
            Some(evidence) => evidence.pane = pane,
            None => self.pane = pane,
        }
    }

    /// The cursor of a list.
    pub fn cursor(&self, pane: Pane) -> Option<&Cursor> {
        self.cursors.get(&pane)
    }

    /// What a list is narrowed to.
    pub fn filter(&self, pane: Pane) -> &str {
        self.filters.get(&pane).map_or("", String::as_str)
    }

    /// Whether a text passes a list's filter; upper and lower case are the same.
    pub fn passes(&self, pane: Pane, text: &str) -> bool {
        let filter = self.filter(pane);
        filter.is_empty() || text.to_lowercase().contains(&filter.to_lowercase())
    }

    /// The key to show for an action.
    pub fn key_of(&self, name: &str) -> String {
        Action::named(name).map_or_else(String::new, |action| self.keymap.shown(action))
    }

    /// Shows a sentence for as long as it takes to read it.
    pub fn say(&mut self, sign: Sign, text: impl Into<String>) {
        let text = crate::present::clean::clean(&text.into());
        // About three words a second, and never gone before it was found.
        let seconds = 3 + text.split_whitespace().count() as u64 / 3;
        self.notes += 1;
        self.note = Some(Note {
            sign,
            text,
            lasts: Duration::from_secs(seconds),
            number: self.notes,
        });
    }
}
