//! Read-only clients of the outside services: each takes an [`Ask`](crate::domain::fact::Ask) and gives an [`Answer`].
//!
//! A client never retries, waits or schedules by itself: pace, backoff and cancellation are the engine's,
//! so that they are visible and tested in one place. Dropping the future of a look cancels it.

use crate::domain::fact::{Cost, Fact, Failure, Rate};

pub mod github;
pub mod hub;
pub mod oci;
pub mod pypi;

/// What a look gave.
#[derive(Debug)]
pub struct Answer {
    /// The fact, or why there is none.
    pub outcome: Result<Fact, Failure>,
    /// What it cost.
    pub cost: Cost,
    /// The service's budget after it, where it told one.
    pub rate: Option<Rate>,
}
