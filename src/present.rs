//! Domain values to words and rows, used by both faces.
