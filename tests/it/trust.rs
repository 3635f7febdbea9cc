//! The trusted root: TUF's word is taken where all of it holds, kept on disk, verified again, and never waited for.

mod repository;
mod roots;
mod tuf;
