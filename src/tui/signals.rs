//! Signals that end the cockpit or put it into the background.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// To end.
    End,
    /// To go into the background.
    Suspend,
    /// It is back in the foreground.
    Resumed,
}

/// The signals that are listened to.
#[derive(Debug)]
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    stop: Signal,
    resume: Signal,
}

impl Signals {
    /// Starts to listen.
    pub(super) fn listen() -> io::Result<Self> {
        // tokio has no names for the last two; both kinds of Unix that matter agree or differ here.
        let (stop, resume) = if cfg!(target_os = "linux") {
            (20, 18)
        } else {
            (18, 19)
        };
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            stop: signal(SignalKind::from_raw(stop))?,
            resume: signal(SignalKind::from_raw(resume))?,
        })
    }

    /// The next one.
    pub(super) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::End,
            _ = self.interrupt.recv() => Asked::End,
            _ = self.hangup.recv() => Asked::End,
            _ = self.stop.recv() => Asked::Suspend,
            _ = self.resume.recv() => Asked::Resumed,
        }
    }
}

/// Stops this process and those started with it, as Ctrl-Z does elsewhere; returns when it goes on.
pub(super) fn stop_here() {
    let _ = rustix::process::kill_current_process_group(rustix::process::Signal::STOP);
}
