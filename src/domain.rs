//! The pure world: no IO, no clock, no tokio, no HTTP, no ratatui.

pub mod artifact;
pub mod assess;
pub mod digest;
pub mod event;
pub mod evidence;
pub mod expect;
pub mod fact;
pub mod graph;
pub mod ids;
pub mod journal;
pub mod log;
pub mod observed;
pub mod outlook;
pub mod plan;
pub mod policy;
pub mod release;
pub mod repository;
pub mod run;
pub mod snapshot;
pub mod survey;
pub mod time;
