//! Work for the first thread, put there by the one that waits.

use std::sync::mpsc::{Receiver, Sender, channel};

use tokio::sync::oneshot;

/// Something to do.
pub(super) type Job = Box<dyn FnOnce() + Send>;

/// Where work is put; it is done one after the other.
#[derive(Clone)]
pub(super) struct Desk(Sender<Job>);

impl Desk {
    /// A desk, and what is put there until it is gone.
    pub(super) fn new() -> (Self, Receiver<Job>) {
        let (sender, receiver) = channel();
        (Self(sender), receiver)
    }

    /// Puts work there that nobody waits for.
    pub(super) fn leave(&self, job: impl FnOnce() + Send + 'static) {
        // Where nobody works any more there is nobody who would miss it.
        let _ = self.0.send(Box::new(job));
    }

    /// Puts work there and waits for its outcome, and so for all that was put there before.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, oneshot::error::RecvError> {
        let (done, outcome) = oneshot::channel();
        self.leave(move || {
            // Whoever asked may have gone.
            let _ = done.send(job());
        });
        outcome.await
    }
}
