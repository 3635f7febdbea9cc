//! Time as an argument: nothing here asks a clock.

use std::time::Duration;

/// An instant, to the nanosecond, in UTC.
pub use jiff::Timestamp;

/// Time from `then` to `now`; zero where `then` lies in the future.
pub fn since(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or(Duration::ZERO)
}

/// `at` plus `span`, held at the end of time instead of overflowing.
pub fn after(at: Timestamp, span: Duration) -> Timestamp {
    jiff::SignedDuration::try_from(span)
        .ok()
        .and_then(|span| at.checked_add(span).ok())
        .unwrap_or(Timestamp::MAX)
}

/// `at` minus `span`, held at the beginning of time instead of overflowing.
pub fn before(at: Timestamp, span: Duration) -> Timestamp {
    jiff::SignedDuration::try_from(span)
        .ok()
        .and_then(|span| at.checked_sub(span).ok())
        .unwrap_or(Timestamp::MIN)
}
