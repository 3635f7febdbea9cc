//! The printing face: text and frozen JSON on stdout.

pub mod config;
pub mod graph;
pub mod json_v1;
