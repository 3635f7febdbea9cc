//! The one integration binary: modules by behaviour.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected must fail at that line"
)]
#![allow(missing_docs, reason = "tests are read, not linked against")]
#![allow(
    unreachable_pub,
    reason = "what modules share is `pub` among them; nobody links against a test"
)]

mod architecture;
mod attacks;
mod board;
mod cli;
mod cockpit;
mod config;
mod door;
mod engine;
mod evidence;
mod faults;
mod graph;
mod real_clients;
mod real_registries;
mod screens;
mod signer;
mod sim_forgery;
mod sim_github;
mod sim_registry;
mod sources_github;
mod sources_registry;
mod support;
mod trust;
