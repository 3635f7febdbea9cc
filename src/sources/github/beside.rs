//! What is asked before a change alone: the repository, its workflows, what was started by hand, an earlier attempt.

use crate::domain::fact::Failure;
use crate::domain::ids::{Attempt, RunId};
use crate::domain::repository::{Repository, WorkflowEntry};
use crate::domain::run::{Release, Run};
use crate::domain::time::Timestamp;
use crate::net::failure;

use super::api::{GITHUB, Look};
use super::asks::{list, parse};
use super::{Client, convert, wire};

/// Pages of workflows that are read; a repository keeps dozens.
const MOST_PAGES: u64 = 10;
/// Workflows on a page: the most that GitHub gives.
const PAGE: u64 = 100;

impl Client {
    /// The repository itself.
    pub(super) async fn repository(&self, look: &Look<'_>) -> Result<Repository, Failure> {
        let call = self.call(&[], &[], &format!("the repository {}", self.repo))?;
        look.must(&call, |reply| {
            convert::repository(parse(&call, reply)?)
                .ok_or_else(|| failure::malformed(GITHUB, &call.subject))
        })
        .await
    }

    /// All workflows, whatever their state.
    pub(super) async fn workflows(&self, look: &Look<'_>) -> Result<Vec<WorkflowEntry>, Failure> {
        let mut all = Vec::new();
        for page in 1..=MOST_PAGES {
            let number = page.to_string();
            let call = self.call(
                &["actions", "workflows"],
                &[("per_page", "100"), ("page", &number)],
                &format!("the workflows of {}", self.repo),
            )?;
            let (total, found) = look
                .must(&call, |reply| {
                    let page: wire::WorkflowPage = parse(&call, reply)?;
                    let total = page.total_count;
                    let found = list(&call, page.workflows, convert::workflow)?;
                    Ok((total, found))
                })
                .await?;
            all.extend(found);
            if total.unwrap_or_default() <= page.saturating_mul(PAGE) {
                break;
            }
        }
        Ok(all)
    }

    /// The recent runs of a workflow that somebody started by hand, newest first.
    pub(super) async fn started(
        &self,
        look: &Look<'_>,
        workflow: &str,
    ) -> Result<Vec<Run>, Failure> {
        let call = self.call(
            &["actions", "workflows", workflow, "runs"],
            &[
                ("event", "workflow_dispatch"),
                ("per_page", "30"),
                ("exclude_pull_requests", "true"),
            ],
            &format!("the runs of {workflow} that were started by hand"),
        )?;
        look.must(&call, |reply| {
            let page: wire::RunPage = parse(&call, reply)?;
            list(&call, page.workflow_runs, convert::run)
        })
        .await
    }

    /// A run as it was at one attempt; `None`: there is no such attempt.
    pub async fn attempt(
        &self,
        run: RunId,
        attempt: Attempt,
        now: Timestamp,
    ) -> Result<Option<Run>, Failure> {
        let look = Look::new(&self.api, now);
        let call = self.call(
            &[
                "actions",
                "runs",
                &run.to_string(),
                "attempts",
                &attempt.to_string(),
            ],
            &[("exclude_pull_requests", "true")],
            &format!("attempt {attempt} of run {run}"),
        )?;
        look.get(&call, |reply| {
            convert::run(parse(&call, reply)?)
                .filter(|found| found.id == run && found.attempt == attempt)
                .ok_or_else(|| failure::malformed(GITHUB, &call.subject))
        })
        .await
    }

    /// A Release by its number, a draft too; `None`: there is no such Release.
    pub async fn release(&self, id: u64, now: Timestamp) -> Result<Option<Release>, Failure> {
        let look = Look::new(&self.api, now);
        let call = self.call(
            &["releases", &id.to_string()],
            &[],
            &format!("Release {id} of {}", self.repo),
        )?;
        look.get(&call, |reply| Ok(convert::release(parse(&call, reply)?)))
            .await
    }
}
