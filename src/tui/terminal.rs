//! The terminal: taken over, given back whatever happens, and written to only where a cell has changed.
//!
//! Nothing is ever asked of it: a terminal that does not answer costs nothing.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
};
use crossterm::{cursor, execute, queue};
use ratatui::backend::{Backend as _, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use super::{Scrub, TuiError};
use crate::present::clean::clean;

/// Whether the terminal is ours now, and has to be given back.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// The mouse is told apart: turning off what was never on would be noise.
static MOUSE: AtomicBool = AtomicBool::new(false);

type Output = io::BufWriter<io::Stdout>;

/// The terminal while it is ours; dropping it gives it back.
#[derive(Debug)]
pub struct Screen {
    backend: CrosstermBackend<Output>,
    shown: Buffer,
    mouse: bool,
}

impl Screen {
    /// Takes the terminal over: alternate screen, raw keys, and the mouse where it is wanted.
    pub fn take(mouse: bool) -> Result<Self, TuiError> {
        if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
            return Err(TuiError::NoTerminal);
        }
        let mut screen = Self {
            backend: CrosstermBackend::new(io::BufWriter::with_capacity(64 * 1024, io::stdout())),
            shown: Buffer::empty(Rect::ZERO),
            mouse,
        };
        screen.enter()?;
        Ok(screen)
    }

    /// Takes it over, the first time or again.
    pub fn enter(&mut self) -> Result<(), TuiError> {
        TAKEN.store(true, Ordering::SeqCst);
        MOUSE.store(self.mouse, Ordering::SeqCst);
        crossterm::terminal::enable_raw_mode()?;
        let out = &mut self.backend;
        queue!(
            out,
            EnterAlternateScreen,
            EnableBracketedPaste,
            cursor::Hide
        )?;
        if self.mouse {
            queue!(out, EnableMouseCapture)?;
        }
        io::Write::flush(out)?;
        self.forget();
        Ok(())
    }

    /// Gives it back for a while.
    pub fn leave(&mut self) {
        give_back();
    }

    /// Its size now.
    pub fn size(&self) -> Size {
        crossterm::terminal::size().map_or(
            Size {
                width: 80,
                height: 24,
            },
            |(width, height)| Size { width, height },
        )
    }

    /// Forgets what is shown: the next frame is drawn whole.
    pub fn forget(&mut self) {
        self.shown = Buffer::empty(Rect::ZERO);
    }

    /// Shows a frame: the cells that differ from what is shown, and nothing at all where none does.
    pub fn show(&mut self, next: Buffer) -> io::Result<()> {
        let whole = self.shown.area != next.area;
        if !whole && self.shown == next {
            return Ok(());
        }
        queue!(self.backend, BeginSynchronizedUpdate)?;
        if whole {
            self.backend.clear()?;
            self.shown = Buffer::empty(next.area);
        }
        self.backend.draw(self.shown.diff(&next).into_iter())?;
        queue!(self.backend, EndSynchronizedUpdate)?;
        io::Write::flush(&mut self.backend)?;
        self.shown = next;
        Ok(())
    }

    /// Puts a text on the clipboard by OSC 52; a terminal that does not know it ignores it.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        let text = base64::engine::general_purpose::STANDARD.encode(text);
        write!(self.backend, "\x1b]52;c;{text}\x1b\\")?;
        io::Write::flush(&mut self.backend)
    }

    /// Calls a person: the bell, and a notification in the two forms that terminals know.
    pub fn call(&mut self, text: &str) -> io::Result<()> {
        // `;` would begin another field of the second form.
        let text = clean(text).replace(';', ",");
        let out = &mut self.backend;
        write!(
            out,
            "\x07\x1b]9;{text}\x1b\\\x1b]777;notify;gonogo;{text}\x1b\\"
        )?;
        io::Write::flush(out)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // What is still buffered must not come after the terminal was given back.
        let _ = io::Write::flush(&mut self.backend);
        give_back();
    }
}

/// The machine's own time, for what a person at the terminal waits for.
pub fn moment() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

/// Gives the terminal back, once, from wherever the program ends.
pub fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    if MOUSE.load(Ordering::SeqCst) {
        let _ = execute!(out, DisableMouseCapture);
    }
    let _ = execute!(
        out,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _ = crossterm::terminal::disable_raw_mode();
}

/// A panic gives the terminal back first, then writes a report without secrets, then says so.
pub fn on_panic(state: Option<PathBuf>, scrub: Scrub) {
    let before = std::panic::take_hook();
    let once = Mutex::new(Some((state, scrub)));
    std::panic::set_hook(Box::new(move |panic| {
        give_back();
        let parts = once.lock().ok().and_then(|mut parts| parts.take());
        let Some((Some(state), scrub)) = parts else {
            before(panic);
            return;
        };
        let report = scrub(&format!(
            "gonogo {} stopped at {}\n\n{panic}\n\n{}\n",
            env!("CARGO_PKG_VERSION"),
            jiff::Timestamp::now(),
            std::backtrace::Backtrace::force_capture(),
        ));
        match write_report(&state, &report) {
            Ok(path) => {
                let _ = writeln!(
                    io::stderr(),
                    "gonogo has met a bug and stopped. The report is in {}; nothing was changed outside.",
                    path.display()
                );
            }
            Err(_) => before(panic),
        }
    }));
}

fn write_report(state: &Path, report: &str) -> io::Result<PathBuf> {
    std::fs::create_dir_all(state)?;
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let path = state.join(format!("crash-{now}-{}.txt", std::process::id()));
    std::fs::write(&path, report)?;
    Ok(path)
}
