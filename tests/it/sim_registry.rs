//! The simulated registries, held against real clients and the suites of their specifications.

mod attestation;
mod conformance;
mod faults;
mod habits;
mod hub;
mod nonsense;
mod pypi;
mod sigstore;
mod skopeo;
mod support;
