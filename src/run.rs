//! The composition root: configuration to sources and engine to the chosen face.
