//! The simulated registries, held against real clients and the suites of their specifications.

mod conformance;
mod habits;
mod pypi;
mod sigstore;
mod skopeo;
mod support;
