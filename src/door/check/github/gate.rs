//! Gates, and the reviews they have had.

use futures_util::future::try_join3;

use super::{Look, other};
use crate::domain::fact::{Ask, Fact, Failure};
use crate::domain::ids::{Attempt, RunId};
use crate::domain::plan::{Decision, Gate};
use crate::domain::run::{Approval, PendingDeployment, ReviewState, Status};
use crate::door::Held;

/// Whether the run waits at these gates for just these jobs, and the viewer may review them.
pub(super) async fn waits(
    look: Look<'_>,
    run: RunId,
    attempt: Attempt,
    gates: &[Gate],
    jobs: &[String],
) -> Result<Held, Failure> {
    let pending = async {
        match look.fact(&Ask::Pending(run)).await? {
            Fact::Pending(pending) => Ok(pending),
            _ => Err(other()),
        }
    };
    let (now, pending, listed) = try_join3(look.run(run), pending, look.jobs(run)).await?;
    if now.attempt != attempt {
        return Ok(Held::No(super::run::other_attempt(&now)));
    }
    let held = |gate: &&Gate| pending.iter().any(|one| one.environment == gate.id);
    let gone: Vec<&Gate> = gates.iter().filter(|gate| !held(gate)).collect();
    if let Some(gate) = gone.first() {
        let reviews = reviews(look, run).await?;
        let of_it = |review: &&Approval| review.environments.contains(&gate.name);
        let who = reviews.iter().rev().find(of_it).map(said);
        return Ok(Held::No(match who {
            Some(who) => format!("run {run} waits at `{}` no more: {who}", gate.name),
            None => format!("run {run} waits at `{}` no more", gate.name),
        }));
    }
    let mut waiting: Vec<&str> = listed
        .iter()
        .filter(|job| job.status == Status::Waiting)
        .map(|job| job.name.as_str())
        .collect();
    let mut wanted: Vec<&str> = jobs.iter().map(String::as_str).collect();
    waiting.sort_unstable();
    wanted.sort_unstable();
    if waiting != wanted {
        let more: Vec<&str> = not_in(&waiting, &wanted);
        let fewer: Vec<&str> = not_in(&wanted, &waiting);
        return Ok(Held::No(match (more.as_slice(), fewer.as_slice()) {
            ([], fewer) => format!("{} waits no more", quoted(fewer)),
            (more, _) => format!("{} came to wait too since the plan was made", quoted(more)),
        }));
    }
    let barred = |one: &&PendingDeployment| {
        gates.iter().any(|gate| gate.id == one.environment) && !one.viewer_may_approve
    };
    Ok(match pending.iter().find(barred) {
        Some(gate) => Held::No(format!(
            "GitHub says that you may not review `{}`",
            gate.name
        )),
        None => Held::Yes,
    })
}

/// The names of one sorted list that the other has not, a name that is there twice counted twice.
fn not_in<'n>(names: &[&'n str], others: &[&str]) -> Vec<&'n str> {
    let mut left = others.to_vec();
    let mut missing = Vec::new();
    for name in names {
        match left.iter().position(|other| other == name) {
            Some(at) => {
                left.swap_remove(at);
            }
            None => missing.push(*name),
        }
    }
    missing
}

fn quoted(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// Whether the run's reviews hold this one so many times.
pub(super) async fn reviewed(
    look: Look<'_>,
    run: RunId,
    environments: &[String],
    decision: Decision,
    by: &str,
    times: usize,
) -> Result<Held, Failure> {
    let wanted = match decision {
        Decision::Approve => ReviewState::Approved,
        Decision::Reject => ReviewState::Rejected,
    };
    let reviews = reviews(look, run).await?;
    for environment in environments {
        let of_it = || {
            reviews
                .iter()
                .filter(|review| review.environments.contains(environment))
        };
        let is_it = |review: &&Approval| {
            let user = review.user.as_deref();
            review.state == wanted && user.is_some_and(|user| user.eq_ignore_ascii_case(by))
        };
        if of_it().filter(is_it).count() >= times {
            continue;
        }
        let others = of_it().rfind(|review| !is_it(review));
        return Ok(Held::No(match others {
            Some(review) => format!(
                "your review of `{environment}` is not listed; {}",
                said(review)
            ),
            None => format!("your review of `{environment}` is not listed"),
        }));
    }
    Ok(Held::Yes)
}

async fn reviews(look: Look<'_>, run: RunId) -> Result<Vec<Approval>, Failure> {
    match look.fact(&Ask::Approvals(run)).await? {
        Fact::Approvals(reviews) => Ok(reviews),
        _ => Err(other()),
    }
}

/// Who decided what.
fn said(review: &Approval) -> String {
    let who = review.user.as_deref().unwrap_or("somebody");
    let did = match &review.state {
        ReviewState::Approved => "approved",
        ReviewState::Rejected => "rejected",
        ReviewState::Pending | ReviewState::Other(_) => "reviewed",
    };
    let names: Vec<&str> = review.environments.iter().map(String::as_str).collect();
    format!("{who} {did} {}", quoted(&names))
}
