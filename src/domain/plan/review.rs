//! Approving and rejecting at gates.

mod gate;
mod verdict;
mod who;

use super::words::list;
use super::{
    About, Action, Condition, Decision, Draft, Gate, Ground, Intent, Plan, Refusal, RefusalKind,
    Repeat, RunState, Step, Undo,
};
use crate::domain::assess::Act;
use crate::domain::fact::Ask;
use crate::domain::ids::RunId;
use crate::domain::run::{Approval, ReviewState};
use gate::Waiting;
use verdict::Word;

/// Most characters of a comment.
const LONGEST_COMMENT: usize = 1000;

/// What is wanted of which gate.
struct Wish<'i> {
    decision: Decision,
    run: Option<RunId>,
    environments: &'i [String],
    comment: Option<&'i str>,
    reason: Option<&'i str>,
}

impl<'i> Wish<'i> {
    fn of(intent: &'i Intent) -> Option<Self> {
        match intent {
            Intent::Approve {
                run,
                environments,
                comment,
                reason,
            } => Some(Self {
                decision: Decision::Approve,
                run: *run,
                environments,
                comment: comment.as_deref(),
                reason: reason
                    .as_deref()
                    .map(str::trim)
                    .filter(|text| !text.is_empty()),
            }),
            Intent::Reject {
                run,
                environments,
                comment,
            } => Some(Self {
                decision: Decision::Reject,
                run: *run,
                environments,
                comment: comment.as_deref(),
                reason: None,
            }),
            _ => None,
        }
    }

    /// The runs whose gate may be meant.
    fn runs(&self, ground: &Ground<'_>) -> Vec<RunId> {
        match self.run {
            Some(run) => vec![run],
            None => [ground.outlook.run, ground.outlook.publish_run]
                .into_iter()
                .flatten()
                .collect(),
        }
    }
}

/// The questions whose fresh answers the plan needs.
pub(super) fn needs(intent: &Intent, ground: &Ground<'_>) -> Vec<Ask> {
    let Some(wish) = Wish::of(intent) else {
        return Vec::new();
    };
    let mut asks = vec![Ask::Viewer, Ask::Environments];
    for run in wish.runs(ground) {
        asks.extend([
            Ask::Run(run),
            Ask::Jobs(run),
            Ask::Pending(run),
            Ask::Approvals(run),
        ]);
    }
    if wish.run.is_none() && ground.outlook.run.is_some() {
        asks.push(Ask::PublishRuns);
    }
    if wish.decision == Decision::Approve {
        let rows = ground.board.rows.iter();
        asks.extend(rows.flat_map(|row| row.rests_on.iter().cloned()));
    }
    let mut once = Vec::new();
    for ask in asks {
        if !once.contains(&ask) {
            once.push(ask);
        }
    }
    once
}

/// The plan, or why there is none.
pub(super) fn plan(intent: &Intent, ground: &Ground<'_>) -> Result<Plan, Refusal> {
    let Some(wish) = Wish::of(intent) else {
        return Err(Refusal::new(
            RefusalKind::Nothing,
            "That is no review of a gate.",
            "Name a gate that waits.",
        ));
    };
    let waiting = gate::find(&wish, ground)?;
    let viewer = who::may_review(&waiting, ground)?;
    let word = match wish.decision {
        Decision::Approve => verdict::to_go_on(&waiting, wish.reason, ground)?,
        Decision::Reject => verdict::as_it_is(&waiting, ground),
    };
    let phrase = match wish.decision {
        Decision::Approve if word.acts.contains(&Act::Publish) => Some(version(ground)?.to_owned()),
        _ => None,
    };
    let comment = wish.comment.map_or_else(
        || usual_comment(wish.decision, &word, ground),
        str::to_owned,
    );
    let gates: Vec<Gate> = waiting
        .gates
        .iter()
        .map(|gate| Gate {
            id: gate.environment,
            name: gate.name.clone(),
        })
        .collect();
    let run = waiting.run;
    let step = Step {
        action: Action::Review {
            run: run.id,
            gates: gates.clone(),
            jobs: waiting.jobs.clone(),
            decision: wish.decision,
            comment: bounded(&comment),
        },
        before: vec![
            Condition::RunIs {
                run: run.id,
                attempt: run.attempt,
                state: RunState::Going,
            },
            Condition::GateWaits {
                run: run.id,
                attempt: run.attempt,
                gates: gates.clone(),
                jobs: waiting.all_jobs.clone(),
            },
        ],
        after: gates
            .iter()
            .map(|gate| Condition::Reviewed {
                run: run.id,
                environments: vec![gate.name.clone()],
                decision: wish.decision,
                by: viewer.to_owned(),
                times: 1 + times(waiting.approvals, &gate.name, wish.decision, viewer),
            })
            .collect(),
        undo: Undo::Never(
            match wish.decision {
                Decision::Approve => {
                    "an approval cannot be taken back; cancel the run to stop what it let go"
                }
                Decision::Reject => {
                    "a rejection cannot be taken back; re-run the jobs that it ended for another review"
                }
            }
            .to_owned(),
        ),
        repeat: Repeat::OnlyIfUnchanged,
    };
    let about = About {
        repo: ground.policy.repo.clone(),
        version: ground
            .outlook
            .version
            .as_ref()
            .map(|version| version.value.clone()),
        run: Some(run.id),
    };
    let draft = Draft {
        title: title(&waiting, wish.decision, ground),
        phrase,
        notes: notes(&waiting, wish.decision, &word, ground),
        overridden: word.overridden,
        steps: vec![step],
        rests_on: needs(intent, ground),
        ..Draft::default()
    };
    Ok(ground.plan_about(intent, about, draft))
}

fn version<'g>(ground: &Ground<'g>) -> Result<&'g str, Refusal> {
    let version = ground.outlook.version.as_ref();
    version.map(|one| one.value.as_str()).ok_or_else(|| {
        Refusal::new(
            RefusalKind::CannotTell,
            "The version that this publishes is not known, so nobody can type it.",
            "Watch the release run that it belongs to.",
        )
    })
}

/// How many reviews of this kind a person has given.
fn times(approvals: &[Approval], environment: &str, decision: Decision, by: &str) -> usize {
    let wanted = match decision {
        Decision::Approve => ReviewState::Approved,
        Decision::Reject => ReviewState::Rejected,
    };
    let of_it = |review: &&Approval| {
        let is_theirs = review.user.as_deref() == Some(by);
        is_theirs
            && review.state == wanted
            && review.environments.iter().any(|name| name == environment)
    };
    approvals.iter().filter(of_it).count()
}

fn title(waiting: &Waiting<'_>, decision: Decision, ground: &Ground<'_>) -> String {
    let verb = match decision {
        Decision::Approve => "Approve",
        Decision::Reject => "Reject",
    };
    let (go, end) = match waiting.jobs.len() {
        1 => ("goes on", "ends"),
        _ => ("go on", "end"),
    };
    let then = match decision {
        Decision::Approve => go,
        Decision::Reject => end,
    };
    let of = ground
        .outlook
        .version
        .as_ref()
        .map_or_else(String::new, |version| format!(" of {}", version.value));
    format!(
        "{verb} {}{of} (run #{}): {} {then}",
        list(waiting.gates.iter().map(|gate| gate.name.as_str())),
        waiting.run.number,
        list(waiting.jobs.iter().map(String::as_str)),
    )
}

fn notes(
    waiting: &Waiting<'_>,
    decision: Decision,
    word: &Word,
    ground: &Ground<'_>,
) -> Vec<String> {
    let mut notes = Vec::new();
    match decision {
        Decision::Approve => {
            notes.extend(word.acts.iter().filter_map(|act| does(*act)).map(str::to_owned));
            notes.extend(waiting.timers(ground.now));
        }
        Decision::Reject if gate::has_clean_up(ground, waiting.run.id) => notes.push(
            "The job that cleans up then waits at its own gate: approve that one to remove what the release left behind."
                .to_owned(),
        ),
        Decision::Reject => {}
    }
    notes.extend(waiting.unsure.iter().cloned());
    notes.extend(word.notes.iter().cloned());
    notes
}

/// What an act does to the world, for who lets it go.
fn does(act: Act) -> Option<&'static str> {
    Some(match act {
        Act::Promote => "What goes on moves the release tags to the tested image.",
        Act::Dispatch => "What goes on starts the publish workflow, which has a gate of its own.",
        Act::Publish => {
            "What goes on uploads the package: a file of a package index cannot be taken back, nor its name be used again."
        }
        Act::Release => "What goes on makes the GitHub Release.",
        Act::CleanUp => {
            "What goes on removes what the release left behind; it needs no GO of an image."
        }
        Act::Nothing => return None,
    })
}

/// Version, digest and the board's word, for whoever reads the run's reviews later.
fn usual_comment(decision: Decision, word: &Word, ground: &Ground<'_>) -> String {
    let mut parts = Vec::new();
    parts.extend(
        ground
            .outlook
            .version
            .as_ref()
            .map(|version| version.value.clone()),
    );
    let digests = ground.outlook.digests.values();
    parts.extend(digests.map(|built| built.value.as_str().to_owned()));
    if decision == Decision::Reject {
        parts.push("rejected:".to_owned());
    }
    parts.push(word.verdict.clone());
    if let Some(overridden) = &word.overridden {
        parts.push(format!(
            "overridden ({}): {}",
            overridden.rules.join(", "),
            overridden.reason
        ));
    }
    parts.join(" ")
}

/// A comment without what could move a terminal, and not too long.
fn bounded(comment: &str) -> String {
    comment
        .chars()
        .filter(|c| !c.is_control() || *c == '\n')
        .take(LONGEST_COMMENT)
        .collect()
}
