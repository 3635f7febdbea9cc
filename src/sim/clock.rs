//! Virtual time: it starts in the past and never passes the real one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// How virtual time moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// By itself, this many virtual seconds a real second.
    Speed(f64),
    /// Only when somebody advances it.
    Driven,
}

/// The simulator's clock, shared by all its services. Cloning shares the time.
///
/// Verifiers refuse a log time in the future, so no reading lies after the real time.
#[derive(Debug, Clone)]
pub struct VirtualClock {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    base: Timestamp,
    since: Instant,
    real_base: Timestamp,
    pace: Pace,
}

impl VirtualClock {
    /// A clock that reads `start` now; `real` is the real time now.
    pub fn new(start: Timestamp, real: Timestamp, pace: Pace) -> Self {
        let inner = Inner {
            base: start.min(real),
            since: Instant::now(),
            real_base: real,
            pace,
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
        }
    }

    /// The virtual time.
    pub fn now(&self) -> Timestamp {
        self.lock().now()
    }

    /// How time moves at present.
    pub fn pace(&self) -> Pace {
        self.lock().pace
    }

    /// Changes how time moves, from now on.
    pub fn set_pace(&self, pace: Pace) {
        let mut inner = self.lock();
        inner.rebase();
        inner.pace = pace;
    }

    /// Moves time on by `by`, but not past the real time. Returns the new time.
    pub fn advance(&self, by: Duration) -> Timestamp {
        let mut inner = self.lock();
        inner.rebase();
        let target = plus(inner.base, by).min(inner.real_now());
        inner.base = inner.base.max(target);
        inner.base
    }

    /// Moves time on to `to`, never back and never past the real time. Returns the new time.
    pub fn advance_to(&self, to: Timestamp) -> Timestamp {
        let mut inner = self.lock();
        inner.rebase();
        let target = to.min(inner.real_now());
        inner.base = inner.base.max(target);
        inner.base
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn real_now(&self) -> Timestamp {
        plus(self.real_base, self.since.elapsed())
    }

    fn now(&self) -> Timestamp {
        match self.pace {
            Pace::Driven => self.base,
            Pace::Speed(speed) => {
                let seconds = (self.since.elapsed().as_secs_f64() * speed).clamp(0.0, 1e9);
                plus(self.base, Duration::from_secs_f64(seconds)).min(self.real_now())
            }
        }
    }

    /// Makes the present reading the base of later ones.
    fn rebase(&mut self) {
        let now = self.now();
        self.real_base = self.real_now();
        self.base = now;
        self.since = Instant::now();
    }
}

/// `at` moved on by `by`; at the end of representable time it stays where it is.
pub(crate) fn plus(at: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by)
        .ok()
        .and_then(|by| at.checked_add(by).ok())
        .unwrap_or(at)
}

/// `at` moved back by `by`; at the start of representable time it stays where it is.
pub(crate) fn minus(at: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by)
        .ok()
        .and_then(|by| at.checked_sub(by).ok())
        .unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn real() -> Timestamp {
        Timestamp::from_second(1_790_000_000).unwrap_or_default()
    }

    #[test]
    fn driven_time_stands_still_and_never_passes_the_real_time() {
        let start = minus(real(), Duration::from_secs(60));
        let clock = VirtualClock::new(start, real(), Pace::Driven);
        assert_eq!(clock.now(), start);
        assert_eq!(
            clock.advance(Duration::from_secs(10)),
            plus(start, Duration::from_secs(10))
        );
        let far = clock.advance(Duration::from_secs(86_400));
        assert!(far < plus(real(), Duration::from_secs(30)));
        assert_eq!(clock.advance_to(start), far, "time never goes back");
    }

    #[test]
    fn fast_time_stops_at_the_real_time() {
        let start = minus(real(), Duration::from_secs(1));
        let clock = VirtualClock::new(start, real(), Pace::Speed(1e12));
        assert!(clock.now() >= start);
        assert!(clock.now() < plus(real(), Duration::from_secs(60)));
    }
}
