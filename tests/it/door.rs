//! The way out: plans, the journal, and what happens to the world.

mod crash;
mod github;
mod journal;
mod registry;
