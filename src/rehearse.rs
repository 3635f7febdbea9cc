//! Plays a scenario through the simulator and the engine, waiting for completed polls and never for a time.
