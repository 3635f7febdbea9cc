//! GitHub's client against GitHub's own description, and against servers that lie.

mod attestations;
mod conditional;
mod contract;
mod listings;
mod logs;
mod refusals;
mod simulated;
mod stub;
mod transport;
