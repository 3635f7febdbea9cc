//! A question to a service, the fact that answers it, and the failure to get one.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::artifact::{HubTag, ImageConfig, Manifest, PypiVersion};
use super::digest::Digest;
use super::evidence::{Expected, TrustRoot, Verification};
use super::ids::{Attempt, CommitSha, JobId, RepoSlug, RunId};
use super::log::JobLog;
use super::repository::{Repository, WorkflowEntry};
use super::run::{
    Approval, Environment, Job, PendingDeployment, ReferencedWorkflow, Release, Run, TagRef,
};
use super::survey::{Removal, Survey};
use super::time::Timestamp;

/// An image repository by its full name, `docker.io/acme/rocket`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImageId(pub String);

impl ImageId {
    /// The image that a policy names.
    pub fn of(spec: &super::policy::ImageSpec) -> Self {
        Self(spec.repository.as_str().to_owned())
    }
}

impl fmt::Display for ImageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A workflow file at a commit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WorkflowKey {
    /// The repository that holds it.
    pub repo: RepoSlug,
    /// Its path, `.github/workflows/release.yml`.
    pub path: String,
    /// The commit.
    pub sha: CommitSha,
}

impl WorkflowKey {
    /// The file of a reusable workflow that a run calls.
    pub fn of_called(called: &ReferencedWorkflow) -> Option<Self> {
        let mut parts = called.path.splitn(3, '/');
        let repo = format!("{}/{}", parts.next()?, parts.next()?)
            .parse()
            .ok()?;
        Some(Self {
            repo,
            path: parts.next()?.to_owned(),
            sha: called.sha.clone(),
        })
    }
}

impl TryFrom<String> for WorkflowKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let bad = || format!("`{text}` is not REPO:PATH@COMMIT");
        let (repo, rest) = text.split_once(':').ok_or_else(bad)?;
        let (path, sha) = rest.rsplit_once('@').ok_or_else(bad)?;
        Ok(Self {
            repo: repo.parse().map_err(|_| bad())?,
            path: path.to_owned(),
            sha: sha.parse().map_err(|_| bad())?,
        })
    }
}

impl From<WorkflowKey> for String {
    fn from(key: WorkflowKey) -> Self {
        format!("{}:{}@{}", key.repo, key.path, key.sha)
    }
}

/// One question to one service. Equal questions have interchangeable answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Ask {
    /// The recent runs of the release workflow, newest first.
    Runs,
    /// One run at its newest attempt.
    Run(RunId),
    /// All jobs of a run's newest attempt.
    Jobs(RunId),
    /// All jobs of one attempt of a run.
    AttemptJobs(RunId, Attempt),
    /// The gates that hold a run now.
    Pending(RunId),
    /// The reviews a run has had.
    Approvals(RunId),
    /// The environments that the pipeline names, with their protection.
    Environments,
    /// The text of a workflow file.
    Workflow(WorkflowKey),
    /// The recent Releases, drafts too where the credential shows them.
    Releases,
    /// What a Git tag points to.
    TagRef(String),
    /// The recent runs of the publish workflow, newest first.
    PublishRuns,
    /// A job's log, once the job has ended.
    JobLog(JobId),
    /// Whose credential it is and what it may do.
    Viewer,
    /// The repository itself: asked before a change alone.
    Repository,
    /// The repository's workflows: asked before a change alone.
    Workflows,
    /// The recent runs of one workflow, by its file's name, that were started by hand: asked before a change alone.
    Started(String),
    /// All tags of an image repository.
    Tags(ImageId),
    /// What one tag resolves to.
    Tag(ImageId, String),
    /// A manifest by digest.
    Manifest(ImageId, Digest),
    /// The configuration of one platform's image, by the digest of its manifest.
    Config(ImageId, Digest),
    /// What signatures and attestations prove of an image, judged by the policy and these facts of its run.
    Evidence(ImageId, Digest, Box<Expected>),
    /// A whole repository, for what can go from it: asked only where a plan needs it.
    Survey(ImageId),
    /// How a repository's registry removes a tag, as far as it can be told without trying.
    Removal(ImageId),
    /// Docker Hub's list of tags, for dates and sizes.
    HubTags(ImageId),
    /// What the package index holds for a version.
    Pypi(String),
    /// Whether the keys that everything is verified with are still the newest.
    Trust,
}

/// A service that is asked, with a health line of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SourceId {
    /// GitHub's API.
    Github,
    /// An image's registry.
    Registry(ImageId),
    /// Docker Hub's own API for an image.
    Hub(ImageId),
    /// The Python package index.
    Pypi,
    /// Sigstore's repository of keys.
    Sigstore,
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Github => f.write_str("github"),
            Self::Registry(image) => write!(f, "registry {image}"),
            Self::Hub(image) => write!(f, "hub {image}"),
            Self::Pypi => f.write_str("pypi"),
            Self::Sigstore => f.write_str("sigstore"),
        }
    }
}

impl From<SourceId> for String {
    fn from(id: SourceId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for SourceId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once(' ') {
            None if text == "github" => Ok(Self::Github),
            None if text == "pypi" => Ok(Self::Pypi),
            None if text == "sigstore" => Ok(Self::Sigstore),
            Some(("registry", image)) => Ok(Self::Registry(ImageId(image.to_owned()))),
            Some(("hub", image)) => Ok(Self::Hub(ImageId(image.to_owned()))),
            _ => Err(format!("`{text}` is not a source")),
        }
    }
}

impl Ask {
    /// The service that answers it.
    pub fn source(&self) -> SourceId {
        match self {
            Self::Tags(image)
            | Self::Tag(image, _)
            | Self::Manifest(image, _)
            | Self::Config(image, _)
            | Self::Survey(image)
            | Self::Removal(image)
            | Self::Evidence(image, ..) => SourceId::Registry(image.clone()),
            Self::HubTags(image) => SourceId::Hub(image.clone()),
            Self::Pypi(_) => SourceId::Pypi,
            Self::Trust => SourceId::Sigstore,
            _ => SourceId::Github,
        }
    }
}

/// The answer to an [`Ask`] of the same name. "It is not there" is an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// To [`Ask::Runs`].
    Runs(Vec<Run>),
    /// To [`Ask::Run`].
    Run(Run),
    /// To [`Ask::Jobs`] and [`Ask::AttemptJobs`].
    Jobs(Vec<Job>),
    /// To [`Ask::Pending`].
    Pending(Vec<PendingDeployment>),
    /// To [`Ask::Approvals`].
    Approvals(Vec<Approval>),
    /// To [`Ask::Environments`].
    Environments(Vec<Environment>),
    /// To [`Ask::Workflow`]; `None`: there is no such file at that commit.
    Workflow(Option<String>),
    /// To [`Ask::Releases`].
    Releases(Vec<Release>),
    /// To [`Ask::TagRef`]; `None`: there is no such tag.
    TagRef(Option<TagRef>),
    /// To [`Ask::PublishRuns`].
    PublishRuns(Vec<Run>),
    /// To [`Ask::JobLog`]; `None`: the job never wrote one.
    JobLog(Option<JobLog>),
    /// To [`Ask::Viewer`].
    Viewer(Viewer),
    /// To [`Ask::Repository`].
    Repository(Repository),
    /// To [`Ask::Workflows`].
    Workflows(Vec<WorkflowEntry>),
    /// To [`Ask::Started`].
    Started(Vec<Run>),
    /// To [`Ask::Tags`].
    Tags(Vec<String>),
    /// To [`Ask::Tag`]; `None`: there is no such tag.
    Tag(Option<Digest>),
    /// To [`Ask::Manifest`]; `None`: there is no such manifest.
    Manifest(Option<Manifest>),
    /// To [`Ask::Config`].
    Config(ImageConfig),
    /// To [`Ask::Evidence`]; `None`: there is no such image.
    Evidence(Option<Arc<Verification>>),
    /// To [`Ask::Survey`].
    Survey(Arc<Survey>),
    /// To [`Ask::Removal`].
    Removal(Removal),
    /// To [`Ask::HubTags`].
    HubTags(Vec<HubTag>),
    /// To [`Ask::Pypi`].
    Pypi(PypiVersion),
    /// To [`Ask::Trust`].
    Trust(TrustRoot),
}

/// Whose credential is used, and what GitHub says it may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    /// The login.
    pub login: String,
    /// The scopes of a classic token; `None` for a fine-grained one, whose rights cannot be read.
    pub scopes: Option<Vec<String>>,
}

/// Why a look gave no fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Its kind.
    pub kind: FailureKind,
    /// One sentence: subject, fact, consequence. Cleaned of control characters and secrets.
    pub what: String,
    /// What to do next.
    pub advice: String,
    /// The service's own word on when to ask again.
    pub retry_at: Option<Timestamp>,
}

/// The kinds of failure, as far as they call for different answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// No answer in time.
    Timeout,
    /// No connection: name, address, TLS, reset.
    Unreachable,
    /// 401: the credential was refused.
    Unauthorized,
    /// 403: the credential may not do this.
    Forbidden,
    /// 404 where something must be.
    NotFound,
    /// 409.
    Conflict,
    /// 429, or 403 with a spent budget.
    RateLimited,
    /// 5xx.
    Server,
    /// The answer is not what the interface says.
    Malformed,
    /// The answer ended too early.
    CutBody,
    /// The bytes have another digest than asked for or announced.
    WrongDigest,
    /// The answer is larger than is safe to read.
    TooLarge,
    /// A credential is needed and none is configured.
    NoCredential,
    /// Any other status.
    Unexpected,
}

impl FailureKind {
    /// Whether asking again without a change on our side can help.
    pub fn is_passing(self) -> bool {
        !matches!(
            self,
            Self::Unauthorized | Self::Forbidden | Self::NoCredential
        )
    }
}

/// What a look cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cost {
    /// Requests sent.
    pub requests: u32,
    /// Of them, those that count against the budget: all but 304.
    pub charged: u32,
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.charged = self.charged.saturating_add(other.charged);
    }
}

/// A service's request budget, from its headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// Requests a window.
    pub limit: u64,
    /// Requests left in this window.
    pub remaining: u64,
    /// When the window ends; absent where the service tells none.
    pub reset: Option<Timestamp>,
}

/// One completed look: the question, when it ended, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// The question.
    pub ask: Ask,
    /// When the answer was complete.
    pub at: Timestamp,
    /// The fact, or why there is none.
    pub outcome: Result<Fact, Failure>,
    /// What it cost.
    pub cost: Cost,
    /// The budget after it.
    pub rate: Option<Rate>,
}
