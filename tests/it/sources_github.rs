//! Tests of sources_github.
