//! From the domain to words and rows: what both faces say, in the same words.

pub mod board;
pub mod clean;
pub mod cosign;
pub mod evidence;
pub mod flow;
pub mod gate;
pub mod graph;
pub mod health;
pub mod job;
pub mod news;
pub mod outside;
pub mod phrases;
pub mod plan;
pub mod proofs;
pub mod role;
pub mod sbom;
pub mod stage;
pub mod tags;
pub mod words;
