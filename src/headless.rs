//! The printing face: text and frozen JSON on stdout.

pub mod check;
pub mod config;
pub mod graph;
pub mod journal;
pub mod json_v1;
pub mod plan;
pub mod runs;
pub mod status;
pub mod verify;
pub mod watch;
