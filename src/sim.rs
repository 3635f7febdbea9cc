//! The simulator: in-process services on loopback that behave as the real ones were measured to.

pub mod fault;
pub mod image;
pub mod oci;
pub mod pypi;
pub mod requests;

mod archive;
mod glob;

use std::sync::Arc;

/// The clock of a simulated world; each service asks it for every date that it writes.
pub type Now = Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;
