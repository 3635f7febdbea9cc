//! Tests of real_clients.
