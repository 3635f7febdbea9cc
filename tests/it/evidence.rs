//! Signatures and attestations: real images, well and badly signed, from three registries.

mod cases;
mod command;
mod commands;
mod cosign;
mod kept;
mod looks;
mod packages;
mod public;
mod served;
mod strict;
