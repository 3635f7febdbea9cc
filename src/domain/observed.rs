//! A value that was looked up, and how the latest look went.

use serde::{Deserialize, Serialize};

use super::fact::Failure;
use super::time::Timestamp;

/// The last good value with its time, and the latest failure beside it.
///
/// "It is not there" is a value of `T` (an `Option`, an empty list); "could not look" is a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed<T> {
    good: Option<(T, Timestamp)>,
    /// When the last good value was first seen.
    #[serde(default)]
    changed_at: Option<Timestamp>,
    // A failure belongs to the session that met it: the next may come with another credential or network.
    #[serde(skip)]
    failure: Option<(Failure, Timestamp)>,
    /// How many looks in a row have failed since the last good one.
    #[serde(skip)]
    failures_in_a_row: u32,
}

impl<T> Default for Observed<T> {
    fn default() -> Self {
        Self {
            good: None,
            changed_at: None,
            failure: None,
            failures_in_a_row: 0,
        }
    }
}

impl<T> Observed<T> {
    /// The last good value, however old.
    pub fn value(&self) -> Option<&T> {
        self.good.as_ref().map(|(value, _)| value)
    }

    /// When the last good value was looked up.
    pub fn seen_at(&self) -> Option<Timestamp> {
        self.good.as_ref().map(|(_, at)| *at)
    }

    /// When the last good value was first seen: it has stood since then.
    pub fn changed_at(&self) -> Option<Timestamp> {
        self.changed_at
    }

    /// The latest failure, where the latest look failed.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref().map(|(failure, _)| failure)
    }

    /// When the latest look failed.
    pub fn failed_at(&self) -> Option<Timestamp> {
        self.failure.as_ref().map(|(_, at)| *at)
    }

    /// When somebody last looked, with whatever result.
    pub fn looked_at(&self) -> Option<Timestamp> {
        self.seen_at().max(self.failed_at())
    }

    /// How many looks in a row have failed since the last good one.
    pub fn failures_in_a_row(&self) -> u32 {
        self.failures_in_a_row
    }

    /// Whether nobody has looked yet.
    pub fn is_unseen(&self) -> bool {
        self.good.is_none() && self.failure.is_none()
    }

    /// Takes a good value in; says whether it differs from the last one.
    pub fn saw(&mut self, value: T, at: Timestamp) -> bool
    where
        T: PartialEq,
    {
        let differs = self.value() != Some(&value);
        let changed = differs || self.failure.is_some();
        if differs {
            self.changed_at = Some(at);
        }
        self.good = Some((value, at));
        self.failure = None;
        self.failures_in_a_row = 0;
        changed
    }

    /// Takes a failure in; the last good value stays.
    pub fn failed(&mut self, failure: Failure, at: Timestamp) {
        self.failure = Some((failure, at));
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
    }

    /// Age of the last good value.
    pub fn age(&self, now: Timestamp) -> Option<std::time::Duration> {
        self.seen_at().map(|at| super::time::since(at, now))
    }
}
