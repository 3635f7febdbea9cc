//! A job by what a person calls it: its display name, the path of its keys, or a prefix that only one has.

use super::shape::Shape;
use crate::domain::plan::words::list;
use crate::domain::plan::{Refusal, RefusalKind};
use crate::domain::run::Job;

/// Most names that a refusal lists.
const MOST_NAMES: usize = 12;

/// The job that is meant.
pub(super) fn find<'j>(
    text: &str,
    jobs: &'j [Job],
    shape: Option<&Shape<'_>>,
) -> Result<&'j Job, Refusal> {
    let text = text.trim();
    let path = |job: &Job| {
        let node = shape.and_then(|shape| shape.node_of(job.id));
        node.map_or("", |node| node.as_str()).to_owned()
    };
    let is_exactly = |job: &&Job| job.name == text || path(job) == text;
    let begins = |job: &&Job| job.name.starts_with(text) || path(job).starts_with(text);
    let exact: Vec<&Job> = jobs.iter().filter(is_exactly).collect();
    let found = match exact.as_slice() {
        [] if text.is_empty() => Vec::new(),
        [] => jobs.iter().filter(begins).collect(),
        _ => exact,
    };
    let names = |jobs: &[&Job]| {
        let some: Vec<&str> = jobs
            .iter()
            .map(|job| job.name.as_str())
            .take(MOST_NAMES)
            .collect();
        let more = match jobs.len().saturating_sub(some.len()) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        format!("{}{more}", list(some))
    };
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(Refusal::new(
            RefusalKind::Precondition,
            format!("The run has no job {}.", list([text])),
            format!("It has {}.", names(&jobs.iter().collect::<Vec<_>>())),
        )),
        several => Err(Refusal::new(
            RefusalKind::Ambiguous,
            format!("{} may be any of {}.", list([text]), names(several)),
            "Write more of its name.",
        )),
    }
}
