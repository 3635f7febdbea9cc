//! Real verifiers judge what the simulator signs: cosign 2 and 3, and GitHub's own client, with the world's own trust.

mod forged;
mod github;
mod happy;
mod verifiers;
