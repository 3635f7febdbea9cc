//! A secret that cannot be printed.
