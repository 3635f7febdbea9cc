//! Workflow runs, their jobs and gates, as GitHub reports them.

use serde::{Deserialize, Serialize};

use super::ids::{Attempt, CommitSha, EnvironmentId, JobId, RunId};
use super::time::Timestamp;

/// Where a run, job or step stands. GitHub's descriptions contradict each other on the list, so it is open.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Accepted, no runner yet.
    Queued,
    /// Running.
    InProgress,
    /// Ended; see the conclusion.
    Completed,
    /// Held by a deployment protection rule: a gate.
    Waiting,
    /// Asked for, not yet queued.
    Requested,
    /// Held by a concurrency group.
    Pending,
    /// A word this version does not know.
    #[serde(untagged)]
    Other(String),
}

/// How a run, job or step ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// It did what it should.
    Success,
    /// It failed.
    Failure,
    /// Neither good nor bad.
    Neutral,
    /// Somebody or something cancelled it.
    Cancelled,
    /// Its condition was false.
    Skipped,
    /// It ran too long.
    TimedOut,
    /// It needs a person.
    ActionRequired,
    /// It could not start.
    StartupFailure,
    /// GitHub gave up on it.
    Stale,
    /// A word this version does not know.
    #[serde(untagged)]
    Other(String),
}

impl Conclusion {
    /// Whether this ending stops what depends on it by default.
    pub fn is_failure(&self) -> bool {
        matches!(
            self,
            Self::Failure | Self::TimedOut | Self::StartupFailure | Self::ActionRequired
        )
    }
}

/// One run of a workflow, at its newest attempt unless said otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The run.
    pub id: RunId,
    /// The run's number within its workflow, as people say it: `#482`.
    pub number: u64,
    /// Which attempt these facts are of.
    pub attempt: Attempt,
    /// The workflow file, `.github/workflows/release.yml`, without any `@ref`.
    pub path: String,
    /// The workflow's display name.
    pub name: String,
    /// The title GitHub shows: a commit's message, or what the workflow's `run-name` made.
    pub title: String,
    /// The event that started it: `push`, `workflow_dispatch`, `repository_dispatch`.
    pub event: String,
    /// Branch or tag it runs for, where GitHub says.
    pub head_branch: Option<String>,
    /// The commit it runs at.
    pub head_sha: CommitSha,
    /// Where it stands.
    pub status: Status,
    /// How it ended.
    pub conclusion: Option<Conclusion>,
    /// Login of the person who started it first.
    pub actor: Option<String>,
    /// Login of the person who started this attempt.
    pub triggering_actor: Option<String>,
    /// When the run was made.
    pub created_at: Timestamp,
    /// When this attempt started.
    pub started_at: Option<Timestamp>,
    /// When GitHub last changed it.
    pub updated_at: Timestamp,
    /// Its page.
    pub html_url: String,
    /// The reusable workflows it calls, with the commit of each.
    pub referenced: Vec<ReferencedWorkflow>,
}

impl Run {
    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.status == Status::Completed
    }
}

/// A reusable workflow that a run calls.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReferencedWorkflow {
    /// `owner/repo/.github/workflows/file.yml`, without `@ref`.
    pub path: String,
    /// The commit it was taken at.
    pub sha: CommitSha,
    /// The ref it was asked by.
    pub git_ref: Option<String>,
}

/// A job of one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The job.
    pub id: JobId,
    /// The run it belongs to.
    pub run: RunId,
    /// The attempt it ran in, where GitHub says.
    pub attempt: Option<Attempt>,
    /// Display name: `caller / callee (leg)`, cut by GitHub with `...` where long.
    pub name: String,
    /// Where it stands.
    pub status: Status,
    /// How it ended.
    pub conclusion: Option<Conclusion>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it began to run.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// Its steps, in order; empty before it starts.
    pub steps: Vec<Step>,
    /// The runner's labels it asks for.
    pub labels: Vec<String>,
    /// The runner that took it.
    pub runner: Option<String>,
    /// Its page.
    pub html_url: Option<String>,
}

impl Job {
    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.status == Status::Completed
    }

    /// How long it ran, up to `now` while it runs; `None` before it starts or where times are unknown.
    pub fn ran_for(&self, now: Timestamp) -> Option<std::time::Duration> {
        if self.conclusion == Some(Conclusion::Skipped) {
            return None;
        }
        let start = self.started_at?;
        match self.status {
            Status::Completed => Some(super::time::since(start, self.completed_at?)),
            Status::InProgress => Some(super::time::since(start, now)),
            _ => None,
        }
    }
}

/// A step of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its number within the job, from 1, with gaps.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub status: Status,
    /// How it ended.
    pub conclusion: Option<Conclusion>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}

/// A gate that holds jobs of a run: one pending deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingDeployment {
    /// The environment's number, which a review names.
    pub environment: EnvironmentId,
    /// The environment's name.
    pub name: String,
    /// Minutes that a wait timer holds it.
    pub wait_minutes: u64,
    /// When that timer started.
    pub wait_started_at: Option<Timestamp>,
    /// Whether the viewer's credential may approve it.
    pub viewer_may_approve: bool,
    /// Who may review it.
    pub reviewers: Vec<Reviewer>,
}

/// A person or team that may review a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reviewer {
    /// A user's login.
    User(String),
    /// A team's slug.
    Team(String),
    /// A kind this version does not know.
    Other(String),
}

/// One review in a run's approval history. GitHub gives no time for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Names of the environments it covered.
    pub environments: Vec<String>,
    /// What was decided: `approved`, `rejected`, or `pending` for a comment.
    pub state: ReviewState,
    /// Who decided.
    pub user: Option<String>,
    /// What they wrote.
    pub comment: String,
}

/// What a review decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewState {
    /// The jobs may go on.
    Approved,
    /// The jobs fail.
    Rejected,
    /// Nothing yet.
    Pending,
    /// A word this version does not know.
    #[serde(untagged)]
    Other(String),
}

/// A deployment environment and what protects it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// The environment.
    pub id: EnvironmentId,
    /// Its name.
    pub name: String,
    /// Who must review; `None` where no review is required, which lets everything through.
    pub required_reviewers: Option<Vec<Reviewer>>,
    /// Whether the person who started the run is barred from approving it.
    pub prevent_self_review: bool,
    /// Minutes of its wait timer.
    pub wait_minutes: Option<u64>,
    /// Whether branches or tags are restricted.
    pub branch_policy: bool,
    /// Whether administrators may pass by, where GitHub says.
    pub admins_bypass: Option<bool>,
}

/// A GitHub Release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Its number.
    pub id: u64,
    /// Its tag, `v1.6.9`.
    pub tag: String,
    /// Its title.
    pub name: Option<String>,
    /// Only people with push access see it.
    pub draft: bool,
    /// Marked as a prerelease.
    pub prerelease: bool,
    /// Its files can no longer be changed.
    pub immutable: bool,
    /// Branch or commit it was made from.
    pub target: String,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// Names of its files.
    pub assets: Vec<String>,
    /// Its page.
    pub html_url: String,
}

/// What a Git tag points to, an annotated tag followed to its commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagRef {
    /// The tag's name.
    pub name: String,
    /// The commit it stands on.
    pub commit: CommitSha,
    /// Whether it is an annotated tag.
    pub annotated: bool,
}
