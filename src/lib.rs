//! gonogo: a terminal cockpit for the person who releases software.
//!
//! The architecture page is written here and kept true by `tests/it/architecture.rs`.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        reason = "a test that meets the unexpected must fail at that line"
    )
)]

pub mod cli;
pub mod config;
pub mod domain;
pub mod engine;
pub mod headless;
pub mod net;
pub mod present;
pub mod rehearse;
pub mod run;
pub mod secret;
pub mod sim;
pub mod sources;
pub mod tui;
