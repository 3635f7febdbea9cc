//! Read-only client: hub.
