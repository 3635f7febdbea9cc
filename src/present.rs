//! From the domain to words and rows: what both faces say, in the same words.

pub mod clean;
pub mod phrases;
pub mod words;
