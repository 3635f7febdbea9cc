//! Signatures and attestations: real images, well and badly signed, from three registries.

mod cases;
mod command;
mod cosign;
mod looks;
mod public;
