//! What every pane is made of: lines that know how to give way, frames, and lists.

pub mod canvas;
pub mod frame;
pub mod line;
pub mod list;

pub use canvas::Canvas;
pub use frame::Frame;
pub use line::{Bit, Line};
pub use list::Row;
