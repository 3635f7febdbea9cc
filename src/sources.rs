//! Read-only clients of the outside services.
