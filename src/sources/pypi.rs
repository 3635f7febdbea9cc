//! Read-only client: pypi.
