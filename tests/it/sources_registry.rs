//! The clients of registries, Docker Hub's API and the package index, against servers that lie.

mod hub;
mod lies;
mod pypi;
mod requests;
mod stub;
mod tokens;
