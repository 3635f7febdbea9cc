//! The clients that may write, private to the door.

mod github;
mod hub;
mod registry;
mod transfer;

pub(super) use github::{Answered, Change, Github};
pub(super) use hub::Hub;
pub(super) use registry::{Registry, Removed};
