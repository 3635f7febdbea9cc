//! The engine: model, messages, effects and the pure update between them.
