//! Tests of sources_registry.
