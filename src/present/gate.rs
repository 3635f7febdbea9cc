//! The gates of a run: what waits, since when, for whom, and which jobs an approval lets go.

use super::clean::clean;
use super::role::Sign;
use super::words::{ago, duration};
use crate::domain::ids::RunId;
use crate::domain::run::{
    Approval, Environment, Job, PendingDeployment, ReviewState, Reviewer, Status,
};
use crate::domain::snapshot::Snapshot;
use crate::domain::time::{Timestamp, since};

/// A gate that holds jobs now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// The environment's name, clean.
    pub name: String,
    /// The run it holds.
    pub run: RunId,
    /// Since when jobs wait, where GitHub says.
    pub since: Option<Timestamp>,
    /// Names of the jobs that wait; an approval lets all of them go. Clean.
    pub jobs: Vec<String>,
    /// Whether the viewer may review it.
    pub for_you: bool,
    /// Who may review it, clean.
    pub reviewers: Vec<String>,
    /// Whether whoever started the run is barred from approving it, where known.
    pub no_self_review: bool,
    /// When its wait timer ends, where it has one.
    pub timer_ends: Option<Timestamp>,
}

/// The gates that hold a run, in GitHub's order.
///
/// The jobs API does not say which gate a job waits at: with one gate all waiting jobs are its own,
/// with several each gate lists them all.
pub fn waiting(snapshot: &Snapshot, run: RunId) -> Vec<Gate> {
    let Some(record) = snapshot.record(run) else {
        return Vec::new();
    };
    let jobs: Vec<&Job> = record
        .jobs
        .value()
        .into_iter()
        .flatten()
        .filter(|job| job.status == Status::Waiting)
        .collect();
    let pending = record.pending.value().map_or(&[][..], Vec::as_slice);
    if jobs.is_empty() {
        // The latest look at the gates may be older than the look at the jobs that went on.
        return Vec::new();
    }
    pending
        .iter()
        .map(|gate| one(snapshot, run, gate, &jobs))
        .collect()
}

fn one(snapshot: &Snapshot, run: RunId, gate: &PendingDeployment, jobs: &[&Job]) -> Gate {
    let environment = snapshot
        .environments
        .value()
        .into_iter()
        .flatten()
        .find(|known| known.name == gate.name);
    let timer = jiff::SignedDuration::from_mins(i64::try_from(gate.wait_minutes).unwrap_or(0));
    Gate {
        name: clean(&gate.name),
        run,
        since: jobs.iter().filter_map(|job| job.created_at).min(),
        jobs: jobs.iter().map(|job| clean(&job.name)).collect(),
        for_you: gate.viewer_may_approve,
        reviewers: gate.reviewers.iter().map(reviewer).collect(),
        no_self_review: environment.is_some_and(|known| known.prevent_self_review),
        timer_ends: gate
            .wait_started_at
            .filter(|_| gate.wait_minutes > 0)
            .and_then(|start| start.checked_add(timer).ok()),
    }
}

impl Gate {
    /// `4m 12s, lets 1 job go`.
    pub fn headline(&self, now: Timestamp) -> String {
        let jobs = super::words::number_of(self.jobs.len(), "job");
        match self.since {
            Some(since_when) => format!("{}, lets {jobs} go", duration(since(since_when, now))),
            None => format!("waits, lets {jobs} go"),
        }
    }

    /// `release waits 4m 12s`.
    pub fn waits(&self, now: Timestamp) -> String {
        let time = self
            .since
            .map(|then| format!(" {}", duration(since(then, now))))
            .unwrap_or_default();
        format!("{} waits{time}", self.name)
    }

    /// `release waits 4m 12s for you`.
    pub fn sentence(&self, now: Timestamp) -> String {
        let whom = if self.for_you { " for you" } else { "" };
        format!("{}{whom}", self.waits(now))
    }

    /// Whether the viewer may let it go, and else who may.
    pub fn who(&self) -> String {
        if self.for_you {
            "you may let it go".to_owned()
        } else if self.reviewers.is_empty() {
            "not yours to let go".to_owned()
        } else {
            format!("waits for {}", self.reviewers.join(", "))
        }
    }
}

/// A reviewer by name, clean; a team with its mark.
pub fn reviewer(reviewer: &Reviewer) -> String {
    match reviewer {
        Reviewer::User(login) => clean(login),
        Reviewer::Team(slug) => format!("team {}", clean(slug)),
        Reviewer::Other(kind) => clean(kind),
    }
}

/// What protects an environment: its sign and a sentence.
pub fn protection(environment: &Environment) -> (Sign, String) {
    let name = clean(&environment.name);
    match environment.required_reviewers.as_deref() {
        None => (
            Sign::Failed,
            format!("{name} has no reviewers: it lets everything through"),
        ),
        Some([]) => (Sign::Done, format!("{name} asks for a review")),
        Some(reviewers) => {
            let names: Vec<String> = reviewers.iter().map(reviewer).collect();
            (Sign::Done, format!("{name} asks {}", names.join(", ")))
        }
    }
}

/// A review that was given: its sign and a sentence. GitHub gives no time for it.
pub fn review(approval: &Approval) -> (Sign, String) {
    let who = approval
        .user
        .as_deref()
        .map_or("somebody".to_owned(), clean);
    let (sign, did) = match &approval.state {
        ReviewState::Approved => (Sign::Done, "approved"),
        ReviewState::Rejected => (Sign::Failed, "rejected"),
        ReviewState::Pending => (Sign::Absent, "commented on"),
        ReviewState::Other(_) => (Sign::Unknown, "reviewed"),
    };
    let what: Vec<String> = approval
        .environments
        .iter()
        .map(|name| clean(name))
        .collect();
    let comment = clean(approval.comment.trim());
    let said = if comment.is_empty() {
        String::new()
    } else {
        format!(": {comment}")
    };
    (sign, format!("{who} {did} {}{said}", what.join(", ")))
}

/// `seen 12s ago`.
pub fn seen(at: Option<Timestamp>, now: Timestamp) -> String {
    at.map_or_else(
        || "never seen".to_owned(),
        |at| format!("seen {}", ago(at, now)),
    )
}
