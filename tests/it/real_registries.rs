//! Tests of real_registries.
