//! The simulator: in-process services on loopback that behave as the real ones were measured to.
