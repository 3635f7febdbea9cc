//! The job graph: GitHub's own parser as judge, bombs, circles, names of jobs, and the drawing traced back to its edges.

mod drawing;
mod judged;
mod matching;
mod parsing;
mod states;
