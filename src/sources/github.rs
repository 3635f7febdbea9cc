//! GitHub's REST interface, read only.
//!
//! octocrab carries the requests; the types on the wire are ours ([`wire`]), because GitHub's answers hold
//! nulls and words that octocrab's models refuse. Nothing is retried and nothing is cached behind our back:
//! conditional requests are made here, with a store that never keeps an answer that did not parse.

use std::fmt;

use url::Url;

use crate::domain::fact::{Ask, Fact, Failure, FailureKind};
use crate::domain::ids::RepoSlug;
use crate::domain::time::Timestamp;
use crate::net::{Limits, failure};
use crate::secret::Provider;

use super::Answer;

pub(crate) mod api;
mod asks;
mod attestations;
mod beside;
mod cache;
pub mod convert;
mod log;
pub(crate) mod refusal;
mod transport;
pub mod wire;

pub use attestations::Attestations;

/// Where GitHub is, what is watched there, and with whose eyes.
#[derive(Debug, Clone)]
pub struct GithubAccess {
    /// Root of the interface: `https://api.github.com`, or `https://HOST/api/v3`.
    pub api_url: Url,
    /// The repository.
    pub repo: RepoSlug,
    /// The token, looked up when the first question is put. Without one GitHub shows public repositories only.
    pub token: Provider,
    /// File name of the release workflow, `release.yml`.
    pub release_workflow: String,
    /// File name of the publish workflow; `None`: there is none, so it has no runs.
    pub publish_workflow: Option<String>,
    /// The environments that the pipeline names.
    pub environments: Vec<String>,
    /// How long a request may take.
    pub limits: Limits,
}

/// A client of GitHub's interface for one repository. Making one costs nothing; the first question sets up TLS.
pub struct Client {
    api: api::Api,
    repo: RepoSlug,
    release_workflow: String,
    publish_workflow: Option<String>,
    environments: Vec<String>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("repo", &self.repo)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client that answers with what this access shows.
    pub fn new(access: GithubAccess) -> Self {
        Self {
            api: api::Api::new(access.api_url, access.token, access.limits),
            repo: access.repo,
            release_workflow: access.release_workflow,
            publish_workflow: access.publish_workflow,
            environments: access.environments,
        }
    }

    /// Puts one question. `now` is for GitHub's words about time.
    pub async fn look(&self, ask: &Ask, now: Timestamp) -> Answer {
        let look = api::Look::new(&self.api, now);
        let outcome = self.fact(&look, ask).await;
        let (cost, rate) = look.spent();
        Answer {
            outcome,
            cost,
            rate,
        }
    }

    async fn fact(&self, look: &api::Look<'_>, ask: &Ask) -> Result<Fact, Failure> {
        Ok(match ask {
            Ask::Runs => Fact::Runs(self.runs(look, &self.release_workflow).await?),
            Ask::PublishRuns => Fact::PublishRuns(match &self.publish_workflow {
                Some(workflow) => self.runs(look, workflow).await?,
                None => Vec::new(),
            }),
            Ask::Run(run) => Fact::Run(self.run(look, *run).await?),
            Ask::Jobs(run) => Fact::Jobs(self.jobs(look, *run, None).await?),
            Ask::AttemptJobs(run, attempt) => {
                Fact::Jobs(self.jobs(look, *run, Some(*attempt)).await?)
            }
            Ask::Pending(run) => Fact::Pending(self.pending(look, *run).await?),
            Ask::Approvals(run) => Fact::Approvals(self.approvals(look, *run).await?),
            Ask::Environments => Fact::Environments(self.environments(look).await?),
            Ask::Workflow(key) => Fact::Workflow(self.workflow(look, key).await?),
            Ask::Releases => Fact::Releases(self.releases(look).await?),
            Ask::TagRef(tag) => Fact::TagRef(self.tag_ref(look, tag).await?),
            Ask::JobLog(job) => Fact::JobLog(self.job_log(look, *job).await?),
            Ask::Viewer => Fact::Viewer(self.viewer(look).await?),
            Ask::Repository => Fact::Repository(self.repository(look).await?),
            Ask::Workflows => Fact::Workflows(self.workflows(look).await?),
            Ask::Started(workflow) => Fact::Started(self.started(look, workflow).await?),
            Ask::Tags(_)
            | Ask::Tag(..)
            | Ask::Manifest(..)
            | Ask::Config(..)
            | Ask::Evidence(..)
            | Ask::Survey(_)
            | Ask::Removal(_)
            | Ask::HubTags(_)
            | Ask::Pypi(_)
            | Ask::Trust => {
                return Err(failure::plain(
                    FailureKind::Unexpected,
                    "GitHub was asked what it does not know.",
                    "Ask the service that holds it.",
                ));
            }
        })
    }
}
