//! What is known of one run, of one image repository, and of one service.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::artifact::{HubTag, ImageConfig, Manifest};
use crate::domain::digest::Digest;
use crate::domain::evidence::{Expected, Verification};
use crate::domain::fact::{Ask, Cost, Failure, ImageId, Rate};
use crate::domain::ids::{Attempt, JobId};
use crate::domain::log::JobLog;
use crate::domain::observed::Observed;
use crate::domain::run::{Approval, Job, PendingDeployment, Run};
use crate::domain::survey::{Removal, Survey};
use crate::domain::time::Timestamp;

/// All that is known about one run, of the release or of the publish workflow.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunRecord {
    /// The run at its newest attempt.
    pub run: Observed<Run>,
    /// The jobs of its newest attempt.
    pub jobs: Observed<Vec<Job>>,
    /// The jobs of earlier attempts.
    pub attempts: BTreeMap<Attempt, Observed<Vec<Job>>>,
    /// The gates that hold it.
    pub pending: Observed<Vec<PendingDeployment>>,
    /// The reviews it has had.
    pub approvals: Observed<Vec<Approval>>,
    /// Logs read so far.
    pub logs: BTreeMap<JobId, Observed<Option<JobLog>>>,
    /// What each tag pointed to when this run was first seen: nothing but us records it.
    pub first_seen: BTreeMap<ImageId, BTreeMap<String, FirstSeen>>,
}

/// What a tag pointed to when a run was first seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstSeen {
    /// The digest; `None`: there was no such tag.
    pub digest: Option<Digest>,
    /// When it was looked up.
    pub at: Timestamp,
}

/// All that is known about one image repository.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageRecord {
    /// All its tags.
    pub tag_list: Observed<Vec<String>>,
    /// What the tags of interest resolve to; `None` within: no such tag.
    pub tags: BTreeMap<String, Observed<Option<Digest>>>,
    /// Manifests by digest; each is fetched once.
    pub manifests: BTreeMap<Digest, Observed<Option<Manifest>>>,
    /// Image configurations by the digest of the platform's manifest.
    pub configs: BTreeMap<Digest, Observed<ImageConfig>>,
    /// The whole repository, where a plan needed it. Not stored: nothing is decided by an old one.
    #[serde(skip)]
    pub survey: Observed<Arc<Survey>>,
    /// How a tag is removed there, where a plan asked.
    #[serde(skip)]
    pub removal: Observed<Removal>,
    /// Docker Hub's list, for dates and sizes.
    pub hub: Observed<Vec<HubTag>>,
    /// What was proved of images, by digest and what was expected; `None` within: no such image.
    ///
    /// Not stored: in the next session the keys may be others, so everything is judged anew.
    #[serde(skip)]
    pub evidence: BTreeMap<(Digest, Expected), Observed<Option<Arc<Verification>>>>,
    /// When the set of tags that hold evidence (`sha256-…`) was seen to change last.
    #[serde(skip)]
    pub evidence_tags_changed_at: Option<Timestamp>,
}

/// How a source has been doing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// When it last answered a question.
    pub last_good: Option<Timestamp>,
    /// Its latest failure, gone with the next good answer to the same question.
    pub failing: BTreeMap<AskKey, (Failure, Timestamp)>,
    /// Failed looks in a row, over all questions.
    pub failures_in_a_row: u32,
    /// What it has cost since the start.
    pub cost: Cost,
    /// Its budget.
    pub rate: Option<Rate>,
    /// It asked us to wait until then; never more than [`LONGEST_OBEYED`] from when it said so.
    pub paused_until: Option<Timestamp>,
}

/// A question as a key of JSON: its own text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AskKey(pub Ask);

impl From<AskKey> for String {
    fn from(key: AskKey) -> Self {
        serde_json::to_string(&key.0).unwrap_or_default()
    }
}

impl TryFrom<String> for AskKey {
    type Error = serde_json::Error;

    fn try_from(text: String) -> Result<Self, serde_json::Error> {
        serde_json::from_str(&text).map(Self)
    }
}

impl Health {
    /// The failure to show: the newest one.
    pub fn latest_failure(&self) -> Option<&(Failure, Timestamp)> {
        self.failing.values().max_by_key(|(_, at)| *at)
    }
}

impl ImageRecord {
    /// Takes a list of tags in; says whether it differs from the last one.
    pub(super) fn saw_tags(&mut self, tags: Vec<String>, at: Timestamp) -> bool {
        let holds_evidence = |tag: &&String| tag.starts_with("sha256-");
        let before: BTreeSet<_> = self.tag_list.value().into_iter().flatten().collect();
        let now: BTreeSet<_> = tags.iter().collect();
        let mut differing = before.symmetric_difference(&now);
        if self.tag_list.value().is_some() && differing.any(holds_evidence) {
            self.evidence_tags_changed_at = Some(at);
        }
        self.tag_list.saw(tags, at)
    }
}

impl RunRecord {
    /// Whether the jobs on record are of a later attempt than this.
    pub(super) fn has_jobs_after(&self, attempt: Attempt) -> bool {
        let jobs = self.jobs.value().into_iter().flatten();
        jobs.filter_map(|job| job.attempt).any(|of| of > attempt)
    }

    /// When somebody last looked at the run or its jobs.
    pub(super) fn looked_at(&self) -> Option<Timestamp> {
        self.run.looked_at().max(self.jobs.looked_at())
    }
}
