//! Frames told as text: what is on screen, and what each colour means.

use std::collections::BTreeMap;

use gonogo::config;
use gonogo::domain::time::Timestamp;
use gonogo::present::role::Role;
use gonogo::tui::keymap::Keymap;
use gonogo::tui::theme::{Depth, Theme};
use gonogo::tui::ui::Ui;
use gonogo::tui::update::{Input, UiEffect, update as update_ui};
use gonogo::tui::view::{self, Look};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::style::{Modifier, Style};

use super::bench::{Bench, noon};

/// A cockpit on a terminal of its own.
#[derive(Debug)]
pub(crate) struct Cockpit {
    /// What it remembers.
    pub(crate) ui: Ui,
    /// Its colours.
    pub(crate) theme: Theme,
    /// Whether it may show only ASCII.
    pub(crate) ascii: bool,
    /// The time.
    pub(crate) now: Timestamp,
}

impl Cockpit {
    /// Opened on a model.
    pub(crate) fn open(bench: &Bench, width: u16, height: u16) -> Self {
        let keymap = Keymap::with(&BTreeMap::new()).unwrap();
        let mut cockpit = Self {
            ui: Ui::new(Size { width, height }, keymap),
            theme: Theme::load(&config::Theme::Dark, Depth::True).unwrap(),
            ascii: false,
            now: noon(),
        };
        cockpit.send(bench, Input::Model);
        cockpit.draw(bench);
        cockpit
    }

    /// Takes an input in, and draws what follows.
    pub(crate) fn send(&mut self, bench: &Bench, input: Input) -> Vec<UiEffect> {
        let effects = update_ui(&mut self.ui, &bench.model, input, self.now);
        self.draw(bench);
        effects
    }

    /// Presses keys, written as in a key map and apart by spaces.
    pub(crate) fn press(&mut self, bench: &Bench, keys: &str) -> Vec<UiEffect> {
        keys.split_whitespace()
            .flat_map(|key| self.send(bench, Input::Key(key.parse().unwrap())))
            .collect()
    }

    /// Draws a frame, and remembers what it showed.
    pub(crate) fn draw(&mut self, bench: &Bench) -> Buffer {
        let size = self.ui.size;
        let mut buffer = Buffer::empty(Rect::new(0, 0, size.width, size.height));
        let look = Look {
            theme: &self.theme,
            ascii: self.ascii,
        };
        let seen = view::draw(&bench.model, &self.ui, self.now, look, &mut buffer);
        self.ui.saw(seen);
        buffer
    }

    /// What is on screen, as text.
    pub(crate) fn text(&mut self, bench: &Bench) -> String {
        text(&self.draw(bench))
    }

    /// What is on screen, as text and as a letter for each cell's role.
    pub(crate) fn picture(&mut self, bench: &Bench) -> String {
        let buffer = self.draw(bench);
        format!("{}\n{}", text(&buffer), roles(&buffer, &self.theme))
    }
}

/// The symbols of a frame, row by row.
pub(crate) fn text(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width).max(1);
    let rows = buffer.content.chunks(width).map(|row| {
        let mut line = String::new();
        let mut skip = 0;
        for cell in row {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            line.push_str(cell.symbol());
            skip = unicode_width::UnicodeWidthStr::width(cell.symbol()).saturating_sub(1);
        }
        line.trim_end().to_owned()
    });
    rows.collect::<Vec<_>>().join("\n")
}

/// A letter for each cell's role, row by row; the row under the cursor is written in capitals.
fn roles(buffer: &Buffer, theme: &Theme) -> String {
    let letters = [
        (Role::Good, 'g'),
        (Role::Bad, 'b'),
        (Role::Warn, 'w'),
        (Role::Wait, 'n'),
        (Role::Muted, 'm'),
        (Role::Focus, 'f'),
        (Role::Key, 'k'),
    ];
    let select = theme.style(Role::Select);
    let width = usize::from(buffer.area.width).max(1);
    let rows = buffer.content.chunks(width).map(|row| {
        let mut line = String::new();
        for cell in row {
            let style = cell.style();
            let fg = style.fg.filter(|fg| *fg != ratatui::style::Color::Reset);
            let letter = letters
                .iter()
                .find(|(role, _)| fg.is_some() && theme.style(*role).fg == fg)
                .map_or(if fg.is_some() { '*' } else { '.' }, |(_, letter)| *letter);
            let selected = select.bg.is_some() && style.bg == select.bg;
            let bold = style.add_modifier.contains(Modifier::BOLD);
            line.push(match (letter, selected, bold && cell.symbol() != " ") {
                ('.', true, _) => 'S',
                ('.', false, true) => '!',
                (letter, true, _) => letter.to_ascii_uppercase(),
                (letter, false, _) => letter,
            });
        }
        line.trim_end_matches('.').to_owned()
    });
    rows.collect::<Vec<_>>().join("\n")
}

/// Whether nothing on a frame has a colour.
pub(crate) fn is_colourless(buffer: &Buffer) -> bool {
    let plain = |style: Style| {
        let no = |colour: Option<ratatui::style::Color>| {
            colour.is_none_or(|colour| colour == ratatui::style::Color::Reset)
        };
        no(style.fg) && no(style.bg)
    };
    buffer.content.iter().all(|cell| plain(cell.style()))
}
