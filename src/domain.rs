//! The pure world: no IO, no clock, no tokio, no HTTP, no ratatui.

pub mod digest;
pub mod graph;
pub mod ids;
pub mod policy;
