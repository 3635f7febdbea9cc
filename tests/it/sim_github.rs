//! Tests of sim_github.
