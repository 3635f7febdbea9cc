//! The loop around the pure parts: keys, model, events, clock and signals in; frames and effects out.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event as Raw, EventStream, KeyEventKind, MouseButton, MouseEventKind};
use futures_util::StreamExt as _;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};
use tokio::time::Instant;

use super::keymap::Keymap;
use super::signals::{Asked, Signals, stop_here};
use super::terminal::{Screen, moment, on_panic};
use super::theme::Theme;
use super::ui::Ui;
use super::update::{Input, UiEffect, update};
use super::view::{self, Look};
use super::{TuiError, UiOptions};
use crate::domain::ids::JobId;
use crate::engine::runtime::{Clock, Engine};
use crate::engine::{Message, Model};
use crate::present::role::Sign;

/// Frames are at least this far apart, whatever comes in.
const FRAME: Duration = Duration::from_millis(33);
/// A job must be looked at this long before its log is worth a request.
const REST: Duration = Duration::from_millis(400);

/// Shows the cockpit until the user leaves, a signal ends it, or the terminal goes away.
pub async fn run(
    mut engine: Engine,
    clock: Arc<dyn Clock>,
    options: UiOptions,
) -> Result<(), TuiError> {
    // What can be refused is refused before the terminal is touched.
    let theme = Theme::load(&options.theme, options.depth)?;
    let keymap = Keymap::with(&options.keys)?;
    let mut signals = Signals::listen()?;
    on_panic(options.state.clone(), Arc::clone(&options.scrub));
    let screen = Screen::take(options.mouse)?;

    let mut ui = Ui::new(screen.size(), keymap);
    ui.web.clone_from(&options.web);
    ui.zone = jiff::tz::TimeZone::system();
    if let Some(notice) = &options.notice {
        ui.say(Sign::Warning, notice.as_str());
    }
    let model = Arc::clone(&engine.model.borrow_and_update());
    let mut shell = Shell {
        screen,
        ui,
        model,
        clock,
        theme,
        ascii: options.ascii,
        resting: None,
        reading: None,
        done: false,
        dirty: true,
    };
    shell.take(Input::Model, &engine);
    shell.draw()?;
    let mut drawn = moment();
    let mut keys = EventStream::new();

    while !shell.done {
        let frame = shell.dirty.then_some(drawn + FRAME);
        let rest = shell.resting.map(|(_, at)| at);
        let tick = shell.ui.seen.ticks.then(|| drawn + shell.to_next_second());
        let read = shell.reading.map(|(_, at)| at);
        tokio::select! {
            key = keys.next() => match key {
                Some(Ok(raw)) => shell.raw(raw, &engine)?,
                // A terminal that went away cannot be asked to come back.
                Some(Err(_)) | None => shell.done = true,
            },
            changed = engine.model.changed() => {
                if changed.is_err() {
                    shell.done = true;
                } else {
                    shell.model = Arc::clone(&engine.model.borrow_and_update());
                    shell.take(Input::Model, &engine);
                }
            }
            Some((_, event)) = engine.events.recv() => shell.take(Input::Event(event), &engine),
            asked = signals.next() => match asked {
                Asked::End => shell.done = true,
                Asked::Suspend => shell.suspend()?,
                Asked::Resumed => {
                    shell.screen.enter()?;
                    shell.dirty = true;
                }
            },
            () = until(rest) => {
                if let Some((job, _)) = shell.resting.take() {
                    engine.send(Message::Focus(job));
                }
            }
            () = until(read) => shell.take(Input::Read, &engine),
            () = until(tick) => shell.take(Input::Tick, &engine),
            () = until(frame) => {
                shell.draw()?;
                drawn = moment();
            }
        }
    }
    Ok(())
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

struct Shell {
    screen: Screen,
    ui: Ui,
    model: Arc<Model>,
    clock: Arc<dyn Clock>,
    theme: Theme,
    ascii: bool,
    /// The news on screen by its number, and when it has stood long enough.
    reading: Option<(u64, Instant)>,
    /// The job under the cursor, and when the engine is told.
    resting: Option<(Option<JobId>, Instant)>,
    done: bool,
    dirty: bool,
}

impl Shell {
    fn draw(&mut self) -> Result<(), TuiError> {
        let size = self.ui.size;
        let area = Rect::new(0, 0, size.width, size.height);
        let mut buffer = Buffer::empty(area);
        let look = Look {
            theme: &self.theme,
            ascii: self.ascii,
        };
        let seen = view::draw(&self.model, &self.ui, self.clock.now(), look, &mut buffer);
        self.ui.saw(seen);
        self.screen.show(buffer)?;
        self.dirty = false;
        Ok(())
    }

    /// Clocks on screen change with the second; the frame comes just after it.
    fn to_next_second(&self) -> Duration {
        let now = self.clock.now();
        let left = 1_000_000_000 - now.subsec_nanosecond().rem_euclid(1_000_000_000);
        let next = crate::domain::time::after(
            now,
            Duration::from_nanos(u64::try_from(left).unwrap_or(1_000_000_000)),
        );
        // A clock that runs fast would ask for more frames than anybody can read.
        self.clock
            .wait(next)
            .clamp(Duration::from_millis(200), Duration::from_secs(1))
    }

    fn raw(&mut self, raw: Raw, engine: &Engine) -> Result<(), TuiError> {
        let input = match raw {
            Raw::Key(key) if key.kind != KeyEventKind::Release => Input::Key(key.into()),
            Raw::Mouse(mouse) => {
                let at = Position::new(mouse.column, mouse.row);
                match mouse.kind {
                    MouseEventKind::Down(MouseButton::Left) => Input::Click(at),
                    MouseEventKind::ScrollDown => Input::Wheel(at, true),
                    MouseEventKind::ScrollUp => Input::Wheel(at, false),
                    _ => return Ok(()),
                }
            }
            Raw::Resize(width, height) => Input::Resize(Size { width, height }),
            Raw::Paste(text) => Input::Paste(text),
            Raw::Key(_) | Raw::FocusGained | Raw::FocusLost => return Ok(()),
        };
        for effect in self.update(input) {
            self.perform(effect, engine)?;
        }
        Ok(())
    }

    fn take(&mut self, input: Input, engine: &Engine) {
        for effect in self.update(input) {
            // A terminal that cannot be written to shows itself at the next frame.
            let _ = self.perform(effect, engine);
        }
    }

    fn update(&mut self, input: Input) -> Vec<UiEffect> {
        self.dirty = true;
        let effects = update(&mut self.ui, &self.model, input, self.clock.now());
        let number = self.ui.note.as_ref().map(|note| note.number);
        if number != self.reading.map(|(number, _)| number) {
            self.reading = self
                .ui
                .note
                .as_ref()
                .map(|note| (note.number, moment() + note.lasts));
        }
        effects
    }

    fn perform(&mut self, effect: UiEffect, engine: &Engine) -> Result<(), TuiError> {
        match effect {
            UiEffect::Send(message) => engine.send(message),
            UiEffect::Look(job) => {
                if self.resting.is_none_or(|(resting, _)| resting != job) {
                    self.resting = Some((job, moment() + REST));
                }
            }
            UiEffect::Copy(text) => self.screen.copy(&text)?,
            UiEffect::Open(page) => open(&page),
            UiEffect::Call(text) => self.screen.call(&text)?,
            UiEffect::Redraw => self.screen.forget(),
            UiEffect::Suspend => self.suspend()?,
            UiEffect::Quit => self.done = true,
        }
        Ok(())
    }

    fn suspend(&mut self) -> Result<(), TuiError> {
        self.screen.leave();
        stop_here();
        self.screen.enter()?;
        self.ui.size = self.screen.size();
        self.dirty = true;
        Ok(())
    }
}

/// Opens a page with the desktop's own opener; the address is an argument, never a command.
fn open(page: &str) {
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let started = std::process::Command::new(opener)
        .arg(page)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Ok(mut child) = started {
        // Waited for apart, so that no dead child is left behind.
        std::thread::spawn(move || child.wait());
    }
}
