//! Real verifiers judge what the simulator signs.
