//! Interprets effects with tokio: looks, timers, cancellation, the clock, the cache.

mod carry;
mod services;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinError, JoinSet};

pub use services::Services;

use super::cache::Cache;
use super::{Effect, Message, Model, interest, update};
use crate::domain::event::Event;
use crate::domain::fact::{Ask, Cost, Failure, FailureKind, Observation};
use crate::domain::time::{Timestamp, since};
use crate::door::Stop;

/// The snapshot is written at most this often.
const SAVE_EVERY: Duration = Duration::from_secs(5);
/// The longest that one look may take: more than any client allows itself, so only a client that hangs meets it.
const LONGEST_LOOK: Duration = Duration::from_secs(600);

/// Where time comes from. The simulator brings its own.
pub trait Clock: Send + Sync + 'static {
    /// The time it is.
    fn now(&self) -> Timestamp;

    /// How long to wait, in the machine's own time, until it is `at`.
    fn wait(&self, at: Timestamp) -> Duration;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn wait(&self, at: Timestamp) -> Duration {
        since(self.now(), at)
    }
}

/// What a face holds: the newest model, the events, and the way to send messages.
#[derive(Debug)]
pub struct Engine {
    /// The newest model.
    pub model: watch::Receiver<Arc<Model>>,
    /// What happened, in order.
    pub events: mpsc::UnboundedReceiver<(Timestamp, Event)>,
    messages: mpsc::UnboundedSender<Message>,
    task: AbortHandle,
}

impl Engine {
    /// Starts the engine on the current tokio runtime; dropping it stops every look and writes the cache.
    ///
    /// `connect` makes the sources. It runs beside the first frame, because TLS set-up takes longer than that frame
    /// may; a failure of it is the answer to every question.
    pub fn start<F>(model: Model, connect: F, clock: Arc<dyn Clock>, cache: Option<Cache>) -> Self
    where
        F: FnOnce() -> Result<Services, Failure> + Send + 'static,
    {
        let (model_out, model_in) = watch::channel(Arc::new(model.clone()));
        let (events_out, events) = mpsc::unbounded_channel();
        let (messages, inbox) = mpsc::unbounded_channel();
        let shell = Shell {
            model,
            services: Err(not_connected()),
            clock,
            cache,
            model_out,
            events_out,
            looks: JoinSet::new(),
            running: BTreeMap::new(),
            asks: HashMap::new(),
            wake: None,
            unsaved_since: None,
            messages: messages.downgrade(),
            stop: Stop::default(),
        };
        let task = tokio::spawn(shell.run(connect, inbox)).abort_handle();
        Self {
            model: model_in,
            events,
            messages,
            task,
        }
    }

    /// Sends a message; an engine that has ended takes it silently.
    pub fn send(&self, message: Message) {
        let _ = self.messages.send(message);
    }

    /// A sender for other tasks.
    pub fn sender(&self) -> mpsc::UnboundedSender<Message> {
        self.messages.clone()
    }

    /// Waits until a model satisfies the test, and returns it; `None` when the engine has ended.
    pub async fn wait_for(&mut self, mut test: impl FnMut(&Model) -> bool) -> Option<Arc<Model>> {
        self.model
            .wait_for(|model| test(model))
            .await
            .ok()
            .map(|model| Arc::clone(&model))
    }

    /// Has everything of interest looked at again, and what becomes of interest by that, and waits for the answers.
    ///
    /// Returns `None` when the engine has ended. Waits for answers, never for a time.
    pub async fn refreshed(&mut self) -> Option<Arc<Model>> {
        let mut known = BTreeSet::new();
        loop {
            let before = self.model.borrow().refreshes;
            self.send(Message::Refresh);
            let model = self
                .wait_for(|model| model.refreshes != before && model.is_settled())
                .await?;
            let asks = interest::of(&model)
                .into_iter()
                .map(|interest| interest.ask)
                .collect();
            if asks == known {
                return Some(model);
            }
            known = asks;
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Shell {
    model: Model,
    services: Result<Arc<Services>, Failure>,
    clock: Arc<dyn Clock>,
    cache: Option<Cache>,
    model_out: watch::Sender<Arc<Model>>,
    events_out: mpsc::UnboundedSender<(Timestamp, Event)>,
    looks: JoinSet<Message>,
    running: BTreeMap<Ask, AbortHandle>,
    asks: HashMap<tokio::task::Id, Ask>,
    wake: Option<Timestamp>,
    unsaved_since: Option<Timestamp>,
    /// The way in, for what tasks of its own tell while they go on.
    messages: mpsc::WeakUnboundedSender<Message>,
    /// Stops the plan that is carried out.
    stop: Stop,
}

impl Shell {
    async fn run<F>(mut self, connect: F, mut inbox: mpsc::UnboundedReceiver<Message>)
    where
        F: FnOnce() -> Result<Services, Failure> + Send + 'static,
    {
        let connected = tokio::task::spawn_blocking(connect).await;
        let connected = connected.unwrap_or_else(|_| Err(not_connected()));
        self.services = connected.map(Arc::new);
        self.recall();
        self.take(Message::Tick);
        loop {
            let timer = self.timer();
            let message = tokio::select! {
                message = inbox.recv() => match message {
                    Some(message) => message,
                    None => break,
                },
                Some(ended) = self.looks.join_next_with_id() => self.ended(ended),
                () = sleep(timer) => Message::Tick,
            };
            self.take(message);
        }
    }

    /// Every look ends in a message. A client that panics is a bug; it must not end the rest.
    fn ended(&mut self, ended: Result<(tokio::task::Id, Message), JoinError>) -> Message {
        match ended {
            Ok((id, message)) => {
                self.asks.remove(&id);
                message
            }
            Err(error) => match self.asks.remove(&error.id()) {
                Some(ask) if error.is_panic() => {
                    tracing::error!(?ask, "a look panicked");
                    Message::Observed(Box::new(Observation {
                        ask,
                        at: self.clock.now(),
                        outcome: Err(panicked()),
                        cost: Cost::default(),
                        rate: None,
                    }))
                }
                _ => Message::Tick,
            },
        }
    }

    /// How long nothing is due; `None`: until a message comes.
    fn timer(&self) -> Option<Duration> {
        let save = self
            .unsaved_since
            .map(|at| crate::domain::time::after(at, SAVE_EVERY));
        [self.wake, save]
            .into_iter()
            .flatten()
            .min()
            .map(|at| self.clock.wait(at))
    }

    fn take(&mut self, message: Message) {
        let now = self.clock.now();
        if let Message::Observed(observation) = &message {
            self.running.remove(&observation.ask);
        }
        self.wake = None;
        let keys_before = self.model.snapshot.trust.value().cloned();
        let effects = update(&mut self.model, message, now);
        if keys_before.as_ref() != self.model.snapshot.trust.value() {
            self.judge_again();
        }
        for effect in effects {
            self.perform(effect, now);
        }
        if self
            .unsaved_since
            .is_some_and(|at| since(at, now) >= SAVE_EVERY || at > now)
        {
            self.save();
        }
        self.model_out.send_replace(Arc::new(self.model.clone()));
    }

    fn perform(&mut self, effect: Effect, now: Timestamp) {
        match effect {
            Effect::Look(ask) => self.look(ask, now),
            Effect::Cancel(ask) => {
                if let Some(handle) = self.running.remove(&ask) {
                    handle.abort();
                }
            }
            Effect::WakeAt(at) => self.wake = Some(at),
            Effect::Announce(event) => {
                let _ = self.events_out.send((now, event));
            }
            Effect::Save => {
                self.unsaved_since.get_or_insert(now);
            }
            Effect::Execute(confirmed) => self.carry_out(*confirmed, carry::How::Afresh),
            Effect::Resume(confirmed) => self.carry_out(*confirmed, carry::How::Again),
            Effect::StopPlan => self.stop.now(),
        }
    }

    fn look(&mut self, ask: Ask, now: Timestamp) {
        let services = self.services.clone();
        let (clock, question) = (Arc::clone(&self.clock), ask.clone());
        let handle = self.looks.spawn(async move {
            let (outcome, cost, rate) = match &services {
                Ok(services) => {
                    let look = services.look(&question, now);
                    match tokio::time::timeout(LONGEST_LOOK, look).await {
                        Ok(answer) => (answer.outcome, answer.cost, answer.rate),
                        Err(_) => (Err(hung()), Cost::default(), None),
                    }
                }
                Err(failure) => (Err(failure.clone()), Cost::default(), None),
            };
            // What hangs on an image is gathered piece by piece: it is no newer than when that began.
            let at = match &question {
                Ask::Evidence(..) => now,
                _ => clock.now(),
            };
            Message::Observed(Box::new(Observation {
                ask: question,
                at,
                outcome,
                cost,
                rate,
            }))
        });
        self.asks.insert(handle.id(), ask.clone());
        self.running.insert(ask, handle);
    }

    /// Other keys were confirmed: what was judged by the old ones is judged again, from the bytes that are here.
    fn judge_again(&mut self) {
        let Ok(services) = &self.services else {
            return;
        };
        for ask in services.held() {
            let (services, now) = (Arc::clone(services), self.clock.now());
            // The bytes are no newer than they were.
            let at = self.model.snapshot.standing(&ask).seen_at.unwrap_or(now);
            self.looks.spawn(async move {
                match services.judged_again(&ask).await {
                    Some(outcome) => Message::Observed(Box::new(Observation {
                        ask,
                        at,
                        outcome,
                        cost: Cost::default(),
                        rate: None,
                    })),
                    None => Message::Tick,
                }
            });
        }
    }

    fn save(&mut self) {
        self.unsaved_since = None;
        if let Some(cache) = &self.cache
            && let Err(error) =
                cache.write(&self.model.snapshot, self.model.chosen, self.clock.now())
        {
            tracing::warn!(%error, "the snapshot could not be written; the next start begins empty");
        }
    }
}

impl Drop for Shell {
    /// However the engine ends, what it has seen and what the user chose is not lost.
    fn drop(&mut self) {
        if self.unsaved_since.is_some() {
            self.save();
        }
    }
}

fn hung() -> Failure {
    Failure {
        kind: FailureKind::Timeout,
        what: "A look did not end in ten minutes and was given up; the last good value stays."
            .to_owned(),
        advice: "Please report it, with the log of `gonogo -vv`.".to_owned(),
        retry_at: None,
    }
}

fn panicked() -> Failure {
    Failure {
        kind: FailureKind::Unexpected,
        what: "gonogo itself stumbled over an answer; the last good value stays.".to_owned(),
        advice: "Please report it, with the log of `gonogo -vv`.".to_owned(),
        retry_at: None,
    }
}

fn not_connected() -> Failure {
    Failure {
        kind: FailureKind::Unreachable,
        what: "The network could not be set up.".to_owned(),
        advice: "Run `gonogo -vv status` to see why.".to_owned(),
        retry_at: None,
    }
}

async fn sleep(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}
