//! The start screen, where no repository is known: the simulator, or a repository to type.

use crossterm::event::{Event as Raw, EventStream, KeyCode, KeyEventKind, KeyModifiers};
use futures_util::StreamExt as _;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::signals::{Asked, Signals};
use super::terminal::{Screen, on_panic};
use super::theme::Theme;
use super::widget::Canvas;
use super::widget::line::{Bit, Line};
use super::{TuiError, UiOptions, ascii};
use crate::domain::ids::RepoSlug;
use crate::present::clean::clean;
use crate::present::role::Role;
use crate::present::words;

/// What the user chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// The built-in simulator.
    Simulator,
    /// The releases of a repository.
    Repository(RepoSlug),
    /// Nothing.
    Leave,
}

/// The start screen's memory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StartScreen {
    row: Row,
    typed: String,
    refused: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Row {
    #[default]
    Simulator,
    Repository,
}

/// Most characters of a repository's name: two names of a hundred and a slash.
const LONGEST: usize = 201;

impl StartScreen {
    /// Takes a key; gives the choice, once one is made.
    pub fn key(&mut self, code: KeyCode, modifiers: KeyModifiers) -> Option<Start> {
        let control = modifiers.contains(KeyModifiers::CONTROL);
        match (code, self.row) {
            (KeyCode::Char('c'), _) if control => return Some(Start::Leave),
            (KeyCode::Char(_), _) if control => {}
            (KeyCode::Up | KeyCode::BackTab, _) | (KeyCode::Esc, Row::Repository) => {
                self.row = Row::Simulator;
            }
            (KeyCode::Down | KeyCode::Tab, _) | (KeyCode::Char('j'), Row::Simulator) => {
                self.row = Row::Repository;
            }
            (KeyCode::Char('q') | KeyCode::Esc, Row::Simulator) => return Some(Start::Leave),
            (KeyCode::Char('s') | KeyCode::Enter, Row::Simulator) => return Some(Start::Simulator),
            (KeyCode::Backspace, Row::Repository) => {
                self.typed.pop();
                self.refused = None;
            }
            (KeyCode::Char(c), Row::Repository) if !c.is_control() => {
                if self.typed.chars().count() < LONGEST {
                    self.typed.push(c);
                }
                self.refused = None;
            }
            (KeyCode::Enter, Row::Repository) => match self.typed.trim().parse() {
                Ok(repo) => return Some(Start::Repository(repo)),
                Err(error) => self.refused = Some(clean(&error.to_string())),
            },
            _ => {}
        }
        None
    }

    /// Draws the screen.
    pub fn draw(&self, canvas: &mut Canvas<'_>, why: &str) {
        let area = canvas.area();
        let columns = usize::from(area.width.saturating_sub(4));
        let mut lines = vec![Line::of([Bit::of(Role::Focus, "gonogo")]), Line::default()];
        let sentence = format!("No repository is known here: {}.", clean(why));
        lines.extend(
            words::wrap(&sentence, columns)
                .into_iter()
                .map(|line| Line::of([Bit::plain(line)])),
        );
        lines.push(Line::default());
        lines.push(self.choice(Row::Simulator, "Open the cockpit on the built-in simulator"));
        let typed = match (self.row, self.typed.as_str()) {
            (Row::Repository, typed) => format!("Watch a repository: {typed}▏"),
            (Row::Simulator, "") => "Watch a repository: OWNER/NAME".to_owned(),
            (Row::Simulator, typed) => format!("Watch a repository: {typed}"),
        };
        lines.push(self.choice(Row::Repository, &typed));
        if let Some(refused) = &self.refused {
            lines.push(Line::of([Bit::of(Role::Bad, format!("    {refused}"))]));
        }
        lines.push(Line::default());
        let hint = "In a checkout whose origin is on GitHub, or with a repository in the configuration, \
                    gonogo opens on its releases by itself.";
        lines.extend(
            words::wrap(hint, columns)
                .into_iter()
                .map(|line| Line::of([Bit::muted(line)])),
        );
        let top = Rect {
            x: area.x + 2,
            y: area.y + 1,
            width: area.width.saturating_sub(4),
            height: area.height.saturating_sub(3),
        };
        canvas.lines(top, &lines);
        let footer = Line::of([
            Bit::of(Role::Key, "↑ ↓"),
            Bit::muted(" choose   "),
            Bit::of(Role::Key, "Enter"),
            Bit::muted(" open   "),
            Bit::of(Role::Key, "Esc"),
            Bit::muted(" back, quit"),
        ]);
        let bottom = Rect {
            y: area.bottom().saturating_sub(1),
            height: 1,
            ..top
        };
        canvas.lines(bottom, &[footer]);
    }

    fn choice(&self, row: Row, text: &str) -> Line {
        let (mark, role) = if self.row == row {
            (Bit::of(Role::Focus, "› "), Role::Plain)
        } else {
            (Bit::plain("  "), Role::Muted)
        };
        Line::of([mark, Bit::of(role, text)])
    }
}

/// Shows the start screen until the user has chosen, a signal ends it, or the terminal goes away.
pub async fn start(why: &str, options: &UiOptions) -> Result<Start, TuiError> {
    let theme = Theme::load(&options.theme, options.depth)?;
    let mut signals = Signals::listen()?;
    on_panic(options.state.clone(), std::sync::Arc::clone(&options.scrub));
    let mut screen = Screen::take(false)?;
    let mut state = StartScreen::default();
    let mut keys = EventStream::new();
    loop {
        let size = screen.size();
        let mut buffer = Buffer::empty(Rect::new(0, 0, size.width, size.height));
        state.draw(&mut Canvas::new(&mut buffer, &theme), why);
        if options.ascii {
            ascii::translate(&mut buffer);
        }
        screen.show(buffer)?;
        tokio::select! {
            key = keys.next() => match key {
                Some(Ok(Raw::Key(key))) if key.kind != KeyEventKind::Release => {
                    if let Some(choice) = state.key(key.code, key.modifiers) {
                        return Ok(choice);
                    }
                }
                Some(Ok(Raw::Resize(..))) => screen.forget(),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Ok(Start::Leave),
            },
            asked = signals.next() => match asked {
                Asked::End => return Ok(Start::Leave),
                Asked::Suspend | Asked::Resumed => {}
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(screen: &mut StartScreen, text: &str) -> Option<Start> {
        let mut chosen = None;
        for c in text.chars() {
            let code = match c {
                '\n' => KeyCode::Enter,
                '\t' => KeyCode::Tab,
                '\u{1b}' => KeyCode::Esc,
                c => KeyCode::Char(c),
            };
            chosen = screen.key(code, KeyModifiers::NONE);
        }
        chosen
    }

    #[test]
    fn enter_opens_the_simulator_and_a_typed_repository() {
        assert_eq!(
            press(&mut StartScreen::default(), "\n"),
            Some(Start::Simulator)
        );
        let repo = "acme/rocket".parse().unwrap();
        let typed = press(&mut StartScreen::default(), "\tacme/rocket\n");
        assert_eq!(typed, Some(Start::Repository(repo)));
        assert_eq!(press(&mut StartScreen::default(), "q"), Some(Start::Leave));
        assert_eq!(
            press(&mut StartScreen::default(), "\tq\u{1b}\u{1b}"),
            Some(Start::Leave)
        );
    }

    #[test]
    fn a_name_that_is_none_is_refused_and_stays_to_be_mended() {
        let mut screen = StartScreen::default();
        assert_eq!(press(&mut screen, "\tacme\n"), None);
        assert!(screen.refused.is_some());
        assert_eq!(
            press(&mut screen, "/rocket\n"),
            Some(Start::Repository("acme/rocket".parse().unwrap()))
        );
    }
}
