//! What several test modules share: judges, the program under test, temporary homes.

pub mod bench;
pub mod contract;
pub mod facts;
pub mod judges;
pub mod plans;
pub mod program;
pub mod proofs;
pub mod screen;
pub mod sim;
pub mod toll;
