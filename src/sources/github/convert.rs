//! From the wire to the domain. An item that lacks what it is known by gives `None`.

use crate::domain::ids::{Attempt, CommitSha, EnvironmentId, JobId, RunId};
use crate::domain::repository::{Repository, WorkflowEntry, WorkflowState};
use crate::domain::run::{
    Approval, Conclusion, Environment, Job, PendingDeployment, ReferencedWorkflow, Release,
    ReviewState, Reviewer, Run, Status, Step,
};
use crate::domain::time::Timestamp;

use super::wire;

/// A run.
pub fn run(wire: wire::Run) -> Option<Run> {
    let created_at = wire.created_at.parse().ok()?;
    let conclusion = wire.conclusion.and_then(|word| conclusion(&word));
    let path = without_ref(&wire.path.unwrap_or_default());
    Some(Run {
        id: RunId(wire.id),
        number: wire.run_number.unwrap_or_default(),
        attempt: Attempt(wire.run_attempt.unwrap_or(1).max(1)),
        name: wire.name.unwrap_or_else(|| path.clone()),
        path,
        title: wire.display_title.unwrap_or_default(),
        event: wire.event.unwrap_or_default(),
        head_branch: wire.head_branch,
        head_sha: wire.head_sha.parse().ok()?,
        status: status(wire.status.as_deref(), conclusion.as_ref()),
        conclusion,
        actor: wire.actor.and_then(|account| account.login),
        triggering_actor: wire.triggering_actor.and_then(|account| account.login),
        created_at,
        started_at: time(wire.run_started_at.as_deref()),
        updated_at: time(wire.updated_at.as_deref()).unwrap_or(created_at),
        html_url: wire.html_url.unwrap_or_default(),
        referenced: wire
            .referenced_workflows
            .items
            .into_iter()
            .filter_map(referenced)
            .collect(),
    })
}

fn referenced(wire: wire::Referenced) -> Option<ReferencedWorkflow> {
    Some(ReferencedWorkflow {
        path: without_ref(&wire.path),
        sha: wire.sha.parse().ok()?,
        git_ref: wire.git_ref,
    })
}

/// `path@ref` without its ref.
fn without_ref(path: &str) -> String {
    path.split_once('@')
        .map_or(path, |(path, _)| path)
        .to_owned()
}

/// A job of the run that was asked for.
pub fn job(wire: wire::Job, run: RunId) -> Job {
    let conclusion = wire.conclusion.and_then(|word| conclusion(&word));
    Job {
        id: JobId(wire.id),
        run: wire.run_id.map_or(run, RunId),
        attempt: wire.run_attempt.map(Attempt),
        name: wire.name.unwrap_or_default(),
        status: status(wire.status.as_deref(), conclusion.as_ref()),
        conclusion,
        created_at: time(wire.created_at.as_deref()),
        started_at: time(wire.started_at.as_deref()),
        completed_at: time(wire.completed_at.as_deref()),
        steps: wire.steps.items.into_iter().map(step).collect(),
        labels: wire.labels.items,
        runner: wire.runner_name.filter(|name| !name.is_empty()),
        html_url: wire.html_url,
    }
}

fn step(wire: wire::Step) -> Step {
    let conclusion = wire.conclusion.and_then(|word| conclusion(&word));
    Step {
        number: wire.number,
        name: wire.name.unwrap_or_default(),
        status: status(wire.status.as_deref(), conclusion.as_ref()),
        conclusion,
        started_at: time(wire.started_at.as_deref()),
        completed_at: time(wire.completed_at.as_deref()),
    }
}

/// A gate. One without a number still holds the run, so it is not left out.
pub fn pending(wire: wire::Pending) -> PendingDeployment {
    PendingDeployment {
        environment: EnvironmentId(wire.environment.id.unwrap_or_default()),
        name: wire.environment.name.unwrap_or_default(),
        wait_minutes: wire.wait_timer.unwrap_or_default(),
        wait_started_at: time(wire.wait_timer_started_at.as_deref()),
        viewer_may_approve: wire.current_user_can_approve.unwrap_or(false),
        reviewers: reviewers(wire.reviewers),
    }
}

fn reviewers(list: wire::List<wire::Reviewer>) -> Vec<Reviewer> {
    list.items
        .into_iter()
        .map(|wire| {
            let who = wire.reviewer;
            let login = who.as_ref().and_then(|who| who.login.clone());
            let team = who.and_then(|who| who.slug.or(who.name));
            match (wire.kind.as_deref(), login, team) {
                (Some("User") | None, Some(login), _) => Reviewer::User(login),
                (Some("Team") | None, _, Some(team)) => Reviewer::Team(team),
                (kind, login, team) => Reviewer::Other(
                    login
                        .or(team)
                        .unwrap_or_else(|| kind.unwrap_or("unknown").to_owned()),
                ),
            }
        })
        .collect()
}

/// A review.
pub fn approval(wire: wire::Approval) -> Approval {
    Approval {
        environments: wire
            .environments
            .items
            .into_iter()
            .filter_map(|environment| environment.name)
            .collect(),
        state: match wire.state.as_deref() {
            Some("approved") => ReviewState::Approved,
            Some("rejected") => ReviewState::Rejected,
            Some("pending") => ReviewState::Pending,
            other => ReviewState::Other(other.unwrap_or("unknown").to_owned()),
        },
        user: wire.user.and_then(|account| account.login),
        comment: wire.comment.unwrap_or_default(),
    }
}

/// An environment.
pub fn environment(wire: wire::Environment) -> Environment {
    let mut environment = Environment {
        id: EnvironmentId(wire.id),
        name: wire.name,
        required_reviewers: None,
        prevent_self_review: false,
        wait_minutes: None,
        branch_policy: wire.deployment_branch_policy.is_some(),
        admins_bypass: wire.can_admins_bypass,
    };
    for rule in wire.protection_rules.items {
        match rule.kind.as_deref() {
            Some("required_reviewers") => {
                environment.prevent_self_review |= rule.prevent_self_review.unwrap_or(false);
                environment
                    .required_reviewers
                    .get_or_insert_default()
                    .extend(reviewers(rule.reviewers));
            }
            Some("wait_timer") => environment.wait_minutes = rule.wait_timer,
            Some("branch_policy") => environment.branch_policy = true,
            _ => {}
        }
    }
    environment
}

/// A Release.
pub fn release(wire: wire::Release) -> Release {
    Release {
        id: wire.id,
        tag: wire.tag_name,
        name: wire.name,
        draft: wire.draft.unwrap_or(false),
        prerelease: wire.prerelease.unwrap_or(false),
        immutable: wire.immutable.unwrap_or(false),
        target: wire.target_commitish.unwrap_or_default(),
        published_at: time(wire.published_at.as_deref()),
        assets: wire
            .assets
            .items
            .into_iter()
            .map(|asset| asset.name)
            .collect(),
        html_url: wire.html_url.unwrap_or_default(),
    }
}

/// The repository; one without a default branch is none that anything can be started in.
pub fn repository(wire: wire::Repository) -> Option<Repository> {
    Some(Repository {
        default_branch: wire.default_branch.filter(|name| !name.is_empty())?,
        archived: wire.archived.unwrap_or(false),
        viewer_may_push: wire.permissions.and_then(|may| may.push),
    })
}

/// A workflow.
pub fn workflow(wire: wire::Workflow) -> Option<WorkflowEntry> {
    let path = without_ref(&wire.path.filter(|path| !path.is_empty())?);
    Some(WorkflowEntry {
        name: wire.name.unwrap_or_else(|| path.clone()),
        path,
        state: match wire.state.as_deref() {
            Some("active") => WorkflowState::Active,
            Some("deleted") => WorkflowState::Deleted,
            Some("disabled_fork") => WorkflowState::DisabledFork,
            Some("disabled_inactivity") => WorkflowState::DisabledInactivity,
            Some("disabled_manually") => WorkflowState::DisabledManually,
            other => WorkflowState::Other(other.unwrap_or("unknown").to_owned()),
        },
    })
}

/// Where a pointer leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leads {
    /// To a commit.
    Commit(CommitSha),
    /// To an annotated tag.
    Tag(CommitSha),
    /// To something a release cannot be made of, or to nothing that is named.
    Elsewhere,
}

/// Where a ref or a tag object leads.
pub fn pointer(wire: &wire::Pointer) -> Leads {
    let sha = wire.object.sha.as_deref().and_then(|sha| sha.parse().ok());
    match (wire.object.kind.as_deref(), sha) {
        (Some("commit"), Some(sha)) => Leads::Commit(sha),
        (Some("tag"), Some(sha)) => Leads::Tag(sha),
        _ => Leads::Elsewhere,
    }
}

/// GitHub allows a null status; what has a conclusion has ended.
fn status(word: Option<&str>, conclusion: Option<&Conclusion>) -> Status {
    match word {
        Some("queued") => Status::Queued,
        Some("in_progress") => Status::InProgress,
        Some("completed") => Status::Completed,
        Some("waiting") => Status::Waiting,
        Some("requested") => Status::Requested,
        Some("pending") => Status::Pending,
        Some(other) if !other.is_empty() => Status::Other(other.to_owned()),
        _ if conclusion.is_some() => Status::Completed,
        _ => Status::Other("unknown".to_owned()),
    }
}

fn conclusion(word: &str) -> Option<Conclusion> {
    Some(match word {
        "" => return None,
        "success" => Conclusion::Success,
        "failure" => Conclusion::Failure,
        "neutral" => Conclusion::Neutral,
        "cancelled" => Conclusion::Cancelled,
        "skipped" => Conclusion::Skipped,
        "timed_out" => Conclusion::TimedOut,
        "action_required" => Conclusion::ActionRequired,
        "startup_failure" => Conclusion::StartupFailure,
        "stale" => Conclusion::Stale,
        other => Conclusion::Other(other.to_owned()),
    })
}

fn time(text: Option<&str>) -> Option<Timestamp> {
    text?.parse().ok()
}
