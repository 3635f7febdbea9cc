//! Read-only client: oci.
