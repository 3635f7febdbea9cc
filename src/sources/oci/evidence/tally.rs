//! What many looks at a time share: what they cost, what they may still bring, and who waits for it.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Semaphore;

use super::{AT_ONCE, MOST_BYTES, ROOM};
use crate::domain::digest::Digest;
use crate::domain::evidence::Piece;
use crate::domain::time::Timestamp;
use crate::net::registry::Meter;

/// Is told of each piece as it comes, with the digest that it hangs on and whether that is the image's own.
pub type Arrival<'a> = &'a (dyn Fn(&Piece, &Digest, bool) + Send + Sync);

/// What many looks at a time cost together, and the bytes that they may still bring.
pub(in crate::sources::oci) struct Tally<'a> {
    meter: Mutex<(Meter, u64)>,
    pub(in crate::sources::oci) now: Timestamp,
    pub(super) requests: Semaphore,
    pub(super) room: Semaphore,
    pub(super) arrived: Arrival<'a>,
}

impl<'a> Tally<'a> {
    pub(super) fn new(now: Timestamp, arrived: Arrival<'a>) -> Self {
        Self {
            meter: Mutex::new((Meter::default(), 0)),
            now,
            requests: Semaphore::new(AT_ONCE),
            room: Semaphore::new(ROOM),
            arrived,
        }
    }

    pub(in crate::sources::oci) fn add(&self, meter: Meter) {
        let mut sum = self.meter.lock().unwrap_or_else(PoisonError::into_inner);
        sum.0.cost += meter.cost;
        sum.0.rate = meter.rate.or(sum.0.rate);
    }

    /// What was added up so far.
    pub(super) fn sum(&self) -> Meter {
        self.meter.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    /// Takes from the bytes that are left; `false`: there are too few.
    pub(super) fn takes(&self, bytes: u64) -> bool {
        let mut sum = self.meter.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = sum.1.saturating_add(bytes);
        if taken > MOST_BYTES {
            return false;
        }
        sum.1 = taken;
        true
    }
}
