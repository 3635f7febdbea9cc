//! Tests of sim_registry.
