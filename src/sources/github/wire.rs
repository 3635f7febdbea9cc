//! What GitHub sends, as far as it is used: nearly everything may be absent, null or a new word.
//!
//! Only what an item cannot be told apart without is required. Unknown fields are passed over, and an
//! item of a list that still cannot be read is left out and counted ([`List::skipped`]) instead of
//! spoiling the others.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A list whose items stand each for itself. Null is an empty list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T> {
    /// The items that could be read.
    pub items: Vec<T>,
    /// How many could not.
    pub skipped: usize,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            skipped: 0,
        }
    }
}

impl<T> List<T> {
    /// How many items the list had on the wire.
    pub fn sent(&self) -> usize {
        self.items.len() + self.skipped
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each<T>(PhantomData<T>);

        impl<'de, T: DeserializeOwned> Visitor<'de> for Each<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list or null")
            }

            fn visit_unit<E>(self) -> Result<List<T>, E> {
                Ok(List::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
                let mut list = List::default();
                while let Some(raw) = seq.next_element::<Box<RawValue>>()? {
                    match serde_json::from_str(raw.get()) {
                        Ok(item) => list.items.push(item),
                        Err(_) => list.skipped += 1,
                    }
                }
                Ok(list)
            }
        }

        deserializer.deserialize_any(Each(PhantomData))
    }
}

/// A page of runs.
#[derive(Debug, Clone, Deserialize)]
pub struct RunPage {
    /// The runs, newest first.
    pub workflow_runs: List<Run>,
}

/// A workflow run.
#[derive(Debug, Clone, Deserialize)]
pub struct Run {
    /// Its number in all of GitHub; above 32 bits.
    pub id: u64,
    /// Display name of its workflow.
    pub name: Option<String>,
    /// Title.
    pub display_title: Option<String>,
    /// Number within the workflow.
    pub run_number: Option<u64>,
    /// Attempt, from 1.
    pub run_attempt: Option<u32>,
    /// Workflow file, at times with `@ref`.
    pub path: Option<String>,
    /// Event.
    pub event: Option<String>,
    /// Branch or tag.
    pub head_branch: Option<String>,
    /// Commit.
    pub head_sha: String,
    /// Status; null is allowed.
    pub status: Option<String>,
    /// Conclusion.
    pub conclusion: Option<String>,
    /// Who started it first.
    pub actor: Option<Account>,
    /// Who started this attempt.
    pub triggering_actor: Option<Account>,
    /// When it was made.
    pub created_at: String,
    /// When this attempt started.
    pub run_started_at: Option<String>,
    /// When it was changed.
    pub updated_at: Option<String>,
    /// Its page.
    pub html_url: Option<String>,
    /// Reusable workflows that it calls.
    #[serde(default)]
    pub referenced_workflows: List<Referenced>,
}

/// A user or team as far as it has a name.
#[derive(Debug, Clone, Deserialize)]
pub struct Account {
    /// A user's login.
    pub login: Option<String>,
    /// A team's short name.
    pub slug: Option<String>,
    /// A team's name.
    pub name: Option<String>,
}

/// A called workflow.
#[derive(Debug, Clone, Deserialize)]
pub struct Referenced {
    /// `owner/repo/path@ref`.
    pub path: String,
    /// Commit.
    pub sha: String,
    /// Ref asked by.
    #[serde(rename = "ref")]
    pub git_ref: Option<String>,
}

/// The repository.
#[derive(Debug, Clone, Deserialize)]
pub struct Repository {
    /// Its default branch.
    pub default_branch: Option<String>,
    /// Whether nothing of it can be changed any more.
    pub archived: Option<bool>,
    /// What this credential may do there.
    pub permissions: Option<Permissions>,
}

/// What a credential may do with a repository.
#[derive(Debug, Clone, Deserialize)]
pub struct Permissions {
    /// Whether it may push.
    pub push: Option<bool>,
}

/// A page of workflows.
#[derive(Debug, Clone, Deserialize)]
pub struct WorkflowPage {
    /// Workflows on all pages together.
    pub total_count: Option<u64>,
    /// The workflows of this page.
    pub workflows: List<Workflow>,
}

/// A workflow.
#[derive(Debug, Clone, Deserialize)]
pub struct Workflow {
    /// Its display name.
    pub name: Option<String>,
    /// Its file.
    pub path: Option<String>,
    /// Whether it runs.
    pub state: Option<String>,
}

/// A page of jobs.
#[derive(Debug, Clone, Deserialize)]
pub struct JobPage {
    /// Jobs on all pages together.
    pub total_count: Option<u64>,
    /// The jobs of this page.
    pub jobs: List<Job>,
}

/// A job.
#[derive(Debug, Clone, Deserialize)]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// Its run.
    pub run_id: Option<u64>,
    /// Its attempt.
    pub run_attempt: Option<u32>,
    /// Display name.
    pub name: Option<String>,
    /// Status.
    pub status: Option<String>,
    /// Conclusion.
    pub conclusion: Option<String>,
    /// When it was made.
    pub created_at: Option<String>,
    /// When it began.
    pub started_at: Option<String>,
    /// When it ended.
    pub completed_at: Option<String>,
    /// Its steps.
    #[serde(default)]
    pub steps: List<Step>,
    /// Labels of its runner.
    #[serde(default)]
    pub labels: List<String>,
    /// Its runner.
    pub runner_name: Option<String>,
    /// Its page.
    pub html_url: Option<String>,
}

/// A step.
#[derive(Debug, Clone, Deserialize)]
pub struct Step {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: Option<String>,
    /// Status.
    pub status: Option<String>,
    /// Conclusion.
    pub conclusion: Option<String>,
    /// When it began.
    pub started_at: Option<String>,
    /// When it ended.
    pub completed_at: Option<String>,
}

/// A gate that holds a run.
#[derive(Debug, Clone, Deserialize)]
pub struct Pending {
    /// The environment.
    pub environment: EnvironmentName,
    /// Wait timer, minutes.
    pub wait_timer: Option<u64>,
    /// When the timer started.
    pub wait_timer_started_at: Option<String>,
    /// Whether this credential may approve.
    pub current_user_can_approve: Option<bool>,
    /// Who may approve.
    #[serde(default)]
    pub reviewers: List<Reviewer>,
}

/// An environment where only its name matters.
#[derive(Debug, Clone, Deserialize)]
pub struct EnvironmentName {
    /// Its number.
    pub id: Option<u64>,
    /// Its name.
    pub name: Option<String>,
}

/// A reviewer.
#[derive(Debug, Clone, Deserialize)]
pub struct Reviewer {
    /// `User` or `Team`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Who.
    pub reviewer: Option<Account>,
}

/// A review that a run has had.
#[derive(Debug, Clone, Deserialize)]
pub struct Approval {
    /// What it covered.
    #[serde(default)]
    pub environments: List<EnvironmentName>,
    /// What was decided.
    pub state: Option<String>,
    /// Who decided.
    pub user: Option<Account>,
    /// What they wrote.
    pub comment: Option<String>,
}

/// An environment with its protection.
#[derive(Debug, Clone, Deserialize)]
pub struct Environment {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Its rules.
    #[serde(default)]
    pub protection_rules: List<ProtectionRule>,
    /// Which branches may deploy; null: any.
    pub deployment_branch_policy: Option<IgnoredAny>,
    /// Whether administrators may pass by; not in GitHub's description, but sent.
    pub can_admins_bypass: Option<bool>,
}

/// A rule of an environment.
#[derive(Debug, Clone, Deserialize)]
pub struct ProtectionRule {
    /// `wait_timer`, `required_reviewers`, `branch_policy`, or an app's own.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Minutes.
    pub wait_timer: Option<u64>,
    /// Whether who started a run may not approve it.
    pub prevent_self_review: Option<bool>,
    /// Who may approve.
    #[serde(default)]
    pub reviewers: List<Reviewer>,
}

/// A Release.
#[derive(Debug, Clone, Deserialize)]
pub struct Release {
    /// Its number.
    pub id: u64,
    /// Its tag.
    pub tag_name: String,
    /// Its title.
    pub name: Option<String>,
    /// Whether it is a draft.
    pub draft: Option<bool>,
    /// Whether it is a prerelease.
    pub prerelease: Option<bool>,
    /// Whether it can no longer be changed.
    pub immutable: Option<bool>,
    /// Branch or commit.
    pub target_commitish: Option<String>,
    /// When it was published.
    pub published_at: Option<String>,
    /// Its files.
    #[serde(default)]
    pub assets: List<Asset>,
    /// Its page.
    pub html_url: Option<String>,
}

/// A file of a Release.
#[derive(Debug, Clone, Deserialize)]
pub struct Asset {
    /// Its name.
    pub name: String,
}

/// A Git ref, or an annotated tag: something that points.
#[derive(Debug, Clone, Deserialize)]
pub struct Pointer {
    /// The ref's full name; a tag object has none.
    #[serde(rename = "ref")]
    pub name: Option<String>,
    /// What it points to.
    pub object: Target,
}

/// What a ref points to.
#[derive(Debug, Clone, Deserialize)]
pub struct Target {
    /// `commit` or `tag`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Its object.
    pub sha: Option<String>,
}
