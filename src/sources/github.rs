//! Read-only client: github.
