//! Whether the viewer may review a gate, and if not, why.

use super::gate::{self, Waiting};
use crate::domain::plan::allowed;
use crate::domain::plan::{Ground, Refusal, RefusalKind};
use crate::domain::run::{Environment, PendingDeployment, Reviewer, Run};

/// The viewer's login, where they may review all of these gates.
pub(super) fn may_review<'g>(
    waiting: &Waiting<'g>,
    ground: &Ground<'g>,
) -> Result<&'g str, Refusal> {
    let viewer = allowed::viewer(ground)?;
    allowed::scope(viewer, "review a gate")?;
    for gate in &waiting.gates {
        if !gate.viewer_may_approve {
            return Err(not_allowed(gate, waiting.run, &viewer.login, ground));
        }
    }
    Ok(&viewer.login)
}

fn not_allowed(gate: &PendingDeployment, run: &Run, viewer: &str, ground: &Ground<'_>) -> Refusal {
    let refuse =
        |what: String, unblock: String| Refusal::new(RefusalKind::NotAllowed, what, unblock);
    let rule = environment(gate, ground);
    let others = reviewers(gate, viewer);
    let started_it = [&run.actor, &run.triggering_actor]
        .into_iter()
        .flatten()
        .any(|login| login.eq_ignore_ascii_case(viewer));
    let is_listed = gate.reviewers.iter().any(
        |reviewer| matches!(reviewer, Reviewer::User(login) if login.eq_ignore_ascii_case(viewer)),
    );
    if started_it && rule.is_some_and(|rule| rule.prevent_self_review) {
        return refuse(
            format!(
                "{viewer} started run #{}, and `{}` bars whoever started a run from reviewing it.",
                run.number, gate.name
            ),
            match others.as_str() {
                "" => "Another reviewer has to be listed first.".to_owned(),
                others => format!("Ask another reviewer: {others}."),
            },
        );
    }
    if gate.reviewers.is_empty()
        && let Some(ends) = gate::timer_ends(gate, ground.now)
    {
        return Refusal::new(
            RefusalKind::Precondition,
            format!(
                "The wait timer of `{}` runs until {ends}, and nobody has to agree to it.",
                gate.name
            ),
            "Wait: the jobs go on by themselves then.",
        );
    }
    if !is_listed {
        return refuse(
            format!("{viewer} is no reviewer of `{}`.", gate.name),
            match others.as_str() {
                "" => "List reviewers in the repository's settings, Environments.".to_owned(),
                others => format!("Ask one of its reviewers: {others}."),
            },
        );
    }
    refuse(
        format!(
            "GitHub says that {viewer} may not review `{}` of run #{}, though listed as a reviewer.",
            gate.name, run.number
        ),
        "See that the token is the one of that person, with write access to Deployments."
            .to_owned(),
    )
}

fn environment<'g>(gate: &PendingDeployment, ground: &Ground<'g>) -> Option<&'g Environment> {
    let all = ground.snapshot.environments.value()?;
    all.iter()
        .find(|one| one.id == gate.environment || one.name == gate.name)
}

/// Who may review a gate, the viewer apart.
fn reviewers(gate: &PendingDeployment, viewer: &str) -> String {
    let names: Vec<String> = gate
        .reviewers
        .iter()
        .filter_map(|reviewer| match reviewer {
            Reviewer::User(login) if login.eq_ignore_ascii_case(viewer) => None,
            Reviewer::User(login) | Reviewer::Other(login) => Some(login.clone()),
            Reviewer::Team(team) => Some(format!("the team {team}")),
        })
        .collect();
    names.join(", ")
}
