//! Workflows, and the runs that somebody started of them.

use super::{Look, other};
use crate::domain::fact::{Ask, Fact, Failure};
use crate::domain::ids::RunId;
use crate::door::Held;

/// Whether a workflow is there and enabled.
pub(super) async fn can_start(look: Look<'_>, workflow: &str) -> Result<Held, Failure> {
    let Fact::Workflows(all) = look.fact(&Ask::Workflows).await? else {
        return Err(other());
    };
    let found = all.iter().find(|entry| entry.file() == workflow);
    Ok(match found.map(|entry| entry.state.obstacle()) {
        None => Held::No(format!("there is no workflow `{workflow}` any more")),
        Some(Some(why)) => Held::No(format!("`{workflow}` cannot be started: {why}")),
        Some(None) => Held::Yes,
    })
}

/// Whether this person has started a run that is none of these.
pub(super) async fn started(
    look: Look<'_>,
    workflow: &str,
    by: &str,
    known: &[RunId],
) -> Result<Held, Failure> {
    let ask = Ask::Started(workflow.to_owned());
    let Fact::Started(runs) = look.fact(&ask).await? else {
        return Err(other());
    };
    let is_new = |run: &&crate::domain::run::Run| !known.contains(&run.id);
    let new: Vec<_> = runs.iter().filter(is_new).collect();
    let is_theirs = |login: Option<&str>| login.is_some_and(|login| login.eq_ignore_ascii_case(by));
    if new.iter().any(|run| is_theirs(run.actor.as_deref())) {
        return Ok(Held::Yes);
    }
    Ok(Held::No(match new.first() {
        Some(run) => format!(
            "no new run of `{workflow}` is yours; {} started run {}",
            run.actor.as_deref().unwrap_or("somebody"),
            run.id
        ),
        None => format!("no new run of `{workflow}` is listed"),
    }))
}
