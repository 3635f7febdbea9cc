//! The cockpit: a terminal face of the engine's model.
//!
//! Input → [`update::update`] (pure) → the cockpit's memory → [`view::draw`] (no IO) → the changed cells.
//! [`shell`] is the only part that waits; [`terminal`] the only one that writes.

pub mod action;
mod ascii;
pub mod evidence;
pub mod items;
pub mod key;
pub mod keymap;
pub mod layout;
mod perform;
mod popup;
pub mod scene;
pub mod sheet;
pub mod shell;
mod signals;
mod start;
pub mod terminal;
pub mod theme;
pub mod ui;
pub mod update;
pub mod view;
pub mod widget;
pub mod wish;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::config;
use theme::Depth;

pub use shell::run;
pub use start::{Start, StartScreen, start};

/// Takes secrets out of a text, before it is written to a crash report.
pub type Scrub = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// How the cockpit looks and listens.
#[derive(Clone)]
pub struct UiOptions {
    /// The colours.
    pub theme: config::Theme,
    /// How many of them the terminal shows.
    pub depth: Depth,
    /// Whether only ASCII may be shown.
    pub ascii: bool,
    /// Whether the mouse is listened to.
    pub mouse: bool,
    /// Keys by action, over those of the built-in key map.
    pub keys: BTreeMap<String, String>,
    /// Pages that may be opened lie on this host: `https://github.com/`.
    pub web: String,
    /// Where crash reports go; `None`: nowhere.
    pub state: Option<PathBuf>,
    /// Takes secrets out of a crash report.
    pub scrub: Scrub,
    /// What to say first, such as a credential that is missing.
    pub notice: Option<String>,
}

impl UiOptions {
    /// Everything as configured, for the terminal that the environment tells of.
    pub fn of(ui: &config::Ui, variable: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .filter_map(&variable)
            .find(|value| !value.is_empty());
        // No locale at all is what containers have; their terminals still speak UTF-8.
        let ascii = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            !locale.contains("utf-8") && !locale.contains("utf8")
        }) || variable("TERM").is_some_and(|term| term == "dumb");
        Self {
            theme: ui.theme.clone(),
            depth: Depth::of(&variable),
            ascii,
            mouse: ui.mouse,
            keys: ui.keys.clone(),
            web: "https://github.com/".to_owned(),
            state: None,
            scrub: Arc::new(str::to_owned),
            notice: None,
        }
    }
}

impl std::fmt::Debug for UiOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UiOptions")
            .field("theme", &self.theme)
            .field("depth", &self.depth)
            .field("ascii", &self.ascii)
            .field("mouse", &self.mouse)
            .field("web", &self.web)
            .finish_non_exhaustive()
    }
}

/// Why the cockpit cannot be opened or had to close.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// There is no terminal to draw on.
    #[error("the cockpit needs a terminal; `gonogo status` and `gonogo watch` print instead")]
    NoTerminal,
    /// The terminal does not take what is written, or gives nothing to read.
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] std::io::Error),
    /// A configured key is not usable.
    #[error(transparent)]
    Keys(#[from] keymap::KeymapError),
    /// The configured theme is not usable.
    #[error(transparent)]
    Theme(#[from] theme::ThemeError),
}
